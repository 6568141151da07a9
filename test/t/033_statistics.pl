# CREATE STATISTICS in CockroachDB's meaning: the statement waits for its job, and
# reports its end.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use JobsTest;
use PostgreSQL::Test::Utils;
use Test::More;
use WireClient;

my $node = jobs_node('statistics', "autovacuum = off\nmax_prepared_transactions = 2");
my $client = WireClient->new($node);
my $waiter = WireClient->new($node);

# A table whose statistics a gate holds up: its index calls a function.
$client->rows(
	q{
CREATE TABLE t (a integer, b integer);
INSERT INTO t SELECT i, i % 10 FROM generate_series(1, 1000) i;
CREATE FUNCTION gate(a integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF a = 1 THEN
		PERFORM pg_catalog.pg_advisory_xact_lock_shared(1);
	END IF;
	RETURN a;
END $$;
CREATE INDEX ON t (gate(a));
ANALYZE t;
CREATE TABLE before AS SELECT s::text FROM pg_stats s WHERE tablename = 't'});

# Start the statement, with the gate closed; returns its job.
sub start
{
	my ($statement) = @_;

	$client->rows('SELECT pg_advisory_lock(1)');
	$waiter->query($statement);
	wait_for($client, q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted});
	return $client->value(q{SELECT job_id FROM jobs.jobs WHERE status = 'running'});
}

sub open_gate
{
	$client->rows('SELECT pg_advisory_unlock(1)');
	return;
}

# How far a job is, as the views say it.
sub fraction
{
	my ($job, $session) = @_;

	return ($session // $client)->value(
		qq{
SELECT string_agg(DISTINCT round(fraction_completed::numeric, 3)::text, ' ')
FROM (SELECT job_id, fraction_completed FROM jobs.jobs
	  UNION ALL
	  SELECT job_id, fraction_completed FROM [SHOW JOBS]) j
WHERE job_id = $job});
}

# What the waiting statement has come to, ids taken out.
sub outcome
{
	my $answer = join(' ', $waiter->answer);

	$answer =~ s/\b[jJ]ob \d+/job N/g;
	return $answer;
}

sub changed_statistics
{
	return $client->value(q{
SELECT count(*) FROM (SELECT s::text FROM pg_stats s WHERE tablename = 't' EXCEPT TABLE before) d});
}

my $job = start('CREATE STATISTICS s FROM t');
is( $client->value("SELECT job_type || '|' || description FROM jobs.jobs WHERE job_id = $job"),
	'CREATE STATS|CREATE STATISTICS s FROM public.t',
	'the statement has a job');
is( $client->value("SELECT phase FROM pg_stat_progress_analyze p JOIN jobs.jobs j"
		  . " ON j.coordinator_id = p.pid WHERE job_id = $job"),
	'computing statistics',
	'which PostgreSQL shows the progress of');
is(fraction($job), '1.000', 'and so do we: all of the sample has been taken');
is($client->value("SELECT bar LIKE '% 100 %' FROM jobs.progress WHERE job_id = $job"), 't', 'with a bar');
open_gate();
like(outcome(), qr/^CommandComplete CREATE STATISTICS/, 'the statement ends with its job');
is(status($client, $job), 'succeeded', 'which has succeeded');

$client->rows('UPDATE t SET b = a');
$client->rows(q{DELETE FROM before; INSERT INTO before SELECT s::text FROM pg_stats s WHERE tablename = 't'});
$job = start('CREATE STATISTICS s FROM t');
$client->rows("CANCEL JOB $job");
like(outcome(), qr/^ErrorResponse.*57014.*job canceled by user/, 'cancelled');
is(status($client, $job), 'canceled', 'the job is canceled');
open_gate();
is(changed_statistics(), 0, 'the old statistics stay exactly as they were');

$job = start('CREATE STATISTICS s FROM t');
$client->rows("SELECT jobs.pause($job, 'lunch')");
like(outcome(), qr/^ErrorResponse.*55000.*job N was paused before it completed with reason: lunch/,
	'paused');
wait_for_status($client, $job, 'paused');
open_gate();
is(changed_statistics(), 0, 'a paused one has stored nothing');
$client->rows("RESUME JOB $job");
ok(wait_for_status($client, $job, 'succeeded'), 'it goes on without the statement');
isnt(changed_statistics(), 0, 'and stores them');

# The statement can be cancelled; the job goes on.
$job = start('CREATE STATISTICS s FROM t');
$client->rows('SELECT pg_cancel_backend(' . $waiter->pid . ')');
like(outcome(), qr/^ErrorResponse.*57014.*canceling statement due to user request/,
	'a statement can stop waiting');
is(status($client, $job), 'running', 'its job goes on');
open_gate();
ok(wait_for_status($client, $job, 'succeeded'), 'to its end');

# So does a client that is lost.
$job = start('CREATE STATISTICS s FROM t');
$client->rows('SELECT pg_terminate_backend(' . $waiter->pid . ')');
like(outcome(), qr/^ErrorResponse.*57P01/, 'a client can be lost');
is(status($client, $job), 'running', 'its job goes on');
open_gate();
ok(wait_for_status($client, $job, 'succeeded'), 'to its end');
$waiter = WireClient->new($node);

