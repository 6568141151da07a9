# What becomes of a role's jobs, pending, running, paused and in their clean-up,
# when the role is renamed, dropped, loses LOGIN, CONNECT, a membership or
# SUPERUSER, has too many connections, an expired password or odd settings, and
# with REASSIGN OWNED and DROP OWNED.  The jobs tell so; another role's jobs go
# on all the while.

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
jobs.max_running = 10
jobs.worker_idle_timeout = '1h'
});
my $client = WireClient->new($node);
my $old_server = $client->value('SHOW server_version_num') < 170000;

$client->rows(
	q{
CREATE TABLE ran (what text, as_role name DEFAULT session_user);
GRANT ALL ON ran TO PUBLIC;
CREATE ROLE beside LOGIN;
GRANT CONNECT ON DATABASE postgres TO beside});

# Locks that hold jobs until their gate is opened.
my $gates = 0;

sub new_gate
{
	my $gate = { key => ++$gates, holder => WireClient->new($node) };

	$gate->{holder}->rows("SELECT pg_advisory_lock($gate->{key})");
	$gate->{pass} = "SELECT pg_advisory_xact_lock_shared($gate->{key})";
	return $gate;
}

sub open_gate
{
	my ($gate) = @_;

	$gate->{holder}->disconnect;
	return;
}

sub wait_at_gate
{
	my ($gate) = @_;

	return wait_for($client,
		"SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = $gate->{key} AND NOT granted"
	);
}

sub submit_as
{
	my ($role, $command, %options) = @_;

	$client->rows("SET ROLE $role");
	my $id = submit($client, $command, %options);
	$client->rows('RESET ROLE');
	return $id;
}

# What is known of a job's end, or of its being late.
sub column
{
	my ($id, $column) = @_;

	return $client->value("SELECT $column FROM jobs.jobs WHERE job_id = $id");
}

# Wait until a job has reached a last state, whichever.
sub ends
{
	my ($id) = @_;

	return wait_for($client,
		"SELECT finished IS NOT NULL FROM jobs.jobs WHERE job_id = $id");
}

# Another role's job, and that role's next ones.
my $beside_gate = new_gate();
my $beside = submit_as('beside', $beside_gate->{pass});
wait_at_gate($beside_gate);
my $beside_pid = worker_pid($client, $beside);

sub others_go_on
{
	my ($when) = @_;
	my $id = submit_as('beside', 'SELECT 1');

	ok( wait_for_status($client, $id, 'succeeded')
		  && column($beside, 'coordinator_id') eq $beside_pid,
		"$when: the jobs of others go on");
	return;
}

# A job of this role in each state, named in the result.  What waits for the gate
# is in "gate"; the pending one waits until let_pending_go().
sub jobs_of
{
	my ($role) = @_;
	my $gate = new_gate();
	my $undo_gate = new_gate();
	my %jobs = (gate => $gate, undo_gate => $undo_gate);

	$jobs{finished} = submit_as($role, "INSERT INTO ran VALUES ('finished')");
	wait_for_status($client, $jobs{finished}, 'succeeded');
	$jobs{paused} = submit_as(
		$role,
		"$gate->{pass}; INSERT INTO ran VALUES ('paused')",
		on_cancel => "INSERT INTO ran VALUES ('paused: undone')");
	wait_at_gate($gate);
	$client->rows("PAUSE JOB $jobs{paused}");
	wait_for_status($client, $jobs{paused}, 'paused');
	wait_for_idle($client, $jobs{paused});

	$jobs{running} =
	  submit_as($role, "$gate->{pass}; INSERT INTO ran VALUES ('running')");
	wait_at_gate($gate);
	$jobs{reverting} = submit_as($role, 'SELECT 1/0',
		on_cancel =>
		  "$undo_gate->{pass}; INSERT INTO ran VALUES ('reverting: undone')");
	wait_at_gate($undo_gate);
	set_conf($node, 'jobs.max_running' => 3);
	$jobs{pending} = submit_as($role, "INSERT INTO ran VALUES ('pending')");
	is( join(
			' ',
			map { status($client, $jobs{$_}) }
			  qw(finished paused running reverting pending)),
		'succeeded paused running reverting pending',
		"$role: a job in each state");
	return %jobs;
}

