# Many databases and few processes: a database without work has none, and gets
# its coordinator when work comes or its time has come; no wake-up is lost, no
# database keeps others waiting, and nothing of ours is in the way of commands on
# databases or the extension.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use JobsTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use WireClient;

# Of these processes the server's own launcher takes one and ours one: three
# coordinators can have a worker each.
my $places = 3;
my $node = jobs_node(
	'main', q{
max_worker_processes = 8
jobs.max_running = 3
jobs.coordinator_idle_timeout = 0
jobs.worker_idle_timeout = 0
allow_in_place_tablespaces = on
deadlock_timeout = '1h'
});
my $client = WireClient->new($node);
my $blocker = WireClient->new($node);

sub session
{
	my ($database, %options) = @_;

	return WireClient->new($node, database => $database, %options);
}

# Run one thing in a session of its own in a database.
sub in_database
{
	my ($database, $do) = @_;
	my $session = session($database);
	my $result = $do->($session);

	$session->disconnect;
	return $result;
}

# How many processes of a kind there are.
sub processes
{
	my ($kind, $database) = @_;
	my $sql = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'cancel_job $kind'";

	$sql .= " AND datname = '$database'" if defined $database;
	return $client->value($sql);
}

sub wait_for_processes
{
	my ($count, $kind, $database) = @_;

	return wait_until(sub { return processes($kind, $database) == $count; });
}

sub no_process_in
{
	my ($database) = @_;

	return wait_for_processes(0, 'coordinator', $database)
	  && wait_for_processes(0, 'worker', $database);
}

# Submit a job that starts no earlier than this many seconds from now.
sub submit_later
{
	my ($session, $command, $seconds) = @_;

	return $session->value("SELECT jobs.submit('$command',"
		  . " start_at => clock_timestamp() + interval '$seconds s')");
}

# A job in a database that is there only to see whether one runs.
sub a_job_runs
{
	my ($database) = @_;

	return in_database(
		$database,
		sub {
			my ($session) = @_;
			return wait_for_status($session, submit($session, 'SELECT 1'), 'succeeded');
		});
}

sub status_in
{
	my ($database, $job) = @_;

	return in_database($database, sub { return status($_[0], $job); });
}

sub completes
{
	my ($session, $sql) = @_;

	return (grep { /^CommandComplete/ } $session->run($sql)) == 1;
}

sub wait_at_pausepoint
{
	my ($kind, $name) = @_;

	return wait_for($client,
		"SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'cancel_job $kind' AND query = 'pausepoint $name'");
}

sub pause_at
{
	my ($name) = @_;

	set_conf($node, 'jobs.debug_pausepoints' => $name);
	return;
}

#
# A database without work has no process
#
ok(no_process_in('postgres'), 'after CREATE EXTENSION: no process');
my $job = submit($client, 'SELECT 1');
ok(wait_for_status($client, $job, 'succeeded'), 'a job wakes a coordinator');
ok(no_process_in('postgres'), 'after the job: no process');
$job = submit($client, 'SELECT pg_advisory_xact_lock(1)');
ok(wait_for_status($client, $job, 'succeeded'), 'another job');
$blocker->rows('SELECT pg_advisory_lock(1)');
$job = submit($client, 'SELECT pg_advisory_xact_lock(1)');
ok(wait_for_status($client, $job, 'running'), 'a job that takes its time');
is(processes('coordinator', 'postgres'), 1, 'its coordinator stays');
$blocker->rows('SELECT pg_advisory_unlock(1)');
ok(wait_for_status($client, $job, 'succeeded'), 'until it ends');
ok(no_process_in('postgres'), 'and no longer');

# With a setting it stays on for a while.
set_conf($node, 'jobs.coordinator_idle_timeout' => '1h');
$job = submit($client, 'SELECT 1');
ok(wait_for_status($client, $job, 'succeeded'), 'a job');
ok(wait_for_processes(0, 'worker'), 'its worker ends');
is(processes('coordinator'), 1, 'jobs.coordinator_idle_timeout: it stays');
set_conf($node, 'jobs.coordinator_idle_timeout' => '0');
ok(no_process_in('postgres'), 'and ends when that is changed');

# Requests for jobs that nobody has need a coordinator, too.
$job = submit_later($client, 'SELECT 1', 3600);
ok(no_process_in('postgres'), 'a job that is due in an hour: no process');
$client->rows("PAUSE JOB $job");
ok(wait_for_status($client, $job, 'paused'), 'it can be paused');
$client->rows("CANCEL JOB $job");
ok(wait_for_status($client, $job, 'canceled'), 'and cancelled');

