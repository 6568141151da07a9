# Schedules: what is due runs once, on time or late, over crashes, restarts and a
# clock that is set, in one database only, and nothing is passed over in silence.
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
jobs.max_running = 8
jobs.coordinator_idle_timeout = '100ms'
jobs.worker_idle_timeout = '1s'
});
my $client = WireClient->new($node);

$client->rows(q{CREATE TABLE ran (id serial, what text); GRANT ALL ON ran, ran_id_seq TO PUBLIC});

sub create
{
	my ($label, $command, $recurrence, $options) = @_;

	$options = $options ? ", $options" : '';
	return $client->value(
		"SELECT schedule_id FROM jobs.create_schedule('$label', \$cj\$$command\$cj\$, '$recurrence'$options)");
}

# The runs of a schedule: outcome, and how many times were missed.
sub runs
{
	my ($id) = @_;

	return $client->value(
		"SELECT string_agg(concat_ws('/', coalesce(outcome, 'unfinished'), nullif(missed, 0)), ' ' ORDER BY run_id)"
		  . " FROM jobs.schedule_runs WHERE schedule_id = $id");
}

sub runs_are
{
	my ($id, $expected, $what) = @_;

	return ok(
		wait_for($client,
			"SELECT string_agg(concat_ws('/', coalesce(outcome, 'unfinished'), nullif(missed, 0)), ' ' ORDER BY run_id)"
			  . " FROM jobs.schedule_runs WHERE schedule_id = $id", $expected), $what);
}

sub state
{
	my ($id, $column) = @_;

	$column //= 'state';
	return $client->value("SELECT $column FROM jobs.schedules WHERE schedule_id = $id");
}

sub ran
{
	my ($what) = @_;

	return $client->value("SELECT count(*) FROM ran WHERE what = '$what'");
}

# Set the clock of schedules, so far before the server's.
sub set_clock
{
	my ($offset) = @_;

	set_conf($node, 'jobs.debug_clock_offset' => $offset);
	return;
}

sub tag
{
	my ($sql) = @_;

	return join(' ', WireClient::tags($client->run($sql)));
}

# Clock and coordinator: the clock goes forward by hours, back by hours.
my $hourly = create('hourly', q{INSERT INTO ran (what) VALUES ('hourly')}, '0 */1 * * *');
my $every = create('every', q{INSERT INTO ran (what) VALUES ('every')}, '@every 1h');
my $daily = create('daily', q{INSERT INTO ran (what) VALUES ('daily')}, '0 5 * * *');
$client->rows("PAUSE SCHEDULE $daily");
ok(wait_for($client, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'cancel_job coordinator'}),
	'with nothing due soon there is no coordinator');
set_clock('5h');
runs_are($hourly, 'succeeded/4', 'times that the clock jumps over are one run');
runs_are($every, 'succeeded/4', 'of an interval, too');
is(ran('hourly'), 1, 'its job has run once');
my $next = state($every, "next_run - now() < interval '6 hours'");
is($next, 't', 'it goes on from there');
set_clock(0);
ok( wait_for($client, "SELECT count(*) = 2 FROM jobs.schedules WHERE next_run < now() + interval '61 minutes'"),
	'when the clock is set back they do not stand still');
is(runs($hourly), 'succeeded/4', 'and nothing runs for that');
$client->rows("DROP SCHEDULES VALUES ($hourly), ($every), ($daily)");

# Schedules that are due some day wake nobody, however many there are: the launcher
# sleeps on.
my $launcher = $client->value(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'cancel_job launcher'});
$client->value(q{SELECT count(*) FROM generate_series(1, 1000), LATERAL jobs.create_schedule('yearly', 'SELECT 1', '@yearly')});
ok( wait_until(
		sub {
			my $before = wakeups($launcher);

			sleep 3;
			return wakeups($launcher) eq $before;
		}),
	'a thousand schedules, and no wake-up for a while');
is($client->value(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type IN ('cancel_job coordinator', 'cancel_job worker')}),
	0, 'nor a process');
$client->rows('DROP SCHEDULES SELECT id FROM [SHOW SCHEDULES]');

