# The plans of a claim and of what is due do not hang on the statistics of the moment
# at which they are made, nor on what is set for a session: the jobs and schedules
# that wait for their time are not looked at.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use JobsTest;
use PostgreSQL::Test::Cluster;
use Test::More;
use WireClient;

my $node = jobs_node('main');
my $client = WireClient->new($node);
$client->rows("SELECT count(jobs.submit('SELECT 1', start_at => now() + interval '1 day'))"
	  . ' FROM generate_series(1, 2000)');
$client->rows('SELECT count(s.schedule_id) FROM generate_series(1, 2000) n,'
	  . " jobs.create_schedule('waits ' || n, 'SELECT 1', '\@yearly', first_run => now() + interval '1 day') s");
$client->rows("ANALYZE jobs.$_") foreach 'job', 'queue', 'schedule';
# The coordinator of now has plans.
$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'cancel_job, auto_explain'
auto_explain.log_min_duration = 0
auto_explain.log_nested_statements = on
auto_explain.log_analyze = on
enable_indexscan = off
enable_nestloop = off
CONF
$node->restart;
$client = WireClient->new($node);

my $size = log_size($node);
my $job = submit($client, 'SELECT 1');
ok(wait_for_status($client, $job, 'succeeded'), 'a job runs beside 2000 that wait');
my $log = log_since($node, $size);
like($log, qr/WITH RECURSIVE owners/, 'the plan of the claim is in the log');
like($log, qr/Index Scan using queue_ready_idx on queue q_1 .* rows=\d/,
	'it takes the jobs that are due in their order');

$size = log_size($node);
my $schedule = $client->value("SELECT schedule_id FROM jobs.create_schedule('due', 'SELECT 1', '\@yearly', first_run => now())");
ok( wait_for($client, "SELECT count(*) = 1 FROM jobs.schedule_runs WHERE schedule_id = $schedule AND outcome = 'succeeded'"),
	'a schedule is due beside 2000 that wait');
like(log_since($node, $size), qr/Index Scan using schedule_next_run_idx on schedule s [^\n]* rows=[01](\.00)? loops=1\)\s+Index Cond: \(next_run <= /,
	'only those that are due are looked at');

done_testing();
