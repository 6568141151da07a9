# The processes of the extension: what pg_stat_activity and the server log say
# of them, that each database with the extension has a coordinator and no other
# has, that none is in the way of commands on whole databases, how many workers
# there are and for whom, and that jobs survive the end of any of them, and of
# the server.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use JobsTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);
use WireClient;

# The timer of deadlock_timeout would wake up who has to wake up by himself.
my $node = jobs_node(
	'main', q{
jobs.max_running = 10
jobs.worker_idle_timeout = '1h'
jobs.coordinator_idle_timeout = '1h'
deadlock_timeout = '1h'
});
my $client = WireClient->new($node);

$client->rows(
	q{
CREATE TABLE effects (name text);
CREATE TABLE undone (name text);
CREATE TABLE seen (what text);
GRANT ALL ON seen TO PUBLIC;
CREATE ROLE alice LOGIN;
CREATE ROLE bob LOGIN});

# The processes of a kind in a database, in pg_stat_activity.
sub processes
{
	my ($kind, $database) = @_;
	my $sql =
	  "SELECT pid FROM pg_stat_activity WHERE backend_type = 'cancel_job $kind'";

	$sql .= " AND datname = '$database'" if defined $database;
	return $client->rows("$sql ORDER BY pid");
}

sub wait_for_processes
{
	my ($count, $kind, $database) = @_;

	return wait_until(
		sub { return scalar(processes($kind, $database)) == $count; });
}

# Wait until the launcher and the coordinators sleep and go on to do so.
sub comes_to_rest
{
	return wait_for_rest(processes('launcher'), processes('coordinator'));
}

sub result_of
{
	my ($id) = @_;

	return $client->value(
		"SELECT concat_ws('|', status, nullif(error, ''), sqlstate) FROM jobs.jobs WHERE job_id = $id"
	);
}

#
# What pg_stat_activity says
#
my $activity =
  q{SELECT concat_ws('|', backend_type, application_name, datname, usename, state, query)
	FROM pg_stat_activity WHERE backend_type LIKE 'cancel_job %' ORDER BY pid};
my $user = $client->value('SELECT current_user');
my $job = submit($client, 'SELECT pg_sleep(100000)');
ok(wait_for_status($client, $job, 'running'), 'a job runs');
my $pid = worker_pid($client, $job);
ok( wait_for(
		$client,
		"SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = $pid"),
	'it is at work');
ok( wait_for(
		$client,
		q{SELECT count(*) = 2 FROM pg_stat_activity WHERE state = 'idle'
			AND backend_type IN ('cancel_job launcher', 'cancel_job coordinator')}
	),
	'the others have nothing to do');
is_deeply(
	[ sort $client->rows($activity) ],
	[
		"cancel_job coordinator|cancel_job coordinator|postgres|$user|idle|",
		"cancel_job launcher|cancel_job launcher|$user|idle|",
		"cancel_job worker|cancel_job SQL $job|postgres|$user|active|SELECT pg_sleep(100000)"
	],
	'launcher, coordinator and worker in pg_stat_activity');
SKIP:
{
	skip 'extensions name no wait events before PostgreSQL 17', 1
	  if $node->pg_version < 17;
	is_deeply(
		[ $client->rows(
				q{SELECT wait_event FROM pg_stat_activity
				WHERE backend_type LIKE 'cancel_job %' AND wait_event_type = 'Extension'
				ORDER BY 1})
		],
		[ 'CancelJobCoordinatorMain', 'CancelJobLauncherMain' ],
		'what they wait for');
}
$client->rows("CANCEL JOB $job");
ok(wait_for_status($client, $job, 'canceled'), 'the job ends');
ok(wait_for_idle($client, $job), 'its worker waits for the next');
is( $client->value(
		"SELECT application_name || '|' || state FROM pg_stat_activity WHERE pid = $pid"
	),
	'cancel_job worker|idle',
	'as pg_stat_activity says');