sub let_pending_go
{
	set_conf($node, 'jobs.max_running' => 10);
	return;
}

# Open what a role's jobs wait for.
sub let_go
{
	my (%jobs) = @_;

	open_gate($jobs{gate});
	open_gate($jobs{undo_gate});
	return;
}

# What has run since this was asked last, and as whom.
sub ran
{
	return join(
		', ',
		sort $client->rows(
			q{DELETE FROM ran RETURNING what || ' as ' || as_role}));
}

# The owners of these jobs, as they are shown.
sub owners
{
	my (%jobs) = @_;
	my $ids = join(', ', @jobs{qw(finished paused running reverting pending)});

	return $client->value(
		"SELECT string_agg(DISTINCT user_name, ' ') FROM jobs.jobs WHERE job_id IN ($ids)"
	);
}

#
# Renamed
#
$client->rows('CREATE ROLE old_name LOGIN');
my %jobs = jobs_of('old_name');
$client->rows('ALTER ROLE old_name RENAME TO new_name');
is(owners(%jobs), 'new_name', 'renamed: the jobs have the new name');
let_pending_go();
let_go(%jobs);
$client->rows("RESUME JOB $jobs{paused}");
ok(wait_for_status($client, $jobs{$_}, 'succeeded'), "renamed: $_ goes on")
  foreach qw(running pending paused);
ok(wait_for_status($client, $jobs{reverting}, 'failed'),
	'renamed: reverting goes on');
like(ran(), qr/pending as new_name/, 'renamed: jobs run under the new name');
others_go_on('renamed');

#
# Dropped
#
$client->rows('CREATE ROLE dropped LOGIN');
%jobs = jobs_of('dropped');
my $paused_too = submit_as('dropped', 'SELECT 1');
$client->rows("PAUSE JOB $paused_too");
ok(wait_for_status($client, $paused_too, 'paused'), 'dropped: paused early');
my $oid = $client->value(q{SELECT 'dropped'::regrole::oid});
my $log = log_size($node);
$client->rows('DROP ROLE dropped');
is(owners(%jobs), "unknown (OID=$oid)", 'dropped: the jobs say whose they were');
let_pending_go();
ok(wait_for_status($client, $jobs{pending}, 'failed'), 'dropped: pending fails');
like(
	column($jobs{pending}, "error || '|' || sqlstate"),
	qr/^role .*$oid.* does not exist\|28000$/,
	'dropped: the job says why');
like(log_since($node, $log), qr/role .*$oid.* does not exist/,
	'dropped: and so does the server log');
let_go(%jobs);

# They go on as a session would, up to where they need their role.
ok(ends($jobs{$_}), "dropped: $_ comes to an end") foreach qw(running reverting);
$client->rows("CANCEL JOB $jobs{paused}; RESUME JOB $paused_too");
ok(wait_for_status($client, $jobs{paused}, 'revert-failed'),
	'dropped: nobody can do the clean-up of one that was paused');
like(
	column($jobs{paused}, q{error || '|' || revert_error}),
	qr/^job canceled by user\|role .*$oid.* does not exist$/,
	'dropped: it says why');
ok(wait_for_status($client, $paused_too, 'failed'), 'dropped: resume fails');
unlike(ran(), qr/pending|paused/, 'dropped: nothing has run that had to start');
others_go_on('dropped');
$client->rows('CREATE ROLE leaver LOGIN');
my $leaver = WireClient->new($node, user => 'leaver');
$client->rows('DROP ROLE leaver');
like(join(' ', $leaver->run(q{SELECT jobs.submit('SELECT 1')})),
	qr/ErrorResponse 42704 role \d+ does not exist/,
	'dropped: a session that it has still submits nothing');
$leaver->disconnect;

