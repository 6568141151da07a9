# A cancel always ends, whatever the job does about it: code that swallows it is
# signalled again, and terminated after jobs.cancel_grace_period, a program that
# does not listen too; never in a way that touches other sessions.  A clean-up
# cannot be cancelled; it can be paused, it is tried again if it fails, and given
# up at last; CANCEL JOB then tries it once more.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use JobsTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use WireClient;

my $node = jobs_node(
	'main', q{
jobs.cancel_grace_period = '1h'
jobs.revert_max_attempts = 2
});
my $client = WireClient->new($node);

# A session and a job that must not notice anything of all this.
my $beside = WireClient->new($node);
$client->rows(
	q{
CREATE TABLE effects (name text);
CREATE TABLE undone (name text);
CREATE TABLE divisor (d int);
INSERT INTO divisor VALUES (0);
CREATE SEQUENCE swallowed;
CREATE SEQUENCE attempts});
$beside->rows("BEGIN; INSERT INTO effects VALUES ('beside')");
my $bystander = submit($client, 'SELECT pg_sleep(100000)');
ok(wait_for_status($client, $bystander, 'running'), 'a job that goes on');
my $bystander_pid = worker_pid($client, $bystander);

my $swallow = q{
INSERT INTO effects VALUES ('swallowed');
DO $$ BEGIN
	LOOP
		BEGIN
			PERFORM pg_sleep(100000);
		EXCEPTION WHEN query_canceled OR others THEN
			PERFORM nextval('swallowed');
		END;
	END LOOP;
END $$};
my $swallowed =
  q{SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM swallowed};

# The state of a job that has ended, with its error.
sub ending
{
	my ($id) = @_;

	return $client->value(
		"SELECT concat_ws('|', status, error, sqlstate) FROM jobs.jobs WHERE job_id = $id"
	);
}

sub sleeps
{
	my ($pid) = @_;

	return wait_for($client,
		"SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = $pid");
}

#
# Swallowed for ever
#
my $job = submit($client, $swallow,
	on_cancel => q{INSERT INTO undone VALUES ('swallowed')});
my $pid = worker_pid($client, $job);
ok(sleeps($pid), 'swallows: at work');
$client->rows("CANCEL JOB $job");
ok(wait_for($client, "SELECT ($swallowed) >= 3"),
	'swallows: it is signalled again and again');
is(status($client, $job), 'cancel-requested', 'swallows: but goes on');
is(worker_pid($client, $job), $pid, 'swallows: in its process');

set_conf($node, 'jobs.cancel_grace_period' => '100ms');
ok(wait_for_status($client, $job, 'canceled'), 'swallows: terminated in the end');
is(ending($job), 'canceled|job canceled by user|57014',
	'swallows: what the job says');
ok(wait_until(sub { return !process_exists($pid); }),
	'swallows: the process is gone');
is($client->value('SELECT string_agg(name, $$,$$) FROM undone'),
	'swallowed', 'swallows: the clean-up has run, once');
is($client->value('SELECT count(*) FROM effects'),
	'0', 'swallows: it committed nothing');

# A pause takes the same way.
$client->rows('TRUNCATE undone; SELECT setval($$swallowed$$, 1, false)');
$job = submit($client, $swallow);
$pid = worker_pid($client, $job);
ok(sleeps($pid), 'swallows a pause: at work');
$client->rows("PAUSE JOB $job");
ok(wait_for_status($client, $job, 'paused'), 'swallows a pause: paused');
ok(wait_until(sub { return !process_exists($pid); }),
	'swallows a pause: the process is gone');
$client->rows("CANCEL JOB $job");
ok(wait_for_status($client, $job, 'canceled'), 'swallows a pause: canceled');
is(ending($job), 'canceled|job canceled by user|57014',
	'swallows a pause: what the job says');

