# Job types of another extension: test/module is built with the installed
# header and nothing else of ours.  Its jobs go on from their checkpoints, each
# step exactly once, after a pause, a kill -9 and a crash; they are cleaned up
# when they fail or are cancelled, in the end whatever happens; a library of
# another version is refused; a job whose library is gone is not lost.

use strict;
use warnings;

use Cwd qw(abs_path);
use FindBin;
use lib $FindBin::RealBin;

use File::Copy qw(copy);
use JobsTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use WireClient;

#
# The module, built and installed beside cancel_job
#
my $stage = $ENV{CJ_STAGE} // '';
my $top = abs_path("$FindBin::RealBin/../..");
my $build = PostgreSQL::Test::Utils::tempdir;
my $pg_config = $ENV{PG_CONFIG} // 'pg_config';

sub pg_config
{
	my ($what) = @_;
	my ($value) = run_command([ $pg_config, "--$what" ]);

	return $value;
}

my $include = $stage . pg_config('includedir-server');
my $library = $stage . pg_config('pkglibdir');
my @make = (
	'make', '-s', '-C', $build, 'with_llvm=no', "PG_CONFIG=$pg_config",
	"CANCEL_JOB_INCLUDE=$include",
	'PG_CFLAGS=-Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers'
);

# The make that called us must not steer the one that we call.
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES)};

ok(-e "$include/extension/cancel_job/job_api.h", 'the header is installed');
foreach my $file (glob("$top/test/module/*"))
{
	copy($file, $build) if -f $file && $file !~ /\.(o|so|d|bc)$/;
}
command_ok([ @make, 'all' ], 'the module compiles with it');
command_ok([ @make, 'install', "DESTDIR=$stage" ], 'the module is installed');

# The same library under another name, whose type has a name that is taken.
copy("$build/count_job.so", "$library/count_job_twin.so") or die $!;

# The example in the manual.
my ($example) =
  slurp_file("$top/doc/job_types.md") =~ /^```c\n(.*?)^```$/ms;
append_to_file("$build/example.c", $example);
command_ok([ @make, 'example.o' ], 'the example of the manual compiles');