#
# NOLOGIN
#
$client->rows('CREATE ROLE nologin LOGIN');
%jobs = jobs_of('nologin');
$client->rows('ALTER ROLE nologin NOLOGIN');
let_pending_go();
my $end = $old_server ? 'failed' : 'succeeded';
ok(wait_for_status($client, $jobs{pending}, $end), "NOLOGIN: pending $end");
like(
	column($jobs{pending}, 'error'),
	$old_server ? qr/^role "nologin" is not permitted to log in$/ : qr/^$/,
	'NOLOGIN: the job says why');
let_go(%jobs);
ok(wait_for_status($client, $jobs{running}, 'succeeded'),
	'NOLOGIN: running goes on');
ok(wait_for_status($client, $jobs{reverting}, 'failed'),
	'NOLOGIN: reverting goes on');
wait_for_idle($client, $jobs{running});
$client->rows("RESUME JOB $jobs{paused}");
if ($old_server)
{
	ok(wait_for_status($client, $jobs{paused}, 'revert-failed'),
		'NOLOGIN: nobody can undo what was resumed');
	like(column($jobs{paused}, q{error || '|' || revert_error}),
		qr/^role "nologin" is not permitted to log in\|role "nologin"/,
		'NOLOGIN: it says why');
	ran();
	$client->rows("ALTER ROLE nologin LOGIN; CANCEL JOB $jobs{paused}");
	ok(wait_for_status($client, $jobs{paused}, 'failed'),
		'NOLOGIN: until the role may log in again');
	is(ran(), 'paused: undone as nologin', 'NOLOGIN: what it has begun is undone');
	$client->rows('ALTER ROLE nologin NOLOGIN');
	my @answer =
	  $client->run(q{SET ROLE nologin; SELECT jobs.submit('SELECT 1')});
	like(
		$answer[-1],
		qr/^ErrorResponse 28000 role "nologin" is not permitted to log in/,
		'NOLOGIN: no new jobs');
}
else
{
	ok(wait_for_status($client, $jobs{paused}, 'succeeded'),
		'NOLOGIN: resume goes on');
}
$client->rows('RESET ROLE');
ran();
others_go_on('NOLOGIN');

#
# Connections: a worker is none of those that are limited
#
$client->rows(
	'CREATE ROLE limited LOGIN CONNECTION LIMIT 0; CREATE ROLE crowd LOGIN');
ok( wait_for_status($client, submit_as('limited', 'SELECT 1'), 'succeeded'),
	'CONNECTION LIMIT 0: a job runs');
my @crowd = map { WireClient->new($node, user => 'crowd') } 1 .. 2;
$client->rows('ALTER ROLE crowd CONNECTION LIMIT 1');
ok( wait_for_status($client, submit_as('crowd', 'SELECT 1'), 'succeeded'),
	'too many connections: a job runs');
others_go_on('too many connections');
$_->disconnect foreach @crowd;

#
# Password, settings
#
$client->rows(
	q{
CREATE ROLE expired LOGIN PASSWORD 'secret' VALID UNTIL '2000-01-01';
CREATE ROLE no_schema LOGIN;
ALTER ROLE no_schema SET search_path = no_such_schema;
CREATE ROLE no_library LOGIN;
ALTER ROLE no_library SET session_preload_libraries = 'no_such_library';
CREATE ROLE short_of_memory;
CREATE ROLE no_role LOGIN IN ROLE short_of_memory;
ALTER ROLE no_role SET role = short_of_memory;
CREATE ROLE no_time LOGIN;
ALTER ROLE no_time SET statement_timeout = 1;
CREATE ROLE read_only LOGIN;
DROP ROLE short_of_memory});
foreach my $role (qw(expired no_schema no_library no_role))
{
	ok( wait_for_status($client, submit_as($role, 'SELECT 1'), 'succeeded'),
		"$role: a job runs");
}
my $job = submit_as('no_role', "INSERT INTO ran VALUES ('no_role')");
ok(wait_for_status($client, $job, 'succeeded'), 'no_role: and the next one');
is(ran(), 'no_role as no_role', 'no_role: as its owner');
$job = submit_as('no_time', 'SELECT pg_sleep(100000)');
ok(wait_for_status($client, $job, 'failed'), 'statement_timeout: the job fails');
is( column($job, "error || '|' || sqlstate"),
	'canceling statement due to statement timeout|57014',
	'statement_timeout: and says why');
