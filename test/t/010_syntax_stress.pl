# Native syntax under strain: texts of 100 MB, a million statements in a string,
# what nests deeply, a thousand clients, and ten thousand statements, recovered
# and failing, in one session, which must not grow.  And no crash.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use JobsTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use WireClient;

my $megabyte = 1024 * 1024;
my $long = 100 * $megabyte;

# The log is for what went wrong, not for texts of 100 MB.
my $node = jobs_node('main', <<'EOF');
jobs.max_running = 0
log_min_error_statement = panic
EOF
my $client = WireClient->new($node);

# How many times a text, which has no error, comes to a message that ends in
# this, and the seconds that takes.  Looks at the bytes as they come: message by
# message, a million would take longer here than in the server.
sub count_messages
{
	my ($sql, $end) = @_;
	my $start = time();
	my $ready = pack('aNa', 'Z', 5, 'I');
	my ($count, $bytes) = (0, '');

	$client->query($sql);
	while (substr($bytes, -length($ready)) ne $ready)
	{
		sysread($client->{socket}, $bytes, $megabyte, length($bytes))
		  or die 'the connection is closed';
		my $found = () = $bytes =~ /\Q$end\E\0/g;
		$count += $found;
		# what follows the last one may be the beginning of the next
		$bytes = substr($bytes, rindex($bytes, "$end\0") + length($end) + 1)
		  if $found > 0;
	}
	return ($count, time() - $start);
}

# The SQLSTATE that a text fails with.
sub sqlstate
{
	my ($sql) = @_;

	$client->{error} = {};
	$client->run($sql);
	return $client->error->{C} // 'none';
}

# The fields of the error that a text fails with, as one string, without the
# server's source line.
sub error_fields
{
	my ($sql) = @_;

	$client->{error} = {};
	$client->run($sql);
	my %fields = %{ $client->error };
	delete $fields{L};
	return join(' ', map { "$_=$fields{$_}" } sort keys %fields);
}

#
# Long texts
#
{
	my $filler = q{SELECT '} . ('x' x $long) . q{' IS NULL};
	is_deeply(
		[ $client->run("$filler; CANCEL JOB NULL; SELECT 1") ],
		[
			'RowDescription ?column?:16', 'DataRow f', 'CommandComplete SELECT 1',
			'CommandComplete CANCEL JOBS 0', 'RowDescription ?column?:23',
			'DataRow 1', 'CommandComplete SELECT 1'
		],
		'a statement of ours behind 100 MB');

	my $end = length($filler);
	like(
		error_fields("$filler; CANCEL JOB NULL; SELECT FROM FROM"),
		qr/C=42601 .*M=syntax error at or near "FROM" P=@{[ $end + 32 ]} /,
		'an error behind them, in its place');
	like(
		error_fields("$filler FROM FROM job"),
		qr/C=42601 .*M=syntax error at or near "FROM" P=@{[ $end + 7 ]} /,
		'an ordinary error behind 100 MB');
}

{
	my $filler = '/*' . ('job ' x ($long / 4)) . '*/';

	is_deeply(
		[ $client->run("CANCEL JOB NULL; $filler SELECT 1") ],
		[
			'CommandComplete CANCEL JOBS 0', 'RowDescription ?column?:23',
			'DataRow 1', 'CommandComplete SELECT 1'
		],
		'a statement of ours before 100 MB that mention it');
	like(
		error_fields("SELEC 1 $filler"),
		qr/C=42601 .*M=syntax error at or near "SELEC" P=1 /,
		'an ordinary error before 100 MB that mention it');
}

#
# Many statements in one text
#
{
	my $tag = 'CANCEL JOBS 0';
	my (undef, $tenth) = count_messages('CANCEL JOB NULL;' x 100_000, $tag);
	my ($count, $all) = count_messages('CANCEL JOB NULL;' x 1_000_000, $tag);

	is($count, 1_000_000, 'a million statements in one text, each with its tag');
	cmp_ok($all, '<', 40 * $tenth + 1, 'in linear time');

	my $pid = $client->pid;
	my $other = WireClient->new($node);
	$client->query('CANCEL JOB NULL;' x 1_000_000);
	wait_for($other,
		"SELECT state = 'active' FROM pg_stat_activity WHERE pid = $pid");
	$other->value("SELECT pg_cancel_backend($pid)");
	my @messages = $client->answer();
	like($messages[-1], qr/^ErrorResponse 57014 /, 'they can be cancelled');
	cmp_ok(scalar(@messages), '<', 1_000_001, 'before the last of them');
	$other->disconnect;

	@messages = $client->run('SELECT 1 FROM [SHOW JOB NULL];' x 2000);
	is(scalar(grep { $_ eq 'CommandComplete SELECT 0' } @messages),
		2000, 'two thousand row sources in one text');
	@messages =
	  $client->run('SELECT count(*) FROM '
		  . join(', ', map { "[SHOW JOBS] AS s$_" } 1 .. 5));
	is($messages[1], 'DataRow 0', 'five row sources in one statement');
	like(error_fields('SELECT FROM FROM ' . ('[SHOW JOBS] ' x 100_000)),
		qr/M=syntax error at or near "FROM" P=13 /,
		'many row sources behind an error');
}

