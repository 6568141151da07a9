# A standby: jobs can be read there, and not controlled; none runs.  Once it is
# promoted, it goes on with all of them, whatever the primary was at when it
# ended: with the stage of JobsStage.pm, and in the middle of a load, behind
# which the standby may lag.

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

# A standby of this node, named so.
sub standby_of
{
	my ($primary, $name) = @_;
	my $standby = PostgreSQL::Test::Cluster->new($name);

	$primary->backup("for_$name");
	$standby->init_from_backup($primary, "for_$name", has_streaming => 1);
	$standby->start;
	return $standby;
}

my $first = jobs_node(
	'first',
	JobsStage::settings() . "max_connections = 60\n",
	allows_streaming => 1);
my $stage = JobsStage->new($first);
my $second = standby_of($first, 'second');

#
# Reading on the standby
#
$stage->set('coordinator.before_claim');
$first->wait_for_catchup($second, 'replay');

my $reader = WireClient->new($second);
foreach my $sql (
	'SELECT job_id, description, status, error FROM [SHOW JOBS] ORDER BY 1',
	'SELECT job_id, statement, status FROM [SHOW JOBS SELECT job_id FROM jobs.jobs]',
	'SELECT job_id, status, fraction_completed FROM jobs.show_jobs() ORDER BY 1',
	'SELECT job_id, status, runs, started, finished FROM jobs.jobs ORDER BY 1',
	'SELECT * FROM jobs.messages ORDER BY 1')
{
	is($reader->value($sql), $stage->client->value($sql),
		"the same on the standby: $sql");
}
my $count = $stage->client->value('SELECT count(*) FROM [SHOW JOBS]');
cmp_ok($count, '>', 0, 'there are jobs');
is_deeply([ WireClient::tags($reader->run('SHOW JOBS')) ],
	["SHOW JOBS $count"], 'SHOW JOBS');
is_deeply([ WireClient::tags($reader->run('SHOW AUTOMATIC JOBS')) ],
	['SHOW JOBS 0'], 'SHOW AUTOMATIC JOBS');
my $job = $stage->client->value(
	q{SELECT job_id FROM jobs.jobs WHERE description = 'running'});
is_deeply([ WireClient::tags($reader->run("SHOW JOB $job")) ],
	['SHOW JOBS 1'], 'SHOW JOB');
is($reader->value('SELECT count(coordinator_id) FROM [SHOW JOBS]'),
	'0', 'no job has a process there');

# Who sees them is the same, too.
$stage->client->rows('CREATE ROLE viewer LOGIN IN ROLE viewjob; CREATE ROLE stranger LOGIN');
$first->wait_for_catchup($second, 'replay');
is( WireClient->new($second, user => 'viewer')->value('SELECT count(*) FROM [SHOW JOBS]'),
	$count, 'all with VIEWJOB');
is( WireClient->new($second, user => 'stranger')->value('SELECT count(*) FROM [SHOW JOBS]'),
	0, 'none without');

#
# Control on the standby: the usual error, and nothing else
#
foreach my $sql (
	"CANCEL JOB $job", "PAUSE JOB $job",
	"RESUME JOB $job", 'CANCEL JOBS SELECT job_id FROM [SHOW JOBS]',
	"SELECT jobs.cancel($job)", "SELECT jobs.cancel_jobs(ARRAY[$job])",
	"SELECT jobs.pause($job)", "SELECT jobs.pause_jobs(ARRAY[$job])",
	"ALTER JOB $job OWNER TO viewer", "SELECT jobs.alter_owner($job, 'viewer')",
	"SELECT jobs.resume($job)", "SELECT jobs.resume_jobs(ARRAY[$job])",
	"SELECT jobs.submit('SELECT 1')",
	"SELECT jobs.create_statistics('effects')",
	'CREATE STATISTICS s FROM effects', 'CREATE STATISTICS s ON name FROM effects',
	"SELECT jobs.set_table_option('effects', 'sql_stats_automatic_collection_enabled', 'off')")
{
	my @messages = grep { !/^RowDescription/ } $reader->run($sql);

	is(scalar(@messages), 1, "one answer on the standby: $sql");
	like(
		$messages[0],
		qr/^ErrorResponse 25006 cannot execute .* (during recovery|in a read-only transaction)$/,
		"refused on the standby: $sql");
}
is($reader->value('SELECT 1'), '1', 'the session goes on');
is( $reader->value(
		q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'cancel_job %'}
	),
	'0',
	'no launcher, no coordinator and no worker on the standby');

