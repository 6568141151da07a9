# CANCEL JOB stops whatever a job is at: a lock, a sort, an index, a program, a
# sleep, a loop, the network, VACUUM, a procedure that commits.  Nothing of the
# job stays, in the database or among the processes; the sessions beside it do
# not notice; the server log has a line for a job that fails and none for one
# that is cancelled.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use IO::Select;
use IO::Socket::UNIX;
use JobsTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use WireClient;

my $node = jobs_node(
	'main', q{
autovacuum = off
vacuum_cost_delay = '100ms'
vacuum_cost_limit = 1
work_mem = '64kB'
jobs.cancel_grace_period = '10min'
});
my $client = WireClient->new($node);

$client->rows(
	q{
CREATE TABLE effects (name text);
CREATE TABLE locked ();
CREATE TABLE hundred AS SELECT generate_series(1, 100) AS n;
CREATE TABLE big AS SELECT n, repeat('x', 500) AS filler FROM generate_series(1, 2000) n;
CREATE TABLE committed (n int);
CREATE FUNCTION slowly(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
	FOR i IN 1..1000000 LOOP
		n := (n * 7 + i) % 1000;
	END LOOP;
	RETURN n;
END $$;
CREATE PROCEDURE commit_for_ever() LANGUAGE plpgsql AS $$
BEGIN
	LOOP
		INSERT INTO committed VALUES (1);
		COMMIT;
	END LOOP;
END $$});

# The sessions beside: one that holds what the jobs wait for, one with an open
# transaction, and a job that goes on through all of this.
my $holder = WireClient->new($node);
my $beside = WireClient->new($node);
$holder->rows('BEGIN; LOCK TABLE locked');
$beside->rows("BEGIN; INSERT INTO effects VALUES ('beside')");
my $bystander = submit($client, 'SELECT pg_sleep(100000)');
ok(wait_for_status($client, $bystander, 'running'), 'a job that goes on');
my $bystander_pid = worker_pid($client, $bystander);

# A test: what the job does, how to see that it is at it, what must not be left.
# In the queries %p is the worker's process.
my @cases = (
	{
		name => 'waits for a lock',
		command => 'LOCK TABLE locked',
		at_work => 'SELECT count(*) = 1 FROM pg_locks WHERE pid = %p AND NOT granted'
	},
	{
		name => 'waits for a row',
		command => 'UPDATE hundred SET n = 0 WHERE n = 1',
		before => sub {
			$holder->rows('UPDATE hundred SET n = 1 WHERE n = 1');
		},
		at_work => 'SELECT count(*) = 1 FROM pg_locks WHERE pid = %p AND NOT granted',
		left => 'SELECT count(*) FROM hundred WHERE n = 0'
	},
	{
		name => 'sorts',
		command =>
		  'SELECT FROM hundred a, hundred b, hundred c, hundred d, hundred e ORDER BY random()',
		at_work => q{SELECT count(*) > 0 FROM pg_ls_tmpdir() WHERE name LIKE 'pgsql\_tmp%p.%'},
		left => q{SELECT count(*) FROM pg_ls_tmpdir() WHERE name LIKE 'pgsql\_tmp%p.%'}
	},
	{
		name => 'builds an index',
		command => 'CREATE INDEX big_slowly ON big (slowly(n))',
		at_work => q{SELECT count(*) = 1 FROM pg_stat_progress_create_index
			WHERE pid = %p AND phase LIKE 'building index%'},
		left => q{SELECT count(*) FROM pg_class WHERE relname = 'big_slowly'}
	},
	{
		name => 'imports from a program',
		command => q{CREATE TABLE imported (line text);
			COPY imported FROM PROGRAM 'echo 1; sleep 100000; echo 2'},
		program => 1,
		left => q{SELECT count(*) FROM pg_class WHERE relname = 'imported'}
	},
	{
		name => 'exports to a program',
		command => q{COPY (SELECT repeat('x', 1000) FROM generate_series(1, 1000000))
			TO PROGRAM 'sleep 100000'},
		program => 1
	},
	{
		name => 'sleeps',
		command => 'SELECT pg_sleep(100000)',
		at_work => q{SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = %p}
	},
	{
		name => 'loops',
		command => 'DO $$ BEGIN PERFORM pg_advisory_xact_lock(7); LOOP END LOOP; END $$',
		at_work => q{SELECT count(*) = 1 FROM pg_locks WHERE pid = %p AND locktype = 'advisory'},
		left => q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}
	},
	{
		name => 'vacuums',
		command => 'VACUUM (FREEZE) big',
		alone => 1,
		at_work => q{SELECT count(*) = 1 FROM pg_stat_progress_vacuum WHERE pid = %p},
		left => 'SELECT count(*) FROM pg_stat_progress_vacuum'
	},
	{
		name => 'waits for its turn to vacuum',
		command => 'VACUUM locked',
		alone => 1,
		at_work => 'SELECT count(*) = 1 FROM pg_locks WHERE pid = %p AND NOT granted'
	},
	{
		name => 'commits again and again',
		command => 'CALL commit_for_ever()',
		alone => 1,
		on_cancel => 'DELETE FROM committed',
		at_work => 'SELECT count(*) > 3 FROM committed',
		left => 'SELECT count(*) FROM committed'
	});