$client->rows('ALTER ROLE read_only SET default_transaction_read_only = on');
$job = submit_as('read_only', "INSERT INTO ran VALUES ('read_only')");
ok(wait_for_status($client, $job, 'failed'),
	'default_transaction_read_only: the job fails');
is(column($job, 'sqlstate'), '25006', 'and says why');
others_go_on('settings');

#
# CONNECT
#
$client->rows('CREATE ROLE revoked LOGIN');
%jobs = jobs_of('revoked');
$client->rows('REVOKE CONNECT ON DATABASE postgres FROM PUBLIC');
let_pending_go();

# A worker that is there already was let in, as a session was.
ok(ends($jobs{pending}), 'REVOKE CONNECT: pending comes to an end');
$client->rows('CREATE ROLE outsider LOGIN');
$job = submit_as('outsider', "INSERT INTO ran VALUES ('outsider')");
ok(wait_for_status($client, $job, 'failed'),
	'REVOKE CONNECT: a job that needs a new worker fails');
is( column($job, "error || '|' || sqlstate"),
	'permission denied for database "postgres"|42501',
	'REVOKE CONNECT: and says why');
others_go_on('REVOKE CONNECT');
$client->rows('GRANT CONNECT ON DATABASE postgres TO PUBLIC');
let_go(%jobs);
ok(wait_for_status($client, $jobs{running}, 'succeeded'),
	'REVOKE CONNECT: running goes on');
ok(wait_for_status($client, $jobs{reverting}, 'failed'),
	'REVOKE CONNECT: reverting goes on');
$client->rows("CANCEL JOB $jobs{paused}");
ok(wait_for_status($client, $jobs{paused}, 'canceled'),
	'REVOKE CONNECT: the paused one can be cancelled');
ran();

#
# Membership
#
$client->rows('CREATE ROLE team LOGIN; CREATE ROLE member LOGIN IN ROLE team');
my $member = WireClient->new($node, user => 'member');
my $gate = new_gate();
$job = submit_as('team', $gate->{pass});
wait_at_gate($gate);
is($member->value("SELECT status FROM jobs.jobs WHERE job_id = $job"),
	'running', 'membership: a member sees the job');
$member->rows(
	"BEGIN; DECLARE held CURSOR WITH HOLD FOR SELECT job_id FROM jobs.jobs; COMMIT"
);
$client->rows('REVOKE team FROM member');
is( $member->value(
		"SELECT (SELECT count(*) FROM jobs.jobs) + (SELECT count(*) FROM jobs.live()) + (SELECT count(*) FROM jobs.messages)"
	),
	0,
	'membership revoked: nothing is seen');
my @answer = $member->run("CANCEL JOB $job");
like($answer[-1], qr/^ErrorResponse 42501/,
	'membership revoked: nothing is controlled');
open_gate($gate);
ok(wait_for_status($client, $job, 'succeeded'),
	'membership revoked: the job goes on');

#
# SUPERUSER
#
$client->rows('CREATE ROLE demoted LOGIN SUPERUSER');
$gate = new_gate();
$job = submit_as('demoted', "$gate->{pass}; TABLE ran; CREATE ROLE escalated SUPERUSER");
wait_at_gate($gate);
$client->rows('ALTER ROLE demoted NOSUPERUSER');
open_gate($gate);
ok(wait_for_status($client, $job, 'failed'),
	'NOSUPERUSER: a running job has lost its rights');
is(column($job, 'sqlstate'), '42501', 'NOSUPERUSER: and says so');
wait_for_idle($client, $job);
$job = submit_as('demoted',
	'SET SESSION AUTHORIZATION beside; CREATE ROLE escalated');
ok(wait_for_status($client, $job, 'failed'),
	'NOSUPERUSER: so has the next one, of the same worker or not');
is(column($job, 'sqlstate'), '42501', 'NOSUPERUSER: it says so');
is($client->value("SELECT count(*) FROM pg_roles WHERE rolname = 'escalated'"),
	0, 'NOSUPERUSER: nothing was done');