#
# Promotion with jobs in every state
#
$stage->client->rows('CREATE DATABASE other');
my $other = WireClient->new($first, database => 'other');
$other->rows('CREATE EXTENSION cancel_job');
$other->disconnect;
$first->wait_for_catchup($second, 'replay');
$first->stop('immediate');
$second->promote;
$stage->connect($second);

# The standby's configuration is from before points were set.
$stage->let_go;
$stage->check_ends('promoted');
$stage->check_nothing_left('promoted', 'postgres', 'other');
$stage->check_places('promoted');

# A session that has seen the promotion controls jobs like any other.
$job = submit($reader, 'SELECT pg_sleep(100000)');
ok(wait_for_status($reader, $job, 'running'), 'a session from before: submits');
is_deeply([ WireClient::tags($reader->run("PAUSE JOB $job")) ],
	['PAUSE JOBS 1'], 'a session from before: PAUSE');
ok(wait_for_status($reader, $job, 'paused'), 'which is obeyed');
is_deeply([ WireClient::tags($reader->run("CANCEL JOB $job")) ],
	['CANCEL JOBS 1'], 'a session from before: CANCEL');
ok(wait_for_status($reader, $job, 'canceled'), 'which is obeyed');

# What changes from now on gets automatic statistics.
$reader->rows('CREATE TABLE counted (a integer) WITH (autovacuum_enabled = false)');
$reader->rows('INSERT INTO counted SELECT generate_series(1, 1000); SELECT pg_stat_force_next_flush()');
$reader->rows('SET CLUSTER SETTING sql.stats.automatic_collection.enabled = true');
ok( wait_for(
		$reader,
		q{SELECT count(*) = 1 FROM [SHOW AUTOMATIC JOBS] WHERE description LIKE '%.counted' AND status = 'succeeded'}
	),
	'automatic statistics');
$reader->rows('SET CLUSTER SETTING sql.stats.automatic_collection.enabled = false');

#
# A server whose configuration says that nobody is to write, as a failover manager
# makes it for a while after a promotion: no job starts, and so none fails
#
my $log_start = log_size($second);
my $told = qr/LOG:  jobs have to wait while the server is read-only/;

set_conf($second, default_transaction_read_only => 'on');
$reader->rows('SET default_transaction_read_only = off');
$job = submit($reader, q{INSERT INTO effects VALUES ('read-only')});
my $cancelled = submit($reader, 'SELECT 1');
$reader->rows("CANCEL JOB $cancelled");
$second->wait_for_log($told, $log_start);
my $new = WireClient->new($second);
is( $new->value(
		"SELECT string_agg(status, ' ' ORDER BY job_id) FROM jobs.jobs WHERE job_id IN ($job, $cancelled)"
	),
	'pending cancel-requested',
	'a read-only server: jobs wait');
like(
	($new->run('SELECT jobs.submit($$SELECT 1$$)'))[-1],
	qr/^ErrorResponse 25006 /,
	'a read-only server: submitting is refused');
$new->disconnect;
set_conf($second, default_transaction_read_only => 'off');
ok(wait_for_status($reader, $job, 'succeeded'), 'no longer: they run');
ok(wait_for_status($reader, $cancelled, 'canceled'), 'and are cancelled');
is(scalar(() = log_since($second, $log_start) =~ /$told/g),
	1, 'one line in the log');

# For a role it is a matter of that role's jobs.
$reader->rows(
	q{CREATE ROLE reader LOGIN; ALTER ROLE reader SET default_transaction_read_only = on;
	GRANT ALL ON effects TO reader});
my $as_reader = WireClient->new($second, user => 'reader');
$as_reader->rows('SET default_transaction_read_only = off');
$job = submit($as_reader, q{INSERT INTO effects VALUES ('reader')});
ok(wait_for_status($reader, $job, 'failed'), 'a read-only role: its job fails');
is($reader->value("SELECT sqlstate FROM jobs.jobs WHERE job_id = $job"),
	'25006', 'as its statements do');
