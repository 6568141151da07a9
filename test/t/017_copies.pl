# What becomes of jobs when their database is copied, dumped and restored, or
# upgraded: nothing is lost, and nothing runs twice.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use JobsTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use WireClient;

my $node = jobs_node('original');
$node->safe_psql('postgres', 'CREATE DATABASE app');
$node->safe_psql('app', 'CREATE EXTENSION cancel_job');
my $client = WireClient->new($node, database => 'app');

$client->rows('CREATE TABLE effects (name text)');
$client->rows('SELECT jobs.install_crdb_compat()');
$client->rows('CREATE VIEW seen AS SELECT job_id, status FROM crdb_internal.jobs');
my $done = submit($client, q{INSERT INTO effects VALUES ('done')});
wait_for_status($client, $done, 'succeeded');

# Jobs in several states, of which none may be connected to the database.
sub submit_with
{
	my ($name, $plan) = @_;

	return $client->value(
		"SELECT jobs.submit('INSERT INTO effects VALUES (''$name'')', $plan)");
}

my $later = submit_with('later', "start_at => now() + interval '1 day'");
my $paused = submit_with('paused', "start_at => now() + interval '1 day', exclusive_key => 'key'");
$client->rows("PAUSE JOB $paused");
wait_for_status($client, $paused, 'paused');
my $waits = submit_with('waits', "depends_on => ARRAY[$later]");
$client->disconnect;

# A template's copy.
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE app');
my $copy = WireClient->new($node, database => 'copy');
ok( wait_for($copy, 'SELECT count(*) = 0 FROM jobs.jobs WHERE finished IS NULL'),
	"the jobs of a template's copy do not run");
is( $copy->value('SELECT DISTINCT status, error FROM jobs.jobs WHERE started IS NULL'),
	'canceled|the job belongs to database app, of which this one is a copy',
	'and their state says why');
is($copy->value('SELECT count(*) FROM jobs.queue'), 0, 'nothing of them waits');
my $own = submit($copy, q{INSERT INTO effects VALUES ('own')});
ok(wait_for_status($copy, $own, 'succeeded'), 'the copy runs jobs of its own');
$copy->disconnect;

# A dump has no jobs.
my $dump = $node->basedir . '/app.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('app') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('restored'), $dump ], 'pg_restore');
my $restored = WireClient->new($node, database => 'restored');
is($restored->value('SELECT count(*) FROM jobs.jobs'), 0, 'a restored database has no jobs');
is($restored->value('SELECT count(*) FROM effects'), 1, 'but its tables');
$own = submit($restored, q{INSERT INTO effects VALUES ('own')});
ok(wait_for_status($restored, $own, 'succeeded'), 'and runs jobs of its own');

# The dump has brought crdb_internal along, and what users have made of it.
is($restored->value("SELECT status FROM seen WHERE job_id = $own"),
	'succeeded', 'crdb_internal is restored');
is($restored->value("SELECT count(*) FROM crdb_internal.crdb_job_messages($own)"),
	3, 'with its functions');
$node->safe_psql('restored', 'CREATE ROLE reader; SET ROLE reader; SELECT count(*) FROM crdb_internal.jobs');
pass('and its privileges');
$restored->rows('SELECT jobs.install_crdb_compat()');
$restored->rows('DROP VIEW seen');
$restored->disconnect;
$node->safe_psql('restored', 'DROP EXTENSION cancel_job');
is($node->safe_psql('restored', q{SELECT to_regnamespace('crdb_internal') IS NULL}),
	't', 'and belongs to the extension once it is installed again');

# pg_upgrade loads each library from where the server's own are, wherever
# CREATE EXTENSION has found it.
my $installed = $node->psql('postgres', q{LOAD '$libdir/cancel_job'}) == 0;

# It takes the jobs along: they go on there.
SKIP:
{
	skip 'the library is not installed where pg_upgrade looks', 9 unless $installed;
	$node->safe_psql('app', q{SELECT jobs.create_schedule('yearly', 'INSERT INTO effects VALUES (''scheduled'')', '@yearly')});
	$node->stop;
	my $upgraded = PostgreSQL::Test::Cluster->new('upgraded');
	$upgraded->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
	my $old = $node->config_data('--bindir');
	my $log = $node->basedir;
	my ($said) = run_command(
		[
			'env', '-C', $log, 'pg_upgrade', '--no-sync',
			'-d', $node->data_dir, '-D', $upgraded->data_dir,
			'-b', $old, '-B', $old, '-s', $node->host,
			'-p', $node->port, '-P', $upgraded->port
		]);
	is($?, 0, 'pg_upgrade') or diag($said);
	$upgraded->start;
	$client = WireClient->new($upgraded, database => 'app');
	is( $client->value("SELECT string_agg(status, ' ' ORDER BY job_id) FROM jobs.jobs"),
		'succeeded pending paused pending',
		'the jobs are there after pg_upgrade');
	is($client->value('SELECT count(*) FROM seen'), 4, 'and crdb_internal');
	$client->rows('UPDATE jobs.job SET start_at = NULL');
	$client->rows('UPDATE jobs.queue SET next_run = clock_timestamp() WHERE next_run IS NOT NULL');
	$client->rows("RESUME JOB $paused");
	ok(wait_for_status($client, $waits, 'succeeded'), 'and go on');
	ok(wait_for_status($client, $paused, 'succeeded'), 'all of them');
	is( $client->value('SELECT label, schedule_status, state FROM jobs.schedules'),
		'yearly|ACTIVE|', 'the schedule is there, and is not taken for a copy');
	$client->rows('UPDATE jobs.schedule SET next_run = now(); SELECT jobs.wake()');
	ok( wait_for($client, "SELECT outcome = 'succeeded' FROM jobs.schedule_runs"),
		'and runs');
	is($client->value('SELECT schedule_id > 1 FROM jobs.create_schedule(NULL, $$SELECT 1$$, $$@yearly$$)'),
		't', 'new ones have ids of their own');
	is($client->value("SELECT string_agg(name, ' ' ORDER BY name) FROM effects"),
		'done later paused scheduled waits', 'each once');
}

done_testing();