# A small change back makes a daily schedule not run again.
$daily = create('daily', 'SELECT 1', '@daily');
$client->rows("UPDATE jobs.schedule SET planned = now() + interval '1 hour', next_run = now() + interval '25 hours' WHERE schedule_id = $daily");
my $before = state($daily, 'next_run');
my $kick = create('kick', 'SELECT 1', '@every 1h', "first_run => now()");
runs_are($kick, 'succeeded', 'a schedule starts at its first time');
ok( wait_for($client, "SELECT planned <= clock_timestamp() FROM jobs.schedule WHERE schedule_id = $daily"),
	'the change is seen');
ok( $client->value("SELECT next_run IN ('$before', date_trunc('day', now() + interval '1 day')) FROM jobs.schedules WHERE schedule_id = $daily"),
	'and the schedule has a time that is to come');
$client->rows("DROP SCHEDULES VALUES ($daily), ($kick)");

# on_previous_running.  Jobs that wait at a gate.
my $gate = WireClient->new($node);
$gate->rows('SELECT pg_advisory_lock(1)');
my %overlap;
foreach my $policy (qw(wait skip start))
{
	$overlap{$policy} = create($policy,
		"SELECT pg_advisory_xact_lock_shared(1); INSERT INTO ran (what) VALUES ('$policy')",
		'@every 1s', "on_previous_running => '$policy', max_running => 2");
}
ok( wait_for($client,
		"SELECT count(*) >= 1 FROM jobs.schedule_runs WHERE schedule_id = $overlap{start} AND outcome = 'skipped'"),
	'start: no more jobs than allowed');
is( $client->value("SELECT count(*) FROM jobs.schedule_runs WHERE schedule_id = $overlap{start} AND outcome IS NULL"),
	2, 'but as many');
ok( wait_for($client, "SELECT count(*) >= 1 FROM jobs.schedule_runs WHERE schedule_id = $overlap{skip} AND outcome = 'skipped'"),
	'skip: recorded');
is(state($overlap{skip}), 'rescheduled due to 1 already running', 'and told');
is(state($overlap{wait}), 'delayed due to 1 already running', 'wait: told');
is(runs($overlap{wait}), 'unfinished delayed', 'and recorded once');
$gate->disconnect;
ok( wait_for($client, "SELECT count(*) >= 2 FROM ran WHERE what = 'wait'"),
	'wait: goes on when the job before has ended');
ok( wait_for($client, "SELECT missed >= 1 FROM jobs.schedule_runs WHERE schedule_id = $overlap{wait} AND job_id IS NOT NULL ORDER BY run_id OFFSET 1 LIMIT 1"),
	'and the times it has missed are one run');
$client->rows('DROP SCHEDULES SELECT id FROM [SHOW SCHEDULES]');

# on_execution_failure.
my %failure;
foreach my $policy (qw(retry reschedule pause))
{
	$failure{$policy} = create($policy, 'SELECT 1/0', '@every 1h',
		"on_execution_failure => '$policy', first_run => now()");
}
runs_are($failure{$_}, 'failed', "$_: recorded") foreach sort keys %failure;
like(state($failure{retry}), qr/^retrying: job \d+ failed: division by zero$/, 'retry');
is(state($failure{retry}, "next_run < now() + interval '61 seconds'"), 't', 'in a minute');
like(state($failure{reschedule}), qr/^reschedule: job \d+ failed: division by zero$/, 'reschedule');
is(state($failure{reschedule}, "next_run > now() + interval '58 minutes'"), 't', 'at its next time');
like(state($failure{pause}), qr/^schedule paused: job \d+ failed: division by zero$/, 'pause');
is(state($failure{pause}, 'schedule_status'), 'PAUSED', 'is one');
$client->rows("RESUME SCHEDULE $failure{pause}");
is(state($failure{pause}), '', 'RESUME forgets the state');
$client->rows('DROP SCHEDULES SELECT id FROM [SHOW SCHEDULES]');

