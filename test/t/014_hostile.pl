# What takes a server to try: the extension's owner is no superuser any more, a
# clean-up kills its own process, the owner of the database sets the
# coordinator's settings, names come in another encoding, processes and rows are
# held or signalled by others.

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
jobs.max_running = 4
jobs.revert_max_attempts = 2
});
my $client = WireClient->new($node);
my $me = $client->value('SELECT current_user');
my $version = $client->value('SHOW server_version_num');

$client->rows(
	q{
CREATE ROLE mallory LOGIN;
CREATE ROLE alice LOGIN});
my $mallory = WireClient->new($node, user => 'mallory');
my $alice = WireClient->new($node, user => 'alice');

# The process of a kind in a database.
sub process_of
{
	my ($kind, $database) = @_;

	return $client->value(
		"SELECT pid FROM pg_stat_activity WHERE backend_type = 'cancel_job $kind' AND datname IS NOT DISTINCT FROM $database"
	);
}

#
# A role that made the extension and has lost its rights must not get them back
# through the tables, which it still owns.
#
$client->rows('CREATE ROLE former LOGIN SUPERUSER');
$client->rows('CREATE DATABASE formers');
my $former =
  WireClient->new($node, user => 'former', database => 'formers');
$former->rows('CREATE EXTENSION cancel_job');
ok(wait_for_status($former, submit($former, 'SELECT 1'), 'succeeded'),
	'the extension of a superuser works');
my $log = log_size($node);
$client->rows('ALTER ROLE former NOSUPERUSER');
my $planted = $former->value(
	qq{WITH planted AS (
	INSERT INTO jobs.job (job_type, description, statement, owner, state, arguments, cancelable, automatic, database)
	SELECT 'SQL', '', '', '$me', 'pending', '{"command": "ALTER ROLE former SUPERUSER"}', true, false, oid
	FROM pg_database WHERE datname = current_database() RETURNING *)
	INSERT INTO jobs.queue (job_id, owner, job_type, priority)
	SELECT job_id, owner, job_type, 0 FROM planted RETURNING job_id});
like(
	error_of($former, q{SELECT jobs.submit('SELECT 1')}),
	qr/^ErrorResponse 55000 extension "cancel_job" is not owned by a superuser/,
	'no more jobs once its owner is none');
like(
	error_of($former, "CANCEL JOB $planted"),
	qr/^ErrorResponse 55000/,
	'no statements either');

# If nothing else has woken the coordinator, this does.
my $woken = process_of('coordinator', "'formers'");
$client->rows("SELECT pg_terminate_backend($woken)") if $woken ne '';
ok( wait_until(
		sub {
			return log_since($node, $log) =~
			  /LOG:  no jobs are run, since extension "cancel_job" is not owned by a superuser/;
		}),
	'the server log says so');
ok(wait_until(sub { return process_of('coordinator', "'formers'") eq ''; }),
	'its coordinator leaves');
is( $client->value(
		"SELECT rolsuper FROM pg_roles WHERE rolname = 'former'"),
	'f', 'the role has not got its rights back');
my $rescue = WireClient->new($node, database => 'formers');
is(status($rescue, $planted), 'pending', 'what it has planted has not run');
$rescue->rows('REASSIGN OWNED BY alice TO mallory; DROP OWNED BY mallory');
$rescue->rows(
	"DELETE FROM jobs.job WHERE job_id = $planted; DELETE FROM jobs.queue WHERE job_id = $planted; REASSIGN OWNED BY former TO CURRENT_USER"
);
ok(wait_for_status($rescue, submit($rescue, 'SELECT 1'), 'succeeded'),
	'the extension works again once a superuser owns it');
$_->disconnect foreach ($former, $rescue);

#
# A clean-up that ends its own process is tried no more often than another one.
#
my $job = submit($mallory, 'SELECT 1/0',
	on_cancel => 'SELECT pg_terminate_backend(pg_backend_pid())');
ok(wait_for_status($client, $job, 'revert-failed'),
	'a clean-up that kills its process is given up');
is( $client->value(
		"SELECT revert_error || '|' || error FROM jobs.jobs WHERE job_id = $job"),
	'terminating background worker "cancel_job worker" due to administrator command|division by zero',
	'with both errors');
is($client->value("SELECT revert_runs FROM jobs.job WHERE job_id = $job"),
	'2', 'after two attempts');
$mallory->rows("CANCEL JOB $job");
ok( wait_for(
		$client,
		"SELECT count(*) = 2 FROM jobs.messages WHERE job_id = $job AND message = 'revert-failed'"
	),
	'a cancel tries once more');

#
# Processes: mallory's rights do not reach ours, and tell nothing of others'.
#
$client->rows('GRANT pg_signal_backend TO mallory');
foreach my $kind ([ 'coordinator', "'postgres'" ], [ 'launcher', 'NULL' ])
{
	my $pid = process_of(@$kind);

	like(
		error_of($mallory, "SELECT pg_terminate_backend($pid)"),
		qr/^ErrorResponse 42501/,
		"pg_signal_backend does not reach the $kind->[0]");
}
$client->rows('REVOKE pg_signal_backend FROM mallory');
$job = submit($alice, q{SELECT pg_sleep(100000), 'secret'},
	description => 'secret');
my $pid = worker_pid($client, $job);
is( $mallory->value(
		"SELECT query FROM pg_stat_activity WHERE pid = $pid"
	),
	'<insufficient privilege>',
	'pg_stat_activity does not show others what a job does');
