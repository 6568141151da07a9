# What becomes of jobs is told: to those who LISTEN, to those who wait, and in
# numbers.  Nobody who listens misses a change that commits after LISTEN; nobody
# who waits sleeps on.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use JSON::PP;
use JobsTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use WireClient;

my $node = jobs_node(
	'main', q{
max_connections = 60
max_worker_processes = 16
restart_after_crash = on
deadlock_timeout = '10ms'
}, allows_streaming => 1);
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE EXTENSION cancel_job');
my $client = WireClient->new($node);
my $other = WireClient->new($node, database => 'other');

# The next notification that a session receives, as text and decoded.
sub notification
{
	my ($listener) = @_;
	my $message;

	do
	{
		$message = $listener->read_message;
		die 'the connection is closed' if $message eq 'closed';
	} until ($message =~ /^NotificationResponse jobs (.*)/);
	return ($1, decode_json($1));
}

# The states of a job that a session is told, up to this one; nothing else is
# told meanwhile.
sub told
{
	my ($listener, $id, $last) = @_;
	my @states;

	do
	{
		my ($payload, $event) = notification($listener);

		return "not told but: $payload" if $event->{job_id} != $id;
		push @states, $event->{status};
	} until ($states[-1] eq $last);
	return join(' ', @states);
}

# Wait until a session waits like this.
sub waits
{
	my ($session, $type, $event) = @_;
	my $pid = $session->pid;

	return wait_for($client,
		"SELECT coalesce(wait_event_type = '$type' AND wait_event ~ '$event', false)"
		  . " AND state = 'active' FROM pg_stat_activity WHERE pid = $pid");
}