# A run that is repeated stands only for times that no other run has stood for, and what
# comes after it keeps step with the first run.
$gate = WireClient->new($node);
$gate->rows('SELECT pg_advisory_lock(1)');
my $repeated = create('repeated', 'SELECT pg_advisory_xact_lock_shared(1); SELECT 1/0', '@every 10m',
	"on_execution_failure => 'retry', on_previous_running => 'skip', first_run => now()");
runs_are($repeated, 'unfinished', 'a job is at work');
set_clock('25min');
runs_are($repeated, 'unfinished skipped/1', 'when its next times have come');
$gate->disconnect;
runs_are($repeated, 'failed skipped/1', 'then it fails');
set_clock('27min');
runs_are($repeated, 'failed skipped/1 failed', 'and is repeated');
set_clock('35min');
runs_are($repeated, 'failed skipped/1 failed failed/1', 'also late');
$client->rows("DROP SCHEDULE $repeated");
set_clock(0);

my $executed = create('executed', q{SELECT 1 / (SELECT count(*) FROM ran WHERE what = 'mended')}, '@every 1h',
	"on_execution_failure => 'retry'");
$next = state($executed, 'next_run');
$client->rows("EXECUTE SCHEDULE $executed");
runs_are($executed, 'failed', 'one that was executed fails');
$client->rows(q{INSERT INTO ran (what) VALUES ('mended')});
set_clock('2min');
runs_are($executed, 'failed succeeded', 'and is repeated, too');
is(state($executed, 'next_run'), $next, 'and the next time is what it was');
set_clock(0);
$client->rows("DROP SCHEDULE $executed");

# What waits, or is repeated, when the clock is set back does not stand still after that.
$gate = WireClient->new($node);
$gate->rows('SELECT pg_advisory_lock(1)');
my $waits = create('waits', 'SELECT pg_advisory_xact_lock_shared(1)', '@every 1h', 'first_run => now()');
runs_are($waits, 'unfinished', 'a job is at work');
set_clock('25h');
runs_are($waits, 'unfinished delayed', 'and another one waits for it');
set_clock(0);
ok(wait_for($client, "SELECT planned < now() + interval '1 hour' FROM jobs.schedule WHERE schedule_id = $waits"),
	'the clock is set back');
$gate->disconnect;
runs_are($waits, 'succeeded delayed succeeded', 'it comes');
is(state($waits, "next_run < now() + interval '61 minutes'"), 't', 'and so does the one behind it');
$client->rows("DROP SCHEDULE $waits");

# A time that comes once.
my $once = create('once', q{INSERT INTO ran (what) VALUES ('once')}, '@at 2000-01-01', 'first_run => now()');
runs_are($once, 'succeeded', '@at runs');
is(state($once, "concat_ws(' ', schedule_status, recurrence)"), 'PAUSED NEVER', 'and that was it');
like(
	join("\n", $client->run("RESUME SCHEDULE $once")),
	qr/55000.*cannot set next run for schedule $once \(empty schedule\)/,
	'it cannot be resumed');
$client->rows("DROP SCHEDULE $once");

# A type whose jobs there are none of, for which the coordinator loads nothing, and an
# owner who is gone.
$client->rows("ALTER SYSTEM SET session_preload_libraries = 'no_such_library'");
$client->rows('SELECT pg_reload_conf()');
my $backup = create('backup', 'SELECT 1', '@every 1h', 'first_run => now() + interval \'1 day\'');
$client->rows("UPDATE jobs.schedule SET executor_type = 'BACKUP', next_run = now() WHERE schedule_id = $backup");
$client->rows('CREATE ROLE gone LOGIN; SET ROLE gone');
my $orphan = create('orphan', 'SELECT 1', '@every 1h');
$client->rows('RESET ROLE; DROP ROLE gone');
$client->rows("UPDATE jobs.schedule SET next_run = now() WHERE schedule_id = $orphan");
$kick = create('kick', 'SELECT 1', '@every 1h', "first_run => now()");
runs_are($backup, 'error', 'a job that cannot be submitted is an error');
is(state($backup), 'reschedule: job type "BACKUP" does not exist', 'that is told');
runs_are($orphan, 'error', 'so is an owner that is gone');
like(state($orphan), qr/^schedule paused: role \d+ does not exist$/, 'that pauses it');
runs_are($kick, 'succeeded', 'and neither keeps others from running');
is($client->value("SELECT owner FROM jobs.schedule WHERE schedule_id = $orphan"), '-', 'nobody inherits it');
$client->rows('ALTER SYSTEM RESET session_preload_libraries');
$client->rows('SELECT pg_reload_conf()');
$client->rows('DROP SCHEDULES SELECT id FROM [SHOW SCHEDULES]');

