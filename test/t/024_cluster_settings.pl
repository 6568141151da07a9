# Cluster settings: what SET CLUSTER SETTING returns from is everywhere, in every
# session and in the processes that run jobs, and it stays over a restart.  On a
# standby it is the standby's own.  In both protocols.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use JobsTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use WireClient;

my $node = jobs_node('main', 'jobs.max_running = 1', allows_streaming => 1);
my $client = WireClient->new($node);
my $text = 25;

#
# At once, in each session
#
my @sessions = map { WireClient->new($node) } 1 .. 8;
my $late = 0;
foreach my $rows (1001 .. 1020)
{
	is_deeply(
		[ $client->run("SET CLUSTER SETTING jobs.retention_max_rows = $rows") ],
		['CommandComplete SET CLUSTER SETTING'],
		"set to $rows")
	  if $rows == 1001;
	$client->run("SET CLUSTER SETTING jobs.retention_max_rows = $rows");
	foreach my $session (@sessions, $client)
	{
		$late++
		  if $session->value('SHOW jobs.retention_max_rows') ne $rows
		  || $session->value('SHOW CLUSTER SETTING jobs.retention_max_rows') ne
		  $rows;
	}
}
is($late, 0, 'no session has an old value');
my $new = WireClient->new($node);
is($new->value('SHOW jobs.retention_max_rows'), '1020', 'nor has a new one');
$new->disconnect;
$_->disconnect foreach @sessions;

#
# At once, in the processes that run jobs
#
my $keeper = WireClient->new($node);
$keeper->run('SELECT pg_advisory_lock(1)');
my @jobs = map { submit($client, 'SELECT pg_advisory_xact_lock(1)') } 1 .. 2;
ok(wait_for_status($client, $jobs[0], 'running'), 'one job runs');
ok( wait_for(
		$client,
		q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted}
	),
	'and waits');
is(status($client, $jobs[1]), 'pending', 'the other one may not run');
$client->run('SET CLUSTER SETTING jobs.max_running = 2');
ok(wait_for_status($client, $jobs[1], 'running'), 'now it may');
$keeper->run('SELECT pg_advisory_unlock(1)');
ok(wait_for_status($client, $_, 'succeeded'), 'it ends') foreach @jobs;
$keeper->disconnect;

#
# Command tags and messages
#
is_deeply(
	[ $client->run('RESET CLUSTER SETTING jobs.max_running') ],
	['CommandComplete SET CLUSTER SETTING'],
	'RESET');
is_deeply(
	[ $client->run('SHOW CLUSTER SETTING jobs.retention_max_rows') ],
	[
		'RowDescription jobs.retention_max_rows:20', 'DataRow 1020',
		'CommandComplete SHOW'
	],
	'SHOW');
is_deeply(
	[ $client->run('SHOW CLUSTER SETTING jobs.retention.time') ],
	[
		'RowDescription jobs.retention.time:1186', 'DataRow 336:00:00',
		'CommandComplete SHOW'
	],
	'SHOW of a duration, by the name that was given');
is_deeply(
	[ (grep { !/^DataRow/ } $client->run('SHOW CLUSTER SETTINGS')) ],
	[
		'RowDescription variable:25 value:25 setting_type:25 description:25 default_value:25 origin:25',
		'CommandComplete SHOW'
	],
	'SHOW CLUSTER SETTINGS');

#
# The extended protocol
#
$client->parse('set', 'SET CLUSTER SETTING jobs.max_attempts = $1');
$client->describe('S', 'set');
$client->sync;
is_deeply(
	[ $client->answer ],
	[ 'ParseComplete', "ParameterDescription $text", 'NoData' ],
	'the value is a text');