#
# A coordinator for each database that has the extension
#
$client->rows("CREATE DATABASE $_") foreach 'second', 'third', 'fourth';
my $second = WireClient->new($node, database => 'second');
my $third = WireClient->new($node, database => 'third');
$second->rows('CREATE EXTENSION cancel_job');
ok(wait_for_processes(1, 'coordinator', 'second'),
	'CREATE EXTENSION: a coordinator');
is(scalar(processes('coordinator', 'postgres')), 1, 'the other one stays');
is(scalar(processes('launcher')), 1, 'there is one launcher');

$third->rows('BEGIN');
$third->rows('CREATE EXTENSION cancel_job');
my $early = submit($third, 'SELECT 1');
$third->rows('ROLLBACK');
my $fourth = WireClient->new($node, database => 'fourth');
$fourth->rows('CREATE EXTENSION cancel_job');
ok(wait_for_processes(1, 'coordinator', 'fourth'),
	'a coordinator for the fourth database');
ok(wait_for_processes(0, 'coordinator', 'third'),
	'CREATE EXTENSION rolled back: no coordinator');

# The same in one transaction, committed.
$third->rows('BEGIN');
$third->rows('CREATE EXTENSION cancel_job');
$early = submit($third, 'SELECT 1');
$third->rows('COMMIT');
ok(wait_for_status($third, $early, 'succeeded'),
	'a job submitted in the transaction of CREATE EXTENSION');

$third->rows('DROP EXTENSION cancel_job');
ok(wait_for_processes(0, 'coordinator', 'third'),
	'DROP EXTENSION: no coordinator');
ok(wait_for_processes(0, 'worker', 'third'), 'DROP EXTENSION: no worker');
$third->rows('CREATE EXTENSION cancel_job');
ok(wait_for_processes(1, 'coordinator', 'third'), 'CREATE EXTENSION again');
$third->rows('BEGIN; DROP EXTENSION cancel_job; ROLLBACK');
$early = submit($third, 'SELECT 1');
ok(wait_for_status($third, $early, 'succeeded'),
	'DROP EXTENSION rolled back: jobs run');

is_deeply([ loglines_of(log_since($node, 0)) ],
	[], 'the log has nothing to say about all this');

# With a job at work, the extension takes the job along.
$early = submit($third, 'SELECT pg_sleep(100000)');
ok(wait_for_status($third, $early, 'running'), 'a job runs');
$third->rows('DROP EXTENSION cancel_job');
ok(wait_for_processes(0, 'worker', 'third'),
	'DROP EXTENSION with a job: no worker');
ok(wait_for_processes(0, 'coordinator', 'third'),
	'DROP EXTENSION with a job: no coordinator');

#
# Commands on whole databases
#
$early = submit($second, 'SELECT 1');
ok(wait_for_status($second, $early, 'succeeded'),
	'a worker that waits in the second database');
$second->disconnect;
is_deeply(
	[ $client->run('ALTER DATABASE second RENAME TO renamed') ],
	['CommandComplete ALTER DATABASE'],
	'ALTER DATABASE RENAME is not held up');
ok(wait_for_processes(1, 'coordinator', 'renamed'), 'the coordinator is back');
is_deeply(
	[ $client->run('CREATE DATABASE copied TEMPLATE renamed') ],
	['CommandComplete CREATE DATABASE'],
	'CREATE DATABASE TEMPLATE is not held up');
my $copied = WireClient->new($node, database => 'copied');
$early = submit($copied, 'SELECT 1');
ok(wait_for_status($copied, $early, 'succeeded'), 'a job in the copy');
$copied->disconnect;

my $renamed = WireClient->new($node, database => 'renamed');
$early = submit($renamed, 'SELECT pg_sleep(100000)');
ok(wait_for_status($renamed, $early, 'running'), 'a job in that database');
my $early_pid = worker_pid($renamed, $early);
$renamed->disconnect;
like(
	error_of($client, 'DROP DATABASE renamed'),
	qr/^ErrorResponse 55006 /,
	'DROP DATABASE is refused while a job runs');
