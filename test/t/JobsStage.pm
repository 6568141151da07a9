# Jobs in every state, held between any two steps of the coordinator and of the
# workers, beside sessions in the middle of submitting and controlling jobs; and
# what has to have become of all that when it is over.
#
# A test sets the stage, does something to the server or to its processes, lets
# go and checks
#
# - that each job has ended in the state that it has to end in;
# - by the tables that jobs write to, that what has succeeded has happened once,
#   what has not has not happened, and each was cleaned up once that had to be;
# - that no claim, lock, file or process is left;
# - that the launcher is there, and no two coordinators of a database.
package JobsStage;

use strict;
use warnings;

use JobsTest;
use PostgreSQL::Test::Utils;
use Test::More;
use WireClient;

# The points of a worker, the last one first: what is to wait at one must get
# past those before it.  Each gets the jobs of that name (see below).
my @worker_points = (
	'worker.before_commit',
	'worker.after_undo',
	'worker.before_undo',
	'worker.after_work',
	'worker.before_work');

# The points of the coordinator; it waits at one of them in each round.
my @coordinator_points = (
	'coordinator.before_claim',
	'coordinator.after_claim',
	'coordinator.after_assign');

# Jobs that run at the same time, at most: with some to spare for those that are
# held.
my $places = 24;

# The jobs.
#
# A job writes its name into "effects" and goes on with "work"; it ends with an
# error in its work if it "fails".  Its clean-up writes the name into "undone"
# and goes on with "undo"; without "undo" there is no clean-up.  The job is then
# brought to where it has to be: it "reaches" a state, waits for the lock, for a
# program or at a "point"; a "request" is made, after which it "rests" in a
# state.
#
# In the end it has "ended" so: state, effects, clean-ups; or as _expected_end()
# tells.
my $lock = 'SELECT pg_advisory_xact_lock(1)';
my $stubborn = q{
DO $$ BEGIN
	LOOP
		BEGIN
			PERFORM pg_advisory_xact_lock(1);
			EXIT;
		EXCEPTION WHEN query_canceled THEN
		END;
	END LOOP;
END $$};
my $program =
  q{COPY scratch FROM PROGRAM 'until test -e released; do sleep 0.05; done'};

my @jobs = (
	{ name => 'succeeded', reaches => 'succeeded', ended => 'succeeded|1|0' },
	{
		name => 'failed',
		fails => 1,
		undo => '',
		reaches => 'failed',
		ended => 'failed|0|1'
	},
	{
		name => 'canceled',
		work => $lock,
		undo => '',
		request => 'CANCEL',
		rests => 'canceled',
		ended => 'canceled|0|1'
	},
	{
		name => 'paused',
		work => $lock,
		undo => '',
		request => 'PAUSE',
		rests => 'paused',
		ended => 'succeeded|1|0'
	},
	{
		name => 'running',
		work => $lock,
		undo => '',
		ended => 'succeeded|1|0',
		terminated => 'failed|0|1'
	},
	{
		name => 'running, nothing to undo',
		work => $lock,
		ended => 'succeeded|1|0',
		terminated => 'failed|0|0'
	},
	{
		name => 'running a program',
		work => $program,
		program => 1,
		ended => 'succeeded|1|0',
		terminated => 'failed|0|0'
	},
	{
		name => 'running, in a transaction of somebody who cancels it',
		work => $lock,
		undo => '',
		controlled => 1,
		ended => 'succeeded|1|0',
		terminated => 'failed|0|1'
	},
	{
		name => 'running, has committed',    # at least once, from the beginning
		work => "COMMIT; $lock",
		undo => '',
		ended => 'succeeded|2|0',
		undisturbed => 'succeeded|1|0',
		terminated => 'failed|1|1'
	},
	{
		name => 'cancel-requested',
		work => $stubborn,
		undo => '',
		request => 'CANCEL',
		rests => 'cancel-requested',
		ended => 'canceled|0|1'
	},
	{
		name => 'pause-requested',
		work => $stubborn,
		undo => '',
		request => 'PAUSE',
		rests => 'pause-requested',
		ended => 'succeeded|1|0'
	},
	{
		name => 'reverting after an error',
		fails => 1,
		undo => $lock,
		reaches => 'reverting',
		ended => 'failed|0|1'
	},
	{
		name => 'reverting after a cancel',
		work => $lock,
		undo => $lock,
		request => 'CANCEL',
		rests => 'reverting',
		ended => 'canceled|0|1'
	},
	{
		name => 'reverting, paused',
		fails => 1,
		undo => $lock,
		reaches => 'reverting',
		request => 'PAUSE',
		rests => 'paused',
		ended => 'failed|0|1'
	},
	{
		name => 'reverting, pause-requested',
		fails => 1,
		undo => $stubborn,
		reaches => 'reverting',
		request => 'PAUSE',
		rests => 'pause-requested',
		ended => 'failed|0|1'
	},
	(   map {
			{
				name => "at $_",
				point => $_,
				fails => scalar(/undo/),
				undo => '',
				ended => /undo/ ? 'failed|0|1' : 'succeeded|1|0',
				terminated => 'failed|0|1'
			}
		} @worker_points),

	# Submitted together while the coordinator waits; without a clean-up, for
	# whether they have begun depends on where it waits.
	{ name => 'pending', ended => 'succeeded|1|0' },
	{
		name => 'pending, cancelled',
		request => 'CANCEL',
		ended => 'canceled|0|0'
	},
	{ name => 'pending, paused', request => 'PAUSE', ended => 'succeeded|1|0' });