# A full backup that has succeeded lets the incremental ones begin, unless somebody
# has paused them.  The full one is an SQL job here.
sub create_backups
{
	my ($command) = @_;
	my ($incremental, $full) = $client->rows(
		"SELECT schedule_id FROM jobs.create_backup_schedule('pair', ARRAY['nodelocal://1/x'], '\@hourly', full_backup => '\@daily')");

	$client->rows("UPDATE jobs.schedule SET executor_type = 'SQL', command = command || jsonb_build_object('command', '$command') WHERE schedule_id = $full");
	return ($incremental, $full);
}

sub is_due
{
	my ($id) = @_;

	$client->rows("UPDATE jobs.schedule SET next_run = now() WHERE schedule_id = $id; SELECT jobs.wake()");
	return;
}

my ($incremental, $full) = create_backups('SELECT 1/0');
is_due($full);
runs_are($full, 'failed', 'a full backup that fails');
is(state($incremental), 'Waiting for initial backup to complete', 'and the incremental ones wait');
$client->rows("UPDATE jobs.schedule SET command = command || jsonb_build_object('command', 'SELECT 1') WHERE schedule_id = $full");
is_due($full);
runs_are($full, 'failed succeeded', 'one that succeeds');
is(state($incremental, "concat_ws('|', schedule_status, state, next_run > now())"), 'ACTIVE||t', 'and the incremental ones begin');
is(state($full, "command ? 'unpause_on_success'"), 'f', 'once');
$client->rows("PAUSE SCHEDULE $incremental");
is_due($full);
runs_are($full, 'failed succeeded succeeded', 'a further one');
is(state($incremental, 'schedule_status'), 'PAUSED', 'is nothing to those that are paused');
is(tag("DROP SCHEDULE $full"), 'DROP SCHEDULES 2', 'both are dropped');
($incremental, $full) = create_backups('SELECT 1');
$client->rows("PAUSE SCHEDULE $incremental");
is_due($full);
runs_are($full, 'succeeded', 'the first one');
is(state($incremental, 'schedule_status'), 'PAUSED', 'does not begin what somebody has paused');
$client->rows("DROP SCHEDULE $full");
($incremental, $full) = create_backups('SELECT 1');
$client->rows("UPDATE jobs.schedule SET held = true WHERE schedule_id = $incremental");
is_due($full);
runs_are($full, 'succeeded', 'nor does the first one');
is(state($incremental), 'Waiting for initial backup to complete', 'begin what a new owner has not let run');
$client->rows("DROP SCHEDULE $full");
($incremental, $full) = create_backups('SELECT 1');
$client->rows("UPDATE jobs.schedule SET held = true, next_run = NULL WHERE schedule_id IN ($incremental, $full)");
$client->rows("RESUME SCHEDULE $full");
is(state($incremental), 'Waiting for initial backup to complete', 'RESUME of the full ones');
is_due($full);
runs_are($full, 'succeeded', 'lets them run');
is(state($incremental, 'schedule_status'), 'ACTIVE', 'and the incremental ones begin after that');
$client->rows("DROP SCHEDULE $full");

# The ends of many jobs of a schedule that somebody has locked hold up no others.
my $locker = WireClient->new($node);
my $crowd = create('crowd', 'SELECT pg_advisory_xact_lock_shared(1)', '@yearly');
my $other = create('other', 'SELECT 1', '@yearly');
$gate = WireClient->new($node);
$gate->rows('SELECT pg_advisory_lock(1)');
$client->rows("SELECT jobs.execute_schedules(array_fill($crowd, ARRAY[300]))");
$locker->rows("BEGIN; PAUSE SCHEDULE $crowd");
$gate->disconnect;
ok(wait_for($client, "SELECT count(*) FROM jobs.jobs WHERE created_by_id = $crowd AND status = 'succeeded'", 300),
	'three hundred jobs end');