my $log_start = log_size($node);
foreach my $case (@cases)
{
	my $name = $case->{name};
	my $command = $case->{command};

	$case->{before}->() if $case->{before};
	$command = "INSERT INTO effects VALUES ('$name'); $command"
	  unless $case->{alone};
	my $job = submit($client, $command,
		$case->{on_cancel} ? (on_cancel => $case->{on_cancel}) : ());
	my $pid = worker_pid($client, $job);

	if ($case->{program})
	{
		ok(wait_until(sub { return scalar(group_members($pid)) > 0; }),
			"$name: at work");
	}
	else
	{
		ok(wait_for($client, $case->{at_work} =~ s/%p/$pid/gr),
			"$name: at work");
	}
	is(status($client, $job), 'running', "$name: running");
	is_deeply([ $client->run("CANCEL JOB $job") ],
		['CommandComplete CANCEL JOBS 1'], "$name: CANCEL JOB");
	ok(wait_for_status($client, $job, 'canceled'), "$name: canceled");

	# The state was written by the worker when its work was undone.
	is($client->value("SELECT count(*) FROM effects WHERE name = '$name'"),
		'0', "$name: it committed nothing");
	is($client->value($case->{left} =~ s/%p/$pid/gr), '0', "$name: nothing is left")
	  if $case->{left};
	is_deeply([ group_members($pid) ], [], "$name: no program is left")
	  if $case->{program};
	is( $client->value(
			"SELECT error || ' ' || sqlstate || ' ' || runs FROM jobs.jobs WHERE job_id = $job"),
		'job canceled by user 57014 1',
		"$name: what the job says");
}
$holder->rows('COMMIT');

# What a cancel leaves behind in PostgreSQL, the job's clean-up removes: an
# index that was built concurrently is there, and invalid.
$holder->rows("BEGIN; INSERT INTO hundred VALUES (0)");
my $job = submit(
	$client,
	'CREATE INDEX CONCURRENTLY hundred_n ON hundred (n)',
	on_cancel => 'DROP INDEX IF EXISTS hundred_n');
my $pid = worker_pid($client, $job);
ok( wait_for(
		$client,
		"SELECT count(*) = 1 FROM pg_locks WHERE pid = $pid AND NOT granted"),
	'builds an index concurrently: at work');
is($client->value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'hundred_n'::regclass"),
	'f', 'builds an index concurrently: it is there');
$client->rows("CANCEL JOB $job");
ok(wait_for_status($client, $job, 'reverting'),
	'builds an index concurrently: cleans up');
$holder->rows('COMMIT');
ok(wait_for_status($client, $job, 'canceled'),
	'builds an index concurrently: canceled');
is($client->value(q{SELECT count(*) FROM pg_class WHERE relname = 'hundred_n'}),
	'0', 'builds an index concurrently: nothing is left');

is_deeply([ loglines_of(log_since($node, $log_start)) ],
	[], 'no line in the log for a job that is cancelled');

