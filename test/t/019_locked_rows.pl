# A row that a session has locked when the coordinator looks at it is looked at
# again: after a crash, and in a copy of a database.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use JobsTest;
use PostgreSQL::Test::Cluster;
use Test::More;
use WireClient;

my $node = jobs_node('main', "jobs.coordinator_idle_timeout = 0\njobs.worker_idle_timeout = 0");
my $client = WireClient->new($node);

# A session that has the job's row, when the coordinator is let go; returns once
# that one has had to do without the row.
sub lock_row
{
	my ($database, $job) = @_;
	my $locker = WireClient->new($node, database => $database);

	$locker->rows("BEGIN; SELECT FROM jobs.job WHERE job_id = $job FOR UPDATE");
	set_conf($node, 'jobs.debug_pausepoints' => '');
	ok(wait_for_status($locker, submit(WireClient->new($node, database => $database), 'SELECT 1'),
			'succeeded'), 'others go on');
	return $locker;
}

# A claim of before the crash, with a request.
my $job = submit($client, 'SELECT pg_sleep(600)');
wait_for_status($client, $job, 'running');
$client->rows("UPDATE jobs.job SET state = 'cancel-requested' WHERE job_id = $job");
$node->append_conf('postgresql.conf', "jobs.debug_pausepoints = 'coordinator.before_claim'");
$node->stop('immediate');
$node->start;
$client = WireClient->new($node);
my $locker = lock_row('postgres', $job);
is(status($client, $job), 'cancel-requested', 'a request for a locked row waits');
$locker->rows('ROLLBACK');
ok(wait_for_status($client, $job, 'canceled'), 'and is carried out later');

# A job of another database.
$client->rows('CREATE DATABASE original');
my $original = WireClient->new($node, database => 'original');
$original->rows('CREATE EXTENSION cancel_job');
$job = $original->value(
	"SELECT jobs.submit('SELECT 1', start_at => clock_timestamp() + interval '1 day')");
$original->disconnect;
# The copy stays closed until its coordinator is held: one that is held in the
# original would keep it from being copied.
$client->rows('CREATE DATABASE copy TEMPLATE original ALLOW_CONNECTIONS false');
set_conf($node, 'jobs.debug_pausepoints' => 'coordinator.before_claim');
$client->rows('ALTER DATABASE copy ALLOW_CONNECTIONS true');
$locker = lock_row('copy', $job);
is(status($locker, $job), 'pending', 'a locked job of the original waits');
$locker->rows('ROLLBACK');
ok(wait_for_status($locker, $job, 'canceled'), 'and is cancelled later');

done_testing();