#
# What nests
#
{
	my $depth = 100_000;
	my $open = '(' x $depth;
	my $close = ')' x $depth;

	is(sqlstate("CANCEL JOB ${open}1$close"),
		sqlstate("SELECT ${open}1$close"),
		'parentheses: the error of SELECT');
	is(sqlstate("CANCEL JOB ${open}1"),
		sqlstate("SELECT ${open}1"),
		'open parentheses: the error of SELECT');
	is(sqlstate("CANCEL JOBS ${open}SELECT 1$close"),
		sqlstate("${open}SELECT 1$close"),
		'parentheses around a query: the error of the query');
	is( sqlstate('CANCEL JOB ' . ('(SELECT ' x $depth) . "1$close"),
		sqlstate('SELECT ' . ('(SELECT ' x $depth) . "1$close"),
		'sub-selects: the error of SELECT');
	is( sqlstate('CANCEL JOB ' . ('- ' x $depth) . '1'),
		sqlstate('SELECT ' . ('- ' x $depth) . '1'),
		'signs: the error of SELECT');
	is( sqlstate('CANCEL JOB ' . ('ARRAY[' x $depth)),
		sqlstate('SELECT ' . ('ARRAY[' x $depth)),
		'arrays: the error of SELECT');

	my $sources = sub {
		my ($n, $innermost) = @_;
		return ('SELECT job_id FROM [SHOW JOBS (' x $n) . $innermost
		  . (')]' x $n);
	};
	is(sqlstate($sources->(20, 'SELECT NULL')),
		'none', 'row sources in each other');
	like(sqlstate($sources->(1000, 'SELECT FROM FROM')),
		qr/^(42601|54001)$/, 'many of them, an error in the innermost');
	is(sqlstate('SELECT 1 FROM ' . ('[SHOW JOB ' x 1000)),
		'42601', 'row sources without an end');
	is(sqlstate('CANCEL JOB 1 ' . ('/* ' x $depth)),
		'42601', 'comments without an end');
	is($client->value('SELECT 1'), 1, 'the session is as it was');
}

#
# Many clients
#
{
	my $script = $node->basedir . '/cancel.sql';
	my $xacts = 'SELECT count(*) FROM [SHOW JOBS]';

	append_to_file($script, "CANCEL JOB NULL;\n$xacts;\nCANCEL JOBS (SELECT NULL);\n");
	$node->command_like(
		[
			'pgbench', '--no-vacuum', '--connect', '--client=20',
			'--jobs=2', '--transactions=50', "--file=$script", 'postgres'
		],
		qr/actually processed: 1000\/1000/,
		'a thousand clients, twenty at a time');
}

#
# One session for long
#

# The memory of the session's process, in kB: of its contexts, and its own.
sub memory
{
	my ($session) = @_;
	my $contexts = $session->value(
		'SELECT sum(total_bytes) / 1024 FROM pg_backend_memory_contexts');
	my $status = slurp_file('/proc/' . $session->pid . '/status');

	return (int($contexts), $status =~ /^VmRSS:\s+(\d+)/m);
}

# Run something often: the memory that the second half takes must not be more
# than that of a page table here and there.
sub check_growth
{
	my ($name, $run) = @_;

	$run->();
	my ($contexts, $resident) = memory($client);
	$run->();
	my ($contexts_after, $resident_after) = memory($client);
	cmp_ok($contexts_after, '<=', $contexts + 64, "$name: memory contexts");
	cmp_ok($resident_after, '<=', $resident + 1024, "$name: resident memory");
	return;
}

$client->disconnect;
$client = WireClient->new($node);
is(sqlstate('CANCEL JOB 9223372036854775807'), '42704', 'a job that is not there');

check_growth(
	'recovered statements',
	sub {
		$client->run('CANCEL JOB NULL') for 1 .. 5000;
	});
check_growth(
	'statements with a parameter',
	sub {
		for (1 .. 1000)
		{
			$client->extended('CANCEL JOBS SELECT job_id FROM [SHOW JOB $1]',
				undef);
			$client->sync;
			$client->answer();
		}
	});
check_growth(
	'failing statements',
	sub {
		for (1 .. 1250)
		{
			$client->run('CANCEL JOB');
			$client->run('CANCEL JOB 1; SELECT FROM FROM');
			$client->run('SELEC 1 FROM job');
			$client->run("SELECT 'CANCEL JOB 1");
		}
	});
check_growth(
	'dynamic statements',
	sub {
		$client->value(<<'EOF');
DO $$
BEGIN
	FOR i IN 1 .. 5000 LOOP
		EXECUTE 'CANCEL JOB NULL';
		BEGIN
			EXECUTE 'CANCEL JOB';
		EXCEPTION WHEN syntax_error THEN
		END;
		BEGIN
			EXECUTE 'SELEC job';
		EXCEPTION WHEN syntax_error THEN
		END;
	END LOOP;
END $$
EOF
	});
$client->disconnect;

$node->stop;
unlike(slurp_file($node->logfile),
	qr/PANIC|TRAP: |was terminated by signal|server process \(PID \d+\) exited/,
	'no crash');

done_testing();