#
# Network I/O: a foreign server that answers up to a point, and then not at all
#
SKIP:
{
	skip 'postgres_fdw is not installed', 6
	  if $client->value(
		q{SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'}
	  ) eq '0';

	my $directory = PostgreSQL::Test::Utils::tempdir_short();
	my $listener = IO::Socket::UNIX->new(
		Type => SOCK_STREAM,
		Local => "$directory/.s.PGSQL.5432",
		Listen => 5) or die "could not listen: $!";
	my $user = scalar(getpwuid($>));

	$client->rows(
		qq{
CREATE EXTENSION postgres_fdw;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw
	OPTIONS (host '$directory', port '5432', dbname 'there');
CREATE USER MAPPING FOR CURRENT_USER SERVER elsewhere OPTIONS (user '$user');
CREATE FOREIGN TABLE remote (n int) SERVER elsewhere});
	$job = submit($client,
		q{INSERT INTO effects VALUES ('network'); SELECT * FROM remote});

	my $session = accept_within($listener);
	read_startup($session);
	answer($session, 'R', pack('N', 0));
	answer($session, 'S', "server_version\0" . "15.0\0");
	answer($session, 'S', "client_encoding\0" . "UTF8\0");
	answer($session, 'K', pack('NN', 1, 2));
	answer($session, 'Z', 'I');
	my $query = '';
	for (;;)
	{
		$query = read_query($session);
		last if $query =~ /DECLARE/;
		my ($tag) = $query =~ /^(\w+)/;
		answer($session, 'C', "$tag\0");
		answer($session, 'Z', $query =~ /^START/ ? 'T' : 'I');
	}
	like($query, qr/DECLARE c\d+ CURSOR/, 'network: at work');
	is(status($client, $job), 'running', 'network: running');
	$client->rows("CANCEL JOB $job");

	# The foreign data wrapper asks the other side to stop, too; that one goes.
	my $cancel = accept_within($listener);
	is(unpack('N', read_startup($cancel)), 80877102,
		'network: the other side is asked to stop');
	$cancel->close;
	$session->close;
	$listener->close;
	ok(wait_for_status($client, $job, 'canceled'), 'network: canceled');
	is( $client->value(
			q{SELECT count(*) FROM effects WHERE name = 'network'}),
		'0',
		'network: it committed nothing');
	is( $client->value(
			"SELECT error FROM jobs.jobs WHERE job_id = $job"),
		'job canceled by user',
		'network: what the job says');
}

#
# The sessions beside
#
is(status($client, $bystander), 'running', 'the job beside still runs');
is(worker_pid($client, $bystander),
	$bystander_pid, 'in the process it was in');
is($client->value("SELECT runs FROM jobs.jobs WHERE job_id = $bystander"),
	'1', 'since it was begun');
$beside->rows('COMMIT');
is($client->value('SELECT string_agg(name, $$,$$) FROM effects'),
	'beside', 'the transaction beside commits, and nothing but it');

#
# The log: only the foreign data wrapper has complained; then a job that fails
#
my @noise = grep { !/ (WARNING|CONTEXT): / }
  loglines_of(log_since($node, $log_start));
is_deeply(\@noise, [], 'no failure in the log');

$log_start = log_size($node);
$job = submit($client, q{INSERT INTO effects VALUES ('fails'); SELECT 1/0});
ok(wait_for_status($client, $job, 'failed'), 'a job fails');
is($client->value(q{SELECT count(*) FROM effects WHERE name = 'fails'}),
	'0', 'it committed nothing');
is( $client->value(
		"SELECT error || ' ' || sqlstate FROM jobs.jobs WHERE job_id = $job"),
	'division by zero 22012',
	'what the job says');
$node->wait_for_log(qr/job $job failed/, $log_start);
my @lines = loglines_of(log_since($node, $log_start));
is(scalar(@lines), 1, 'one line in the log for a job that fails');
like($lines[0], qr/LOG:  job $job failed: division by zero$/, 'that line');

$client->rows("CANCEL JOB $bystander");
ok(wait_for_status($client, $bystander, 'canceled'), 'the job beside ends');
$node->stop;

done_testing();

#
# A server's side of the protocol, as little of it as is needed
#
sub accept_within
{
	my ($listener) = @_;

	IO::Select->new($listener)
	  ->can_read($PostgreSQL::Test::Utils::timeout_default)
	  or die 'nobody connected';
	return $listener->accept;
}

sub read_bytes
{
	my ($socket, $count) = @_;
	my $bytes = '';

	while (length($bytes) < $count)
	{
		IO::Select->new($socket)
		  ->can_read($PostgreSQL::Test::Utils::timeout_default)
		  or die 'nothing was sent';
		sysread($socket, $bytes, $count - length($bytes), length($bytes))
		  or die 'the connection was closed';
	}
	return $bytes;
}

sub read_startup
{
	my ($socket) = @_;

	return read_bytes($socket, unpack('N', read_bytes($socket, 4)) - 4);
}

# The text of the next Query, or of the next Parse of an unnamed statement
sub read_query
{
	my ($socket) = @_;
	my ($type, $length) = unpack('aN', read_bytes($socket, 5));
	my $body = read_bytes($socket, $length - 4);

	die "unexpected message $type" unless $type =~ /^[QP]$/;
	return unpack($type eq 'Q' ? 'Z*' : 'xZ*', $body);
}

sub answer
{
	my ($socket, $type, $body) = @_;

	syswrite($socket, $type . pack('N', length($body) + 4) . $body)
	  or die "could not answer: $!";
	return;
}