#
# Swallowed once: what the job does behind it does not count either
#
set_conf($node, 'jobs.cancel_grace_period' => '1h');
$job = submit(
	$client, q{
DO $$ BEGIN
	PERFORM pg_sleep(100000);
EXCEPTION WHEN query_canceled THEN
	INSERT INTO effects VALUES ('swallowed once');
END $$;
INSERT INTO effects VALUES ('to the end')});
$pid = worker_pid($client, $job);
ok(sleeps($pid), 'swallows once: at work');
$client->rows("CANCEL JOB $job");
ok(wait_for_status($client, $job, 'canceled'), 'swallows once: canceled');
is($client->value('SELECT count(*) FROM effects'),
	'0', 'swallows once: it committed nothing');

#
# A program that does not listen
#
set_conf($node, 'jobs.cancel_grace_period' => '100ms');
foreach my $ignored ('INT', 'INT TERM')
{
	my $name = "a program ignores $ignored";

	$job = submit($client,
		qq{COPY effects FROM PROGRAM 'trap "" $ignored; sleep 100000; echo late'}
	);
	$pid = worker_pid($client, $job);
	ok(wait_until(sub { return scalar(group_members($pid)) > 0; }),
		"$name: at work");
	$client->rows("CANCEL JOB $job");
	ok(wait_for_status($client, $job, 'canceled'), "$name: canceled");
	ok( wait_until(
			sub { return !process_exists($pid) && !group_members($pid); }),
		"$name: no process is left");
	is($client->value('SELECT count(*) FROM effects'),
		'0', "$name: it committed nothing");
}

#
# In the clean-up
#
sub start_cleanup
{
	my ($on_cancel) = @_;

	my $id = submit($client, 'SELECT pg_sleep(100000)', on_cancel => $on_cancel);
	ok(wait_for_status($client, $id, 'running'), 'a job with a clean-up');
	$client->rows("CANCEL JOB $id");
	ok(wait_for_status($client, $id, 'reverting'), 'its clean-up');
	return $id;
}

set_conf($node, 'jobs.debug_pausepoints' => 'worker.before_undo');
$job = start_cleanup(q{INSERT INTO undone VALUES ('first')});
is( error_of($client, "CANCEL JOB $job"),
	"ErrorResponse 55000 job $job: job with state reverting cannot be requested to be canceled",
	'CANCEL JOB in the clean-up');
is_deeply([ $client->run("PAUSE JOB $job") ],
	['CommandComplete PAUSE JOBS 1'], 'PAUSE JOB in the clean-up');
ok(wait_for_status($client, $job, 'paused'), 'the clean-up is paused');
is( error_of($client, "CANCEL JOB $job"),
	"ErrorResponse 55000 job $job: job $job is paused and has non-nil FinalResumeError hence cannot be canceled and should be reverted: job canceled by user",
	'CANCEL JOB of a paused clean-up');
is($client->value('SELECT count(*) FROM undone'), '0', 'nothing was undone');
$client->rows("RESUME JOB $job");
ok(wait_for_status($client, $job, 'reverting'), 'the clean-up goes on');
set_conf($node, 'jobs.debug_pausepoints' => '');
ok(wait_for_status($client, $job, 'canceled'), 'the clean-up ends');
is($client->value('SELECT string_agg(name, $$,$$) FROM undone'),
	'first', 'it has run once');

# Paused behind its work, it is undone and done again.
$client->rows('TRUNCATE undone');
set_conf($node, 'jobs.debug_pausepoints' => 'worker.after_undo');
$job = start_cleanup(q{INSERT INTO undone SELECT nextval('attempts')});
ok(wait_for($client, 'SELECT is_called FROM attempts'), 'the clean-up is done');
$client->rows("PAUSE JOB $job");
ok(wait_for_status($client, $job, 'paused'), 'and paused before its end');
is($client->value('SELECT count(*) FROM undone'), '0', 'so it is not done');
set_conf($node, 'jobs.debug_pausepoints' => '');
$client->rows("RESUME JOB $job");
ok(wait_for_status($client, $job, 'canceled'), 'the clean-up ends');
is($client->value('SELECT string_agg(name, $$,$$) FROM undone'),
	'2', 'it has been done once');

#
# A clean-up that fails
#
my $log_start = log_size($node);
my $failing =
  q{INSERT INTO undone SELECT 1 / d FROM divisor, nextval('attempts')};