$job = submit($as_reader, 'SELECT count(*) FROM effects');
ok(wait_for_status($reader, $job, 'succeeded'),
	'a read-only role: a job that reads succeeds');
$as_reader->disconnect;
$reader->disconnect;

#
# Promotion in the middle of a load, with synchronous replication: what has been
# seen to have ended stays so
#
my $third = standby_of($second, 'third');
set_conf($second, synchronous_standby_names => 'third');
wait_for($stage->client, q{SELECT sync_state = 'sync' FROM pg_stat_replication})
  or die 'no synchronous standby';

my $many = 400;
my $before = $stage->client->value('SELECT max(job_id) FROM jobs.jobs');
my $load = "FROM jobs.jobs WHERE job_id > $before";

$stage->session('holder')->rows('SELECT pg_advisory_lock(1)');
$stage->client->rows(
	qq{
TRUNCATE effects, undone;
BEGIN;
SELECT jobs.submit(format('INSERT INTO effects VALUES (%L); %s', n,
		CASE WHEN n > $many - 4 THEN 'SELECT pg_advisory_xact_lock(1)'
			WHEN n % 5 = 0 THEN 'SELECT 1/0'
			ELSE 'SELECT pg_sleep(0.01)' END),
	description => n::text,
	on_cancel => format('INSERT INTO undone VALUES (%L)', n))
FROM generate_series(1, $many) n ORDER BY n % 7 DESC, n;
COMMIT});

# Cancel some, at the beginning and in the midst of it.
my $cancel = qq{
DO \$\$ DECLARE id bigint; BEGIN
	FOR id IN SELECT job_id $load AND status IN ('pending', 'running')
		AND job_id % 9 = %d
	LOOP
		BEGIN
			CANCEL JOB id;
		EXCEPTION WHEN object_not_in_prerequisite_state THEN
		END;
	END LOOP;
END \$\$};
my $finished = "SELECT count(finished) > %d $load";

$stage->client->rows(sprintf($cancel, 0));
wait_for($stage->client, sprintf($finished, $many / 8)) or die 'no load';
$stage->client->rows(sprintf($cancel, 1));
wait_for($stage->client, sprintf($finished, $many / 4)) or die 'no load';

my %seen = map { split(/\|/, $_, 2) } $stage->client->rows(
	qq{SELECT concat_ws('|', job_id, status) $load AND status IN ('succeeded', 'failed')});

$second->stop('immediate');
$third->promote;
$stage->connect($third);
ok(wait_for($stage->client, "SELECT count(*) = 0 $load AND finished IS NULL"),
	'under load: every job ends on the new primary');
is($stage->client->value("SELECT count(*) $load"),
	$many, 'under load: none has been lost');
is_deeply(
	{
		map { split(/\|/, $_, 2) } $stage->client->rows(
			sprintf(
				q{SELECT concat_ws('|', job_id, status) %s AND job_id IN (%s)},
				$load,
				join(', ', keys %seen)))
	},
	\%seen,
	'under load: what had ended on the old primary has');

# A job that was cancelled before it began has nothing to undo.
is_deeply(
	[ $stage->client->rows(
			qq{SELECT concat_ws('|', status, started IS NOT NULL, effects, undone)
			FROM (SELECT status, started,
				(SELECT count(*) FROM effects WHERE name = description) AS effects,
				(SELECT count(*) FROM undone WHERE name = description) AS undone
				$load) AS ended
			WHERE effects <> (status = 'succeeded')::int
			OR undone <> (status <> 'succeeded' AND started IS NOT NULL)::int})
	],
	[],
	'under load: each has happened as often as it says');
is( $stage->client->value(
		"SELECT string_agg(DISTINCT status, ',' ORDER BY status) $load"),
	'canceled,failed,succeeded',
	'under load: jobs of all kinds');
$stage->check_nothing_left('under load', 'postgres', 'other');
$stage->check_places('under load');

foreach my $node ($first, $second, $third)
{
	unlike(log_since($node, 0), qr/PANIC|TRAP:|by signal/,
		$node->name . ' has not crashed');
}
$stage->disconnect;
$third->stop;

done_testing();