like(
	error_of($mallory, "SELECT pg_cancel_backend($pid)"),
	qr/^ErrorResponse 42501/,
	'nor lets them cancel it');

#
# Rows that a session locks hold up nobody else's jobs.
#
my $locked = submit($mallory, 'SELECT pg_sleep(100000)');
ok(wait_for_status($client, $locked, 'running'), 'a job of hers');
$mallory->rows("BEGIN; CANCEL JOB $locked");
ok(wait_for_status($client, submit($alice, 'SELECT 1'), 'succeeded'),
	'a request that is not committed holds up nobody');
$mallory->rows('ROLLBACK');
like(
	error_of($mallory, "BEGIN; CANCEL JOBS VALUES ($locked), ($job)"),
	qr/^ErrorResponse 42501/,
	'the rows of others cannot be locked');
$alice->rows("SET lock_timeout = '10s'; CANCEL JOB $job");
ok(wait_for_status($client, $job, 'canceled'), 'so their owner can cancel');
$mallory->rows("ROLLBACK");
$mallory->rows("CANCEL JOB $locked");
ok(wait_for_status($client, $locked, 'canceled'), 'and she hers');

#
# Settings that the owner of a database can give to every session in it.
#
$client->rows('CREATE DATABASE mallorys OWNER mallory');
my $owner =
  WireClient->new($node, user => 'mallory', database => 'mallorys');
my $guest = WireClient->new($node, database => 'mallorys');
$guest->rows('CREATE EXTENSION cancel_job');
$owner->rows("ALTER DATABASE mallorys SET $_")
  foreach (
	'role = mallory',
	'search_path = no_such_schema',
	'default_transaction_read_only = on',
	'default_transaction_isolation = serializable',
	'statement_timeout = 1',
	'lock_timeout = 1',
	'row_security = off',
	'enable_indexscan = off',
	q{client_encoding = 'LATIN1'},
	$version < 190000 ? 'standard_conforming_strings = off' : (),
	$version >= 170000 ? 'transaction_timeout = 1' : ());
ok(wait_until(sub { return process_of('coordinator', "'mallorys'") ne ''; }),
	'a coordinator in her database');
my $coordinator = process_of('coordinator', "'mallorys'");
$client->rows("SELECT pg_terminate_backend($coordinator)");
ok( wait_until(
		sub {
			my $now = process_of('coordinator', "'mallorys'");
			return $now ne '' && $now ne $coordinator;
		}),
	'a coordinator with the settings of the database\'s owner');
$guest->rows('CREATE ROLE guest LOGIN');
$guest->rows(
	'ALTER ROLE guest SET statement_timeout = 0; ALTER ROLE guest SET default_transaction_read_only = off; ALTER ROLE guest SET role = none'
);
$guest->rows('ALTER ROLE guest SET transaction_timeout = 0')
  if $version >= 170000;
$guest->rows('CREATE TABLE ran (); GRANT ALL ON ran TO guest; SET ROLE guest');
$job = submit($guest, 'INSERT INTO public.ran DEFAULT VALUES');
ok(wait_for_status($guest, $job, 'succeeded'),
	'jobs run all the same, with what their owner sets');
$guest->rows('RESET ROLE');
is($guest->value('SELECT count(*) FROM public.ran'), 1, 'and have done their work');
$_->disconnect foreach ($owner, $guest);

#
# The name of a role in the encoding of another database
#
$client->rows(
	q{CREATE DATABASE latin ENCODING LATIN1 TEMPLATE template0 LOCALE 'C'});
my $latin = WireClient->new($node, database => 'latin');
$latin->rows("CREATE ROLE \"m\xc3\xbcller\" LOGIN");
$latin->disconnect;
set_conf($node, 'jobs.max_running' => 0);
$client->rows(
	q{
DO $$
DECLARE
	foreign_name name := (SELECT rolname FROM pg_roles WHERE rolname LIKE 'm_ller');
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', foreign_name);
	PERFORM jobs.submit('SELECT 1', description => 'foreign');
	RESET ROLE;
	EXECUTE format('ALTER ROLE %I NOLOGIN', foreign_name);
END $$}) if $version < 170000;
set_conf($node, 'jobs.max_running' => 4);
SKIP:
{
	skip 'roles need not be able to log in', 2 if $version >= 170000;
	ok( wait_for(
			$client,
			q{SELECT status FROM jobs.jobs WHERE description = 'foreign'},
			'failed'),
		'the job of a role whose name is not in our encoding fails');
	my $reader = WireClient->new($node, client_encoding => 'LATIN1');
	is( $reader->value(
			q{SELECT error FROM jobs.jobs WHERE description = 'foreign'}),
		'role "m?ller" is not permitted to log in',
		'its error can be read by everybody');
}

#
# A login event trigger is none of a worker's.
#
SKIP:
{
	skip 'no login event triggers', 1 if $version < 170000;
	$client->rows(
		q{
CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
	IF session_user = 'alice' THEN
		RAISE EXCEPTION 'refused';
	END IF;
END $$;
CREATE EVENT TRIGGER refuse ON login EXECUTE FUNCTION refuse()});
	ok(wait_for_status($client, submit($alice, 'SELECT 1'), 'succeeded'),
		'a login event trigger does not stop jobs');
}

done_testing();