others_go_on('NOSUPERUSER');

#
# REASSIGN OWNED: the jobs are the new owner's, and run when that one resumes
# them.
#
$client->rows(
	q{
CREATE ROLE leaver LOGIN;
CREATE ROLE heir LOGIN;
CREATE ROLE stranger LOGIN});
$client->rows('CREATE DATABASE elsewhere');
my $elsewhere = WireClient->new($node, database => 'elsewhere');
$elsewhere->rows('CREATE EXTENSION cancel_job');
ran();
%jobs = jobs_of('leaver');
$elsewhere->rows('SET ROLE leaver');
my $other = submit($elsewhere, 'SELECT 1');
my $stranger = WireClient->new($node, user => 'stranger');
like(
	join('', $stranger->run('REASSIGN OWNED BY leaver TO stranger')),
	qr/^ErrorResponse 42501/,
	'REASSIGN OWNED: not for everybody');
$client->rows('BEGIN; REASSIGN OWNED BY leaver TO heir; ROLLBACK');
$client->rows('REASSIGN OWNED BY heir TO heir');
is(owners(%jobs), 'leaver', 'REASSIGN OWNED: nothing has happened yet');
@answer = $client->run('REASSIGN OWNED BY leaver TO heir');
is_deeply(
	\@answer,
	[
		'NoticeResponse 00000 4 unfinished jobs of role "leaver" are paused',
		'CommandComplete REASSIGN OWNED'
	],
	'REASSIGN OWNED: says what it did');
is(owners(%jobs), 'heir', 'REASSIGN OWNED: the jobs are the new owner\'s');
is( $elsewhere->value("SELECT user_name FROM jobs.jobs WHERE job_id = $other"),
	'leaver', 'REASSIGN OWNED: in this database only');
let_pending_go();
ok(wait_for_status($client, $jobs{$_}, 'paused'), "REASSIGN OWNED: $_ is paused")
  foreach qw(running pending reverting paused);
is(status($client, $jobs{finished}),
	'succeeded', 'REASSIGN OWNED: a finished one stays so');
is( column($jobs{running}, 'request_reason'),
	'reassigned from role "leaver" to "heir"',
	'REASSIGN OWNED: the job says why it is paused');
ok( wait_for($client,
		"SELECT count(*) = 1 FROM jobs.messages WHERE job_id = $jobs{paused} AND kind = 'notice' AND message = 'reassigned from role \"leaver\" to \"heir\"'"
	),
	'REASSIGN OWNED: the job\'s messages tell it');
let_go(%jobs);
is( ran(),
	'finished as leaver',
	'REASSIGN OWNED: nothing has run with the new owner\'s rights');
wait_for_idle($client, $jobs{running});
my $leaver = WireClient->new($node, user => 'leaver');
like(
	join('', $leaver->run("RESUME JOB $jobs{running}")),
	qr/^ErrorResponse 42501/,
	'REASSIGN OWNED: the old owner has no say any more');
$leaver->disconnect;
$elsewhere->rows('RESET ROLE; DROP OWNED BY leaver');
$client->rows('DROP ROLE leaver');
my $heir = WireClient->new($node, user => 'heir');
$heir->rows("RESUME JOBS VALUES ($jobs{running}), ($jobs{pending}), ($jobs{reverting}), ($jobs{paused})");
ok(wait_for_status($client, $jobs{$_}, 'succeeded'),
	"REASSIGN OWNED: $_ goes on, resumed")
  foreach qw(running pending paused);
ok(wait_for_status($client, $jobs{reverting}, 'failed'),
	'REASSIGN OWNED: reverting goes on, resumed');
is( ran(),
	'paused as heir, pending as heir, reverting: undone as heir, running as heir',
	'REASSIGN OWNED: as the new owner');
others_go_on('REASSIGN OWNED');

# A cancel that has something to undo becomes a paused clean-up.
$client->rows('CREATE ROLE leaver LOGIN');
%jobs = jobs_of('leaver');
$client->rows(
	"BEGIN; CANCEL JOB $jobs{paused}; REASSIGN OWNED BY leaver TO heir; COMMIT");
