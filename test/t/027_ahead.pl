# The job that is claimed for a worker while the one before is about to be
# committed: that it is begun at once, exactly once whatever ends in between, and
# that no limit is overrun for it.
#
# A job "first" is held at its commit, so that its worker says it is about to be
# done, and the coordinator with the claim of the next one in its hands.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use JobsTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use WireClient;

my $node = jobs_node('main', q{
jobs.max_running = 1
max_worker_processes = 12
restart_after_crash = on
});
my ($client, $other);

$node->safe_psql('postgres', q{
	CREATE TABLE effects (name text, pid int DEFAULT pg_backend_pid());
	CREATE TABLE undone (name text);
	CREATE TABLE skew (i int);
	INSERT INTO skew VALUES (0);
	CREATE ROLE alice LOGIN;
	CREATE ROLE bob LOGIN;
	GRANT ALL ON effects, undone, skew TO PUBLIC;
});

sub connect_clients
{
	$client = WireClient->new($node);
	$other = WireClient->new($node);
	return;
}

# Change a setting; returns when all processes have been told.
sub set_system
{
	my ($setting, $value) = @_;

	$client->rows("ALTER SYSTEM SET $setting = '$value'");
	$client->rows('SELECT pg_reload_conf()');

	# A new session has it when the postmaster has signalled all others.
	wait_until(
		sub {
			my $new = WireClient->new($node);
			my $is = $new->value("SHOW $setting");

			$new->disconnect;
			return $is eq $value;
		}) or die "$setting does not change";
	return;
}

# Hold processes at these points and no others.
sub hold_at
{
	set_system('jobs.debug_pausepoints', join(',', @_));
	return;
}

# Have the one process that is held at a point read the configuration, and no
# other.
sub let_go
{
	my ($point) = @_;

	kill('HUP', $client->value(
		"SELECT pid FROM pg_stat_activity WHERE query = 'pausepoint $point' AND state = 'active'"));
	return;
}

# Wait until so many processes are held at a point.
sub wait_for_point
{
	my ($point, $n) = @_;

	wait_for_pausepoint($client, $point, $n) or die "nobody waits at $point";
	return;
}

# Submit a job that notes its name, as a role if one is given.
sub step
{
	my ($name, %options) = @_;
	my $role = delete $options{role};
	my $work = delete $options{work} // '';

	$client->rows("SET ROLE $role") if defined $role;
	my $id = submit($client, "INSERT INTO effects VALUES ('$name')$work", %options);
	$client->rows('RESET ROLE');
	return $id;
}

# Hold the coordinator before it looks for work.
sub hold_coordinator
{
	hold_at('worker.before_commit', 'coordinator.before_claim');
	wait_for_point('coordinator.before_claim');
	return;
}

# Have a job about to be committed and the coordinator before it claims.
sub hold_first
{
	my (%options) = @_;

	$client->rows('TRUNCATE effects; TRUNCATE undone');
	hold_at('worker.before_commit');
	my $first = step('first', %options);
	wait_for_point('worker.before_commit');
	hold_coordinator();
	return $first;
}

# Let the coordinator claim, and hold it when it has handed out what it has.
sub let_claim
{
	hold_at('worker.before_commit', 'coordinator.after_assign');
	wait_for_point('coordinator.after_assign');
	return;
}

# A job held, and the next one claimed ahead; returns both.
sub claim_ahead
{
	my (%options) = @_;
	my $first = hold_first(%options);
	my $next = step('next');

	let_claim();
	is(status($client, $next), 'running', 'the next job is claimed ahead');
	return ($first, $next);
}

# All jobs have come to their end: these steps have happened, and in this order.
sub check_steps
{
	my ($name, $expected) = @_;

	wait_for($client, 'SELECT count(*) = 0 FROM jobs.queue');
	my $steps =
	  $client->value("SELECT string_agg(name, ' ' ORDER BY ctid) FROM effects");
	like($steps, ref $expected ? $expected : qr/^$expected$/,
		"$name: what has happened");
	return;
}

# What of a job's row tells how it went.
sub outcome
{
	my ($id) = @_;

	return $client->value(
		"SELECT state || ' in run ' || runs FROM jobs.job WHERE job_id = $id");
}

connect_clients();

