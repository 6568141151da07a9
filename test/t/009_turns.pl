# Whose job comes next: priorities of an owner's jobs, turns between owners, and
# limits for each of them.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use JobsTest;
use Test::More;
use WireClient;

my $node = jobs_node('turns', "jobs.max_running = 1\nmax_worker_processes = 12");
my $client = WireClient->new($node);
my $gate = WireClient->new($node);

$client->rows('CREATE TABLE step (n serial, name text)');
$client->rows('GRANT ALL ON step, step_n_seq TO PUBLIC');
$client->rows("CREATE ROLE $_ LOGIN") foreach qw(alice bob carol);

# Submit a job that says when it ran, as a role.
sub step
{
	my ($role, $name, %plan) = @_;
	my $plan = join('', map { ", $_ => $plan{$_}" } sort keys %plan);

	$client->rows("SET ROLE $role");
	my $id = $client->value(
		"SELECT jobs.submit('INSERT INTO step (name) VALUES (''$name'')'$plan)");
	$client->rows('RESET ROLE');
	return $id;
}

# Let a job wait at the gate, so that what is submitted meanwhile has to wait.
sub close_gate
{
	my ($role) = @_;

	$client->rows('TRUNCATE step');
	$gate->rows('SELECT pg_advisory_lock(1)');
	$client->rows("SET ROLE $role");
	my $id = submit($client, 'SELECT pg_advisory_lock(1), pg_advisory_unlock(1)');
	$client->rows('RESET ROLE');
	wait_for($client,
		"SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
	return $id;
}

# Open it, and return the steps once no job is left.
sub steps_behind_gate
{
	$gate->rows('SELECT pg_advisory_unlock(1)');
	wait_for($client, 'SELECT count(*) = 0 FROM jobs.jobs WHERE finished IS NULL');
	return $client->value("SELECT string_agg(name, ' ' ORDER BY n) FROM step");
}

close_gate('alice');
step('alice', 'ordinary');
step('alice', 'urgent', priority => 10);
step('alice', 'last', priority => -10);
step('alice', 'ordinary2');
is(steps_behind_gate(), 'urgent ordinary ordinary2 last',
	"an owner's jobs come in the order of priority and submission");

close_gate('alice');
step('alice', "a$_", priority => 100) foreach 1 .. 4;
step('bob', "b$_") foreach 1 .. 2;
step('carol', 'c1', priority => -1);
my $steps = steps_behind_gate();
like($steps, qr/^(?:b1 c1 a1|c1 b1 a1|b1 a1 c1|c1 a1 b1|a1 b1 c1|a1 c1 b1) /,
	"owners take turns, whatever their priorities ($steps)");
like($steps, qr/a2 a3 a4$|a2 b2 a3 a4$|b2 a2 a3 a4$/, 'and to the end');

# One long job of each owner, with room for more.
$node->append_conf('postgresql.conf',
	"jobs.max_running = 8\njobs.max_running_per_owner = 1");
$node->restart;
$client = WireClient->new($node);
$gate = WireClient->new($node);
close_gate('alice');
my $second = step('alice', 'second');
my $other = step('bob', 'other');
ok(wait_for_status($client, $other, 'succeeded'), "another owner's job runs");
is(status($client, $second), 'pending', 'a second one of the same owner waits');
is(steps_behind_gate(), 'other second', 'and runs when the first is done');

done_testing();
