# What the TAP tests share: servers with the extension, jobs, and waiting.
package JobsTest;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);
use WireClient;

our @EXPORT = qw(
  jobs_node
  set_conf
  submit
  error_of
  status
  wait_for
  wait_for_status
  wait_for_idle
  wait_until
  wait_for_rest
  wait_for_pausepoint
  wakeups
  worker_pid
  group_members
  process_exists
  log_since
  log_size
  loglines_of
);

# A new server with the extension in the database postgres.
sub jobs_node
{
	my ($name, $conf, %params) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(extra => [ '--encoding=UTF8', '--no-locale' ], %params);
	$node->append_conf('postgresql.conf', $conf // '');
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION cancel_job');
	return $node;
}

# Set parameters while the server runs.  Returns when a new session has them;
# processes of ours have been signalled by then.
sub set_conf
{
	my ($node, %settings) = @_;

	while (my ($name, $value) = each %settings)
	{
		$node->append_conf('postgresql.conf', "$name = '$value'");
	}
	$node->reload;
	while (my ($name, $value) = each %settings)
	{
		$node->poll_query_until('postgres',
			"SELECT current_setting('$name') = '$value'")
		  or die "could not set $name";
	}
	return;
}

# Submit a job and return its id; options are description and on_cancel.
sub submit
{
	my ($client, $command, %options) = @_;
	my $arguments = '$cj$' . $command . '$cj$';

	$arguments .= ", $_ => \$cj\$$options{$_}\$cj\$" foreach sort keys %options;
	return $client->value("SELECT jobs.submit($arguments)");
}

# The error that SQL ends with, empty if it ends with none.
sub error_of
{
	my ($client, $sql) = @_;
	my ($error) = grep { /^ErrorResponse/ } $client->run($sql);

	return $error // '';
}

sub status
{
	my ($client, $id) = @_;

	return $client->value("SELECT status FROM jobs.jobs WHERE job_id = $id");
}

# Wait until a query gives this value, true if none is given.  Reports what it
# gave last if that takes too long.
sub wait_for
{
	my ($client, $sql, $expected) = @_;
	my $deadline = time() + $PostgreSQL::Test::Utils::timeout_default;
	my $value;

	$expected //= 't';
	do
	{
		$value = $client->value($sql);
		return 1 if $value eq $expected;
		usleep(20_000);
	} while (time() < $deadline);
	diag("timed out waiting for \"$expected\" from: $sql\nlast value: $value");
	return 0;
}

sub wait_for_status
{
	my ($client, $id, $status) = @_;

	return wait_for($client,
		"SELECT status FROM jobs.jobs WHERE job_id = $id", $status);
}

# Wait until no worker has the job any more; one that has had it is idle then.
sub wait_for_idle
{
	my ($client, $id) = @_;

	return wait_for($client,
		"SELECT count(*) = 0 FROM jobs.live() WHERE job_id = $id");
}

# Wait until a check gives true.
sub wait_until
{
	my ($check) = @_;
	my $deadline = time() + $PostgreSQL::Test::Utils::timeout_default;

	do
	{
		return 1 if $check->();
		usleep(20_000);
	} while (time() < $deadline);
	return 0;
}

# Wait until so many processes of the client's database, one if no number is given, are
# held at a pausepoint.
sub wait_for_pausepoint
{
	my ($client, $point, $n) = @_;

	$n //= 1;
	return wait_for($client, qq{SELECT count(*) >= $n FROM pg_stat_activity
		WHERE query = 'pausepoint $point' AND state = 'active' AND datname = current_database()});
}

# How often processes were woken up to now.
sub wakeups
{
	my (@processes) = @_;

	return join(' ',
		map { slurp_file("/proc/$_/status") =~ /^voluntary_ctxt_switches:\s*(\d+)/m }
		  @processes);
}

# Wait until processes sleep and go on to do so.
sub wait_for_rest
{
	my (@processes) = @_;

	return wait_until(
		sub {
			my $before = wakeups(@processes);

			for (1 .. 20)
			{
				usleep(20_000);
				return 0 if wakeups(@processes) ne $before;
			}
			return 1;
		});
}

# The process that has the job now.
sub worker_pid
{
	my ($client, $id) = @_;
	my $sql = "SELECT coordinator_id FROM jobs.jobs WHERE job_id = $id";

	wait_for($client, "SELECT ($sql) IS NOT NULL");
	return $client->value($sql);
}

# The processes of a process group, but for its leader.
sub group_members
{
	my ($leader) = @_;
	my @members;

	foreach my $file (glob('/proc/[0-9]*/stat'))
	{
		open(my $stat, '<', $file) or next;
		my $line = <$stat> // '';
		close($stat);
		my ($pid, $state, $group) = $line =~ /^(\d+) \(.*\) (\S) \d+ (\d+) /s
		  or next;
		push @members, $pid
		  if $group == $leader && $pid != $leader && $state ne 'Z';
	}
	return @members;
}

sub process_exists
{
	my ($pid) = @_;

	return kill(0, $pid) != 0;
}

# The size of the server's log now, and what it has had since.
sub log_size
{
	my ($node) = @_;

	return -s $node->logfile;
}

sub log_since
{
	my ($node, $offset) = @_;

	return slurp_file($node->logfile, $offset);
}

# The lines of a log that processes of ours have written.
sub loglines_of
{
	my ($log) = @_;

	return grep { /^\S+ \S+ \S+ \[\d+\] cancel_job / } split(/\n/, $log);
}

1;