#
# What is due starts on time, and nobody looks in between
#
my $launcher = $client->value(
	q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'cancel_job launcher'});
$job = submit_later($client, 'SELECT 1', 4);
ok(no_process_in('postgres'), 'a job for later: no process');
SKIP:
{
	skip 'this needs Linux\' /proc', 2 unless -r '/proc/self/status';
	ok(wait_for_rest($launcher), 'the launcher sleeps');
	is(status($client, $job), 'pending', 'before its time');
}
ok(wait_for_status($client, $job, 'succeeded'), 'its time comes');
my $delay = $client->value(
	"SELECT extract(epoch FROM started - created) FROM jobs.jobs WHERE job_id = $job");
cmp_ok($delay, '>=', 4, 'it started not too early');
cmp_ok($delay, '<', 6, 'and not much later');

# What the launcher forgets it finds out again.
$job = submit_later($client, 'SELECT 1', 2);
ok(no_process_in('postgres'), 'a job for later: no process');
$client->rows("SELECT pg_terminate_backend($launcher)");
ok( wait_for(
		$client,
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'cancel_job launcher' AND pid <> $launcher"
	),
	'another launcher');
ok(wait_for_status($client, $job, 'succeeded'), 'knows when it is due');
$job = submit_later($client, 'SELECT 1', 3);
ok(no_process_in('postgres'), 'a job for later: no process');
$_->disconnect foreach $client, $blocker;
$node->restart;
$client = WireClient->new($node);
$blocker = WireClient->new($node);
ok(wait_for_status($client, $job, 'succeeded'), 'and so after a restart');
ok(wait_for_processes(0, 'coordinator'), 'no coordinator is left');

#
# No wake-up is lost
#
pause_at('coordinator.before_exit');
$job = submit($client, 'SELECT 1');
ok(wait_for_status($client, $job, 'succeeded'), 'a job');
ok(wait_at_pausepoint('coordinator', 'coordinator.before_exit'),
	'its coordinator is about to end');
$job = submit($client, 'SELECT 1');
is(status($client, $job), 'pending', 'another job comes too late for it');
pause_at('');
ok(wait_for_status($client, $job, 'succeeded'), 'and runs in the next');

pause_at('launcher.before_turn');
ok(wait_at_pausepoint('launcher', 'launcher.before_turn'),
	'the launcher is held up');
ok(no_process_in('postgres'), 'and no coordinator runs');
$job = submit($client, 'SELECT 1');
is(status($client, $job), 'pending', 'a job waits for them');
pause_at('');
ok(wait_for_status($client, $job, 'succeeded'), 'and runs');

# More databases have jobs than there are places, and more than the launcher can
# be told of (in a build with assertions).
$client->rows('CREATE DATABASE model');
in_database('model', sub { $_[0]->rows('CREATE EXTENSION cancel_job'); });
my @databases = map { "d$_" } 1 .. 24;
foreach my $database (@databases)
{
	$client->run("CREATE DATABASE $database TEMPLATE model")
}
is($client->value(q{SELECT count(*) FROM pg_database WHERE datname LIKE 'd%'}),
	24, 'CREATE DATABASE TEMPLATE is not held up');
ok(wait_for_processes(0, 'coordinator'), 'no process for them');
pause_at('launcher.before_turn');
ok(wait_at_pausepoint('launcher', 'launcher.before_turn'),
	'the launcher is held up');
my %jobs;
foreach my $database (@databases)
{
	$jobs{$database} = in_database($database,
		sub { return submit($_[0], 'SELECT pg_sleep(0.01)'); });
}
pause_at('');
my $most = 0;
foreach my $database (@databases)
{
	my $session = session($database);

	ok( wait_until(
			sub {
				my $now = processes('coordinator');

				$most = $now if $now > $most;
				return status($session, $jobs{$database}) eq 'succeeded';
			}),
		"the job in $database runs");
	$session->disconnect;
}
cmp_ok($most, '<=', $places, 'there are never more coordinators than places');
ok(wait_for_processes(0, 'coordinator'), 'and none when all is done');

# What they have for later starts, all at the same time.
$jobs{$_} =
  in_database($_, sub { return submit_later($_[0], 'SELECT 1', 2); })
  foreach @databases;
ok(wait_for_processes(0, 'coordinator'), 'all have a job for later: no process');
foreach my $database (@databases)
{
	my $session = session($database);

	ok(wait_for_status($session, $jobs{$database}, 'succeeded'),
		"the job for later in $database runs");
	$session->disconnect;
}