$client->rows('TRUNCATE undone; ALTER SEQUENCE attempts RESTART');
$job = submit($client, 'SELECT pg_sleep(100000)', on_cancel => $failing);
ok(wait_for_status($client, $job, 'running'), 'a job with a bad clean-up');
$client->rows("CANCEL JOB $job");
ok(wait_for_status($client, $job, 'revert-failed'),
	'the clean-up fails: given up');
is($client->value('SELECT last_value FROM attempts'),
	'2', 'the clean-up fails: after jobs.revert_max_attempts');
is( $client->value(
		"SELECT error || '|' || revert_error || '|' || (finished IS NOT NULL) FROM jobs.jobs WHERE job_id = $job"
	),
	'job canceled by user|division by zero|true',
	'the clean-up fails: what the job says');
is( $client->value(
		"SELECT string_agg(message, ',' ORDER BY message_id) FROM jobs.messages WHERE job_id = $job AND kind = 'error'"
	),
	'division by zero,division by zero',
	'the clean-up fails: its messages');
is(error_of($client, "RESUME JOB $job"),
	"ErrorResponse 55000 job $job: job with state revert-failed cannot be resumed",
	'the clean-up fails: RESUME JOB');

is_deeply([ $client->run("CANCEL JOB $job") ],
	['CommandComplete CANCEL JOBS 1'], 'CANCEL JOB tries once more');
ok(wait_for($client, 'SELECT last_value = 3 FROM attempts'), 'one attempt');
ok(wait_for_status($client, $job, 'revert-failed'), 'which fails');
is($client->value('SELECT last_value FROM attempts'), '3', 'and no more');

my @lines = grep { /clean-up of job/ }
  loglines_of(log_since($node, $log_start));
is(scalar(@lines), 2, 'a line in the log each time it is given up');
like($lines[0], qr/LOG:  clean-up of job $job failed: division by zero$/,
	'that line');

$client->rows("UPDATE divisor SET d = 1; CANCEL JOB $job");
ok(wait_for_status($client, $job, 'canceled'),
	'the clean-up succeeds in the end');
is($client->value('SELECT string_agg(name, $$,$$) FROM undone'),
	'1', 'it was done once');
is(ending($job), 'canceled|job canceled by user|57014', 'what the job says');

# A job that failed by itself keeps its error.
$client->rows('UPDATE divisor SET d = 0; TRUNCATE undone');
$job = submit($client, 'SELECT no_such_column', on_cancel => $failing);
ok(wait_for_status($client, $job, 'revert-failed'),
	'a failed job whose clean-up fails');
$client->rows("UPDATE divisor SET d = 1; CANCEL JOB $job");
ok(wait_for_status($client, $job, 'failed'), 'it is failed in the end');
is(ending($job), 'failed|column "no_such_column" does not exist|42703',
	'what the job says');
is($client->value('SELECT string_agg(name, $$,$$) FROM undone'),
	'1', 'and what was undone');

# A clean-up that fails at first, and then not any more.
$client->rows('TRUNCATE undone; ALTER SEQUENCE attempts RESTART WITH 2');
$job = submit(
	$client, 'SELECT 1/0',
	on_cancel => q{DO $$ BEGIN IF nextval('attempts') % 2 = 0 THEN
		RAISE 'not this time'; END IF; INSERT INTO undone VALUES ('again'); END $$});
ok(wait_for_status($client, $job, 'failed'), 'a clean-up is tried again');
is($client->value('SELECT string_agg(name, $$,$$) FROM undone'),
	'again', 'and done once');

#
# The sessions beside
#
is(status($client, $bystander), 'running', 'the job beside still runs');
is(worker_pid($client, $bystander),
	$bystander_pid, 'in the process it was in');
$beside->rows('COMMIT');
is($client->value('SELECT string_agg(name, $$,$$) FROM effects'),
	'beside', 'the transaction beside commits, and nothing but it');
unlike(
	log_since($node, 0),
	qr/terminated by signal|terminating any other active server processes/,
	'nobody was killed');

$client->rows("CANCEL JOB $bystander");
ok(wait_for_status($client, $bystander, 'canceled'), 'the job beside ends');
$node->stop;

done_testing();