ok(wait_for_processes(1, 'coordinator', 'renamed'), 'the coordinator is back');
$renamed = WireClient->new($node, database => 'renamed');
is(status($renamed, $early), 'running', 'the job goes on');
is(worker_pid($renamed, $early), $early_pid, 'in its process');
$renamed->rows("CANCEL JOB $early");
ok(wait_for_status($renamed, $early, 'canceled'), 'and can be cancelled');
$renamed->disconnect;
is_deeply(
	[ $client->run('DROP DATABASE renamed') ],
	['CommandComplete DROP DATABASE'],
	'DROP DATABASE is not held up');

$early = submit($fourth, 'SELECT pg_sleep(100000)');
ok(wait_for_status($fourth, $early, 'running'), 'a job in another database');
$early_pid = worker_pid($fourth, $early);
is_deeply(
	[ $client->run('DROP DATABASE fourth WITH (FORCE)') ],
	['CommandComplete DROP DATABASE'],
	'DROP DATABASE FORCE ends a job');
ok(wait_until(sub { return !process_exists($early_pid); }),
	'its process is gone');
$client->rows('DROP DATABASE copied');
ok(wait_for_processes(1, 'coordinator'), 'one coordinator is left');
ok(wait_for_processes(1, 'worker'), 'and one worker');