#
# A server that loads the module first
#
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf(
	'postgresql.conf', q{
shared_preload_libraries = 'count_job, cancel_job'
restart_after_crash = on
jobs.revert_max_attempts = 3
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION count_job CASCADE');
my $client = WireClient->new($node);

sub submit_count
{
	my ($steps, $options) = @_;

	return $client->value(
		"SELECT count_job.submit($steps, '" . ($options // '{}') . "')");
}

# What a job has counted: the number of rows, and of different ones.
sub counted
{
	my ($id) = @_;

	return $client->value(
		"SELECT count(*) || '|' || count(DISTINCT step) FROM count_job.step WHERE job_id = $id"
	);
}

sub ending
{
	my ($id) = @_;

	return $client->value(
		"SELECT concat_ws('|', status, error, sqlstate, revert_error) FROM jobs.jobs WHERE job_id = $id"
	);
}

sub messages
{
	my ($id) = @_;

	return $client->value(
		"SELECT string_agg(kind || ' ' || message, ',' ORDER BY message_id) FROM jobs.messages"
		  . " WHERE job_id = $id AND kind <> 'state'");
}

# A session that holds the lock for which jobs wait at "wait_at".
sub barrier
{
	my $session = WireClient->new($node);

	$session->rows('SELECT pg_advisory_lock(1)');
	return $session;
}

# Wait until a job waits at the barrier; returns its process.
sub wait_at_barrier
{
	my ($id) = @_;
	my $pid = worker_pid($client, $id);

	ok( wait_for(
			$client,
			"SELECT count(*) = 1 FROM pg_locks WHERE pid = $pid AND locktype = 'advisory' AND NOT granted"
		),
		"job $id waits");
	return $pid;
}

# Wait until the server takes connections again, after a crash.
sub reconnect
{
	my ($pid) = @_;

	ok(wait_until(sub { return !process_exists($pid); }), 'the process is gone');
	$node->poll_query_until('postgres', 'SELECT true') or die 'no server';
	$client = WireClient->new($node);
	return;
}

#
# A job that has nothing to complain about
#
my $job = submit_count(10, '{"every": 3}');
ok(wait_for_status($client, $job, 'succeeded'), 'a job of another extension');
is(counted($job), '10|10', 'each step once');
is( $client->value(
		"SELECT concat_ws('|', job_type, description, statement, fraction_completed, result_tag, result_rows)"
		  . " FROM jobs.jobs WHERE job_id = $job"),
	'COUNT|count to 10|COUNT TO 10|1|COUNT|10',
	'what is told of it');
is($client->value("SELECT job_type FROM [SHOW JOB $job]"),
	'COUNT', 'SHOW JOB tells its type');
is(messages($job), 'notice counting from 1', 'its message');
is( $client->value("SELECT count(*) FROM jobs.messages WHERE job_id = $job AND kind = 'state'"),
	'3', 'checkpoints are no changes of state');

is( error_of($client, 'SELECT count_job.submit(0)'),
	'ErrorResponse 22023 the number of steps must be greater than zero',
	'bad arguments are refused at once');

# The submission is the transaction's.
$client->rows('BEGIN');
my $undone = submit_count(1);
$client->rows('ROLLBACK');
is($client->value("SELECT count(*) FROM jobs.jobs WHERE job_id = $undone"),
	'0', 'no job after ROLLBACK');

#
# Pause and resume
#
my $lock = barrier();
$job = submit_count(12, '{"every": 5, "wait_at": 8}');
wait_at_barrier($job);
is(counted($job), '5|5', 'others see the steps up to the checkpoint');
is($client->value("SELECT running_status FROM jobs.jobs WHERE job_id = $job"),
	'step 7', 'and the progress');
is( $client->value("SELECT count(*) FROM jobs.job_progress_history($job)"
		  . " WHERE abs(progress_fraction - 5 / 12.0) < 0.001"),
	1, 'the checkpoint is in the history');
is(messages($job), 'notice counting from 1', 'and the messages');
$client->rows("PAUSE JOB $job");
ok(wait_for_status($client, $job, 'paused'), 'paused');
is(counted($job), '5|5', 'the steps behind the checkpoint are undone');
$client->rows("RESUME JOB $job");
wait_at_barrier($job);
$lock->rows('SELECT pg_advisory_unlock(1)');
ok(wait_for_status($client, $job, 'succeeded'), 'resumed');
is(counted($job), '12|12', 'each step once');
is(messages($job), 'notice counting from 1,notice counting from 6',
	'from the checkpoint');

# A commit without a new checkpoint: the next run begins where the last one is.
$lock->rows('SELECT pg_advisory_lock(1)');
$job = submit_count(9, '{"every": 4, "commit_every": 3, "wait_at": 8}');
wait_at_barrier($job);
is(counted($job), '6|6', 'a commit');
$client->rows("PAUSE JOB $job");
ok(wait_for_status($client, $job, 'paused'), 'a commit: paused');
$client->rows("RESUME JOB $job");
wait_at_barrier($job);
$lock->rows('SELECT pg_advisory_unlock(1)');
ok(wait_for_status($client, $job, 'succeeded'), 'a commit: resumed');
is(messages($job), 'notice counting from 1,notice counting from 5',
	'a commit: it goes on from the checkpoint');
is(counted($job), '11|9', 'a commit: what was committed behind it is done twice');

#
# A request that comes between the work and its checkpoint
#
set_conf($node, 'jobs.debug_pausepoints' => 'worker.after_checkpoint');
$job = submit_count(12, '{"every": 5}');
my $pid = worker_pid($client, $job);
ok( wait_for(
		$client,
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE pid = $pid AND query = 'pausepoint worker.after_checkpoint'"
	),
	'behind a checkpoint');
is(counted($job), '5|5', 'it is committed');
$client->rows("PAUSE JOB $job");
ok(wait_for_status($client, $job, 'paused'), 'stopped there');
set_conf($node, 'jobs.debug_pausepoints' => '');
$client->rows("RESUME JOB $job");
ok(wait_for_status($client, $job, 'succeeded'), 'resumed from there');
is(counted($job), '12|12', 'each step once');

# Settings that make transactions fail which find a row changed.
$client->rows(
	q{
CREATE ROLE alice LOGIN;
ALTER ROLE alice SET default_transaction_isolation = 'serializable';
GRANT SELECT, INSERT, DELETE ON count_job.step TO alice});
$lock->rows('SELECT pg_advisory_lock(1)');
$client->rows('SET ROLE alice');
$job = submit_count(12, '{"every": 5, "wait_at": 8}');
$client->rows('RESET ROLE');
wait_at_barrier($job);
is(counted($job), '5|5', 'serializable: a checkpoint');
$client->rows("PAUSE JOB $job");
ok(wait_for_status($client, $job, 'paused'), 'serializable: paused');
$client->rows("RESUME JOB $job");
wait_at_barrier($job);
$lock->rows('SELECT pg_advisory_unlock(1)');
ok(wait_for_status($client, $job, 'succeeded'), 'serializable: resumed');
is(counted($job), '12|12', 'serializable: each step once');

#
# What a transaction has put off is done with the checkpoint, or undoes it
#
$client->rows(
	q{
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE 'refused at step %', NEW.step; END $$;
CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON count_job.step
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.step = 7) EXECUTE FUNCTION refuse()});
$job = submit_count(12, '{"every": 5, "wait_at": 11}');
ok(wait_for_status($client, $job, 'failed'), 'a deferred trigger');
is(ending($job), 'failed|refused at step 7|P0001', 'a deferred trigger: the error');
$client->rows('DROP TRIGGER refuse ON count_job.step');

#
# Processes that die
#
$lock->rows('SELECT pg_advisory_lock(1)');
$job = submit_count(12, '{"every": 5, "wait_at": 8}');
$pid = wait_at_barrier($job);
kill('KILL', $pid) or die;
reconnect($pid);
ok(wait_for_status($client, $job, 'succeeded'), 'kill -9: the job goes on');
is(counted($job), '12|12', 'kill -9: each step once');
is( messages($job),
	'notice counting from 1,notice counting from 6',
	'kill -9: from the checkpoint');

# Between a checkpoint's parts: neither it nor the steps are there, or both.
foreach my $point ([ 'before', 1 ], [ 'after', 6 ])
{
	my ($when, $next) = @$point;

	set_conf($node, 'jobs.debug_pausepoints' => "worker.${when}_checkpoint");
	$job = submit_count(12, '{"every": 5}');
	$pid = worker_pid($client, $job);
	ok( wait_for(
			$client,
			"SELECT count(*) = 1 FROM pg_stat_activity WHERE pid = $pid AND query = 'pausepoint worker.${when}_checkpoint'"
		),
		"kill -9 $when a checkpoint");
	kill('KILL', $pid) or die;
	reconnect($pid);
	set_conf($node, 'jobs.debug_pausepoints' => '');
	ok(wait_for_status($client, $job, 'succeeded'), "kill -9 $when a checkpoint: the job goes on");
	is(counted($job), '12|12', "kill -9 $when a checkpoint: each step once");
	like(messages($job), qr/notice counting from $next$/,
		"kill -9 $when a checkpoint: from there");
}

$job = submit_count(12, '{"every": 5, "crash_at": 8}');
ok( wait_until(
		sub { return log_since($node, 0) =~ /was terminated by signal 6/; }),
	'a crash in the job');
$node->poll_query_until('postgres', 'SELECT true') or die 'no server';
$client = WireClient->new($node);
ok(wait_for_status($client, $job, 'succeeded'), 'a crash: the job goes on');
is(counted($job), '12|12', 'a crash: each step once');
like(messages($job), qr/^notice counting from 1,notice counting from 8$/,
	'a crash: from the checkpoint');

$job = submit_count(12, '{"every": 5, "fatal_at": 8}');
ok(wait_for_status($client, $job, 'failed'), 'a FATAL error fails the job');
is(ending($job), 'failed|ended at step 8|XX001', 'a FATAL error: what it says');
is(counted($job), '0|0', 'a FATAL error: cleaned up');

#
# Failure, cancel, clean-up
#
$job = submit_count(12, '{"every": 5, "fail_at": 8}');
ok(wait_for_status($client, $job, 'failed'), 'an error fails the job');
is(ending($job), 'failed|failed at step 8|22012', 'an error: what it says');
is(counted($job), '0|0', 'an error: cleaned up');
is( messages($job),
	'notice counting from 1,error failed at step 8,warning cleaned up, job failed',
	'an error: messages');

$lock = barrier();
$job = submit_count(12, '{"every": 5, "wait_at": 8}');
wait_at_barrier($job);
$client->rows("CANCEL JOB $job");
ok(wait_for_status($client, $job, 'canceled'), 'a cancel');
is(counted($job), '0|0', 'a cancel: cleaned up');
is( messages($job),
	'notice counting from 1,warning cleaned up, job canceled',
	'a cancel: messages');

$job = submit_count(12, '{"every": 5, "wait_at": 8}');
wait_at_barrier($job);
$client->rows("PAUSE JOB $job");
ok(wait_for_status($client, $job, 'paused'), 'a pause');
$client->rows("CANCEL JOB $job");
ok(wait_for_status($client, $job, 'canceled'), 'a cancel of a paused job');
is(counted($job), '0|0', 'a cancel of a paused job: cleaned up');

$job = submit_count(12, '{"every": 5, "wait_at": 8, "fail_cleanup": 2}');
wait_at_barrier($job);
$client->rows("CANCEL JOB $job");
ok(wait_for_status($client, $job, 'canceled'), 'a clean-up fails twice');
is( ending($job),
	'canceled|job canceled by user|57014|failed at clean-up 2',
	'a clean-up fails twice: what the job says');
is(counted($job), '0|0', 'a clean-up fails twice: and then works');

$client->rows('ALTER SEQUENCE count_job.cleanup RESTART');
$job = submit_count(12, '{"every": 5, "fail_at": 8, "fail_cleanup": 3}');
ok(wait_for_status($client, $job, 'revert-failed'), 'a clean-up is given up');
is( ending($job),
	'revert-failed|failed at step 8|22012|failed at clean-up 3',
	'a clean-up is given up: what the job says');
is(counted($job), '5|5', 'a clean-up is given up: nothing was undone');
$client->rows("CANCEL JOB $job");
ok(wait_for_status($client, $job, 'failed'), 'CANCEL JOB tries once more');
is(counted($job), '0|0', 'and it works');

# What an attempt has committed is done, though it fails.
$client->rows('ALTER SEQUENCE count_job.cleanup RESTART');
$job = submit_count(12,
	'{"every": 5, "fail_at": 8, "fail_cleanup": 3, "commit_cleanup": 1}');
ok(wait_for_status($client, $job, 'revert-failed'),
	'a clean-up that commits is given up');
is(counted($job), '0|0', 'a clean-up that commits: it is undone');
is( $client->value("SELECT revert_error FROM jobs.jobs WHERE job_id = $job"),
	'failed at clean-up 3',
	'a clean-up that commits: what the job says');

set_conf($node, 'jobs.cancel_grace_period' => '100ms');
$job = submit_count(12, '{"every": 5, "swallow_at": 8}');
$pid = worker_pid($client, $job);
ok( wait_for(
		$client,
		"SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = $pid"),
	'a job that swallows cancels');
$client->rows("CANCEL JOB $job");
ok(wait_for_status($client, $job, 'canceled'), 'swallowed: canceled');
ok(wait_until(sub { return !process_exists($pid); }),
	'swallowed: the process is gone');
is(counted($job), '0|0', 'swallowed: cleaned up');

# Another attempt after an error goes on from the checkpoint, but not if the
# type cannot do that.
$job = submit_count(12, '{"every": 5, "retry_at": 8, "max_attempts": 2}');
ok(wait_for_status($client, $job, 'succeeded'), 'another attempt');
is(counted($job), '12|12', 'another attempt: each step once');
is( messages($job),
	'notice counting from 1,error failed once at step 8,notice counting from 8',
	'another attempt: messages');
$job = $client->value(
	q{SELECT count_job.submit(12, '{"every": 5, "retry_at": 8, "max_attempts": 2}', 'COUNT ALONE')});
ok(wait_for_status($client, $job, 'failed'), 'no other attempt');
is(counted($job), '0|0', 'no other attempt: cleaned up');
is($client->value("SELECT description FROM jobs.jobs WHERE job_id = $job"),
	'COUNT TO 12', 'a type without describe()');

#
# A type of which one job runs at a time; those of other types are not held up
#
$job = $client->value(
	q{SELECT count_job.submit(2, '{"wait_at": 1}', 'COUNT ALONE')});
wait_at_barrier($job);
my $second =
  $client->value(q{SELECT count_job.submit(2, '{}', 'COUNT ALONE')});
my $other = submit_count(2);
ok(wait_for_status($client, $other, 'succeeded'), 'one at a time: others run');
is(status($client, $second), 'pending', 'one at a time: the second waits');
$lock->rows('SELECT pg_advisory_unlock(1)');
ok(wait_for_status($client, $job, 'succeeded'), 'one at a time: the first');
ok(wait_for_status($client, $second, 'succeeded'),
	'one at a time: then the second');
$lock->rows('SELECT pg_advisory_lock(1)');

#
# What the interface refuses
#
foreach my $misuse (
	[ 1, 'a job cannot commit its work within a transaction block or subtransaction|25001' ],
	[ 2, 'a job cannot commit its work while a snapshot is active|55000' ])
{
	$job = submit_count(3, qq({"misuse": $misuse->[0]}));
	ok(wait_for_status($client, $job, 'failed'), "misuse $misuse->[0] fails");
	is(ending($job), "failed|$misuse->[1]", "misuse $misuse->[0]: the error");
}
is( error_of($client, q{SELECT count_job.submit(3, '{"misuse": 3}')}),
	'ErrorResponse 55000 the work of this job is not under way in this process',
	'a commit from outside of a job');

is( error_of($client, q{LOAD 'count_job_twin'}),
	'ErrorResponse 42710 job type of library "count_job" is refused: job type "COUNT" already exists',
	'a name that is taken');
foreach my $type (
	[ q{'SQL'}, '42710', ': job type "SQL" already exists' ],
	[ q{''}, '22023', '' ],
	[ q{repeat('X', 64)}, '22023', '' ],
	[ q{E'TWO\nLINES'}, '22023', '' ],
	[ q{'NOT RESUMED', resume => false}, '22023', '' ],
	[ q{'HALF UNDONE', on_fail_or_cancel => false}, '22023', '' ],
	[ q{'FLAGGED', flags => 64}, '22023', '' ],
	[ q{'LIMITED', max_running => -1}, '22023', '' ])
{
	is( error_of($client, "SELECT count_job.register($type->[0])"),
		"ErrorResponse $type->[1] job type of library \"count_job\" is refused$type->[2]",
		"a type that is refused: $type->[0]");
}
is(error_of($client, q{SELECT count_job.register(repeat('X', 63))}),
	'', 'a type that is not');

#
# A library of another version
#
my $refused =
  'job type of library "count_job" is refused: it was built for another version of cancel_job';
is(error_of($client, q{LOAD 'count_job_stale'}),
	"ErrorResponse 55000 $refused", 'a stale library in a session');
is(error_of($client, q{LOAD 'count_job_stale'}),
	"ErrorResponse 55000 $refused", 'and once more');

is(error_of($client, q{LOAD 'count_job_newer'}),
	"ErrorResponse 55000 $refused", 'a library that needs a newer cancel_job');

# Keep two jobs for a server that does not know their type: one with work behind
# it, and one that has to be cleaned up.
$job = submit_count(12, '{"every": 5, "wait_at": 8}');
wait_at_barrier($job);
$client->rows("PAUSE JOB $job");
ok(wait_for_status($client, $job, 'paused'), 'a paused job');
my $reverting = submit_count(12, '{"every": 5, "wait_at": 8}');
wait_at_barrier($reverting);
$client->rows("PAUSE JOB $reverting");
ok(wait_for_status($client, $reverting, 'paused'), 'another one');

foreach my $order ('cancel_job, count_job_stale', 'count_job_stale, cancel_job')
{
	my $log_start = log_size($node);

	$node->append_conf('postgresql.conf', "shared_preload_libraries = '$order'");
	$node->restart;
	my @warnings = grep { /WARNING/ } split(/\n/, log_since($node, $log_start));
	is(scalar(@warnings), 2,
		"$order: the server starts, with a warning for each type");
	like($_, qr/WARNING:  \Q$refused\E$/, "$order: that warning")
	  foreach @warnings;
	like(
		log_since($node, $log_start),
		qr/DETAIL:  It was built for version 0 .*; this is version 1/,
		"$order: with the versions");
}
$client = WireClient->new($node);
$client->rows(
	q{
CREATE FUNCTION submit_stale(steps integer, options jsonb, job_type text) RETURNS bigint
AS 'count_job_stale', 'count_job_submit' LANGUAGE C});
is( error_of($client, q{SELECT submit_stale(1, '{}', 'COUNT')}),
	'ErrorResponse 55000 library was built for another version of cancel_job',
	'a stale library cannot submit');

#
# A type that no worker knows
#
my $unknown = 'job type "COUNT" does not exist';

$client->rows("RESUME JOB $job; CANCEL JOB $reverting");
ok(wait_for_status($client, $job, 'revert-failed'), 'a job whose library is gone');
is(ending($job), "revert-failed|$unknown|42704|$unknown",
	'it says so, and that it cannot be cleaned up');
ok(wait_for_status($client, $reverting, 'revert-failed'),
	'a cancel of a job whose library is gone');
is( ending($reverting),
	"revert-failed|job canceled by user|57014|$unknown",
	'it says that it cannot be cleaned up');
is(counted($job) . ' ' . counted($reverting),
	'5|5 5|5', 'what they have done is there');

# Known to the session alone, in which the library comes with its function: no
# worker has done anything, so nothing is to be undone.
$node->append_conf('postgresql.conf', q{shared_preload_libraries = 'cancel_job'});
$node->restart;
$client = WireClient->new($node);
my $fresh = submit_count(3);
ok(wait_for_status($client, $fresh, 'failed'), 'a job that only a session knows');
is(ending($fresh), "failed|$unknown|42704", 'it says so');

#
# A library that sessions load: no restart is needed.  The worker that has just
# failed a job for want of it may be the one that has it now.
#
set_conf($node, 'session_preload_libraries' => 'count_job');
$client = WireClient->new($node);
my $session = submit_count(12, '{"every": 5}');
ok(wait_for_status($client, $session, 'succeeded'),
	'a type from session_preload_libraries');
is(counted($session), '12|12', 'each step once');

# The library is back: nothing was lost.
$client->rows("CANCEL JOB $job; CANCEL JOB $reverting");
ok(wait_for_status($client, $job, 'failed'), 'the failed job is cleaned up');
ok(wait_for_status($client, $reverting, 'canceled'), 'and the cancelled one');
is(counted($job) . ' ' . counted($reverting), '0|0 0|0', 'nothing is left');

$node->stop;

done_testing();