# The one row that a query sent before gives in the end.
sub result
{
	my ($session) = @_;

	return join(', ', map { s/^DataRow //r } grep { /^(DataRow|Error|closed)/ } $session->answer);
}

#
# LISTEN
#
my $listener = WireClient->new($node);
my $other_listener = WireClient->new($node, database => 'other');
$listener->rows('LISTEN jobs');
$other_listener->rows('LISTEN "jobs"');

my $job = submit($client, 'SELECT 1');
is(told($listener, $job, 'succeeded'), 'pending running succeeded', 'a job that succeeds');
$client->rows(q{SELECT setval('jobs.job_id_seq', 1000)});
$job = submit($other, 'SELECT 1/0');
is(told($other_listener, $job, 'failed'),
	'pending running failed', 'another database tells its own listeners only');

$job = submit($client, 'SELECT pg_sleep(600)', on_cancel => 'SELECT 2');
is(told($listener, $job, 'running'), 'pending running', 'a job that goes on');
$client->rows("SELECT jobs.pause($job)");
is(told($listener, $job, 'paused'), 'pause-requested paused', 'PAUSE');
$client->rows("SELECT jobs.resume($job)");
is(told($listener, $job, 'running'), 'running', 'RESUME');
ok(wait_for($client, "SELECT count(*) = 1 FROM jobs.live() WHERE job_id = $job"), 'it is taken up');
$client->rows("SELECT jobs.cancel($job)");
is(told($listener, $job, 'canceled'),
	'cancel-requested reverting canceled', 'CANCEL, with a clean-up');

# What is rolled back is not told.
$client->rows("BEGIN; SELECT jobs.submit('SELECT 1'); ROLLBACK");
$client->rows("BEGIN; SAVEPOINT s; SELECT jobs.submit('SELECT 1'); ROLLBACK TO s; COMMIT");
$client->rows('BEGIN; SAVEPOINT s');
$job = submit($client, 'SELECT 1');
$client->rows('RELEASE s; COMMIT');
is(told($listener, $job, 'succeeded'), 'pending running succeeded', 'only what has committed');

# The payload is for everybody: nothing in it but this.
$client->rows('CREATE ROLE secret LOGIN SUPERUSER');
my $secret = WireClient->new($node, user => 'secret');
$job = submit($secret, q{DO $x$ BEGIN RAISE 'secret'; END $x$}, description => 'secret');
my ($payload) = notification($listener);
is($payload, qq({"job_id": $job, "job_type": "SQL", "status": "pending"}), 'the payload');
is(told($listener, $job, 'failed'), 'running failed', 'the rest');
$secret->disconnect;

# Thousands of jobs in one transaction.
my @jobs = split(',', $client->value(
	q{SELECT string_agg(jobs.submit('SELECT 1')::text, ',') FROM generate_series(1, 1000)}));
my %left = map { $_ => 1 } @jobs;
while (%left)
{
	my (undef, $event) = notification($listener);
	delete $left{ $event->{job_id} } if $event->{status} eq 'succeeded';
}
pass('a thousand jobs');

# Who still listens is told, whatever was rolled back.
$listener->rows('BEGIN; UNLISTEN jobs; ROLLBACK');
$job = submit($client, 'SELECT 1');
is(told($listener, $job, 'succeeded'), 'pending running succeeded', 'UNLISTEN that is rolled back');
$listener->rows('BEGIN; SAVEPOINT s; UNLISTEN *; ROLLBACK TO s; COMMIT');
$job = submit($client, 'SELECT 1');
is(told($listener, $job, 'succeeded'), 'pending running succeeded', 'in a savepoint');
$listener->rows('BEGIN; UNLISTEN jobs; LISTEN jobs; COMMIT');
$job = submit($client, 'SELECT 1');
is(told($listener, $job, 'succeeded'), 'pending running succeeded', 'UNLISTEN and LISTEN');
$listener->rows('DISCARD ALL');
$listener->rows('LISTEN jobs');
$job = submit($client, 'SELECT 1');
is(told($listener, $job, 'succeeded'), 'pending running succeeded', 'DISCARD and LISTEN');
$listener->rows('UNLISTEN jobs');
$listener->rows('BEGIN; LISTEN jobs; ROLLBACK');
$listener->rows(q{DO $$ BEGIN EXECUTE 'LISTEN jobs'; END $$});
$job = submit($client, 'SELECT 1');
is(told($listener, $job, 'succeeded'), 'pending running succeeded', 'LISTEN in a DO block');
$listener->disconnect;
ok(wait_for($client, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE query ~ '^DO .*LISTEN jobs'}),
	'nobody listens in this database');

# A transaction that has found nobody listening, and is about to commit: LISTEN
# waits for it.  It is held where it waits for a standby.
set_conf($node, synchronous_standby_names => 'nobody');
my $committer = WireClient->new($node);
$committer->query(q{SELECT jobs.submit('SELECT 1')});
ok(waits($committer, 'IPC', '^SyncRep$'), 'a transaction is about to commit');
$listener = WireClient->new($node);
$listener->query('LISTEN jobs');
ok(waits($listener, 'Lock', '^virtualxid$'), 'LISTEN waits for it');
my $pid = $listener->pid;
$client->rows("SELECT pg_cancel_backend($pid)");
like(result($listener), qr/57014/, 'this can be cancelled');
$other_listener->rows('LISTEN jobs');
pass('in another database it waits for nobody');
$listener->query('LISTEN jobs');
ok(waits($listener, 'Lock', '^virtualxid$'), 'LISTEN waits for it again');
set_conf($node, synchronous_standby_names => '');
$job = result($committer);
$listener->read_until('ReadyForQuery');
is($listener->value("SELECT count(*) FROM jobs.jobs WHERE job_id = $job"),
	'1', 'what was not told is seen after LISTEN');
ok(wait_for_status($client, $job, 'succeeded'), 'that job runs');
$listener->disconnect;

#
# Waiting
#
my $waiter = WireClient->new($node);
my $wait_event = '^(Extension|CancelJobWaitForJobs)$';
$job = submit($client, 'SELECT pg_sleep(600)');
my $second = submit($client, 'SELECT pg_sleep(600)');
$waiter->query("SELECT jobs.wait(ARRAY[$job, $second]), clock_timestamp()");
ok(waits($waiter, 'Extension', $wait_event), 'a session waits');
$client->rows("BEGIN; SELECT jobs.cancel($job); ROLLBACK");
ok(wait_for_status($client, $job, 'running'), 'the first job runs');
$client->rows("SELECT jobs.pause($job)");
ok(wait_for_status($client, $job, 'paused'), 'it is paused');
ok(waits($waiter, 'Extension', $wait_event), 'the session waits on');
$client->rows("SELECT jobs.cancel($job)");
ok(wait_for_status($client, $job, 'canceled'), 'it has ended');
ok(waits($waiter, 'Extension', $wait_event), 'the session waits for the other one');
$client->rows("SELECT jobs.cancel($second)");
like(result($waiter), qr/^t\|/, 'and is woken by its end');

# SHOW JOB WHEN COMPLETE in the extended protocol.
$job = submit($client, 'SELECT pg_sleep(600)');
$waiter->extended('SHOW JOB WHEN COMPLETE $1', $job);
$waiter->sync;
ok(waits($waiter, 'Extension', $wait_event), 'SHOW JOB WHEN COMPLETE waits');
$client->rows("SELECT jobs.cancel($job)");
my @answer = $waiter->answer;
is($answer[-1], 'CommandComplete SHOW JOBS 1', 'its tag');
like($answer[-2], qr/^DataRow $job\|SQL\|.*\|canceled\|/, 'its row');

# Many waiters for overlapping sets of many jobs; some give up, some are
# terminated.
my @waiters = map { WireClient->new($node) } 1 .. 20;
@jobs = split(',', $client->value(
	q{SELECT string_agg(jobs.submit('SELECT 1')::text, ',') FROM generate_series(1, 600)}));
for my $i (0 .. $#waiters)
{
	my $ids = join(',', @jobs[ $i * 10 .. $i * 10 + 400 ]);

	$waiters[$i]->query($i % 5 == 1
		? "SELECT jobs.wait(ARRAY[$ids], '1 ms') IN (true, false)"
		: "SELECT jobs.wait(ARRAY[$ids])");
	$client->rows('SELECT pg_terminate_backend(' . $waiters[$i]->pid . ')')
	  if $i % 5 == 2;
}
my @results;
for my $i (0 .. $#waiters)
{
	my $result = result($waiters[$i]);
	push @results, $result unless $i % 5 == 2;
}
is(join(' ', @results), join(' ', ('t') x 16), 'every waiter is woken');
@waiters = ();

# Jobs that wait for each other in a circle.
$client->rows('CREATE TABLE circle (id bigint); SELECT pg_advisory_lock(1)');
my @circle = map {
	submit($client,
		"SELECT pg_advisory_xact_lock_shared(1); SELECT jobs.wait((SELECT $_(id) FROM circle))")
} ('max', 'min');
$client->rows("INSERT INTO circle VALUES ($circle[0]), ($circle[1])");
$client->rows('SELECT pg_advisory_unlock(1)');
$client->rows("SELECT jobs.wait(ARRAY[$circle[0], $circle[1]])");
is($client->value(
		"SELECT count(*) FROM jobs.jobs WHERE job_id IN ($circle[0], $circle[1]) AND status = 'failed'"
		  . q{ AND error = 'deadlock detected'}) > 0,
	1, 'of two jobs that wait in a circle, not both wait on');

# A procedure lets go of the transaction in which it has read: whoever has met its
# snapshot, as CREATE INDEX CONCURRENTLY does, waits until that one ends.
set_conf($node, 'jobs.debug_pausepoints' => 'wait.while_reading');
$client->rows('CREATE TABLE indexed (i int)');
my $locker = WireClient->new($node);
$locker->rows('BEGIN; LOCK indexed');
$job = submit($client, 'CREATE INDEX CONCURRENTLY ON indexed (i)');
my $waiting = submit($client, "CALL jobs.wait_for($job)");
ok(wait_for_pausepoint($client, 'wait.while_reading'), 'a job reads another one');
$locker->disconnect;
my $builder = worker_pid($client, $job);
ok( wait_for(
		$client,
		"SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'virtualxid' AND NOT granted AND pid = $builder"),
	'which waits for its snapshot');
set_conf($node, 'jobs.debug_pausepoints' => '');
ok(wait_for_status($client, $waiting, 'succeeded'), 'the first one waits for it');
is(status($client, $job), 'succeeded', 'and the other one ends');

#
# Numbers
#
my $counters = q{SELECT submitted, started, succeeded, failed, canceled FROM jobs.stats};
is($other->value($counters), '1|1|0|1|0', 'each database has its own numbers');
$other->disconnect;
$other_listener->disconnect;

#
# A standby: nobody wakes there
#
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$job = submit($client, 'SELECT pg_sleep(600)');
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
my $reader = WireClient->new($standby);
is($reader->value("SELECT jobs.wait($job, '10 ms')"), 'f', 'standby: the time is over');
# A query's snapshot could hold up the replay of what it waits for.
$reader->query("CALL jobs.wait_for($job)");
$client->rows("SELECT jobs.cancel($job)");
is(($reader->answer)[-1], 'CommandComplete CALL', 'standby: the end is seen');
is(($reader->run("SHOW JOB WHEN COMPLETE $job"))[-1],
	'CommandComplete SHOW JOBS 1', 'standby: SHOW JOB WHEN COMPLETE');
$reader->disconnect;
$standby->stop;

#
# A crash: shared memory is made anew
#
my $reset = $client->value('SELECT stats_reset FROM jobs.stats');
$job = submit($client, 'SELECT pg_sleep(600)');
$waiter->query("SELECT jobs.wait($job)");
ok(waits($waiter, 'Extension', $wait_event), 'a session waits');
kill 'KILL', $waiter->pid;
is($waiter->read_message, 'closed', 'it is killed');
$node->poll_query_until('postgres', 'SELECT 1', '1') or die 'the server has not come back';
$client = WireClient->new($node);
ok(wait_for_status($client, $job, 'running'), 'the job is still there');
$waiter = WireClient->new($node);
$waiter->query("SELECT jobs.wait($job)");
ok(waits($waiter, 'Extension', $wait_event), 'another session waits');
$client->rows("SELECT jobs.cancel($job)");
is(result($waiter), 't', 'and is woken');
is($client->value("SELECT canceled, stats_reset > '$reset' FROM jobs.stats"),
	'1|t', 'the numbers have begun anew');

# A full NOTIFY queue: the jobs go on, and the log tells.
SKIP:
{
	skip 'the NOTIFY queue is too large to be filled', 3
	  if $client->value(q{SELECT count(*) FROM pg_settings WHERE name = 'max_notify_queue_pages'}) eq '0';

	$node->append_conf('postgresql.conf', 'max_notify_queue_pages = 64');
	$node->restart;
	$client = WireClient->new($node);
	$listener = WireClient->new($node);
	$listener->rows('LISTEN jobs');
	$listener->rows('BEGIN; SELECT 1');
	$client->rows(q{SELECT pg_notify('jobs', repeat('x', 7000) || i) FROM generate_series(1, 60) i});
	my $offset = log_size($node);
	$job = submit($client, 'SELECT 1');
	is($client->value("SELECT jobs.wait($job)"), 't', 'queue full: a job runs');
	is(status($client, $job), 'succeeded', 'queue full: and succeeds');
	like(log_since($node, $offset),
		qr/changes of jobs are not notified/, 'queue full: the log tells');
}

$node->stop;
done_testing();