# The worker goes on while the coordinator is still held.
my ($first, $next) = claim_ahead();
hold_at('coordinator.after_assign');
ok(wait_for_status($client, $next, 'succeeded'), 'and is begun without it');
is($client->value('SELECT count(DISTINCT pid) FROM effects'),
	'1', 'by the same worker');
hold_at();
check_steps('hand-over', 'first next');

# A commit that does not come.
($first, $next) = claim_ahead();
hold_at('worker.before_commit');
ok(wait_for_status($client, $next, 'pending'),
	'a job is taken back from a worker that is not done soon');
my $third = step('third');
let_claim();
is(status($client, $next) . ' ' . status($client, $third),
	'pending pending', 'and it is given none any more');
hold_at();
check_steps('slow commit', 'first next third');
is(outcome($next), 'succeeded in run 1', 'the claim that was taken back is no run');

# A commit that fails, of a job that has something to clean up: as one of two
# transactions each of which reads what the other writes.
my $skew = '; SELECT i FROM skew; INSERT INTO skew VALUES (1)';
$client->rows("ALTER DATABASE postgres SET default_transaction_isolation = 'serializable'");
connect_clients();
$client->rows("SET default_transaction_isolation = 'read committed'");
($first, $next) = claim_ahead(
	work => $skew,
	max_attempts => 1,
	on_cancel => q{INSERT INTO undone VALUES ('first')});
$other->rows('BEGIN; SELECT i FROM skew; UPDATE skew SET i = i + 1; COMMIT');
hold_at('worker.before_undo', 'coordinator.after_assign');
wait_for_point('worker.before_undo');
is(status($client, $first), 'reverting', 'the commit fails');
is(status($client, $next), 'running', 'with the next job claimed ahead');
hold_at('worker.before_undo');
ok(wait_for_status($client, $next, 'pending'),
	'which the coordinator takes back while the first is undone');
hold_at();
check_steps('failed commit', 'next');
is($client->value('SELECT count(*) FROM undone'), '1', 'the first is cleaned up');
is(outcome($first) . ', ' . outcome($next),
	'failed in run 1, succeeded in run 1', 'both are over');
$client->rows('ALTER DATABASE postgres RESET default_transaction_isolation');
connect_clients();

# Processes end in between.
sub terminate
{
	my ($kind) = @_;

	$client->rows(qq{SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
		WHERE backend_type = 'cancel_job $kind'});
	return;
}

($first, $next) = claim_ahead();
terminate('worker');
is(status($client, $next), 'running', 'a worker ends with the next job claimed ahead');

# by now the coordinator need not wait any more for a shutdown to reach it, too
$client->rows('SELECT pg_sleep(0.3)');
hold_at();
check_steps('worker terminated', 'next');
is(outcome($first) . ', ' . outcome($next),
	'failed in run 1, succeeded in run 1', 'its job has failed, the next has not');

($first, $next) = claim_ahead();
terminate('coordinator');
hold_at('worker.before_commit', 'coordinator.after_assign');
wait_for_point('coordinator.after_assign');
hold_at();
check_steps('coordinator terminated', 'first next');
is(outcome($first) . ', ' . outcome($next),
	'succeeded in run 1, succeeded in run 1', 'its successor knows the claim');

$first = hold_first();
$next = step('next');
hold_at('worker.before_commit', 'coordinator.after_claim');
wait_for_point('coordinator.after_claim');
is(status($client, $next), 'running', 'a coordinator ends with a claim in its hands');
terminate('coordinator');
hold_at();
check_steps('coordinator terminated with a claim', 'first next');

foreach my $kind (qw(worker coordinator))
{
	($first, $next) = claim_ahead();
	my $pid = $client->value(
		"SELECT pid FROM pg_stat_activity WHERE query LIKE 'pausepoint $kind%' AND state = 'active'");
	$node->append_conf('postgresql.auto.conf', "jobs.debug_pausepoints = ''");
	kill('KILL', $pid);
	$client->read_until('closed');
	$node->poll_query_until('postgres', 'SELECT true');
	connect_clients();
	check_steps("$kind killed", 'first next');
}

# Requests for the job that is claimed ahead.
($first, $next) = claim_ahead();
$client->rows("CANCEL JOB $next");
is(status($client, $next), 'cancel-requested', 'a job that is claimed ahead is cancelled');
hold_at('worker.before_commit');
ok(wait_for_status($client, $next, 'canceled'), 'by the coordinator');
is(status($client, $first), 'running', 'while the one before is not done');
hold_at();
check_steps('cancel, by the coordinator', 'first');

