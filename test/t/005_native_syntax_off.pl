# Where the native statements cannot work, all else does, and the error says what
# to do: on a server where the self-test fails, on one that does not preload the
# library, in a database without the extension.  And where sessions are of another
# kind: replication connections, a standby, and the server that it becomes.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use JobsTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use WireClient;

my $hint_function = 'Native syntax does not work on this server.  Use the function %s.';
my $hint_extension =
  'To use the job statements of extension "cancel_job" in this database, run CREATE EXTENSION cancel_job.';

# The fields of the error that SQL raises in this session.
sub fields_of
{
	my ($session, $sql) = @_;

	$session->{error} = undef;
	$session->run($sql);
	return $session->error;
}

# The same without its hint, and the hint.
sub without_hint
{
	my ($fields) = @_;
	my %fields = %{ $fields // {} };
	my $hint = delete $fields{H};

	return (\%fields, $hint);
}

# A server without the library: the ordinary errors.
my $plain = PostgreSQL::Test::Cluster->new('plain');
$plain->init(
	extra => [ '--encoding=UTF8', '--no-locale' ],
	allows_streaming => 1);
$plain->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$plain->start;
my $ordinary = WireClient->new($plain);

my @ordinary = (
	'SELEC 1',
	"SELECT 'no end",
	'SELECT 1 FORM t WHERE',
	"/* CANCEL JOB 1 */ SELEC 'JOB'",
	'CANCEL QUERY 1',
	'SHOW jobless');
my @ours = (
	[ 'CANCEL JOB 1', 'jobs.cancel()' ],
	[ 'CANCEL JOBS SELECT 1', 'jobs.cancel()' ],
	[ 'PAUSE JOB 1', 'jobs.pause()' ],
	[ 'RESUME JOB 1', 'jobs.resume()' ],
	[ 'SHOW JOB 1', 'jobs.show_jobs()' ],
	[ 'SHOW JOBS', 'jobs.show_jobs()' ],
	[ 'SELECT * FROM [SHOW JOBS]', 'jobs.show_jobs()' ],
	[ 'SELECT 1; CANCEL JOB 1; SELECT 2', 'jobs.cancel()' ]);

sub check_ordinary
{
	my ($session, $what, $reference) = @_;

	foreach my $sql (@ordinary)
	{
		is_deeply(
			fields_of($session, $sql),
			fields_of($reference // $ordinary, $sql),
			"$what: $sql");
	}
	return;
}

# Our statements fail as they do without the library, but for the hint.
sub check_refused
{
	my ($session, $what, $hint) = @_;

	foreach my $case (@ours)
	{
		my ($sql, $function) = @$case;
		my ($got, $got_hint) = without_hint(fields_of($session, $sql));
		my ($expected) = without_hint(fields_of($ordinary, $sql));

		# SHOW of an unknown parameter comes from elsewhere.
		if ($expected->{C} eq '42704')
		{
			delete @{$_}{qw(F L R)} foreach $got, $expected;
		}
		is_deeply($got, $expected, "$what: $sql: the ordinary error");
		is($got_hint, $hint =~ s/%s/$function/r, "$what: $sql: its hint");
	}
	return;
}

#
# The library is not preloaded
#
for my $others ('', 'plpgsql')
{
	my $line = $others eq '' ? 'cancel_job' : "cancel_job, $others";

	if ($others ne '')
	{
		$ordinary->disconnect;
		$plain->append_conf('postgresql.conf',
			"shared_preload_libraries = '$others'");
		$plain->restart;
		$ordinary = WireClient->new($plain);
	}
	my $error = fields_of($ordinary, 'CREATE EXTENSION cancel_job');
	is($error->{C}, '55000', 'not preloaded: CREATE EXTENSION fails');
	is( $error->{M},
		'cancel_job must be loaded via shared_preload_libraries',
		'not preloaded: why');
	like(
		$error->{H},
		qr/shared_preload_libraries = '\Q$line\E'$/,
		'not preloaded: the line for postgresql.conf');
	is($ordinary->value(q{SELECT count(*) FROM pg_namespace WHERE nspname = 'jobs'}),
		'0', 'not preloaded: nothing was created');

	# That function has loaded the library into this session.
	foreach my $sql ('CANCEL JOB 1', 'SHOW JOBS')
	{
		my $fields = fields_of($ordinary, $sql);
		my $fresh = WireClient->new($plain);

		is_deeply($fields, fields_of($fresh, $sql),
			"not preloaded: $sql is what it was");
		$fresh->disconnect;
	}
}

#
# The self-test fails
#
my $off = jobs_node('off', q{jobs.debug_selftest = 'fail'});
my $line =
  qr/LOG:  native syntax of cancel_job does not work with this server or processor/;

for my $how ('fail', 'crash')
{
	my $log_start = 0;

	if ($how eq 'crash')
	{
		$log_start = log_size($off);
		$off->append_conf('postgresql.conf', q{jobs.debug_selftest = 'crash'});
		$off->restart;
	}
	my $session = WireClient->new($off);

	is($session->value('SHOW jobs.debug_selftest'), $how, "$how: the server starts");
	is(scalar(() = log_since($off, $log_start) =~ /$line/g),
		1, "$how: one line in the log");

	my $job = submit($session, 'SELECT pg_sleep(100000)');
	ok(wait_for_status($session, $job, 'running'), "$how: jobs run");
	is($session->value("SELECT status FROM jobs.show_jobs() WHERE job_id = $job"),
		'running', "$how: they are shown");
	is($session->value("SELECT jobs.cancel($job)"), '1', "$how: jobs.cancel()");
	ok(wait_for_status($session, $job, 'canceled'), "$how: jobs are cancelled");

	check_refused($session, $how, $hint_function);
	check_ordinary($session, $how);

	$session->rows('CREATE DATABASE without') if $how eq 'fail';
	my $without = WireClient->new($off, database => 'without');
	check_refused($without, "$how, without the extension", $hint_extension);
	$without->disconnect;
	$session->disconnect;
}
$off->append_conf('postgresql.conf', q{jobs.debug_selftest = ''});
my $log_start = log_size($off);
$off->restart;
my $session = WireClient->new($off);
my $job = submit($session, 'SELECT pg_sleep(100000)');
is_deeply(
	[ $session->run("CANCEL JOB $job") ],
	['CommandComplete CANCEL JOBS 1'],
	'the self-test passes: CANCEL JOB');
unlike(log_since($off, $log_start), $line, 'nothing in the log');

#
# Switched off by hand, and a database without the extension
#
$session->rows('SET jobs.native_syntax = off');
check_refused($session, 'switched off',
	'Native syntax is switched off by jobs.native_syntax.  Use the function %s.');
check_ordinary($session, 'switched off');
$session->rows('RESET jobs.native_syntax');
is_deeply(
	[ $session->run("CANCEL JOB $job") ],
	['CommandComplete CANCEL JOBS 1'],
	'switched on: CANCEL JOB');

my $without = WireClient->new($off, database => 'without');
check_refused($without, 'without the extension', $hint_extension);
check_ordinary($without, 'without the extension');

# It is found when it comes, and missed when it goes, in a session that goes on.
$without->rows('CREATE EXTENSION cancel_job');
is_deeply([ $without->run('CANCEL JOBS SELECT 1 WHERE false') ],
	['CommandComplete CANCEL JOBS 0'], 'CREATE EXTENSION');
is(($without->run('SHOW JOBS'))[-1],
	'CommandComplete SHOW JOBS 0', 'CREATE EXTENSION: SHOW JOBS');
$without->rows('DROP EXTENSION cancel_job');
check_refused($without, 'DROP EXTENSION', $hint_extension);
$without->rows('BEGIN; CREATE EXTENSION cancel_job; SHOW JOBS; ROLLBACK');
check_refused($without, 'CREATE EXTENSION rolled back', $hint_extension);
$without->disconnect;
$session->disconnect;
$off->stop;

#
# Replication connections
#
my $primary = jobs_node('primary', 'jobs.max_running = 0', allows_streaming => 1);
$session = WireClient->new($primary);
$session->rows('CREATE TABLE effects (name text)');
$job = submit($session, q{INSERT INTO effects VALUES ('ran')});
my $canceled = submit($session, q{INSERT INTO effects VALUES ('ran all the same')});

my $walsender = WireClient->new($primary, replication => 'database');
my $plain_walsender = WireClient->new($plain, replication => 'database');
is(($walsender->run('IDENTIFY_SYSTEM'))[-1],
	'CommandComplete IDENTIFY_SYSTEM', 'walsender: its own commands');
is_deeply(
	[ $walsender->run("CANCEL JOB $canceled") ],
	['CommandComplete CANCEL JOBS 1'],
	'walsender: CANCEL JOB');
is(($walsender->run('SELECT * FROM [SHOW JOBS]'))[-1],
	'CommandComplete SELECT 2', 'walsender: [SHOW JOBS]');
is_deeply(
	fields_of($walsender, 'SHOW JOBS'),
	fields_of($plain_walsender, 'SHOW JOBS'),
	'walsender: SHOW is a command of its own');
check_ordinary($walsender, 'walsender', $plain_walsender);
is_deeply(
	fields_of($walsender, 'START_REPLICATION SLOT nothing'),
	fields_of($plain_walsender, 'START_REPLICATION SLOT nothing'),
	'walsender: a syntax error in a command of its own');
is_deeply([ $walsender->run("CANCEL JOB $canceled") ],
	['CommandComplete CANCEL JOBS 1'], 'walsender: still there');
$walsender->disconnect;
$walsender = WireClient->new($primary, replication => 'true');
$plain_walsender = WireClient->new($plain, replication => 'true');
is_deeply(
	fields_of($walsender, 'CANCEL JOB 1'),
	fields_of($plain_walsender, 'CANCEL JOB 1'),
	'walsender without a database: CANCEL JOB');
$walsender->disconnect;
$plain_walsender->disconnect;
ok(wait_for_status($session, $canceled, 'canceled'), 'the job was cancelled');

#
# A standby
#
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
my $submitted = submit($session, q{INSERT INTO effects VALUES ('ran later')});
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));