#
# No database keeps the others waiting
#
set_conf($node, 'jobs.max_running' => '5',
	'jobs.coordinator_idle_timeout' => '1h');
my @held = @databases[ 0 .. 2 ];
foreach my $database (@held)
{
	$jobs{$database} = in_database(
		$database,
		sub {
			my $id = submit($_[0], 'SELECT pg_sleep(100000)');

			wait_for_status($_[0], $id, 'running') or die;
			return $id;
		});
}
is(processes('coordinator'), $places, 'all places are taken');
ok(a_job_runs('d4'), 'a job in a fourth database runs all the same');
ok(a_job_runs('d5'), 'and in a fifth');
is(status_in($_, $jobs{$_}), 'running', "the job in $_ still runs")
  foreach @held;
foreach my $database (@held)
{
	ok( in_database(
			$database,
			sub {
				$_[0]->rows("CANCEL JOB $jobs{$database}");
				return wait_for_status($_[0], $jobs{$database}, 'canceled');
			}),
		"the job in $database can be cancelled");
}

# One that does not run out of work
set_conf($node, 'jobs.max_running' => '3');
my $busy = session('d1');
$busy->rows(q{SELECT count(jobs.submit('SELECT pg_sleep(0.02)')) FROM generate_series(1, 3000)});
ok(a_job_runs($_), "while one is busy, a job runs in $_") foreach 'd2', 'd3', 'd4', 'd5';
cmp_ok($busy->value(q{SELECT count(*) FROM jobs.jobs WHERE status = 'pending'}), '>', 0,
	'it still is busy');
set_conf($node, 'jobs.max_running' => '0');
ok( wait_for($busy, q{SELECT count(*) = 0 FROM jobs.jobs WHERE status = 'running'}),
	'no more jobs start there');
$busy->rows(q{CANCEL JOBS (SELECT job_id FROM jobs.jobs WHERE status = 'pending')});
ok( wait_for($busy, q{SELECT count(*) = 0 FROM jobs.jobs WHERE status NOT IN ('succeeded', 'canceled')}),
	'and those that wait can be cancelled');
$busy->disconnect;

# Jobs for which there is no place do not make coordinators run in circles.
set_conf($node, 'jobs.max_running' => '1');
$jobs{d1} = in_database('d1', sub {
	my $id = submit($_[0], 'SELECT pg_sleep(100000)');
	wait_for_status($_[0], $id, 'running') or die;
	return $id;
});
$jobs{$_} = in_database($_, sub { return submit($_[0], 'SELECT 1'); })
  foreach @databases[ 1 .. 9 ];
is(status_in($_, $jobs{$_}), 'pending', "jobs.max_running: the job in $_ waits")
  foreach @databases[ 1 .. 9 ];
in_database('d1', sub { $_[0]->rows("CANCEL JOB $jobs{d1}"); });
foreach my $database (@databases[ 1 .. 9 ])
{
	ok(in_database($database, sub { return wait_for_status($_[0], $jobs{$database}, 'succeeded'); }),
		"the job in $database runs in turn");
}

#
# No process is left for a coordinator
#
set_conf($node, 'jobs.max_running' => '10', 'jobs.worker_idle_timeout' => '1h');
my $log_start = log_size($node);
foreach my $n (1 .. 5)
{
	$client->rows("CREATE ROLE r$n LOGIN");
	my $session = session('postgres', user => "r$n");
	$job = submit($session, 'SELECT 1');
	ok(wait_for_status($session, $job, 'succeeded'), "a job of role r$n");
	$session->disconnect;
}
ok(a_job_runs('d6'), 'idle workers have all processes: a job runs elsewhere');
cmp_ok(scalar(() = log_since($node, $log_start) =~ /LOG:  out of background worker slots, databases/g),
	'<=', 1, 'the log says so at most once');
set_conf($node, 'jobs.max_running' => '3', 'jobs.worker_idle_timeout' => '0',
	'jobs.coordinator_idle_timeout' => '0');
ok(wait_for_processes(0, 'worker'), 'idle workers end');
ok(wait_for_processes(0, 'coordinator'), 'and coordinators');

#
# Databases that go, change their names, or shut their doors, with jobs due there
#
$log_start = log_size($node);
$jobs{$_} = in_database($_, sub { return submit_later($_[0], 'SELECT 1', 3); })
  foreach 'd1', 'd2', 'd3', 'd4';