# A stage on this server, which has the extension in the database postgres and
# the settings of settings().
sub new
{
	my ($class, $node) = @_;
	my $self = bless {}, $class;

	$self->connect($node);
	$self->{client}->rows(
		q{
CREATE TABLE effects (name text);
CREATE TABLE undone (name text);
CREATE TABLE scratch (line text)});
	return $self;
}

# What the server has to have in its configuration.
sub settings
{
	return qq{
restart_after_crash = on
jobs.max_running = $places
jobs.cancel_grace_period = '1h'
include_if_exists = 'points.conf'
};
}

sub coordinator_points { return @coordinator_points; }

# Sessions: one that looks on, one that holds what jobs wait for, and two in the
# middle of a transaction.
my @sessions = ('client', 'holder', 'submitting', 'controlling');

sub client { return $_[0]->{client}; }
sub session { return $_[0]->{ $_[1] }; }

# Make the sessions, on this server if one is named, once it lets them in and
# keeps them: while it throws everybody out it may still let one in.
sub connect
{
	my ($self, $node) = @_;

	$self->{node} = $node if defined $node;
	wait_until(
		sub {
			return eval {
				$self->{$_} = WireClient->new($self->{node}) foreach @sessions;
				$self->{$_}->value('SELECT 1') foreach @sessions;
				1;
			};
		}) or die 'the server does not let us in';
	return;
}

sub disconnect
{
	my ($self) = @_;

	$self->{$_}->disconnect foreach @sessions;
	delete @$self{@sessions};
	return;
}

# A file of this name lets the programs go that jobs have started.
sub _released
{
	my ($self) = @_;

	return $self->{node}->data_dir . '/released';
}

sub release_programs
{
	my ($self) = @_;

	append_to_file($self->_released, '');
	return;
}

# Submit a job of the list, by this session.
sub _submit
{
	my ($session, $job) = @_;
	my %options = (description => $job->{name});
	my $command = "INSERT INTO effects VALUES ('$job->{name}');";

	$command .= $job->{work} if defined $job->{work};
	$command .= 'SELECT 1/0' if $job->{fails};
	$options{on_cancel} =
	  "INSERT INTO undone VALUES ('$job->{name}'); $job->{undo}"
	  if defined $job->{undo};
	$job->{id} = submit($session, $command, %options);
	return;
}

# Wait until a job's worker waits: for the lock, or for a program.
sub _wait_for_work
{
	my ($client, $job) = @_;
	my $pid = worker_pid($client, $job->{id});

	if ($job->{program})
	{
		wait_until(sub { return scalar(group_members($pid)); })
		  or die "$job->{name}: no program";
	}
	else
	{
		wait_for($client,
			"SELECT count(*) = 1 FROM pg_locks WHERE pid = $pid AND NOT granted")
		  or die "$job->{name}: does not wait";
	}
	return;
}