#
# One worker after the other: for the same owner only, and as if it were new
#
$job = submit(
	$client, q{
CREATE TEMP TABLE leftover ();
PREPARE leftover AS SELECT 1;
SELECT pg_advisory_lock(42);
DECLARE leftover CURSOR WITH HOLD FOR SELECT 1;
SET work_mem = '123kB';
SET search_path = pg_temp;
SELECT set_config('my.leftover', 'here', false);
SET ROLE alice});
ok(wait_for_status($client, $job, 'succeeded'), 'a job that leaves things');
ok(wait_for_idle($client, $job), 'its worker waits for the next');
my $look = q{
INSERT INTO public.seen SELECT concat_ws('|', pg_backend_pid(), session_user, current_user,
	current_setting('work_mem'), current_setting('search_path'),
	coalesce(current_setting('my.leftover', true), ''), to_regclass('pg_temp.leftover'),
	(SELECT count(*) FROM pg_prepared_statements WHERE name = 'leftover'),
	(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'),
	(SELECT count(*) FROM pg_cursors WHERE name = 'leftover'))};
$job = submit($client, $look);
ok(wait_for_status($client, $job, 'succeeded'), 'the next job');
is($client->value('SELECT what FROM seen'),
	"$pid|$user|$user|4MB|\"\$user\", public||0|0|0",
	'is in the same process, and finds nothing');
ok(wait_for_idle($client, $job), 'its worker waits for the next');
$job = submit($client, 'LISTEN nobody');
ok(wait_for_status($client, $job, 'failed'), 'a job cannot listen');
is(result_of($job),
	'failed|cannot execute LISTEN within a background process|0A000',
	'as no background process can');

my $alice = WireClient->new($node, user => 'alice');
my $bob = WireClient->new($node, user => 'bob');
$client->rows('TRUNCATE seen');
$job = submit($alice, $look);
ok(wait_for_status($client, $job, 'succeeded'), 'a job of another role');
like(
	$client->value('SELECT what FROM seen'),
	qr/^(?!$pid\|)\d+\|alice\|alice\|/,
	'is in another process, as that role');
is_deeply(
	[ $client->rows(
			q{SELECT usename FROM pg_stat_activity WHERE backend_type = 'cancel_job worker' ORDER BY 1})
	],
	[ sort 'alice', $user ],
	'both processes stay');

# A changed role or setting makes a new process of it.
$client->rows('TRUNCATE seen');
$client->rows(q{ALTER ROLE alice SET work_mem = '77kB'});
$job = submit($alice, $look);
ok(wait_for_status($client, $job, 'succeeded'), 'a job after ALTER ROLE SET');
like(
	$client->value('SELECT what FROM seen'),
	qr/^\d+\|alice\|alice\|77kB\|/,
	'has the new setting');

#
# How many, and for how long
#
my $full = qr/LOG:  as many jobs run as may run at the same time/;
my $log_start = log_size($node);
set_conf($node, 'jobs.max_running' => '1');
ok(wait_until(sub { return processes('worker') <= 1; }),
	'workers that wait and are too many end');
my $blocker = WireClient->new($node);
$blocker->rows('SELECT pg_advisory_lock(1), pg_advisory_lock(2)');
my $waits = q{SELECT pg_advisory_xact_lock(%d)};
my $first = submit($client, sprintf($waits, 1));
ok(wait_for_status($client, $first, 'running'), 'the first job runs');
my $next = submit($bob, sprintf($waits, 2));
my $last = submit($bob, 'SELECT 1');
$node->wait_for_log($full, $log_start);
is(status($client, $next), 'pending', 'jobs.max_running: the second waits');
is(status($client, $last), 'pending', 'and the third');

set_conf($node, 'jobs.max_running' => '2');
ok(wait_for_status($client, $next, 'running'), 'raised: the second runs');
is(status($client, $last), 'pending', 'and the third waits');
$blocker->rows('SELECT pg_advisory_unlock(1)');
ok(wait_for_status($client, $first, 'succeeded'), 'the first ends');
ok(wait_for_status($client, $last, 'succeeded'), 'the third runs');
is(status($client, $next), 'running', 'beside the second');
$blocker->rows('SELECT pg_advisory_unlock(2)');
ok(wait_for_status($client, $next, 'succeeded'), 'all have run');
is(scalar(() = log_since($node, $log_start) =~ /$full/g),
	2, 'the log has said so, once for each value');
ok(wait_until(sub { return processes('worker') <= 2; }),
	'no more workers than that');

# A worker that waits makes way for another owner's job.
set_conf($node, 'jobs.max_running' => '1');
for my $session ($alice, $bob, $alice)
{
	$job = submit($session, 'SELECT 1');
	ok(wait_for_status($client, $job, 'succeeded'),
		'one place, one owner after the other');
}
ok(wait_for_processes(1, 'worker'), 'one worker is left');
is($client->value(
		q{SELECT usename FROM pg_stat_activity WHERE backend_type = 'cancel_job worker'}),
	'alice',
	'the last one');

set_conf($node, 'jobs.max_running' => '10',
	'jobs.worker_idle_timeout' => '50ms');
ok(wait_for_processes(0, 'worker'), 'jobs.worker_idle_timeout');
is( scalar(grep { !/(${full}|HINT)/ } loglines_of(log_since($node, $log_start))),
	0,
	'the log has nothing else to say about all this');
set_conf($node, 'jobs.worker_idle_timeout' => '1h');

#
# Nothing wakes a coordinator in vain, and no wake-up is lost
#
SKIP:
{
	skip 'this needs Linux\' /proc', 5 unless -r '/proc/self/status';

	# Two databases with jobs that wait must not wake each other for ever.
	set_conf($node, 'jobs.max_running' => '1');
	$third->rows('CREATE EXTENSION cancel_job');
	$job = submit($client, 'SELECT pg_sleep(100000)');
	ok(wait_for_status($client, $job, 'running'), 'one job runs');
	my $here = submit($client, 'SELECT 1');
	my $there = submit($third, 'SELECT 1');
	ok(comes_to_rest(), 'jobs wait in two databases: nobody wakes up');
	$client->rows("CANCEL JOB $job");
	ok(wait_for_status($client, $here, 'succeeded'), 'the one runs');
	ok(wait_for_status($third, $there, 'succeeded'), 'and the other');
	ok(comes_to_rest(), 'nothing to do: nobody wakes up');
	$third->rows('DROP EXTENSION cancel_job');
	set_conf($node, 'jobs.max_running' => '10');
}

# A request arrives while the coordinator waits for something else.
$job = submit($client, 'SELECT 1');
ok(wait_for_idle($client, $job) && wait_for_status($client, $job, 'succeeded'),
	'a worker that waits');
$client->rows(
	q{
CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_advisory_xact_lock(9);
	RETURN NEW;
END $$;
CREATE TRIGGER hold BEFORE INSERT ON jobs.message FOR EACH ROW
	WHEN (NEW.message = 'running') EXECUTE FUNCTION hold()});
$blocker->rows('SELECT pg_advisory_lock(9)');
$first = submit($client, 'SELECT pg_sleep(100000)');
ok( wait_for(
		$client,
		q{SELECT count(*) = 1 FROM pg_stat_activity
		WHERE wait_event = 'advisory' AND backend_type = 'cancel_job coordinator'}
	),
	'the coordinator is held up');
$next = submit($client, 'SELECT 1');
$client->rows("CANCEL JOB $next");
$blocker->rows('SELECT pg_advisory_unlock(9)');
ok(wait_for_status($client, $next, 'canceled'), 'what came meanwhile is done');
$client->rows("DROP TRIGGER hold ON jobs.message; CANCEL JOB $first");
ok(wait_for_status($client, $first, 'canceled'), 'and all else');

#
# Processes that end
#
$blocker->rows('SELECT pg_advisory_lock(1)');
my $effect = q{INSERT INTO effects VALUES ('%s'); SELECT pg_advisory_xact_lock(1)};
my $survivor = submit($client, sprintf($effect, 'survivor'));
ok(wait_for_status($client, $survivor, 'running'), 'a job at work');
$pid = worker_pid($client, $survivor);
for my $kind ('coordinator', 'launcher')
{
	my ($old) = processes($kind);

	$client->rows("SELECT pg_terminate_backend($old)");
	ok( wait_until(
			sub {
				my @new = processes($kind);
				return @new == 1 && $new[0] != $old;
			}),
		"the $kind is back after SIGTERM");
	is(status($client, $survivor), 'running', 'the job still runs');
	is(worker_pid($client, $survivor), $pid, 'in its process');
}
$job = submit($client, sprintf($effect, 'beside'));
ok(wait_for_status($client, $job, 'running'), 'jobs start');
$client->rows("CANCEL JOB $job");
ok(wait_for_status($client, $job, 'canceled'), 'jobs are cancelled');
$client->rows('CREATE DATABASE fifth');
my $fifth = WireClient->new($node, database => 'fifth');
$fifth->rows('CREATE EXTENSION cancel_job');
ok(wait_for_processes(1, 'coordinator', 'fifth'), 'coordinators start');
$fifth->disconnect;

# All of them at once.
$client->rows(
	q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	WHERE backend_type IN ('cancel_job coordinator', 'cancel_job launcher')});
