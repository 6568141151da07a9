# Automatic statistics: when they are due, what a cancel is good for, whom they
# make way for, and what they cost where nothing happens.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use JobsTest;
use PostgreSQL::Test::Utils;
use Test::More;
use WireClient;

my $node = jobs_node(
	'automatic', q{
sql.stats_automatic_collection_enabled = on
jobs.automatic_statistics_interval = 100ms
jobs.coordinator_idle_timeout = 100ms
jobs.worker_idle_timeout = 100ms
autovacuum = off
deadlock_timeout = 100ms
max_prepared_transactions = 1
});
my $client = WireClient->new($node);

# Change something, and let it be counted at once.
sub change
{
	my ($sql, $session) = @_;

	($session // $client)->rows("$sql; SELECT pg_stat_force_next_flush()");
	return;
}

# The automatic jobs of a table, by state.
sub jobs_of
{
	my ($table) = @_;

	return $client->value(
		"SELECT coalesce(string_agg(status, ' ' ORDER BY job_id), '') FROM jobs.jobs"
		  . " WHERE automatic AND description = 'Table statistics refresh for postgres.public.$table'");
}

sub wait_for_jobs
{
	my ($table, $states) = @_;

	return wait_until(sub { jobs_of($table) eq $states });
}

# Wait until the tables have been looked at since now: another one, whose
# statistics are less urgent, has had its job.
my $ncanaries = 0;

sub wait_for_look
{
	my $table = 'canary' . ++$ncanaries;

	change("CREATE TABLE $table AS SELECT 1 AS a");
	return wait_for_jobs($table, 'succeeded');
}

sub unfinished
{
	return $client->value('SELECT job_id FROM [SHOW AUTOMATIC JOBS] WHERE finished IS NULL');
}

# Hold the jobs that come from now on at a point; '' lets them go on.  One of before
# would be held in the place of the one that is meant.
sub hold
{
	my ($point) = @_;

	wait_for_look() if $point ne '';
	set_conf($node, 'jobs.debug_pausepoints' => $point);
	return;
}

# The estimate of the number of rows of a query.
$client->rows(
	q{
CREATE FUNCTION estimate(query text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
	RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END $$});

# A session hears of new statistics some moments after the commit.
sub estimate_becomes
{
	my ($query, $rows) = @_;

	return wait_for($client, "SELECT estimate('$query') = $rows");
}

# What commits as a prepared transaction wakes the launcher, which sleeps until
# somebody writes.
$client->rows('BEGIN; CREATE TABLE prepared AS SELECT 1 AS a FROM generate_series(1, 1000)');
$client->rows(q{PREPARE TRANSACTION 'p'});
my $log = log_size($node);
set_conf($node, 'log_min_messages' => 'debug1');
ok(wait_until(sub { log_since($node, $log) =~ /launcher sleeps until something is written/ }),
	'the launcher sleeps');
set_conf($node, 'log_min_messages' => 'warning');
$client->rows(q{COMMIT PREPARED 'p'});
$client->rows('SELECT pg_stat_force_next_flush()');
ok(wait_for_jobs('prepared', 'succeeded'), 'what was prepared is seen');

# The thresholds.
change('CREATE TABLE t AS SELECT 1 AS a FROM generate_series(1, 1000)');
ok(wait_for_jobs('t', 'succeeded'), 'a table without statistics gets them');
is( $client->value(q{SELECT job_type || '|' || statement FROM jobs.jobs WHERE description LIKE '%.t'})
	  =~ s/\[\d+\]/[N]/r,
	'AUTO CREATE STATS|CREATE STATISTICS __auto__ FROM [N] WITH OPTIONS THROTTLING 0.9',
	'by a job as CockroachDB has it');
is($client->value('SELECT count(*) FROM jobs.show_jobs()'), 0, 'which SHOW JOBS hides');

change('UPDATE t SET a = 2 WHERE ctid IN (SELECT ctid FROM t LIMIT 699)');
wait_for_look();
wait_for_look();
is(jobs_of('t'), 'succeeded', 'below the threshold of 20 % and 500 rows nothing happens');
change('UPDATE t SET a = 3 WHERE ctid IN (SELECT ctid FROM t LIMIT 1)');
ok(wait_for_jobs('t', 'succeeded succeeded'), 'at the threshold they are due');
change('DELETE FROM t WHERE ctid IN (SELECT ctid FROM t LIMIT 900)');
ok(wait_for_jobs('t', 'succeeded succeeded succeeded'), 'and above');

is($client->value(q{SELECT DISTINCT timeout FROM jobs.jobs WHERE automatic}), '01:00:00', 'they have an hour');

# The options of a table.
$client->rows('ALTER TABLE t SET (sql_stats_automatic_collection_min_stale_rows = 5,'
	  . ' sql_stats_automatic_collection_fraction_stale_rows = 0)');
change('INSERT INTO t SELECT 1 FROM generate_series(1, 5)');
ok(wait_for_jobs('t', 'succeeded succeeded succeeded succeeded'), 'a table has its own thresholds');
$client->rows('ALTER TABLE t SET (sql_stats_automatic_collection_enabled = false)');
change('INSERT INTO t SELECT 1 FROM generate_series(1, 5000)');
wait_for_look();
wait_for_look();
is(jobs_of('t'), 'succeeded succeeded succeeded succeeded', 'and can be left alone');
$client->rows('DROP TABLE t');

# Partitioned tables, which autovacuum does not analyze.
$client->rows(
	q{
CREATE TABLE p (a integer, b integer) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (5000);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (5000) TO (20000)});
hold('worker.before_work');
change('INSERT INTO p SELECT i, i % 7 FROM generate_series(1, 9999) i');
$client->rows('ANALYZE p1; ANALYZE p2');
my $query = 'SELECT DISTINCT b FROM p';
isnt($client->value("SELECT estimate('$query')"), 7, 'without statistics the plan is wrong');
hold('');
ok(wait_for_jobs('p', 'succeeded'), 'a partitioned table gets statistics');
ok(estimate_becomes($query, 7), 'the plan becomes right');
change('INSERT INTO p SELECT i, i % 50 FROM generate_series(10000, 19999) i');
$client->rows('ANALYZE p1; ANALYZE p2');
ok(wait_for_jobs('p', 'succeeded succeeded'),
	'and newer ones, though its partitions are analyzed by others');
ok(estimate_becomes($query, 50), 'the plan stays right');
change('INSERT INTO p SELECT i, 1 FROM generate_series(10000, 19999) i');
$client->rows('ANALYZE p');
wait_for_look();
is(jobs_of('p'), 'succeeded succeeded', 'nothing is left to do once somebody has analyzed it');
change('CREATE TABLE root (a integer); CREATE TABLE child () INHERITS (root);'
	  . ' INSERT INTO child SELECT i % 3 FROM generate_series(1, 1000) i');
ok(wait_for_jobs('root', 'succeeded'), 'so does the root of an inheritance tree');
is($client->value("SELECT count(*) FROM pg_stats WHERE tablename = 'root' AND inherited"), 1, 'of all of it');

# A cancel is good for nothing; the setting is.
hold('worker.before_work');
change('CREATE TABLE c AS SELECT 1 AS a FROM generate_series(1, 1000)');
ok(wait_for_jobs('c', 'running'), 'an automatic job runs');
my $first = unfinished();
my @answer = $client->run("CANCEL JOB $first");
like(join(' ', @answer), qr/NoticeResponse.*followed by another one/, 'a cancel tells what it is good for');
like(join(' ', @answer), qr/CommandComplete CANCEL JOBS 1/, 'but is done');
ok(wait_for_jobs('c', 'canceled running'), 'another one starts at once');
cmp_ok(unfinished(), '>', $first, 'a new one');

$client->rows('CREATE TABLE d AS SELECT 1 AS a FROM generate_series(1, 1000)');
my $paused = unfinished();
$client->rows("PAUSE JOB $paused");
ok( wait_for($client, "SELECT running_status FROM jobs.jobs WHERE job_id = $paused",
		'paused; no other automatic statistics job starts meanwhile'),
	'a paused one says what it holds back');
hold('');
change('INSERT INTO d VALUES (1)');
$client->rows('SET CLUSTER SETTING sql.stats.automatic_collection.enabled = false');
$client->rows("RESUME JOB $paused");
ok(wait_for_jobs('c', 'canceled succeeded'), 'without the setting one that runs finishes');
is(jobs_of('d'), '', 'the paused one has held the others back, and none starts now');
like(join(' ', $client->run("CANCEL JOB $paused")), qr/ErrorResponse.*55000/, 'it cannot be cancelled any more');
$client->rows('SET CLUSTER SETTING sql.stats.automatic_collection.enabled = true');
ok(wait_for_jobs('d', 'succeeded'), 'with the setting it goes on');

# A lock of another session's holds nobody up.
my $locker = WireClient->new($node);
$locker->rows('BEGIN; LOCK TABLE c IN SHARE UPDATE EXCLUSIVE MODE');
change('INSERT INTO c SELECT 1 FROM generate_series(1, 5000)');
ok(wait_until(sub { jobs_of('c') =~ /failed failed/ }), 'a job does not wait for a lock, and is tried again');
is( $client->value('SELECT DISTINCT sqlstate FROM jobs.jobs WHERE automatic'
		  . " AND description LIKE '%.c' AND status = 'failed'"),
	'55P03', 'it says why');
ok(wait_for_look(), 'others go on');
$locker->rows('COMMIT');
ok(wait_until(sub { jobs_of('c') =~ /failed succeeded$/ }), 'when the lock is gone the statistics come');

# Nor does a job of ours.
$client->rows(
	q{
CREATE TABLE slow (a integer);
CREATE FUNCTION gate(a integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	PERFORM pg_catalog.pg_advisory_xact_lock_shared(1);
	RETURN a;
END $$;
CREATE INDEX ON slow (gate(a));
ALTER TABLE slow SET (sql_stats_automatic_collection_enabled = false)});
change('INSERT INTO slow SELECT 1 FROM generate_series(1, 1000)');
$locker->rows('SELECT pg_advisory_lock(1)');
$client->rows('ALTER TABLE slow RESET (sql_stats_automatic_collection_enabled)');
wait_for_look_started();
$client->rows('ALTER TABLE slow ADD b integer, SET (sql_stats_automatic_collection_enabled = false)');
ok(wait_for_jobs('slow', 'failed'), 'a job makes way for a session that wants its lock');
$locker->rows('SELECT pg_advisory_unlock(1)');

# Somebody has to write before the tables are looked at again.
sub wait_for_look_started
{
	change('CREATE TABLE starter AS SELECT 1 AS a');
	return wait_for_jobs('slow', 'running')
	  && wait_for($client, q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted});
}

# Tables that go, or lose their rows, meanwhile.
hold('worker.before_work');
change('CREATE TABLE gone AS SELECT 1 AS a FROM generate_series(1, 1000)');
wait_for_jobs('gone', 'running');
my $gone = unfinished();
$client->rows('DROP TABLE gone');
hold('');
ok(wait_for_status($client, $gone, 'succeeded'), 'a dropped table');
is( $client->value("SELECT message FROM jobs.messages WHERE job_id = $gone AND kind = 'notice'"),
	'the table does not exist any more', 'says so');
hold('worker.before_work');
change('CREATE TABLE emptied AS SELECT 1 AS a FROM generate_series(1, 1000)');
wait_for_jobs('emptied', 'running');
$client->rows('TRUNCATE emptied');
hold('');
ok(wait_for_jobs('emptied', 'succeeded'), 'a truncated table');

# What nobody asked for.
change('CREATE TEMPORARY TABLE passing AS SELECT 1 AS a FROM generate_series(1, 5000)');
wait_for_look();
is( $client->value(
		q{SELECT count(*) FROM jobs.jobs WHERE automatic AND (description LIKE '%passing%' OR description LIKE '%pg_catalog%' OR description LIKE '%jobs.%')}),
	0, 'temporary and system tables are left alone');

# Who owns the job: the table's owner, or who can have jobs.
$client->rows('CREATE ROLE owner LOGIN; CREATE ROLE nologin');
$client->rows('CREATE TABLE theirs (a integer); ALTER TABLE theirs OWNER TO owner');
$client->rows('CREATE TABLE others (a integer); ALTER TABLE others OWNER TO nologin');
change('INSERT INTO theirs SELECT generate_series(1, 1000); INSERT INTO others SELECT generate_series(1, 1000)');
wait_for_jobs('theirs', 'succeeded');
wait_for_jobs('others', 'succeeded');
is( $client->value(q{SELECT user_name FROM jobs.jobs WHERE description LIKE '%.theirs'}),
	'owner', 'a job is the owner\'s of the table');
my $can = $client->value(q{SELECT CASE WHEN current_setting('server_version_num')::integer < 170000 THEN current_user ELSE 'nologin' END});
is($client->value(q{SELECT user_name FROM jobs.jobs WHERE description LIKE '%.others'}),
	$can, 'if that one can have jobs');

# On request, foreign tables.
SKIP:
{
	skip 'no file_fdw here', 1
	  unless $client->value(q{SELECT count(*) FROM pg_available_extensions WHERE name = 'file_fdw'});
	my $file = $node->basedir . '/rows.csv';
	append_to_file($file, join('', map { "$_\n" } 1 .. 10));
	$client->rows('CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw');
	$client->rows("CREATE FOREIGN TABLE $_ (a integer) SERVER files OPTIONS (filename '$file')")
	  foreach ('far', 'farther');
	$client->rows('ALTER FOREIGN TABLE far SET (sql_stats_automatic_collection_enabled = true)');
	wait_for_look();
	wait_for_look();
	is(jobs_of('far') . '|' . jobs_of('farther'), 'succeeded|', 'a foreign table, if it is wanted');
}

# What autovacuum is about to analyze is left to it.
set_conf($node, 'autovacuum_naptime' => '1h');
set_conf($node, 'autovacuum' => 'on');
change('CREATE TABLE its AS SELECT 1 AS a FROM generate_series(1, 5000)');
wait_for_look();
wait_for_look();
is(jobs_of('its'), '', 'what autovacuum is about to analyze is left to it');
is( $client->value(q{SELECT left_since IS NOT NULL FROM jobs.automatic_statistics WHERE relation = 'its'::regclass}),
	't', 'for some time');

# Autovacuum's own.
change('INSERT INTO slow SELECT 1 FROM generate_series(1, 1000)');
$locker->rows('SELECT pg_advisory_lock(1)');
set_conf($node, 'autovacuum_naptime' => '1s');
my $autovacuums = q{FROM [SHOW AUTOMATIC JOBS] WHERE running_status LIKE 'autovacuum: %'};
ok(wait_for($client, "SELECT count(*) = 1 $autovacuums AND description LIKE '%.slow'"),
	'what autovacuum analyzes is seen');
my ($id, $rest) = split(/\|/,
	$client->value("SELECT job_id, concat_ws(' ', job_type, user_name = current_user, status, description) $autovacuums"), 2);
is($rest, 'AUTO CREATE STATS t running Table statistics refresh for postgres.public.slow', 'as a job');
is($client->value("SELECT count(*) FROM [SHOW JOBS] WHERE job_id = $id"), 0, 'which SHOW JOBS hides');
my $other = WireClient->new($node, user => 'owner');
is($other->value("SELECT count(*) $autovacuums"), 0, 'by who may');
like(join(' ', $other->run("CANCEL JOB $id")), qr/ErrorResponse.*42501/, 'who alone cancels it');
like(join(' ', $client->run("PAUSE JOB $id")), qr/ErrorResponse.*0A000/, 'it cannot be paused');
$log = log_size($node);
like(join(' ', $client->run("CANCEL JOB $id")), qr/CommandComplete CANCEL JOBS 1/, 'but cancelled');
ok(wait_until(sub { log_since($node, $log) =~ /canceling autovacuum task/ }), 'which stops the worker');
like(join(' ', $client->run("CANCEL JOB $id")), qr/ErrorResponse.*42704/, 'once');
$locker->rows('SELECT pg_advisory_unlock(1)');

# Other databases.
set_conf($node, 'autovacuum' => 'off');
my @others = map { "other$_" } 1 .. 6;
$node->safe_psql('postgres', 'CREATE DATABASE other1');
$node->safe_psql('other1', 'CREATE EXTENSION cancel_job');
$node->safe_psql('postgres', "CREATE DATABASE $_ TEMPLATE other1") foreach @others[ 1 .. $#others ];
$node->safe_psql($_, 'CREATE TABLE s AS SELECT 1 AS a FROM generate_series(1, 1000)') foreach @others;
foreach my $database (@others)
{
	ok( wait_until(
			sub { $node->safe_psql($database, 'SELECT status FROM jobs.jobs') eq 'succeeded' }),
		"$database has its own");
}

# Those that take too long, in as many databases as may have one at a time, hold
# nobody up.
set_conf($node, 'jobs.automatic_statistics_timeout' => '1s');
my @sleepers = @others[ 0, 1 ];
foreach my $database (@sleepers)
{
	$node->safe_psql(
		$database, q{
BEGIN;
CREATE FUNCTION nap(a integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN a; END';
CREATE TABLE sleeper AS SELECT 1 AS a FROM generate_series(1, 1000);
CREATE INDEX ON sleeper (nap(a));
CREATE OR REPLACE FUNCTION nap(a integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	PERFORM pg_catalog.pg_sleep(3600);
	RETURN a;
END $$;
COMMIT});
}
foreach my $database (@sleepers)
{
	ok( wait_until(
			sub {
				return $node->safe_psql($database,
					q{SELECT count(*) > 1 FROM jobs.jobs WHERE sqlstate = '57014' AND error = 'job exceeded its timeout of 1000 ms'}
				) eq 't';
			}),
		"one in $database that takes too long fails, and is tried again");
}
foreach my $database (@others[ 1, 2 ])
{
	$node->safe_psql($database, 'CREATE TABLE s2 AS SELECT 1 AS a FROM generate_series(1, 1000)');
	ok( wait_until(
			sub {
				return $node->safe_psql($database, q{SELECT count(*) FROM jobs.jobs WHERE status = 'succeeded'}) == 2;
			}),
		"others in $database have their turns");
}
set_conf($node, 'jobs.automatic_statistics_timeout' => '0');
$node->safe_psql($_, 'DROP TABLE sleeper') foreach @sleepers;

# And then nothing happens any more.
ok(wait_for($client, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type IN ('cancel_job coordinator', 'cancel_job worker')}),
	'an idle database has no process');
ok(wait_for_rest($client->rows(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'cancel_job launcher'})),
	'and an idle server no wake-ups');
change('CREATE TABLE late AS SELECT 1 AS a FROM generate_series(1, 1000)');
ok(wait_for_jobs('late', 'succeeded'), 'the first write wakes what sleeps');
is($client->value(q{SELECT timeout FROM jobs.jobs WHERE description LIKE '%.late'}), '', 'without a limit');
done_testing();