$client->rows("EXECUTE SCHEDULE $other");
runs_are($other, 'succeeded', 'the end of another one is noted');
is($client->value("SELECT count(*) FROM jobs.schedule_runs WHERE schedule_id = $crowd AND outcome IS NULL"),
	300, 'before theirs');
$locker->disconnect;
ok(wait_for($client, "SELECT count(*) FROM jobs.schedule_runs WHERE schedule_id = $crowd AND outcome = 'succeeded'", 300),
	'which are when nobody has locked it any more');
$client->rows("DROP SCHEDULES VALUES ($crowd), ($other)");

# A time zone that is not there any more is the matter of its schedules alone.
($incremental, $full) = create_backups('SELECT 1');
my $lost = create('lost', 'SELECT 1', '@yearly');
$client->rows("UPDATE jobs.schedule SET timezone = 'US/Vanished' WHERE schedule_id IN ($incremental, $lost)");
$client->rows("UPDATE jobs.schedule SET planned = now() + interval '1 hour' WHERE schedule_id = $lost");
is_due($full);
runs_are($full, 'succeeded', 'the coordinator goes on without a time zone');
is(state($incremental), 'Waiting for initial backup to complete', 'when a schedule is to begin');
ok(wait_for($client, "SELECT state LIKE 'schedule paused: %US/Vanished%' FROM jobs.schedules WHERE schedule_id = $lost"),
	'and when the clock was set back');
$client->rows("DROP SCHEDULES SELECT id FROM [SHOW SCHEDULES]");

# A thousand at the same time, in the order of their times; a crash before the
# commit, and one behind it, lose none and repeat none.
set_conf($node, 'jobs.debug_pausepoints' => 'schedule.before_commit');
$client->rows(
	q{DO $$ BEGIN FOR i IN 1 .. 1000 LOOP
		PERFORM jobs.create_schedule('many', format('INSERT INTO ran (what) VALUES (''many %s'')', i), '@yearly',
			first_run => date_trunc('second', now()) - i * interval '1 microsecond');
	END LOOP; END $$});
ok(wait_for_pausepoint($client, 'schedule.before_commit'), 'a coordinator is about to commit');
is($client->value('SELECT count(*) FROM jobs.schedule_runs'), 0, 'nothing is there before the commit');
$client->disconnect;
$node->stop('immediate');
$node->append_conf('postgresql.conf', "jobs.debug_pausepoints = ''");
$node->start;
$client = WireClient->new($node);
ok( wait_for($client, "SELECT count(*) = 1000 FROM jobs.schedule_runs WHERE outcome = 'succeeded'"),
	'a thousand that are due at once all run');
is($client->value("SELECT count(*), count(DISTINCT what) FROM ran WHERE what LIKE 'many%'"),
	'1000|1000', 'each once');
is( $client->value(
		'SELECT count(*) FROM (SELECT due < lag(due) OVER (ORDER BY job_id) AS wrong FROM jobs.schedule_runs) d WHERE wrong'),
	0, 'their jobs are in the order of their times');
$client->rows('DROP SCHEDULES SELECT id FROM [SHOW SCHEDULES]');

# The server is down when it is due.
my $missed = create('missed', q{INSERT INTO ran (what) VALUES ('missed')}, '@every 1h');
$client->disconnect;
$node->stop;
$node->append_conf('postgresql.conf', "jobs.debug_clock_offset = '3h'");
$node->start;
$client = WireClient->new($node);
runs_are($missed, 'succeeded/2', 'what was missed runs once');
set_clock(0);
$client->rows("DROP SCHEDULE $missed");

# The scheduler can be switched off and on.
set_conf($node, 'jobs.scheduler_enabled' => 'off');
my $off = create('off', 'SELECT 1', '@every 1h', 'first_run => now()');
ok(wait_for($client, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'cancel_job coordinator'}),
	'switched off, nothing is waited for');
is(runs($off), '', 'or runs');
set_conf($node, 'jobs.scheduler_enabled' => 'on');
runs_are($off, 'succeeded', 'switched on, it runs');

