# The statements in the wire protocol, message by message: what Parse and
# Describe say of them, in which order the answers come, every command tag in
# its place and nowhere else; and that an ordinary syntax error is, in all its
# fields, the one of a server without the extension.

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
my $int8 = 20;

my @jobs = map { submit($client, 'SELECT 1') } 1 .. 5;
my $job = $jobs[0];

# The messages of SHOW JOBS, in which rows are only counted.
sub without_rows
{
	return grep { !/^DataRow/ } @_;
}

sub columns_of
{
	my ($description) = grep { /^RowDescription/ } @_;
	my (undef, @columns) = split(' ', $description // '');

	return @columns;
}

my @list_columns = (
	'job_id:20', 'job_type:25', 'description:25', 'user_name:25',
	'status:25', 'running_status:25', 'created:1184', 'started:1184',
	'finished:1184', 'modified:1184', 'fraction_completed:701', 'error:25',
	'coordinator_id:20');
my @named_columns = (
	@list_columns[ 0 .. 2 ],
	'statement:25', @list_columns[ 3 .. 12 ],
	'trace_id:20', 'execution_errors:1009');

#
# Simple protocol
#
is_deeply(
	[ $client->run("PAUSE JOB $job") ],
	['CommandComplete PAUSE JOBS 1'],
	'PAUSE JOB: only a tag');
ok(wait_for_status($client, $job, 'paused'), 'the job is paused');
is_deeply(
	[ $client->run("RESUME JOB $job") ],
	['CommandComplete RESUME JOBS 1'],
	'RESUME JOB: only a tag');
is_deeply(
	[ WireClient::tags(
			$client->run(
				"SELECT 1; CANCEL JOB $jobs[1]; SELECT 2 UNION SELECT 3;"
				  . "SHOW JOBS; CANCEL JOBS VALUES ($jobs[1]), ($jobs[2]);"
				  . "CREATE TEMP TABLE t (i int); SHOW JOB $jobs[1];"
				  . 'CANCEL JOBS SELECT 1::bigint WHERE false; SHOW work_mem')) ],
	[ 'SELECT 1', 'CANCEL JOBS 1',
		'SELECT 2', 'SHOW JOBS 5',
		'CANCEL JOBS 2', 'CREATE TABLE',
		'SHOW JOBS 1', 'CANCEL JOBS 0',
		'SHOW' ],
	'several statements in one Query: every tag, in order');

my @answer = $client->run('SHOW JOBS');
is_deeply([ columns_of(@answer) ], \@list_columns, 'SHOW JOBS: its columns');
is(scalar(grep { /^DataRow/ } @answer), 5, 'SHOW JOBS: its rows');
is($answer[-1], 'CommandComplete SHOW JOBS 5', 'SHOW JOBS: its tag');

#
# Extended protocol
#
$client->parse('cancel', 'CANCEL JOB $1');
$client->describe('S', 'cancel');
$client->sync;
is_deeply(
	[ $client->answer ],
	[ 'ParseComplete', "ParameterDescription $int8", 'NoData' ],
	'CANCEL JOB $1: an int8 parameter, no rows');

for my $format (0, 1)
{
	my $value = $format ? pack('q>', $job) : $job;

	$client->bind('', 'cancel', $format, $value);
	$client->describe('P', '');
	$client->execute('');
	$client->sync;
	is_deeply(
		[ $client->answer ],
		[ 'BindComplete', 'NoData', 'CommandComplete CANCEL JOBS 1' ],
		'CANCEL JOB $1: executed, parameter as '
		  . ($format ? 'binary' : 'text'));
}
$client->bind('', 'cancel', 0, undef);
$client->execute('');
$client->sync;
is_deeply(
	[ $client->answer ],
	[ 'BindComplete', 'CommandComplete CANCEL JOBS 0' ],
	'CANCEL JOB $1: null names no job');

# What else a client could see a difference of: the other forms, and EXECUTE.
for my $statement (
	[ 'PAUSE JOBS FOR SCHEDULE $1', 'PAUSE JOBS FOR SCHEDULES 0', '20', -1 ],
	[ 'CANCEL JOBS FOR SCHEDULES VALUES ($1::int8)', 'CANCEL JOBS FOR SCHEDULES 0', '20', -1 ],
	[ 'CANCEL JOB $1 WITH REASON = $2', 'CANCEL JOBS 1', '20 25', $job, 'why' ],
	[ 'RESUME ALL backup JOBS', 'RESUME ALL BACKUP JOBS 0', '' ],
	[ 'SHOW AUTOMATIC JOBS', 'SHOW JOBS 0', '' ],
	[ 'SHOW JOBS FOR SCHEDULE $1', 'SHOW JOBS 0', '20', -1 ],
	[ 'SHOW CHANGEFEED JOBS', 'SHOW CHANGEFEED JOBS 0', '' ],
	[ 'SHOW JOB $1 WITH EXECUTION DETAILS', 'SHOW JOBS 0', '20', -1 ])
{
	my ($sql, $tag, $types, @values) = @$statement;

	$client->parse('', $sql);
	$client->describe('S', '');
	$client->bind('', '', 0, @values);
	$client->execute('');
	$client->sync;
	my @answer = grep { !/^RowDescription|^NoData/ } $client->answer;
	is_deeply(
		\@answer,
		[
			'ParseComplete', "ParameterDescription $types",
			'BindComplete', "CommandComplete $tag"
		],
		"$sql: types and tag");
	next if @values;
	is_deeply([ WireClient::tags($client->run($sql)) ],
		[$tag], "$sql: tag in a simple query");
}
is_deeply(
	[
		map { WireClient::tags($client->run($_)) }
		  "PREPARE named AS CANCEL JOB \$1 WITH REASON = 'x'",
		"EXECUTE named ($job)",
		'DEALLOCATE named'
	],
	[ 'PREPARE', 'CANCEL JOBS 1', 'DEALLOCATE' ],
	'PREPARE and EXECUTE of a control statement');

my $good = 0;
for (1 .. 20)
{
	$client->bind('', 'cancel', 0, $job);
	$client->execute('');
	$client->sync;
	$good++
	  if join(',', $client->answer) eq
	  'BindComplete,CommandComplete CANCEL JOBS 1';
}
is($good, 20, 'CANCEL JOB $1: executed 20 times');

for my $statement (
	[ 'CANCEL JOBS SELECT unnest($1::int8[])', 'CANCEL JOBS 2', 1016 ],
	[ 'CANCEL JOBS (SELECT job_id FROM [SHOW JOBS] WHERE job_id = ANY ($1))',
		'CANCEL JOBS 2', 1016 ])
{
	my ($sql, $tag, $type) = @$statement;

	$client->parse('', $sql);
	$client->describe('S', '');
	$client->bind('', '', 0, "{$jobs[1],$jobs[2]}");
	$client->execute('');
	$client->sync;
	is_deeply(
		[ $client->answer ],
		[ 'ParseComplete', "ParameterDescription $type",
			'NoData', 'BindComplete',
			"CommandComplete $tag" ],
		$sql);
}

# What is about owners and roles has no rows, and no count.
my @role_statements = (
	[ "ALTER JOB $jobs[4] OWNER TO CURRENT_USER", 'ALTER JOB OWNER' ],
	[ 'CREATE ROLE controller CREATEDB CONTROLJOB', 'CREATE ROLE' ],
	[ 'ALTER ROLE controller NOCREATEDB NOCONTROLJOB', 'ALTER ROLE' ],
	[ 'GRANT SYSTEM CONTROLJOB, VIEWJOB TO controller', 'GRANT' ],
	[ 'REVOKE SYSTEM VIEWJOB FROM controller', 'REVOKE' ],
	[ 'GRANT viewjob TO controller', 'GRANT ROLE' ],
	[ 'DROP ROLE controller', 'DROP ROLE' ]);
is_deeply(
	[ $client->run(join('; ', map { $_->[0] } @role_statements)) ],
	[ map { "CommandComplete $_->[1]" } @role_statements ],
	'statements about owners and roles');
foreach my $statement (@role_statements)
{
	my ($sql, $tag) = @$statement;

	$client->parse('', $sql);
	$client->describe('S', '');
	$client->bind('', '', 0);
	$client->execute('');
	$client->sync;
	is_deeply(
		[ $client->answer ],
		[ 'ParseComplete', 'ParameterDescription ',
			'NoData', 'BindComplete', "CommandComplete $tag" ],
		"extended: $sql");
}

$client->parse('show', 'SHOW JOB $1');
$client->describe('S', 'show');
$client->bind('', 'show', 1, pack('q>', $job));
$client->execute('');
$client->sync;
@answer = $client->answer;
is($answer[1], "ParameterDescription $int8", 'SHOW JOB $1: an int8 parameter');
is(scalar(columns_of(@answer)), 16, 'SHOW JOB $1: 16 columns');
is_deeply([ columns_of(@answer) ],
	\@named_columns, 'SHOW JOB $1: their names and types');
is($answer[-1], 'CommandComplete SHOW JOBS 1', 'SHOW JOB $1: its tag');
is($client->{row}->[0], $job, 'SHOW JOB $1: the row asked for');

$client->extended('SHOW JOB WHEN COMPLETE $1', -1);
$client->sync;
@answer = $client->answer;
is_deeply([ columns_of(@answer) ],
	\@named_columns, 'SHOW JOB WHEN COMPLETE $1: the same columns');
is($answer[-1], 'CommandComplete SHOW JOBS 0', 'SHOW JOB WHEN COMPLETE $1: its tag');
is_deeply(
	[ WireClient::tags($client->run(
				'SHOW JOBS WHEN COMPLETE VALUES (-1), (-2); SELECT 1; SELECT * FROM [SHOW JOB WHEN COMPLETE -1]')) ],
	[ 'SHOW JOBS 0', 'SELECT 1', 'SELECT 0' ],
	'SHOW JOBS WHEN COMPLETE: its tag');

$client->parse('list', 'SHOW JOBS');
$client->describe('S', 'list');
$client->bind('', 'list', 0);
$client->describe('P', '');
$client->execute('');
$client->sync;
@answer = $client->answer;
is($answer[1], 'ParameterDescription ', 'SHOW JOBS: no parameters');
is_deeply([ columns_of($answer[2]) ],
	\@list_columns, 'SHOW JOBS: the statement\'s columns');
is_deeply([ columns_of($answer[4]) ],
	\@list_columns, 'SHOW JOBS: the portal\'s columns');
is_deeply(
	[ @answer[ 5 .. $#answer ] ],
	[ (grep { /^DataRow/ } @answer), 'CommandComplete SHOW JOBS 5' ],
	'SHOW JOBS: its rows and its tag');
$good = 0;
for (1 .. 20)
{
	$client->bind('', 'list', 0);
	$client->execute('');
	$client->sync;
	@answer = $client->answer;
	$good++ if @answer == 7 && $answer[-1] eq 'CommandComplete SHOW JOBS 5';
}
is($good, 20, 'SHOW JOBS: executed 20 times');

#
# Row limits: a portal that waits, and others in between
#
for my $name ('list', 'named')
{
	$client->parse('named', 'SHOW JOBS SELECT unnest($1::int8[])')
	  if $name eq 'named';
	$client->bind('p', $name, 0,
		$name eq 'named' ? '{' . join(',', @jobs) . '}' : ());
	$client->execute('p', 2);
	$client->extended('SELECT 7');
	$client->execute('p', 2);
	$client->extended('SET work_mem = \'1MB\'');
	$client->extended("CANCEL JOB $jobs[1]");
	$client->execute('p', 2);
	$client->extended('SELECT 8');
	$client->sync;
	@answer = without_rows($client->answer);
	shift @answer if $name eq 'named';
	is_deeply(
		\@answer,
		[ 'BindComplete', 'PortalSuspended',
			'ParseComplete', 'BindComplete', 'RowDescription ?column?:23',
			'CommandComplete SELECT 1', 'PortalSuspended',
			'ParseComplete', 'BindComplete', 'NoData',
			'CommandComplete SET', 'ParseComplete', 'BindComplete', 'NoData',
			'CommandComplete CANCEL JOBS 1', 'CommandComplete SHOW JOBS 1',
			'ParseComplete', 'BindComplete', 'RowDescription ?column?:23',
			'CommandComplete SELECT 1' ],
		"a limit of rows, \"$name\": the tag at the end and for nobody else");
}

# The portal outlives a Sync in a transaction block.
$client->run('BEGIN');
$client->bind('p', 'list', 0);
$client->execute('p', 3);
$client->sync;
@answer = $client->answer;
is($answer[-1], 'PortalSuspended', 'a portal waits');
is_deeply(
	[ WireClient::tags($client->run('SHOW work_mem; SELECT 1; TABLE pg_am LIMIT 1')) ],
	[ 'SHOW', 'SELECT 1', 'SELECT 1' ],
	'others in the meantime');
$client->execute('p', 0);
$client->sync;
is_deeply([ WireClient::tags($client->answer) ],
	['SHOW JOBS 2'], 'the rest of its rows');
$client->run('COMMIT');

#
# Pipelines
#
$client->parse('', "CANCEL JOB $jobs[1]; SELECT 1");
$client->sync;
is_deeply(
	[ $client->answer ],
	[ 'ErrorResponse 42601 cannot insert multiple commands into a prepared statement' ],
	'Parse takes one statement only');

$client->extended('CANCEL JOB $1', $jobs[1]);
$client->extended('SELECT 1');
$client->extended('SHOW JOBS');
$client->extended('PAUSE JOB $1', undef);
$client->sync;
is_deeply(
	[ WireClient::tags($client->answer) ],
	[ 'CANCEL JOBS 1', 'SELECT 1', 'SHOW JOBS 5', 'PAUSE JOBS 0' ],
	'several statements before one Sync');

$client->extended('CANCEL JOB $1', $jobs[3]);
$client->extended('CANCEL JOB $1', 0);
$client->extended('SELECT 1');
$client->sync;
$client->extended('SELECT 2');
$client->extended('DECLARE c CURSOR WITH HOLD FOR SELECT 1');
$client->sync;
is_deeply(
	[ $client->answer ],
	[ 'ParseComplete', 'BindComplete', 'NoData',
		'CommandComplete CANCEL JOBS 1',
		'ParseComplete', 'BindComplete', 'NoData',
		'ErrorResponse 42704 job with ID 0 does not exist' ],
	'an error in a pipeline: the rest is skipped');
is_deeply(
	[ WireClient::tags($client->answer) ],
	[ 'SELECT 1', 'DECLARE CURSOR' ],
	'and what follows has its own tags');
is(status($client, $jobs[3]), 'pending', 'and nothing was requested');

# A limit of rows, and then an error: the tag that was to come is forgotten.
$client->bind('p', 'list', 0);
$client->execute('p', 1);
$client->extended('SELECT 1/0');
$client->sync;
$client->extended('SELECT 3');
$client->sync;
is((grep { /^ErrorResponse/ } $client->answer)[0],
	'ErrorResponse 22012 division by zero',
	'an error while a portal waits');
is_deeply([ WireClient::tags($client->answer) ],
	['SELECT 1'], 'and an ordinary statement has the ordinary tag');

#
# Errors of ours, then ordinary statements
#
@answer = $client->run('CANCEL JOB 0');
is_deeply(
	\@answer,
	['ErrorResponse 42704 job with ID 0 does not exist'],
	'a failing CANCEL JOB');
is_deeply(
	[ WireClient::tags($client->run('SELECT 1')) ], ['SELECT 1'],
	'then a SELECT');
$client->run("BEGIN; CANCEL JOB $jobs[3]");
$client->run('CANCEL JOB 0');
is_deeply(
	[ $client->run("CANCEL JOB $jobs[3]") ],
	[ 'ErrorResponse 25P02 current transaction is aborted, '
		  . 'commands ignored until end of transaction block' ],
	'in a failed transaction');
is_deeply([ $client->run('ROLLBACK') ],
	['CommandComplete ROLLBACK'], 'ROLLBACK');
is(status($client, $jobs[3]), 'pending', 'the request was rolled back');
is_deeply(
	[ WireClient::tags(
			$client->run(
				"BEGIN; CANCEL JOB $jobs[3]; SAVEPOINT s; CANCEL JOB $jobs[4];"
				  . 'ROLLBACK TO s; SHOW JOBS; COMMIT; FETCH c'))
	],
	[ 'BEGIN', 'CANCEL JOBS 1', 'SAVEPOINT', 'CANCEL JOBS 1',
		'ROLLBACK', 'SHOW JOBS 5', 'COMMIT', 'FETCH 1' ],
	'a transaction block in one Query');
ok(wait_for_status($client, $jobs[3], 'canceled'), 'it was committed');
is(status($client, $jobs[4]), 'pending', 'but for the savepoint');
is_deeply(
	[ WireClient::tags(
			$client->run("DO \$\$ BEGIN CANCEL JOB $job; END \$\$; SELECT 1")) ],
	[ 'DO', 'SELECT 1' ],
	'a statement inside another has no tag');

#
# COPY in between
#
$client->run('CREATE TEMP TABLE copied (line text)');
$client->query("CANCEL JOB $job; COPY copied FROM STDIN; SHOW JOBS;"
	  . 'COPY copied TO STDOUT; CANCEL JOB ' . $job);
@answer = $client->read_until('CopyInResponse');
$client->send_message('d', "one\ntwo\n");
$client->send_message('c', '');
push @answer, $client->answer;
is_deeply(
	[ grep { !/^(DataRow|RowDescription)/ } @answer ],
	[ 'CommandComplete CANCEL JOBS 1', 'CopyInResponse',
		'CommandComplete COPY 2', 'CommandComplete SHOW JOBS 5',
		'CopyOutResponse', "CopyData one\n", "CopyData two\n", 'CopyDone',
		'CommandComplete COPY 2', 'CommandComplete CANCEL JOBS 1' ],
	'COPY between our statements');

#
# DISCARD ALL
#
is_deeply([ $client->run('DISCARD ALL') ],
	['CommandComplete DISCARD ALL'], 'DISCARD ALL');
$client->bind('', 'cancel', 0, $job);
$client->sync;
is_deeply(
	[ $client->answer ],
	['ErrorResponse 26000 prepared statement "cancel" does not exist'],
	'it drops the prepared statements');
for my $again ('cancel', 'list')
{
	my $sql = $again eq 'cancel' ? 'CANCEL JOB $1' : 'SHOW JOBS';

	$client->parse($again, $sql);
	$client->bind('', $again, 0, $again eq 'cancel' ? $job : ());
	$client->execute('');
	$client->sync;
	is_deeply(
		[ without_rows($client->answer) ],
		[ 'ParseComplete', 'BindComplete',
			$again eq 'cancel'
			? 'CommandComplete CANCEL JOBS 1'
			: 'CommandComplete SHOW JOBS 5' ],
		"$sql, parsed again");
}

#
# Databases in other encodings: a long description is cut in each
#
$client->rows("CREATE DATABASE $_ ENCODING '$_' TEMPLATE template0")
  foreach 'sql_ascii', 'latin1';
foreach my $database ('sql_ascii', 'latin1', 'postgres')
{
	my $other = WireClient->new($node, database => $database);

	$other->run('CREATE EXTENSION cancel_job');
	my $id = submit($other, 'SELECT 1', description => 'x' x 60 . 'y' x 60);
	my ($row) =
	  grep { /^DataRow $id\|/ } $other->run('SHOW JOBS');
	like(
		$row // 'nothing',
		$database eq 'postgres'
		? qr/\|x{60} \xE2\x80\xA6 y{7}\|/
		: qr/\|x{60} \.\.\. y{7}\|/,
		"SHOW JOBS in $database");
	$other->disconnect;
}

#
# Errors in and behind a statement of ours: all that a client looks at
#
my $usage = 'Write CANCEL JOB expression, JOBS query, JOBS FOR SCHEDULE expression,'
  . ' JOBS FOR SCHEDULES query or ALL type JOBS, with or without WITH REASON = string.';
my @ours = (
	[ 'CANCEL JOB', 'syntax error at end of input', 11, $usage ],
	[ "CANCEL JOB $job)", 'syntax error at or near ")"', 12 + length($job), $usage ],
	[ 'SELECT 1; CANCEL JOB; SELECT 2', 'syntax error at or near ";"', 21, $usage ],
	[ 'CANCEL JOBS SELECT job_id FORM t', 'syntax error at or near "t"', 32, $usage ],
	[ "SELECT '\xC3\xA4\xC3\xB6', '\xE6\xBC\xA2'; CANCEL JOB 1 1",
		'syntax error at or near "1"', 32, $usage ],
	[ 'SELECT * FROM [SHOW JOBS] WHERE', 'syntax error at end of input', 32 ],
	[ "CANCEL JOB 1; SELECT 'no end",
		'unterminated quoted string at or near "\'no end"', 22 ],
	[ 'CANCEL JOB 1; SELECT "no end',
		'unterminated quoted identifier at or near ""no end"', 22 ],
	[ 'CANCEL JOB 1; /* no end', 'unterminated /* comment at or near "/* no end"', 15 ],
	[ 'CANCEL JOB 1; SELECT $q$ no end',
		'unterminated dollar-quoted string at or near "$q$ no end"', 22 ],
	[ "CANCEL JOB 'no end",
		'unterminated quoted string at or near "\'no end"', 12, $usage ]);
foreach my $case (@ours)
{
	my ($sql, $message, $position, $hint) = @$case;
	my $printed = $sql =~ s/[^ -~]/?/gr;

	for my $protocol ('simple', 'extended')
	{
		next if $protocol eq 'extended' && $sql =~ /;.*;/;
		if ($protocol eq 'simple') { $client->query($sql); }
		else { $client->parse('', $sql); $client->sync; }
		$client->answer;
		my $error = $client->error;
		is_deeply(
			{ map { $_ => $error->{$_} } qw(S V C M P H D) },
			{
				S => 'ERROR', V => 'ERROR', C => '42601',
				M => $message, P => $position, H => $hint, D => undef
			},
			"$protocol: $printed");
	}
}

#
# Ordinary errors: field by field those of a server without the library
#
my $plain = PostgreSQL::Test::Cluster->new('plain');
$plain->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$plain->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$plain->start;
my $other = WireClient->new($plain);
is($other->value('SHOW shared_preload_libraries'),
	'', 'a server without the library');

my @ordinary = (
	'SELEC 1',
	'SELECT 1 FORM t WHERE',
	';;SELECT 1;; SELEC 2',
	'CREATE TABLE t (',
	'CREATE TABLE (a int)',
	'INSERT INTO VALUES (1)',
	'UPDATE t SET WHERE a = 1',
	'SELECT 1 +',
	'SELECT (1',
	'SELECT 1)',
	'SELECT * FROM t ORDER a',
	"SELECT 'no end",
	'SELECT "no end',
	'SELECT 1 /* no end /* nested */',
	'SELECT $tag$ no end $tg$',
	'SELECT ""',
	"SELECT E'\\u12'",
	"SELECT E'\\uD800'",
	"SELECT E'\\x00'",
	"SELECT E'\\'no end",
	"SELECT U&'\\+zzzzzz'",
	"SELECT U&'!0041' UESCAPE '+'",
	"SELECT U&\"d!0061\" UESCAPE 'ab'",
	"SELECT B'012'",
	"SELECT X'0G' FROM",
	'SELECT 1e',
	'SELECT 123abc FROM FROM',
	'SELECT $1x FROM FROM',
	'SELECT :a',
	"SELEC 'CANCEL JOB 1'",
	'SELEC 1 -- CANCEL JOB 1',
	'/* CANCEL JOB 1 */ SELEC 1',
	'SELEC 1 /* ; CANCEL JOB 1; */',
	'SELECT cancel job 1 FROM FROM',
	'SELECT "CANCEL JOB 1" FROM FROM',
	'SELECT cancel_job FROM FROM job',
	'SELECT $$ CANCEL JOB 1 $$ FROM FROM',
	"SELEC E'\\'; CANCEL JOB 1; --'",
	'CANCEL',
	'CANCEL QUERY 1',
	'CANCEL THE JOB 1',
	'CANCELJOB 1',
	'PAUSE',
	'RESUME jobber',
	'SHOW',
	'job cancel 1',
	'SELECT a[SHOW] FROM',
	"SELECT 'ünïcödé \xE6\xBC\xA2\xE5\xAD\x97' FORM FORM",
	"SELECT '\xE6\xBC\xA2' || \xE5\xAD\x97 x y z",
	"SELECT '\xE6\xBC\xA2\xE5\xAD\x97",
	"-- \xE6\xBC\xA2\xE5\xAD\x97 CANCEL JOB 1\nSELECT 1 \xC3\xBC \xC3\xA4",
	"SELECT '\xFF\xFE' FROM FROM",
	'EXPLAIN CANCEL',
	'PREPARE x AS CANCEL',
	'COPY t FROM FROM STDIN',
	'BEGIN; SELEC 1',
	'DECLARE c CURSOR FOR CANCEL',
	'DO $$ BEGIN SELEC 1; END $$',
	'DO $$ BEGIN PERFORM cancel job; END $$',
	'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELEC 1 $$',
	'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1 + ; END $$');
my %seen;

foreach my $sql (@ordinary)
{
	my $printed = $sql =~ s/[^ -~]/?/gr;

	for my $protocol ('simple', 'extended')
	{
		next if $protocol eq 'extended' && $sql =~ /;.*\w/ && $sql !~ /\$\$/;
		my @errors;
		foreach my $session ($client, $other)
		{
			$session->{error} = undef;
			if ($protocol eq 'simple') { $session->query($sql); }
			else { $session->extended($sql); $session->sync; }
			$session->answer;
			push @errors, $session->error;
			$session->run('ROLLBACK') if $sql =~ /^BEGIN/;
		}
		is_deeply($errors[0], $errors[1],
			"$protocol: as without the extension: $printed");
		note("no error: $sql") unless defined $errors[1];
		$seen{ $errors[1]->{C} // 'none' }++;
	}
}
cmp_ok($seen{'42601'}, '>', 50, 'most of them are syntax errors');
is($seen{none}, undef, 'all of them are errors');

# What the library adds is told only where our statements stand.
$other->run('CANCEL JOB 1');
$client->run('SET jobs.native_syntax = off');
$client->run('CANCEL JOB 1');
my %hinted = %{ $client->error };
like(delete $hinted{H}, qr/jobs\.cancel\(\)/, 'switched off: a hint');
is_deeply(\%hinted, $other->error, 'and all else as without the extension');
$client->run('RESET jobs.native_syntax');

is($client->value('SELECT 1'), '1', 'the session is alive');
$client->disconnect;
$other->disconnect;
$node->stop;
$plain->stop;

done_testing();