ok(wait_for_processes(0, 'coordinator'), 'jobs for later in four databases');
$client->rows(q{CREATE TABLESPACE elsewhere LOCATION ''});
ok(completes($client, 'DROP DATABASE d1'), 'one is dropped');
ok(completes($client, 'ALTER DATABASE d2 RENAME TO e2'), 'one is renamed');
ok(completes($client, 'ALTER DATABASE d3 SET TABLESPACE elsewhere'), 'one is moved');
ok(completes($client, 'ALTER DATABASE d4 ALLOW_CONNECTIONS false'), 'one is closed');
ok(in_database('e2', sub { return wait_for_status($_[0], $jobs{d2}, 'succeeded'); }),
	'the job in the renamed one runs');
ok(in_database('d3', sub { return wait_for_status($_[0], $jobs{d3}, 'succeeded'); }),
	'the job in the moved one runs');
$node->wait_for_log(qr/LOG:  database "d4" does not accept connections/, $log_start);
ok(completes($client, 'ALTER DATABASE d4 ALLOW_CONNECTIONS true'), 'the closed one is opened');
ok(in_database('d4', sub { return wait_for_status($_[0], $jobs{d4}, 'succeeded'); }),
	'the job in it runs');
is_deeply([ grep { !/ LOG:  database "d4" does not/ } loglines_of(log_since($node, $log_start)) ],
	[], 'the log has nothing else to say');

# Closed while a job runs there and another waits
my $closed = session('d4');
set_conf($node, 'jobs.max_running' => '1');
$jobs{runs} = submit($closed, 'SELECT pg_sleep(100000)');
my $at_work = worker_pid($closed, $jobs{runs});
ok( wait_for($client, "SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = $at_work"),
	'a job is at work');
$client->rows('ALTER DATABASE d4 ALLOW_CONNECTIONS false');
$log_start = log_size($node);
$jobs{waits} = submit($closed, 'SELECT 1');
set_conf($node, 'jobs.max_running' => '3');
$closed->rows("CANCEL JOB $jobs{runs}");
ok(wait_for_status($closed, $jobs{runs}, 'canceled'), 'it can be cancelled in a closed database');
$node->wait_for_log(qr/LOG:  database "d4" does not accept connections/, $log_start);
ok(no_process_in('d4'), 'no process is left there');
is(status($closed, $jobs{waits}), 'pending', 'the other job waits');
unlike(log_since($node, $log_start), qr/FATAL/, 'nobody runs against the door');
$client->rows('ALTER DATABASE d4 ALLOW_CONNECTIONS true');
ok(wait_for_status($closed, $jobs{waits}, 'succeeded'), 'until it is open again');
$closed->disconnect;

# A limit of connections is for clients.
my $limited = session('d4', user => 'r1');
$client->rows('ALTER DATABASE d4 CONNECTION LIMIT 0');
ok(a_job_runs('d4'), 'CONNECTION LIMIT 0: a job of a superuser runs');
$job = submit($limited, 'SELECT 1');
ok(wait_for_status($limited, $job, 'succeeded'), 'and one of another role');
$limited->disconnect;
$client->rows('ALTER DATABASE d4 CONNECTION LIMIT -1');

# A database that is broken: tried again ever more seldom, until it is not.
$jobs{d5} = in_database('d5', sub { return submit_later($_[0], 'SELECT 1', 2); });
my $directory = $node->data_dir . '/base/'
  . $client->value(q{SELECT oid FROM pg_database WHERE datname = 'd5'});
ok(no_process_in('d5'), 'a job for later');
rename($directory, "$directory.away") or die "$directory: $!";
$log_start = log_size($node);
ok(wait_until(sub { return (() = log_since($node, $log_start) =~ /FATAL: /g) >= 2; }),
	'a database that cannot be connected to is tried again');
ok(a_job_runs('d6'), 'others go on meanwhile');
rename("$directory.away", $directory) or die "$directory: $!";
ok(in_database('d5', sub { return wait_for_status($_[0], $jobs{d5}, 'succeeded'); }),
	'and comes back');
cmp_ok(scalar(() = log_since($node, $log_start) =~ /FATAL: /g), '<=', 5, 'it was not tried all the time');

#
# A session that ends in the middle of its command
#
set_conf($node, 'jobs.coordinator_idle_timeout' => '1h');
pause_at('coordinator.before_claim');
$jobs{d7} = in_database('d7', sub { return submit($_[0], 'SELECT 1'); });
ok(wait_at_pausepoint('coordinator', 'coordinator.before_claim'), 'a coordinator that does not leave');
my $dropper = session('postgres');
my $dropper_pid = $dropper->value('SELECT pg_backend_pid()');
$dropper->query('DROP DATABASE d7');
ok( wait_for($client, "SELECT query = 'DROP DATABASE d7' AND state = 'active' AND wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = $dropper_pid"),
	'DROP DATABASE waits for it');