($first, $next) = claim_ahead();
$client->rows("CANCEL JOB $next");
hold_at('coordinator.after_assign');
ok(wait_for_status($client, $next, 'canceled'), 'or by the worker that begins it');
hold_at();
check_steps('cancel, by the worker', 'first');

($first, $next) = claim_ahead();
$client->rows("PAUSE JOB $next");
hold_at('worker.before_commit');
ok(wait_for_status($client, $next, 'paused'), 'it is paused');
$client->rows("RESUME JOB $next");
hold_at();
check_steps('pause', 'first next');

# What has to wait for the end of the first is not claimed ahead, another job is;
# and it is begun when the first is over, though the coordinator is not told of a
# place that has become free.
sub begins_after_end
{
	my ($name, $first, %options) = @_;
	my $waits = step('waits', %options);

	let_claim();
	my $free = step('free', priority => -1);
	hold_coordinator();    # has seen that, and is told of nothing more
	let_claim();
	is(status($client, $waits) . ' ' . status($client, $free),
		'pending running', "$name: another job is claimed ahead");

	$client->rows("ALTER SYSTEM SET jobs.debug_pausepoints = 'worker.before_work'");
	let_go('worker.before_commit');
	wait_for_point('worker.before_work');
	$client->rows('ALTER SYSTEM SET jobs.max_running = 2');
	let_go('coordinator.after_assign');
	wait_for_point('worker.before_work', 2);
	is(status($client, $waits), 'running', "$name: begun after the end");

	hold_at();
	check_steps($name, qr/^first (?:free waits|waits free)$/);
	set_system('jobs.max_running', 1);
	return;
}

begins_after_end('exclusive key', hold_first(exclusive_key => 'k'),
	exclusive_key => 'k');
$first = hold_first();
begins_after_end('dependency', $first, depends_on => "{$first}");

# Limits count the job that is not over yet.
set_system('jobs.max_running_per_owner', 1);
hold_first();
$next = step('next');
let_claim();
is(status($client, $next), 'pending', 'an owner has no more jobs than may run');
hold_at();
check_steps("an owner's limit", 'first next');
set_system('jobs.max_running_per_owner', 0);

# It is another owner's turn.
hold_first(role => 'alice');
$next = step('alice', role => 'alice');
$third = step('bob', role => 'bob');
let_claim();
is(status($client, $next) . ' ' . status($client, $third),
	'pending pending', "no job is claimed ahead when it is another owner's turn");
hold_at();
check_steps('turns', 'first bob alice');

# Fewer jobs may run from now on.
set_system('jobs.max_running', 2);
$other->rows('SELECT pg_advisory_lock(1)');
hold_first();
hold_at('worker.before_commit');
step('second', work => '; SELECT pg_advisory_xact_lock(1)');
wait_for($client,
	"SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
set_system('jobs.max_running', 1);
hold_coordinator();
$next = step('next');
let_claim();
is(status($client, $next), 'pending', 'nor when more jobs run than may');
hold_at();
$other->rows('SELECT pg_advisory_unlock(1)');
check_steps('fewer places', qr/^(?:first second|second first) next$/);

# Another database waits for the place.
$client->rows('CREATE DATABASE second');
my $second = WireClient->new($node, database => 'second');
$second->rows('CREATE EXTENSION cancel_job');
hold_at('worker.before_commit');
$client->rows('TRUNCATE effects');
$first = step('first');
wait_for_point('worker.before_commit');
submit($second, 'SELECT 1');
wait_for($client, q{SELECT state = 'idle' FROM pg_stat_activity
	WHERE backend_type = 'cancel_job coordinator' AND datname = 'second'});
hold_coordinator();
$next = step('next');
let_claim();
is(status($client, $next), 'pending', 'nor when another database waits');
hold_at();
check_steps('databases', 'first next');
ok( wait_for($second, 'SELECT count(*) = 0 FROM jobs.queue'),
	'its job has its turn');

$second->disconnect;
$node->stop;
unlike(log_since($node, 0), qr/PANIC|TRAP:|by signal (?!9:)/,
	'nobody has crashed but those that were killed');

done_testing();
