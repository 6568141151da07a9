# Every form of the statements about jobs, owners, privileges and settings in both
# protocols: types of parameters, the row description before and after it is
# bound, rows in portions, the tag; in cursors and COPY; and what a client that
# waits for a job is told meanwhile.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use JobsTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use WireClient;

# No job ever starts here: what is submitted stays pending.
my $node = jobs_node('main', 'jobs.max_running = 0');
my $client = WireClient->new($node);

my @jobs = map { submit($client, 'SELECT 1') } 1 .. 3;
$client->rows("UPDATE jobs.job SET created_by_type = 'crdb_schedule', created_by_id = 5"
	  . " WHERE job_id IN ($jobs[0], $jobs[1])");
$client->rows("UPDATE jobs.job SET automatic = true WHERE job_id = $jobs[2]");
$client->rows('CREATE ROLE maxroach');

my $list = 'job_id:20 job_type:25 description:25 user_name:25 status:25'
  . ' running_status:25 created:1184 started:1184 finished:1184 modified:1184'
  . ' fraction_completed:701 error:25 coordinator_id:20';
my $named = $list =~ s/description:25/description:25 statement:25/r
  . ' trace_id:20 execution_errors:1009';
my $changefeeds = 'job_id:20 description:25 user_name:25 status:25'
  . ' running_status:25 created:1184 started:1184 finished:1184 modified:1184'
  . ' high_water_timestamp:1700 readable_high_water_timestamptz:1184 error:25'
  . ' sink_uri:25 full_table_names:1009 topics:25 format:25';
my $settings = 'variable:25 value:25 setting_type:25 description:25 default_value:25 origin:25';
my $all_settings = $settings =~ s/setting_type:25/setting_type:25 public:16/r;
my $grants = 'grantee:25 privilege_type:25 is_grantable:16';
my $count =
  $client->value('SELECT count(*) FROM jobs.show_cluster_settings()');
my $all_count =
  $client->value('SELECT count(*) FROM jobs.show_all_cluster_settings()');

#
# Statements with rows: columns, number of rows, tag, types and values of
# parameters
#
my @shows = (
	[ 'SHOW JOBS', $list, 2, 'SHOW JOBS 2', '' ],
	[ 'SHOW AUTOMATIC JOBS', $list, 1, 'SHOW JOBS 1', '' ],
	[ 'SHOW JOB $1', $named, 1, 'SHOW JOBS 1', '20', $jobs[0] ],
	[ 'SHOW JOBS SELECT unnest($1::int8[])', $named, 3, 'SHOW JOBS 3',
		'1016', '{' . join(',', @jobs) . '}' ],
	[ 'SHOW JOBS VALUES ($1::int8), ($2)', $named, 2, 'SHOW JOBS 2',
		'20 20', $jobs[0], $jobs[2] ],
	[ 'SHOW JOBS FOR SCHEDULE $1', $named, 2, 'SHOW JOBS 2', '20', 5 ],
	[ 'SHOW JOBS FOR SCHEDULES VALUES ($1::int8)', $named, 2, 'SHOW JOBS 2',
		'20', 5 ],
	[ 'SHOW JOB WHEN COMPLETE $1', $named, 0, 'SHOW JOBS 0', '20', -1 ],
	[ 'SHOW JOBS WHEN COMPLETE SELECT $1::int8', $named, 0, 'SHOW JOBS 0',
		'20', undef ],
	[ 'SHOW JOBS WITH EXECUTION DETAILS',
		"$list plan_diagram:25 component_fraction_progressed:25",
		2, 'SHOW JOBS 2', '' ],
	[ 'SHOW JOB $1 WITH RESOLVED TIMESTAMP, EXECUTION DETAILS',
		"$named plan_diagram:25 component_fraction_progressed:25 resolved:1700",
		1, 'SHOW JOBS 1', '20', $jobs[1] ],
	[ 'SHOW CHANGEFEED JOBS', $changefeeds, 0, 'SHOW CHANGEFEED JOBS 0', '' ],
	[ 'SHOW CHANGEFEED JOB $1 WITH WATCHED_TABLES', $changefeeds, 0,
		'SHOW CHANGEFEED JOBS 0', '20', $jobs[0] ],
	[ 'SHOW CLUSTER SETTING jobs.retention_time',
		'jobs.retention_time:1186', 1, 'SHOW', '' ],
	[ 'SHOW CLUSTER SETTING jobs.retention.max.rows',
		'jobs.retention.max.rows:20', 1, 'SHOW', '' ],
	[ 'SHOW CLUSTER SETTING jobs.native_syntax',
		'jobs.native_syntax:16', 1, 'SHOW', '' ],
	[ 'SHOW CLUSTER SETTINGS', $settings, $count, 'SHOW', '' ],
	[ 'SHOW PUBLIC CLUSTER SETTINGS', $settings, $count, 'SHOW', '' ],
	[ 'SHOW ALL CLUSTER SETTINGS', $all_settings, $all_count, 'SHOW', '' ],
	[ 'SHOW CLUSTER SETTING ALL', $all_settings, $all_count, 'SHOW', '' ],
	[ 'SHOW SYSTEM GRANTS', $grants, 1, 'SHOW', '' ],
	[ 'SHOW SYSTEM GRANTS FOR maxroach', $grants, 0, 'SHOW', '' ]);