# Of several tables it tells how many are done.
$client->rows(
	q{
CREATE TABLE tree (a integer) PARTITION BY RANGE (a);
CREATE TABLE tree1 PARTITION OF tree FOR VALUES FROM (2) TO (1001);
CREATE TABLE tree2 PARTITION OF tree FOR VALUES FROM (1) TO (2);
INSERT INTO tree SELECT generate_series(1, 1000);
CREATE INDEX ON tree2 (gate(a))});
$job = start('CREATE STATISTICS s FROM tree');
is(fraction($job), '0.667', 'two of three tables are done');
open_gate();
like(outcome(), qr/^CommandComplete/, 'the third one is, too');
is($client->value(q{SELECT string_agg(tablename || ' ' || inherited, ', ' ORDER BY tablename) FROM pg_stats WHERE tablename LIKE 'tree%' AND attname = 'a'}),
	'tree true, tree1 false, tree2 false', 'all have statistics');

# What other jobs run shows its progress as well, unless they tell it themselves.
$client->rows('CREATE TABLE late AS SELECT a FROM generate_series(1000, 1, -1) a; CREATE ROLE viewer LOGIN; GRANT SYSTEM VIEWJOB TO viewer');
my $viewer = WireClient->new($node, user => 'viewer');
$client->rows('SELECT pg_advisory_lock(1)');
$job = submit($client, 'CREATE INDEX ON late (gate(a))');
my $telling = submit($client, 'SELECT jobs.report_progress(0.25); CREATE INDEX ON late (gate(a))');
wait_for($client, q{SELECT count(*) = 2 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted});
my $servers = $client->value("SELECT round(blocks_done::numeric / blocks_total, 3) FROM pg_stat_progress_create_index p"
	  . " JOIN jobs.jobs j ON j.coordinator_id = p.pid WHERE job_id = $job");
like($servers, qr/^0\.[1-9]/, 'an index is made');
is(fraction($job), $servers, 'which is the progress of the job');
is(fraction($job, $viewer), $servers, 'for everybody who may see it');
is(fraction($telling), '0.250', 'what a job tells itself counts more');
open_gate();
wait_for_status($client, $_, 'succeeded') foreach $job, $telling;

# A job that fails.
$client->rows(
	q{
CREATE OR REPLACE FUNCTION gate(a integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	RAISE division_by_zero USING MESSAGE = 'no statistics today';
END $$});
$waiter->query('CREATE STATISTICS s FROM t');
like(outcome(), qr/^ErrorResponse.*22012.*job N failed with error: no statistics today/, 'failed');

$client->rows('DROP TABLE t, tree, late');

# In the extended protocol, too.
$client->rows('CREATE TABLE u AS SELECT 1 AS a');
$waiter->extended('CREATE STATISTICS s FROM u');
$waiter->sync;
like(outcome(), qr/CommandComplete CREATE STATISTICS/, 'by the extended protocol');
$waiter->query('CREATE STATISTICS s ON a FROM u; SELECT 1');
like(outcome(), qr/^ErrorResponse.*25001/, 'not among other statements');

# Nobody sees the table's rows by it.
$client->rows('CREATE ROLE nosy LOGIN');
my $nosy = WireClient->new($node, user => 'nosy');
like(join(' ', $nosy->run('CREATE STATISTICS s FROM u')),
	qr/^ErrorResponse.*42501.*permission denied to collect statistics of "u"/, 'only who may analyze the table');
like(join(' ', $nosy->run("SELECT jobs.set_table_option('u', 'sql_stats_automatic_collection_enabled', 'off')")),
	qr/ErrorResponse.*42501.*must be owner of table u/, 'only its owner sets its options');

# Options are dumped with the tables; what is left of a dropped one is not.
$client->rows('ALTER TABLE u SET (sql_stats_automatic_collection_enabled = false)');
$client->rows('CREATE TABLE gone (a integer)');
$client->rows('ALTER TABLE gone SET (sql_stats_automatic_collection_enabled = false)');
$client->rows('DROP TABLE gone');
my $dump = $node->basedir . '/dump';
$node->command_ok([ 'pg_dump', '-Fp', '-f', $dump, 'postgres' ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE template0');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, 'copy' ], 'restore');
is( $node->safe_psql('copy', 'TABLE jobs.table_option'),
	'u|sql_stats_automatic_collection_enabled|false',
	'options come with the tables');

# Other extensions see an ALTER TABLE that has options of ours only, wherever they
# are loaded.
SKIP:
{
	skip 'no pg_stat_statements here', 4
	  unless $client->value(q{SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_stat_statements'});
	$client->rows('CREATE EXTENSION pg_stat_statements');
	foreach my $libraries ('pg_stat_statements, cancel_job', 'cancel_job, pg_stat_statements')
	{
		$node->append_conf('postgresql.conf', "shared_preload_libraries = '$libraries'");
		$node->restart;
		$client = WireClient->new($node);
		$client->rows('SELECT pg_stat_statements_reset()');
		$client->rows('SELECT; ALTER TABLE u SET (sql_stats_automatic_collection_min_stale_rows = 7); SELECT 1');
		is( $client->value(q{SELECT query || ' ' || calls FROM pg_stat_statements WHERE query LIKE 'ALTER TABLE%'}),
			'ALTER TABLE u SET (sql_stats_automatic_collection_min_stale_rows = 7) 1',
			"$libraries: it is counted");
		is( $client->value(q{DELETE FROM jobs.table_option WHERE name LIKE '%min_stale_rows' RETURNING value}),
			'7', 'and sets the option');
	}
}
done_testing();