# Wait until a process of ours waits at a point.
sub wait_for_point
{
	my ($self, $point) = @_;

	wait_for_pausepoint($self->{client}, $point) or die "nobody waits at $point";
	return;
}

# Bring a job that does not wait at a point to where it has to be.
sub _bring
{
	my ($self, $job) = @_;
	my $client = $self->{client};
	my $id = $job->{id};

	if (defined $job->{reaches})
	{
		wait_for_status($client, $id, $job->{reaches})
		  or die "$job->{name}: not $job->{reaches}";
	}
	_wait_for_work($client, $job)
	  if defined $job->{work} || ($job->{reaches} // '') eq 'reverting';
	$self->{controlling}->rows("BEGIN; CANCEL JOB $id") if $job->{controlled};
	if (defined $job->{request})
	{
		$client->rows("$job->{request} JOB $id");
		wait_for_status($client, $id, $job->{rests})
		  or die "$job->{name}: not $job->{rests}";
		_wait_for_work($client, $job)
		  if $job->{rests} =~ /^(reverting|.*-requested)$/;
	}
	return;
}

# Name the points at which to wait, in a file that the server reads when it
# starts.
sub write_points
{
	my ($self, @points) = @_;
	my $file = $self->{node}->data_dir . '/points.conf';

	open(my $conf, '>', "$file.new") or die "$file.new: $!";
	print $conf "jobs.debug_pausepoints = '", join(',', @points), "'\n";
	close($conf);
	rename("$file.new", $file) or die "$file: $!";
	return;
}

# Name the points at which to wait; returns when everybody has been told.
sub hold_at
{
	my ($self, @points) = @_;

	$self->write_points(@points);
	$self->{client}->rows('SELECT pg_reload_conf()');

	# A new session has it when the postmaster has signalled all others.
	wait_until(
		sub {
			my $new = WireClient->new($self->{node});
			my $value = $new->value('SHOW jobs.debug_pausepoints');

			$new->disconnect;
			return $value eq join(',', @points);
		}) or die 'the configuration does not change';
	return;
}

# Set the stage: every job where it has to be, the coordinator at this point.
sub set
{
	my ($self, $coordinator_point) = @_;
	my $client = $self->{client};
	my @pending = grep { $_->{name} =~ /^pending/ } @jobs;
	my @points;

	unlink($self->_released);
	$client->rows('TRUNCATE effects; TRUNCATE undone; TRUNCATE scratch');
	$self->{holder}->rows('SELECT pg_advisory_lock(1)');
	foreach
	  my $job (grep { !defined $_->{point} && $_->{name} !~ /^pending/ } @jobs)
	{
		_submit($client, $job);
		$self->_bring($job);
	}
	foreach my $point (@worker_points)
	{
		push @points, $point;
		$self->hold_at(@points);
		foreach my $job (grep { ($_->{point} // '') eq $point } @jobs)
		{
			_submit($client, $job);
		}
		$self->wait_for_point($point);
	}

	$self->hold_at(@points, $coordinator_point);
	$self->{submitting}->rows('BEGIN');
	submit(
		$self->{submitting},
		q{INSERT INTO effects VALUES ('never')},
		description => 'never');
	$client->rows('BEGIN');
	_submit($client, $_) foreach @pending;
	$client->rows('COMMIT');
	$self->wait_for_point($coordinator_point);
	foreach my $job (grep { defined $_->{request} } @pending)
	{
		$client->rows("$job->{request} JOB $job->{id}");
	}
	return;
}

# Have workers run as far as their first points, and no further.
sub begin_anew
{
	my ($self) = @_;

	$self->hold_at(@worker_points);
	$self->wait_for_point('worker.before_work');
	$self->wait_for_point('worker.before_undo');
	return;
}

# Let everything go that is still held.
sub let_go
{
	my ($self) = @_;

	$self->release_programs();
	$self->{$_}->rows('ROLLBACK') foreach 'submitting', 'controlling';
	$self->{holder}->rows('SELECT pg_advisory_unlock_all()');
	$self->hold_at();
	return;
}

# How a job has to have ended: it was left "undisturbed" by what happened, its
# worker was "terminated", or the server stopped in an "orderly" way.  Then one
# session ends after the other, and a job may still get the lock that the one
# before has held, and finish.
sub _expected_end
{
	my ($job, $end, %what) = @_;

	return $job->{terminated} if $what{terminated} && $job->{terminated};
	return $job->{undisturbed}
	  if $job->{undisturbed}
	  && ($what{undisturbed} || $what{orderly} && $end eq $job->{undisturbed});
	return $job->{ended};
}

# Wait for the ends of all jobs, for which paused ones have to go on, and compare.
sub check_ends
{
	my ($self, $name, %what) = @_;
	my $client = $self->{client};
	my $first = $jobs[0]->{id};
	my $open = "FROM jobs.jobs WHERE job_id >= $first AND finished IS NULL";

	wait_for($client,
		"SELECT coalesce(string_agg(DISTINCT status, ','), '') $open", 'paused');
	$client->rows("RESUME JOBS SELECT job_id $open AND status = 'paused'");
	wait_for($client, "SELECT count(*) $open", '0');

	my %ends = map { split(/\|/, $_, 2) } $client->rows(
		qq{SELECT concat_ws('|', description, status,
			(SELECT count(*) FROM effects WHERE name = description),
			(SELECT count(*) FROM undone WHERE name = description))
		FROM jobs.jobs WHERE job_id >= $first});

	is_deeply(
		\%ends,
		{
			map { $_->{name} => _expected_end($_, $ends{ $_->{name} } // '', %what) }
			  @jobs
		},
		"$name: every job has ended, and has happened as often as it says");
	return;
}

# Nothing is left of jobs that have ended, and who should be is there; coordinators in
# these databases, at most one each.
sub check_nothing_left
{
	my ($self, $name, @databases) = @_;
	my $client = $self->{client};
	my $among = join(', ', map { "'$_'" } @databases);
	my $ours = q{FROM pg_stat_activity WHERE backend_type LIKE 'cancel_job %'};
	my %left = (
		'claims' => 'FROM jobs.job WHERE claim_generation IS NOT NULL',
		'workers with a job' => 'FROM jobs.live()',
		'locks' => q{FROM pg_locks JOIN pg_stat_activity USING (pid)
			WHERE backend_type LIKE 'cancel_job %' OR locktype = 'advisory'},
		'temporary files' => 'FROM pg_ls_tmpdir()',
		'wrong launchers' =>
		  "FROM (SELECT FROM (SELECT count(*) $ours AND backend_type ~ 'launcher') l(n) WHERE n <> 1) AS w",
		'unfinished jobs' => 'FROM jobs.queue',
		'wrong coordinators' => qq{FROM (SELECT datname, count(*)
			$ours AND backend_type ~ 'coordinator' GROUP BY 1) AS c(name, n)
			WHERE n > 1 OR name NOT IN ($among)});
	my $count = join(' + ', map { "(SELECT count(*) $_)" } values %left);

	return if ok(wait_for($client, "SELECT $count", '0'),
		"$name: nothing is left, and who should be is there");
	foreach my $what (sort keys %left)
	{
		diag("$what: " . $client->value("SELECT count(*) $left{$what}"));
	}
	return;
}

# Every place for a job is free: that many can run at the same time.
sub check_places
{
	my ($self, $name) = @_;
	my $client = $self->{client};
	my @ids;

	$self->{holder}->rows('SELECT pg_advisory_lock(1)');
	$client->rows('BEGIN');
	push @ids, submit($client, $lock) for 1 .. $places;
	$client->rows('COMMIT');

	my $among = 'FROM jobs.jobs WHERE job_id IN (' . join(', ', @ids) . ')';
	ok( wait_for(
			$client,
			"SELECT count(DISTINCT coordinator_id) $among AND status = 'running'",
			$places),
		"$name: every place is free");
	$self->{holder}->rows('SELECT pg_advisory_unlock_all()');
	ok( wait_for(
			$client, "SELECT count(*) $among AND status = 'succeeded'", $places),
		"$name: and works");
	return;
}

1;