$job = submit($client, 'SELECT 1');
ok(wait_for_status($client, $job, 'succeeded'), 'all are back after SIGTERM');
$blocker->rows('SELECT pg_advisory_unlock(1)');
ok(wait_for_status($client, $survivor, 'succeeded'), 'the first job ends');
is($client->value('SELECT string_agg(name, $$,$$) FROM effects'),
	'survivor', 'and has run once');

# A worker in mid-job
$client->rows('TRUNCATE effects');
$log_start = log_size($node);
$blocker->rows('SELECT pg_advisory_lock(1)');
$job = submit(
	$client,
	sprintf($effect, 'terminated'),
	on_cancel => q{INSERT INTO undone VALUES ('terminated')});
ok(wait_for_status($client, $job, 'running'), 'a job at work');
$pid = worker_pid($client, $job);
$client->rows("SELECT pg_terminate_backend($pid)");
ok(wait_for_status($client, $job, 'failed'), 'its worker terminated: it fails');
like(
	result_of($job),
	qr/^failed\|terminating .* due to administrator command\|57P01$/,
	'with that error');
is( $client->value(
		'SELECT count(*), (SELECT string_agg(name, $$,$$) FROM undone) FROM effects'
	),
	'0|terminated',
	'it committed nothing, and its clean-up has run, once');