# Rows are only counted.
sub with_counted_rows
{
	my @messages = @_;
	my @rest = grep { !/^DataRow/ } @messages;

	return (@messages - @rest, @rest);
}

# The statement with its values in the text, for where there are no parameters.
sub with_values
{
	my ($sql, @values) = @_;

	$sql =~ s/\$(\d)/my $v = $values[$1 - 1]; defined $v ? $v =~ m(^-?\d+$) ? $v : "'$v'" : 'NULL'/ge;
	return $sql;
}

foreach my $show (@shows)
{
	my ($sql, $columns, $rows, $tag, $types, @values) = @$show;
	my $text = with_values($sql, @values);

	is_deeply(
		[ with_counted_rows($client->run($text)) ],
		[ $rows, "RowDescription $columns", "CommandComplete $tag" ],
		"$sql: simple protocol");

	$client->parse('', $sql);
	$client->describe('S', '');
	$client->bind('', '', 0, @values);
	$client->describe('P', '');
	$client->execute('');
	$client->sync;
	is_deeply(
		[ with_counted_rows($client->answer) ],
		[ $rows, 'ParseComplete', "ParameterDescription $types",
			"RowDescription $columns", 'BindComplete',
			"RowDescription $columns", "CommandComplete $tag" ],
		"$sql: extended protocol");

	# Row by row, with another statement after each; the tag counts the last
	# portion, as that of a SELECT.
	$client->parse('', $sql);
	$client->bind('p', '', 0, @values);
	foreach (1 .. $rows)
	{
		$client->execute('p', 1);
		$client->extended('SELECT 1 WHERE false');
	}
	$client->execute('p', 1);
	$client->sync;
	my (undef, @answer) = with_counted_rows($client->answer);
	is_deeply(
		[ grep { /^(PortalSuspended|CommandComplete|ErrorResponse)/ } @answer ],
		[ ('PortalSuspended', 'CommandComplete SELECT 0') x $rows,
			'CommandComplete ' . ($tag =~ s/\d+$/0/r) ],
		"$sql: row by row");

	# As a row source, in a cursor and in COPY.
	is_deeply(
		[
			with_counted_rows(
				$client->run("BEGIN; DECLARE c CURSOR FOR SELECT * FROM [$text];"
					  . "FETCH ALL FROM c; COMMIT"))
		],
		[ $rows, 'CommandComplete BEGIN', 'CommandComplete DECLARE CURSOR',
			"RowDescription $columns", "CommandComplete FETCH $rows",
			'CommandComplete COMMIT' ],
		"$sql: in a cursor");
	is_deeply(
		[
			grep { !/^CopyData/ }
			  $client->run("COPY (SELECT * FROM [$text]) TO STDOUT")
		],
		[ 'CopyOutResponse', 'CopyDone', "CommandComplete COPY $rows" ],
		"$sql: in COPY");
}

#
# Statements without rows: tag, types and values of parameters
#
my $owner = $client->value('SELECT current_user');
my @commands = (
	[ 'PAUSE JOBS FOR SCHEDULES SELECT unnest($1::int8[])',
		'PAUSE JOBS FOR SCHEDULES 2', '1016', '{5}' ],
	[ 'PAUSE JOB $1 WITH REASON = $2', 'PAUSE JOBS 1', '20 25', $jobs[2],
		'a while' ],
	[ 'RESUME JOBS FOR SCHEDULE $1', 'RESUME JOBS FOR SCHEDULES 2', '20', 5 ],
	[ 'PAUSE ALL sql JOBS', 'PAUSE ALL SQL JOBS 2', '' ],
	[ 'RESUME JOBS VALUES ($1::int8), ($2)', 'RESUME JOBS 2', '20 20',
		$jobs[0], $jobs[1] ],
	[ 'RESUME ALL sql JOBS', 'RESUME ALL SQL JOBS 1', '' ],
	[ 'CANCEL ALL import JOBS', 'CANCEL ALL IMPORT JOBS 0', '' ],
	[ 'CANCEL JOB $1 WITH REASON = because', 'CANCEL JOBS 0', '20', undef ],
	[ "ALTER JOB \$1 OWNER TO $owner", 'ALTER JOB OWNER', '20', $jobs[0] ],
	[ 'CREATE ROLE other CONTROLJOB', 'CREATE ROLE', '' ],
	[ 'ALTER ROLE other NOCONTROLJOB', 'ALTER ROLE', '' ],
	[ 'GRANT SYSTEM MODIFYCLUSTERSETTING TO other', 'GRANT', '' ],
	[ 'GRANT SYSTEM VIEWJOB, MODIFYCLUSTERSETTING TO other', 'GRANT', '' ],
	[ 'REVOKE SYSTEM MODIFYCLUSTERSETTING, VIEWJOB FROM other', 'REVOKE', '' ],
	[ 'DROP ROLE other', 'DROP ROLE', '' ],
	[ 'SET CLUSTER SETTING jobs.retention.max_rows = $1',
		'SET CLUSTER SETTING', '25', '5000' ],
	[ 'SET CLUSTER SETTING jobs.retention_time TO $1',
		'SET CLUSTER SETTING', '25', '400h' ],
	[ 'SET CLUSTER SETTING jobs.retention_time = DEFAULT',
		'SET CLUSTER SETTING', '' ],
	[ 'RESET CLUSTER SETTING jobs.retention.max_rows',
		'SET CLUSTER SETTING', '' ]);

