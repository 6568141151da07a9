# Whatever ends, and however, jobs come to their end, each exactly once: the
# stage of JobsStage.pm, once for each victim, which is a process or the server,
# killed or terminated.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use JobsStage;
use JobsTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use WireClient;

my $node = jobs_node('main', JobsStage::settings());
my $stage = JobsStage->new($node);

# The processes of ours of a kind, or all.
sub processes
{
	my ($kind) = @_;

	return $stage->client->rows(
		"SELECT pid FROM pg_stat_activity WHERE backend_type ~ '^cancel_job $kind' ORDER BY pid"
	);
}

# Kill processes, which makes the server throw everybody out.
sub crash_by
{
	kill('KILL', @_) or die "could not kill @_";
	$stage->client->read_until('closed');
	$stage->connect;
	return;
}

# Terminate processes, and the programs they have started, and wait until they
# are gone.
sub terminate
{
	my (@pids) = @_;

	$stage->client->rows("SELECT pg_terminate_backend($_)") foreach @pids;
	wait_for($stage->client,
		sprintf('SELECT count(*) = 0 FROM pg_stat_activity WHERE pid IN (%s)',
			join(', ', @pids))) or die "@pids do not end";
	return;
}

# Kill the postmaster.  Its processes notice; a worker that waits for a program
# does when that ends.
sub kill_postmaster
{
	my @pids = $stage->client->rows('SELECT pid FROM pg_stat_activity');

	push @pids, slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
	$node->kill9;
	$stage->release_programs;
	wait_until(sub { return !grep { process_exists($_) } @pids; })
	  or die 'processes outlive the postmaster';
	return;
}

# Stop the server, by this sub, and start it again with nobody held.
sub restart_after
{
	my ($stop) = @_;

	$stop->();
	$stage->write_points();
	$node->start;
	$stage->connect;
	return;
}

# The jobs' workers are "terminated", or the server goes on and jobs are left
# "undisturbed".  One that is struck "everywhere" is so with the coordinator at
# each of its points; the others take turns.
my @victims = (
	{
		name => 'a worker, kill -9',
		strike => sub { crash_by((processes('worker'))[0]); }
	},
	{
		name => 'all workers, kill -9, and once more when jobs have begun anew',
		strike => sub {
			crash_by(processes('worker'));
			$stage->begin_anew;
			crash_by(processes('worker'));
		}
	},
	{
		name => 'the coordinator, kill -9',
		everywhere => 1,
		strike => sub { crash_by(processes('coordinator')); }
	},
	{
		name => 'the launcher, kill -9',
		strike => sub { crash_by(processes('launcher')); }
	},
	{
		name => 'a session that submits, kill -9',
		strike => sub { crash_by($stage->session('submitting')->pid); }
	},
	{
		name => 'a session that cancels, kill -9',
		strike => sub { crash_by($stage->session('controlling')->pid); }
	},
	{
		name => 'the postmaster, kill -9',
		everywhere => 1,
		strike => sub { restart_after(\&kill_postmaster); }
	},
	{
		name => 'the server, stop immediate',
		everywhere => 1,
		strike => sub {
			restart_after(sub { $node->stop('immediate'); });
		}
	},
	{
		name => 'the server, stop fast',
		everywhere => 1,
		orderly => 1,
		strike => sub {
			restart_after(sub { $node->stop('fast'); });
		}
	},
	{
		name => 'all workers, SIGTERM',
		everywhere => 1,
		terminated => 1,
		strike => sub { terminate(processes('worker')); }
	},
	{
		name => 'the coordinator, SIGTERM',
		everywhere => 1,
		undisturbed => 1,
		strike => sub { terminate(processes('coordinator')); }
	},
	{
		name => 'the launcher, SIGTERM',
		undisturbed => 1,
		strike => sub { terminate(processes('launcher')); }
	},
	{
		name => 'the launcher and the coordinator, SIGTERM',
		undisturbed => 1,
		strike => sub { terminate(processes('(launcher|coordinator)')); }
	},
	{
		name => 'all of ours, SIGTERM',
		terminated => 1,
		strike => sub { terminate(processes('')); }
	},
	{
		name => 'both sessions, SIGTERM',
		undisturbed => 1,
		strike => sub {
			terminate(map { $stage->session($_)->pid } 'submitting',
				'controlling');
			$stage->connect;
		}
	});

# One round.
sub play
{
	my ($victim, $point) = @_;
	my $name = "$victim->{name}, $point";

	$stage->set($point);
	$victim->{strike}->();
	$stage->let_go;
	$stage->check_ends($name, %$victim);
	$stage->check_nothing_left($name, 'postgres', 'second');
	$stage->check_places($name)
	  if $victim->{terminated} || $victim->{undisturbed};
	return;
}

$stage->client->rows('CREATE DATABASE second');
my $second = WireClient->new($node, database => 'second');
$second->rows('CREATE EXTENSION cancel_job');
$second->disconnect;

my @points = JobsStage::coordinator_points();
my $turn = 0;
foreach my $victim (@victims)
{
	play($victim, $_)
	  foreach $victim->{everywhere} ? @points : $points[ $turn++ % @points ];
}

unlike(log_since($node, 0), qr/PANIC|TRAP:|by signal (?!9:)/,
	'nobody has crashed but those that were killed');
$stage->disconnect;
$node->stop;

done_testing();