is(scalar(grep { /LOG:  job $job failed: terminating / }
		  loglines_of(log_since($node, $log_start))),
	1, 'one line in the log');

#
# The server ends: what runs is run again, what waits is run, each once
#
for my $mode ('fast', 'immediate')
{
	$client->rows('TRUNCATE effects; TRUNCATE undone');
	set_conf($node, 'jobs.max_running' => '2');
	my %started = (
		done => submit($client, q{INSERT INTO effects VALUES ('done')}),
		reverted => submit(
			$client, 'SELECT 1/0',
			on_cancel => q{INSERT INTO undone VALUES ('reverted')}));
	ok(wait_for_status($client, $started{done}, 'succeeded'), 'a job is done');
	ok(wait_for_status($client, $started{reverted}, 'failed'), 'one has failed');
	$started{running} = submit(
		$client,
		sprintf($effect, 'running'),
		on_cancel => q{INSERT INTO undone VALUES ('running')});
	$started{reverting} = submit(
		$client, 'SELECT 1/0',
		on_cancel =>
		  q{INSERT INTO undone VALUES ('reverting'); SELECT pg_advisory_xact_lock(1)}
	);
	ok(wait_for_status($client, $started{running}, 'running'), 'one runs');
	ok(wait_for_status($client, $started{reverting}, 'reverting'),
		'one is cleaned up');
	$started{$_} = submit($client, "INSERT INTO effects VALUES ('$_')")
	  foreach 'pending', 'canceled';
	$client->rows("CANCEL JOB $started{canceled}");
	ok(wait_for_status($client, $started{canceled}, 'canceled'),
		'one is cancelled before it starts');
	is(status($client, $started{pending}), 'pending', 'one waits');
	ok( wait_for(
			$client,
			q{SELECT count(*) = 2 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted}
		),
		'two are in the middle of it');

	$_->disconnect foreach grep { defined } $client, $blocker, $alice, $bob;
	$alice = $bob = undef;
	$node->stop($mode);
	$node->start;
	$client = WireClient->new($node);
	$blocker = WireClient->new($node);
	my %expected = (
		done => 'succeeded',
		reverted => 'failed|division by zero|22012',
		running => 'succeeded',
		reverting => 'failed|division by zero|22012',
		pending => 'succeeded',
		canceled => 'canceled|job canceled by user|57014');
	foreach my $name (sort keys %expected)
	{
		my ($state) = split(/\|/, $expected{$name});

		ok(wait_for_status($client, $started{$name}, $state),
			"$mode stop: the $name job ends");
		is(result_of($started{$name}), $expected{$name}, "$mode stop: as $state");
	}
	is( $client->value(
			'SELECT string_agg(name, $$,$$ ORDER BY name) FROM effects'),
		'done,pending,running',
		"$mode stop: each has run exactly once");
	is( $client->value(
			'SELECT string_agg(name, $$,$$ ORDER BY name) FROM undone'),
		'reverted,reverting',
		"$mode stop: each was undone exactly once");
	$fifth = WireClient->new($node, database => 'fifth');
	$job = submit($fifth, 'SELECT 1');
	ok(wait_for_status($fifth, $job, 'succeeded'),
		"$mode stop: the other database has its coordinator");
	$fifth->disconnect;
	$blocker->rows('SELECT pg_advisory_lock(1)');
}
$client->disconnect;
$blocker->disconnect;
$node->stop;

done_testing();
