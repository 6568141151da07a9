# Under a failover manager, pg_auto_failover: the primary and all that watches
# over it is killed, the manager promotes the standby, and that goes on with the
# jobs.  Then the old primary comes back as a standby, and the manager hands over
# to it on request.  Each time with the stage of JobsStage.pm.
#
# The manager keeps a promoted server read-only (default_transaction_read_only)
# until it is sure that the old primary has ended: jobs have to wait for that,
# and not to fail.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use JobsStage;
use JobsTest;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use WireClient;

my ($sharedir) = run_command([ $ENV{PG_CONFIG} // 'pg_config', '--sharedir' ]);
my ($autoctl) =
  grep { -x $_ } map { "$_/pg_autoctl" } split(/:/, $ENV{PATH});

plan skip_all => 'pg_auto_failover is not installed for this server'
  unless defined $autoctl && -e "$sharedir/extension/pgautofailover.control";

# Nodes with what runs pg_autoctl for them.
my %manager;
my $monitor = PostgreSQL::Test::Cluster->new('monitor');
my $first = PostgreSQL::Test::Cluster->new('first');
my $second = PostgreSQL::Test::Cluster->new('second');
my $runtime = PostgreSQL::Test::Utils::tempdir();
my $stage;

# Run pg_autoctl for a node in a process group of its own, which is the server's,
# too, but not its backends'.
sub manage
{
	my ($node, @command) = @_;
	my $pid = fork() // die "could not fork: $!";

	if ($pid == 0)
	{
		chdir($runtime);
		POSIX::setsid();
		open(STDIN, '<', '/dev/null');
		open(STDOUT, '>>', $node->logfile);
		open(STDERR, '>&', \*STDOUT);
		$ENV{$_} = $runtime
		  foreach 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_RUNTIME_DIR';
		$ENV{$_} = $node->host foreach 'PGHOST', 'PG_REGRESS_SOCK_DIR';
		delete $ENV{PGPORT};
		exec $autoctl, @command, '--pgdata', $node->data_dir
		  or POSIX::_exit(127);
	}
	$manager{ $node->name } = $pid;
	return;
}

# End pg_autoctl and the server of these nodes, and do not let them live long.
sub stop_nodes
{
	my ($signal, @nodes) = @_;
	my @pids = grep { defined } map { delete $manager{ $_->name } } @nodes;
	my $gone = sub {
		waitpid($_, POSIX::WNOHANG) foreach @pids;
		return !grep { kill(0, -$_) } @pids;
	};

	kill($signal, $signal eq 'KILL' ? map { -$_ } @pids : @pids);
	return if wait_until($gone);
	kill('KILL', map { -$_ } @pids);
	wait_until($gone);
	return;
}

END
{
	my $status = $?;

	# The standby first, or there would be something to promote.
	stop_nodes('QUIT', $second, $first, $monitor) if defined $second;
	$? = $status;
}

# Wait until the monitor sees these nodes in these states, and wants them there.
my $watcher;

sub wait_for_states
{
	my (%states) = @_;
	my @names = sort keys %states;
	my $among = join(', ', map { "'$_'" } @names);

	ok( wait_for(
			$watcher,
			qq{SELECT string_agg(concat_ws(' ', nodename, reportedstate, goalstate), ', '
				ORDER BY nodename) FROM pgautofailover.node WHERE nodename IN ($among)},
			join(', ', map { "$_ $states{$_} $states{$_}" } @names)),
		'the manager has ' . join(', ', map { "$_ as $states{$_}" } @names));
	return;
}

# Go on with the stage on a server that has just been promoted.  To resume a
# paused job has to wait until the manager allows writing; by then no job must
# have failed because of that.
sub go_on
{
	my ($node, $name, %what) = @_;

	$stage->connect($node);
	wait_for($stage->client, 'SHOW transaction_read_only', 'off');
	$stage->let_go;
	$stage->check_ends($name, %what);
	$stage->check_nothing_left($name, 'postgres');
	$stage->check_places($name);
	return;
}

# Create a node, which the monitor then knows by its name.
sub create
{
	my ($node) = @_;

	manage(
		$node, 'create', 'postgres', '--run', '--no-ssl',
		'--auth' => 'trust',
		'--hostname' => 'localhost',
		'--listen' => '127.0.0.1',
		'--pgport' => $node->port,
		'--name' => $node->name,
		'--monitor' => sprintf(
			'postgres://autoctl_node@localhost:%d/pg_auto_failover?sslmode=disable',
			$monitor->port));
	return;
}

#
# The manager: quick to see that somebody has ended
#
$monitor->init;
$monitor->append_conf('postgresql.conf',
	"shared_preload_libraries = 'pgautofailover'");
manage(
	$monitor, 'create', 'monitor', '--run', '--no-ssl',
	'--auth' => 'trust',
	'--hostname' => 'localhost',
	'--pgport' => $monitor->port);
wait_until(
	sub {
		$watcher =
		  eval { WireClient->new($monitor, database => 'pg_auto_failover'); };
		return defined $watcher
		  && ($watcher->run('SELECT FROM pgautofailover.node'))[0] !~ /^Error/;
	}) or die 'no monitor';

my %settings = (
	health_check_period => '500ms',
	health_check_timeout => '2s',
	health_check_max_retries => 1,
	health_check_retry_delay => '200ms',
	node_considered_unhealthy_timeout => '3s',
	primary_demote_timeout => '2s',
	startup_grace_period => '1s');
$watcher->rows("ALTER SYSTEM SET pgautofailover.$_ = '$settings{$_}'")
  foreach sort keys %settings;
$watcher->rows('SELECT pg_reload_conf()');

#
# Two servers
#
$first->init(
	extra => [ '--encoding=UTF8', '--no-locale' ],
	allows_streaming => 1);
$first->append_conf('postgresql.conf',
	JobsStage::settings() . q{
max_connections = 60
full_page_writes = on
checkpoint_completion_target = 0
});
create($first);
wait_for_states(first => 'single');
my $session = WireClient->new($first);
$session->rows('CREATE EXTENSION cancel_job');
$session->rows('CHECKPOINT');
$session->disconnect;
$stage = JobsStage->new($first);
create($second);
wait_for_states(first => 'primary', second => 'secondary');

#
# The primary is killed
#
$stage->set('coordinator.before_claim');
stop_nodes('KILL', $first);
$stage->release_programs;
go_on($second, 'the primary killed');
wait_for_states(second => 'wait_primary');

#
# It comes back as a standby, and takes over again
#
manage($first, 'run');
wait_for_states(first => 'secondary', second => 'primary');
$stage->set('coordinator.before_claim');
$watcher->rows('SELECT pgautofailover.perform_failover()');
$stage->release_programs;
go_on($first, 'handed over', orderly => 1);
wait_for_states(first => 'primary', second => 'secondary');

$stage->disconnect;
$watcher->disconnect;
stop_nodes('QUIT', $second, $first, $monitor);

done_testing();