let_pending_go();
ok(wait_for_status($client, $jobs{paused}, 'paused'),
	'REASSIGN OWNED: a requested cancel is paused');
let_go(%jobs);
ran();
$heir->rows("RESUME JOB $jobs{paused}");
ok(wait_for_status($client, $jobs{paused}, 'canceled'),
	'REASSIGN OWNED: and comes about, resumed');
is(ran(), 'paused: undone as heir', 'REASSIGN OWNED: with its clean-up');
$client->rows("CANCEL JOB $jobs{pending}; CANCEL JOB $jobs{running}");

# Who has the new owner's rights anyway need not be held up.
$client->rows('GRANT heir TO leaver');
%jobs = jobs_of('leaver');
is_deeply(
	[ $client->run('REASSIGN OWNED BY leaver TO heir') ],
	['CommandComplete REASSIGN OWNED'],
	'REASSIGN OWNED to a role of the owner\'s: nothing to tell');
let_pending_go();
let_go(%jobs);
ok(wait_for_status($client, $jobs{$_}, 'succeeded'),
	"REASSIGN OWNED to a role of the owner's: $_ goes on")
  foreach qw(running pending);
ok(wait_for_status($client, $jobs{reverting}, 'failed'),
	'REASSIGN OWNED to a role of the owner\'s: reverting goes on');
is(status($client, $jobs{paused}),
	'paused', 'REASSIGN OWNED to a role of the owner\'s: paused stays so');
is( ran(),
	'finished as leaver, pending as heir, reverting: undone as leaver, running as leaver',
	'REASSIGN OWNED to a role of the owner\'s: a run goes on as it began');
is($client->value("SELECT runs FROM jobs.jobs WHERE job_id = $jobs{running}"),
	'1', 'REASSIGN OWNED to a role of the owner\'s: once');
$client->rows("CANCEL JOB $jobs{paused}");
ok(ends($jobs{paused}),
	'REASSIGN OWNED to a role of the owner\'s: paused can be cancelled');
ran();

#
# DROP OWNED: what has not finished is cancelled.
#
%jobs = jobs_of('leaver');
like(
	join('', $stranger->run('DROP OWNED BY leaver')),
	qr/^ErrorResponse 42501/,
	'DROP OWNED: not for everybody');
$client->rows('BEGIN; DROP OWNED BY leaver; ROLLBACK');
is(status($client, $jobs{running}),
	'running', 'DROP OWNED: nothing has happened yet');
$client->rows('DROP OWNED BY leaver');
let_pending_go();
ok(wait_for_status($client, $jobs{$_}, 'canceled'), "DROP OWNED: $_ is cancelled")
  foreach qw(running pending paused);
is( column($jobs{pending}, 'request_reason'),
	'what role "leaver" owns was dropped',
	'DROP OWNED: the job says why');
is(status($client, $jobs{reverting}),
	'reverting', 'DROP OWNED: a clean-up goes on');
is(owners(%jobs), 'leaver', 'DROP OWNED: the history stays');
let_go(%jobs);
ok(wait_for_status($client, $jobs{reverting}, 'failed'),
	'DROP OWNED: to its end');
wait_for_idle($client, $jobs{reverting});
is( ran(),
	'finished as leaver, paused: undone as leaver, reverting: undone as leaver',
	'DROP OWNED: what was begun is undone');

# By a job, which is not its own victim.
$gate = new_gate();
my $victim = submit_as('leaver', $gate->{pass});
wait_at_gate($gate);
$job = submit_as('leaver', 'DROP OWNED BY CURRENT_USER');
ok(wait_for_status($client, $job, 'succeeded'), 'DROP OWNED in a job');
ok(wait_for_status($client, $victim, 'canceled'),
	'DROP OWNED in a job: the others are cancelled');
open_gate($gate);
wait_for_idle($client, $job);
$client->rows('DROP ROLE leaver');
others_go_on('DROP OWNED');

open_gate($beside_gate);
ok(wait_for_status($client, $beside, 'succeeded'),
	'the job beside it all has succeeded');

done_testing();