# Between two rounds everything is as it was: a requested pause has come.
sub settle
{
	return wait_for($client,
		"SELECT count(*) = 0 FROM jobs.jobs WHERE status IN ('pause-requested', 'cancel-requested')"
	);
}

foreach my $command (@commands)
{
	my ($sql, $tag, $types, @values) = @$command;

	is_deeply([ $client->run(with_values($sql, @values)) ],
		["CommandComplete $tag"], "$sql: simple protocol");
	settle() or last;
}
foreach my $command (@commands)
{
	my ($sql, $tag, $types, @values) = @$command;

	$client->parse('', $sql);
	$client->describe('S', '');
	$client->bind('', '', 0, @values);
	$client->describe('P', '');
	$client->execute('', 1);
	$client->sync;
	is_deeply(
		[ $client->answer ],
		[ 'ParseComplete', "ParameterDescription $types", 'NoData',
			'BindComplete', 'NoData', "CommandComplete $tag" ],
		"$sql: extended protocol");
	settle() or last;
}

# A setting is set at once, also in a pipeline.
$client->extended('SET CLUSTER SETTING jobs.retention_max_rows = $1', 6000);
$client->extended('SELECT 1/0');
$client->sync;
$client->answer;
is($client->value('SHOW CLUSTER SETTING jobs.retention_max_rows'),
	'6000', 'SET CLUSTER SETTING and then an error in a pipeline');
$client->rows('RESET CLUSTER SETTING jobs.retention_max_rows');

# EXPLAIN and EXECUTE: of ours, with the tags of PostgreSQL's or ours.
is_deeply(
	[
		map { WireClient::tags($client->run($_)) }
		  'EXPLAIN SHOW SYSTEM GRANTS',
		'PREPARE s (int8) AS SHOW JOBS FOR SCHEDULE $1',
		'PREPARE g AS SHOW SYSTEM GRANTS FOR maxroach',
		'EXPLAIN ANALYZE CANCEL JOBS FOR SCHEDULE 5',
		'DEALLOCATE ALL'
	],
	[ 'EXPLAIN', 'PREPARE', 'PREPARE', 'EXPLAIN', 'DEALLOCATE ALL' ],
	'EXPLAIN and PREPARE');
is($client->value("SELECT count(*) FROM jobs.jobs WHERE status ~ 'cancel'"),
	0, 'EXPLAIN ANALYZE has requested nothing');

#
# Who waits is told of a pause and of the end, with who asked for it and why, while
# he waits.  SHOW JOB WHEN COMPLETE shows the end.
#
my $ended = 'job canceled by user with reason: no need';
my %waits = (
	'SELECT jobs.wait($1)' => qr/^NoticeResponse 57014 $ended$/,
	'SHOW JOB WHEN COMPLETE $1' => qr/^DataRow .*\|$ended\|/,
	'CALL jobs.wait_for($1)' => qr/^NoticeResponse 57014 $ended$/);
$client->rows("CREATE ROLE operator LOGIN SUPERUSER");
my $operator = WireClient->new($node, user => 'operator');
foreach my $wait (sort keys %waits)
{
	foreach my $protocol ('simple', 'extended')
	{
		my $waiter = WireClient->new($node);
		my $pid = $waiter->pid;
		my $job = submit($client, 'SELECT 1');

		if ($protocol eq 'simple') { $waiter->query(with_values($wait, $job)); }
		else { $waiter->extended($wait =~ s/\$1/\$1::int8/r, $job); $waiter->sync; }
		wait_for($client,
			"SELECT wait_event_type = 'Extension' AND wait_event IN ('Extension', 'CancelJobWaitForJobs') FROM pg_stat_activity WHERE pid = $pid"
		);
		$operator->rows("PAUSE JOB $job WITH REASON = 'lunch'");
		my @told = $waiter->read_until('NoticeResponse');
		is($told[-1],
			"NoticeResponse 55000 job $job was paused before it completed with reason: lunch",
			"$wait, $protocol: told of a pause");
		is($waiter->notice->{D}, qq{Job $job was paused by role "operator".},
			'and of who asked for it');
		$operator->rows("RESUME JOB $job");
		$operator->rows("CANCEL JOB $job WITH REASON = 'no need'");
		@told = $waiter->answer;
		ok((grep { /$waits{$wait}/ } @told), 'and of the end');
		like($told[-1], qr/^CommandComplete/, 'which is no error');
		$waiter->disconnect;
	}
}
$_->disconnect foreach ($operator, $client);

done_testing();