$client->rows("SELECT pg_terminate_backend($dropper_pid)");
ok(wait_for($client, "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $dropper_pid"),
	'and is terminated');
pause_at('');
ok(in_database('d7', sub { return wait_for_status($_[0], $jobs{d7}, 'succeeded'); }),
	'jobs run there again');

# CREATE DATABASE from one whose coordinator runs
is(processes('coordinator', 'd7'), 1, 'a coordinator that rests');
ok(completes($client, 'CREATE DATABASE copy TEMPLATE d7'), 'CREATE DATABASE from it is not held up');
ok(a_job_runs('copy'), 'a job in the copy runs');
ok(wait_for_processes(1, 'coordinator', 'd7'), 'the coordinator is back');
set_conf($node, 'jobs.coordinator_idle_timeout' => '0');
ok(wait_for_processes(0, 'coordinator'), 'all coordinators end');

#
# The extension comes and goes
#
$log_start = log_size($node);
$client->rows('CREATE DATABASE fresh');
my $fresh = session('fresh');
$fresh->rows('BEGIN');
$fresh->rows('CREATE EXTENSION cancel_job');
$job = submit($fresh, 'SELECT 1');
$fresh->rows('ROLLBACK');
ok(no_process_in('fresh'), 'CREATE EXTENSION rolled back: no process');
$fresh->rows('BEGIN');
$fresh->rows('SAVEPOINT s');
$fresh->rows('CREATE EXTENSION cancel_job');
$job = submit($fresh, 'SELECT 1');
$fresh->rows('ROLLBACK TO s');
$fresh->rows('CREATE EXTENSION cancel_job');
$job = submit($fresh, 'SELECT 2');
$fresh->rows('COMMIT');
ok(wait_for_status($fresh, $job, 'succeeded'), 'rolled back to a savepoint and created again: a job runs');
is($fresh->value('SELECT count(*) FROM jobs.jobs'), 1, 'that one only');
like(error_of($fresh, 'DROP SCHEMA jobs CASCADE'), qr/^ErrorResponse 2BP01 /,
	'DROP SCHEMA is refused, as for any extension');
$fresh->rows('BEGIN');
$fresh->rows('SAVEPOINT s');
$fresh->rows('DROP EXTENSION cancel_job');
$fresh->rows('ROLLBACK TO s');
$job = submit($fresh, 'SELECT 3');
$fresh->rows('COMMIT');
ok(wait_for_status($fresh, $job, 'succeeded'), 'DROP EXTENSION rolled back to a savepoint: a job runs');
is_deeply([ loglines_of(log_since($node, $log_start)) ], [], 'the log has nothing to say about all this');

# Dropped and created again in one transaction: the jobs are gone, and so are
# their processes; those that have the same ids now are others.
$fresh->rows('DROP EXTENSION cancel_job; CREATE EXTENSION cancel_job; CREATE TABLE effect (what text); CREATE VIEW dependent AS SELECT * FROM jobs.jobs');
my $old = submit($fresh, q{INSERT INTO effect VALUES ('old'); SELECT pg_sleep(100000)});
ok(wait_for_status($fresh, $old, 'running'), 'a job runs');
my $old_pid = worker_pid($fresh, $old);
$fresh->rows('BEGIN');
$fresh->rows('DROP EXTENSION cancel_job CASCADE');
$fresh->rows('CREATE EXTENSION cancel_job');
$job = submit($fresh, q{INSERT INTO effect VALUES ('new')});
$fresh->rows('COMMIT');
is($job, $old, 'another extension, the same id');
ok(wait_for_status($fresh, $job, 'succeeded'), 'its job runs');
ok(wait_until(sub { return !process_exists($old_pid); }), 'the process of the old one is gone');
is($fresh->value('SELECT string_agg(what, $$,$$) FROM effect'), 'new', 'the new one has run, and that one only');
$fresh->rows('DROP EXTENSION cancel_job CASCADE');
ok(no_process_in('fresh'), 'DROP EXTENSION CASCADE: no process');
$fresh->disconnect;
ok(completes($client, 'DROP DATABASE fresh'), 'DROP DATABASE is not held up');

# The end: nothing of ours is there but the launcher.
ok(wait_for_processes(0, 'coordinator'), 'no coordinator is left');
ok(wait_for_processes(0, 'worker'), 'no worker is left');
is(processes('launcher'), 1, 'the launcher is');
$_->disconnect foreach $client, $blocker;
$node->stop;

done_testing();
