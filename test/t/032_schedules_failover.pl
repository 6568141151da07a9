# Schedules on a standby: they can be read there, and not changed; none runs.  Once it
# is promoted, it goes on with them: what came due meanwhile runs once, and what the
# primary had started does not run again.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use JobsTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use WireClient;

my $first = jobs_node('first', "jobs.coordinator_idle_timeout = '100ms'", allows_streaming => 1);
my $client = WireClient->new($first);
$client->rows('CREATE TABLE ran (what text)');

sub create
{
	my ($label, $first_run) = @_;

	return $client->value(
		"SELECT schedule_id FROM jobs.create_schedule('$label', 'INSERT INTO ran VALUES (''$label'')', '\@every 1h', first_run => $first_run)");
}

# One that has run, one that is due when no primary is there, one that is due while
# the primary is held before it commits, one that is paused.
my $done = create('done', 'now()');
ok(wait_for($client, "SELECT outcome = 'succeeded' FROM jobs.schedule_runs WHERE schedule_id = $done"),
	'a schedule runs on the primary');
my $missed = create('missed', "now() + interval '150 minutes'");
my $paused = create('paused', "now() + interval '1 minute'");
$client->rows("PAUSE SCHEDULE $paused");

$first->backup('for_second');
my $second = PostgreSQL::Test::Cluster->new('second');
$second->init_from_backup($first, 'for_second', has_streaming => 1);
# on the standby it is late already
$second->append_conf('postgresql.conf', "jobs.debug_clock_offset = '5h'");
$second->start;

set_conf($first, 'jobs.debug_pausepoints' => 'schedule.before_commit');
my $held = create('held', 'now()');
ok(wait_for_pausepoint($client, 'schedule.before_commit'),
	'the primary is about to start another');
$first->wait_for_catchup($second, 'replay');

my $reader = WireClient->new($second);
foreach my $sql (
	'SELECT id, label, schedule_status, next_run, state FROM [SHOW SCHEDULES]',
	'SHOW CREATE ALL SCHEDULES',
	'SELECT * FROM jobs.schedules',
	'SELECT * FROM jobs.schedule_runs',
	"SELECT job_id, status FROM [SHOW JOBS FOR SCHEDULE $done]")
{
	is($reader->value($sql), $client->value($sql), "the same on the standby: $sql");
}
foreach my $sql (
	q{CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING '@daily'},
	q{CREATE SCHEDULE a FOR BACKUP INTO 'x' RECURRING '@daily'},
	"ALTER BACKUP SCHEDULE $done SET LABEL a",
	"PAUSE SCHEDULE $done", "RESUME SCHEDULE $paused", "DROP SCHEDULE $done",
	"EXECUTE SCHEDULE $done", "SELECT jobs.execute_schedules(ARRAY[$done])",
	"CANCEL JOBS FOR SCHEDULE $done")
{
	like(($reader->run($sql))[-1], qr/^ErrorResponse 25006 /, "refused on the standby: $sql");
}
is($second->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'cancel_job coordinator'}),
	0, 'nothing is started there');

# The primary is gone.
$client->disconnect;
$first->stop('immediate');
$second->promote;
ok( wait_for($reader, "SELECT count(*) = 4 FROM jobs.schedule_runs WHERE outcome = 'succeeded'"),
	'promoted, it runs what is due');
is( $reader->value('SELECT label, missed, outcome FROM jobs.schedule_runs ORDER BY run_id'),
	"done|0|succeeded\nheld|5|succeeded\ndone|4|succeeded\nmissed|2|succeeded",
	'once each, in the order of their times, however many were missed');
is($reader->value('SELECT what, count(*) FROM ran GROUP BY what ORDER BY what'),
	"done|2\nheld|1\nmissed|1", 'their effects are there once, too');
is($reader->value("SELECT schedule_status FROM jobs.schedules WHERE schedule_id = $paused"),
	'PAUSED', 'what is paused stays so');
is($reader->value("SELECT count(*) FROM jobs.schedules WHERE state <> ''"),
	0, 'and nothing is taken for a copy');
is(join(' ', WireClient::tags($reader->run("RESUME SCHEDULE $paused"))),
	'RESUME SCHEDULES 1', 'they are controlled there now');

$second->stop;
done_testing();