# In a copy, and where a dump was restored, schedules are paused.
$client->rows('DROP SCHEDULES SELECT id FROM [SHOW SCHEDULES]');
$node->safe_psql('postgres', 'CREATE DATABASE app');
$node->safe_psql('app', 'CREATE EXTENSION cancel_job');
$node->safe_psql('app', 'CREATE TABLE ran (what text)');
$node->safe_psql('app', q{SELECT jobs.create_schedule('app', 'INSERT INTO ran VALUES (1)', '@yearly')});
ok( $node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = 'app'}),
	'nothing keeps the database busy');
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE app');
my $dump = $node->basedir . '/app.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('app') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('restored'), $dump ], 'pg_restore');
is($node->safe_psql('app', 'SELECT schedule_status, state FROM jobs.schedules'),
	'ACTIVE|', 'the original goes on');
foreach my $database (qw(copy restored))
{
	is( $node->safe_psql($database, 'SELECT label, schedule_status, state FROM jobs.schedules'),
		'app|PAUSED|schedule paused: it belongs to database app, of which this one is a copy; RESUME SCHEDULE lets it run here',
		"$database: paused, and it says why");
	$node->safe_psql($database, 'UPDATE jobs.schedule SET next_run = now(); SELECT jobs.wake()');
	ok( $node->poll_query_until($database, 'SELECT next_run IS NULL FROM jobs.schedule'),
		"$database: the coordinator pauses it, too");
	is($node->safe_psql($database, 'SELECT count(*) FROM jobs.schedule_runs'), 0, "$database: it has not run");
	$node->safe_psql($database,
		'RESUME SCHEDULES SELECT id FROM [SHOW SCHEDULES]; UPDATE jobs.schedule SET next_run = now(); SELECT jobs.wake()');
	ok( $node->poll_query_until($database, "SELECT outcome = 'succeeded' FROM jobs.schedule_runs"),
		"$database: resumed, it runs");
	is($node->safe_psql($database, q{SELECT label FROM jobs.create_schedule('new', 'SELECT 1', '@daily')}),
		'new', "$database: new ones have ids of their own");
}

# Command tags.
is(tag("PAUSE SCHEDULE $off"), 'PAUSE SCHEDULES 0', 'tag of an id that is none');
is(tag(q{CREATE SCHEDULE tag FOR SQL 'SELECT 1' RECURRING '@daily'}), 'SCHEDULED SQL 1', 'tag of CREATE SCHEDULE');
is(tag(q{/* a */ CREATE SCHEDULE IF NOT EXISTS "for" FOR BACKUP INTO 'x' RECURRING '@hourly' FULL BACKUP '@daily'}),
	'SCHEDULED BACKUP 2', 'tag of CREATE SCHEDULE FOR BACKUP');
is(tag(q{CREATE SCHEDULE FOR CHANGEFEED t INTO 'x' RECURRING '@daily'}), 'SCHEDULED CHANGEFEED 1', 'tag of CREATE SCHEDULE FOR CHANGEFEED');
$full = $client->value("SELECT min(schedule_id) FROM jobs.schedules WHERE executor_type = 'BACKUP'");
is(tag("ALTER BACKUP SCHEDULE $full SET LABEL x"), 'SCHEDULED BACKUP 2', 'tag of ALTER BACKUP SCHEDULE');
is(tag("DROP SCHEDULES SELECT id FROM [SHOW SCHEDULES] WHERE id <> (SELECT id FROM [SHOW SCHEDULES] WHERE label = 'tag')"),
	'DROP SCHEDULES 3', 'each counts once');
is(tag('SHOW SCHEDULES'), 'SHOW SCHEDULES 1', 'tag of SHOW SCHEDULES');
is(tag('SHOW PAUSED SCHEDULES'), 'SHOW SCHEDULES 0', 'tag of SHOW PAUSED SCHEDULES');
is(tag('DROP SCHEDULES SELECT id FROM [SHOW SCHEDULES]'), 'DROP SCHEDULES 1', 'tag of DROP SCHEDULES');

$node->stop;
done_testing();