foreach my $value (7, 8)
{
	$client->bind('', 'set', 0, $value);
	$client->execute('');
	$client->sync;
	is_deeply(
		[ $client->answer ],
		[ 'BindComplete', 'CommandComplete SET CLUSTER SETTING' ],
		"set to $value");
	is($client->value('SHOW jobs.max_attempts'), $value, 'it is there');
}
$client->extended('SHOW CLUSTER SETTING jobs.max_attempts');
$client->sync;
is_deeply(
	[ $client->answer ],
	[
		'ParseComplete', 'BindComplete',
		'RowDescription jobs.max_attempts:20', 'DataRow 8',
		'CommandComplete SHOW'
	],
	'SHOW');
$client->parse('integer', 'SET CLUSTER SETTING jobs.max_attempts = $1', 23);
$client->bind('', 'integer', 0, 7);
$client->execute('');
$client->sync;
$client->answer;
is($client->value('SHOW jobs.max_attempts'), '7', 'the driver can say a type');
$client->extended('SELECT 1');
$client->extended('SET CLUSTER SETTING jobs.max_attempts = 9');
$client->sync;
is( (grep { /^ErrorResponse/ } $client->answer)[0],
	'ErrorResponse 25001 SET CLUSTER SETTING cannot be used inside a multi-statement transaction',
	'not behind something else in a pipeline');
$client->extended('SET CLUSTER SETTING jobs.max_attempts = 9');
$client->extended('SHOW jobs.max_attempts');
$client->extended('SELECT 1/0');
$client->sync;
is((grep { /^DataRow/ } $client->answer)[0],
	'DataRow 9', 'what comes behind it in the pipeline sees it');
is($client->value('SHOW jobs.max_attempts'),
	'9', 'and an error there does not take it back');

#
# What a role has been given is none of the cluster's
#
$client->run('CREATE ROLE keeper LOGIN');
$client->run('ALTER ROLE keeper SET jobs.max_attempts = 2');
my $other = WireClient->new($node, user => 'keeper');
is($other->value('SHOW jobs.max_attempts'), '2', 'a role has its own value');
is($other->value('SHOW CLUSTER SETTING jobs.max_attempts'),
	'9', 'the cluster has another');
is( $other->value(
		q{SELECT value, origin FROM [SHOW CLUSTER SETTINGS] WHERE variable = 'jobs.max_attempts'}
	),
	'9|override',
	'and where that is from');
$client->run('RESET CLUSTER SETTING jobs.max_attempts');
is( $other->value(
		q{SELECT value, origin FROM [SHOW CLUSTER SETTINGS] WHERE variable = 'jobs.max_attempts'}
	),
	'5|default',
	'the default, too');
is( $other->value(
		q{SELECT value, origin FROM jobs.cluster_settings WHERE variable = 'jobs.max_running'}
	),
	'1|external-override',
	'and what postgresql.conf says');

#
# A role that may set one
#
like(
	($other->run('SET CLUSTER SETTING jobs.max_running = 3'))[0],
	qr/^ErrorResponse 42501 permission denied/,
	'a role may not');
$client->run('GRANT ALTER SYSTEM ON PARAMETER jobs.max_running TO keeper');
is_deeply(
	[ $other->run('SET CLUSTER SETTING jobs.max_running = 3') ],
	['CommandComplete SET CLUSTER SETTING'],
	'it may with the privilege');
is($client->value('SHOW jobs.max_running'), '3', 'and it is done');
$other->disconnect;

#
# A standby, and a restart
#
$client->disconnect;
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->restart;
$client = WireClient->new($node);
is($client->value('SHOW CLUSTER SETTING jobs.retention_max_rows'),
	'1020', 'a setting stays over a restart');
$client->run('RESET CLUSTER SETTING jobs.retention_max_rows');

my $reader = WireClient->new($standby);
is($reader->value('SHOW CLUSTER SETTING jobs.retention_max_rows'),
	'1020', 'a standby begins with that of its primary');
is_deeply(
	[ $reader->run('SET CLUSTER SETTING jobs.retention_max_rows = 1021') ],
	['CommandComplete SET CLUSTER SETTING'],
	'it can be set there');
is($reader->value('SHOW jobs.retention_max_rows'), '1021', 'it is there');
is($client->value('SHOW jobs.retention_max_rows'),
	'1000000', 'and only there');

done_testing();