my $reader = WireClient->new($standby);
is($reader->value('SELECT pg_is_in_recovery()'), 't', 'a standby');
is(($reader->run('SHOW JOBS'))[-1],
	'CommandComplete SHOW JOBS 3', 'standby: SHOW JOBS');
is($reader->value('SELECT string_agg(status, $$,$$ ORDER BY job_id) FROM [SHOW JOBS]'),
	'pending,canceled,pending', 'standby: [SHOW JOBS]');
is(($reader->run("SHOW JOB $job"))[-1],
	'CommandComplete SHOW JOBS 1', 'standby: SHOW JOB');
foreach my $verb ('CANCEL', 'PAUSE', 'RESUME')
{
	is_deeply(
		[ $reader->run("$verb JOB $job") ],
		["ErrorResponse 25006 cannot execute $verb JOBS in a read-only transaction"],
		"standby: $verb JOB");
}
for my $sql ("SELECT jobs.cancel($job)", q{SELECT jobs.submit('SELECT 1')})
{
	is(fields_of($reader, $sql)->{C}, '25006', "standby: $sql");
}
check_ordinary($reader, 'standby');
is($reader->value(
		q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'cancel_job%'}),
	'0',
	'standby: no process of ours');
unlike(log_since($standby, 0), qr/(ERROR|FATAL|PANIC):  .*(launcher|coordinator|worker)/,
	'standby: none has failed');

# It becomes the primary: the jobs go on there.
$session->disconnect;
$primary->stop;
$standby->append_conf('postgresql.conf', 'jobs.max_running = 4');
$standby->reload;
$standby->promote;
ok(wait_for_status($reader, $submitted, 'succeeded'), 'promoted: jobs run');
ok(wait_for_status($reader, $job, 'succeeded'), 'promoted: all of them');
is(status($reader, $canceled), 'canceled', 'promoted: but not the cancelled one');
is($reader->value('SELECT string_agg(name, $$,$$ ORDER BY name) FROM effects'),
	'ran,ran later', 'promoted: each has run once');
$job = submit($reader, 'SELECT pg_sleep(100000)');
ok(wait_for_status($reader, $job, 'running'), 'promoted: a new job');
is_deeply([ $reader->run("CANCEL JOB $job") ],
	['CommandComplete CANCEL JOBS 1'], 'promoted: CANCEL JOB');
ok(wait_for_status($reader, $job, 'canceled'), 'promoted: canceled');
$reader->disconnect;
$standby->stop;
$ordinary->disconnect;
$plain->stop;

done_testing();
