# Finished jobs go after jobs.retention_time, and when there are more than
# jobs.retention_max_rows; what is not finished stays.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use JobsTest;
use Test::More;
use WireClient;

my $node = jobs_node('retention');
my $client = WireClient->new($node);

# Make finished jobs older than they are.
sub age
{
	my ($which, $age) = @_;

	$client->rows("UPDATE jobs.message SET recorded = recorded - interval '$age'"
		  . " WHERE job_id IN (SELECT job_id FROM jobs.job WHERE $which)");
	$client->rows("UPDATE jobs.job SET finished = finished - interval '$age' WHERE $which");
	return;
}

# How many jobs there are, and messages of jobs that are not there.
sub jobs
{
	return $client->value('SELECT count(*) FROM jobs.job');
}

sub orphans
{
	return $client->value('SELECT count(*) FROM (SELECT job_id FROM jobs.message'
		  . ' UNION ALL SELECT job_id FROM jobs.progress_point) m WHERE NOT EXISTS'
		  . ' (SELECT FROM jobs.job j WHERE j.job_id = m.job_id)');
}

$client->rows(q{SELECT count(jobs.submit('SELECT 1')) FROM generate_series(1, 2499)});
my $reporter = submit($client, 'SELECT jobs.report_progress(0.5)');
wait_for_status($client, $reporter, 'succeeded');
is($client->value("SELECT progress_fraction FROM jobs.job_progress_history($reporter) LIMIT 1"),
	1, 'a job has told its progress');
my $failed = submit($client, 'SELECT 1 / 0');
my $paused = submit($client, 'SELECT pg_sleep(600)');
wait_for_status($client, $paused, 'running');
$client->rows("PAUSE JOB $paused");
wait_for_status($client, $paused, 'paused');
wait_for($client, "SELECT count(*) = 1 FROM jobs.queue");
is(jobs(), 2502, 'all jobs are there');

age("state = 'succeeded' AND job_id > 10", '2 days');
set_conf($node, 'jobs.retention_time' => '1d');
ok(wait_for($client, 'SELECT count(*) = 12 FROM jobs.job'),
	'jobs beyond the retention time go, in several batches');
is(orphans(), 0, 'and their messages and progress');

# A row that a session has locked, and a clean-up that goes on.
my $locker = WireClient->new($node);
my $revived = submit($client, 'SELECT 1 / 0', on_cancel => 'SELECT 1 / 0');
set_conf($node, 'jobs.revert_max_attempts' => 1);
wait_for_status($client, $revived, 'revert-failed');
age("finished IS NOT NULL", '2 days');
$locker->rows("BEGIN; SELECT FROM jobs.job WHERE job_id = $failed FOR UPDATE");
$locker->rows("SELECT FROM jobs.job WHERE job_id = $revived FOR UPDATE");
set_conf($node, 'jobs.retention_time' => '23h');
ok(wait_for($client, 'SELECT count(*) = 3 FROM jobs.job'), 'locked rows hold nobody up');
$locker->rows("UPDATE jobs.job SET state = 'paused', finished = NULL WHERE job_id = $revived; COMMIT");
set_conf($node, 'jobs.retention_time' => '22h');
ok(wait_for($client, 'SELECT count(*) = 2 FROM jobs.job'), 'they go next time');
is( $client->value('SELECT string_agg(job_id::text, \' \' ORDER BY job_id) FROM jobs.job'),
	"$paused $revived",
	'what is not finished stays, whatever its age');

# The number of rows: the newest are kept.
$client->rows(q{SELECT count(jobs.submit('SELECT 1')) FROM generate_series(1, 100)});
wait_for($client, 'SELECT count(*) = 1 FROM jobs.queue');
$client->rows('ANALYZE jobs.job');
set_conf($node, 'jobs.retention_max_rows' => 10);
ok(wait_for($client, "SELECT count(*) = 10 FROM jobs.job WHERE state = 'succeeded'"),
	'jobs beyond the number of rows go');
is( $client->value(
		"SELECT min(job_id) > $revived + 50 FROM jobs.job WHERE state = 'succeeded'"),
	't', 'the oldest ones');
is(orphans(), 0, 'and their messages, too');

$client->rows("CANCEL JOB $paused");
done_testing();
