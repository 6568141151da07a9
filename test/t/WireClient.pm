# A client that speaks the protocol itself: it sends what it is told to, message
# by message, and says what came back, as one line of text for each message.
#
# Connects through the node's unix socket, as the user who runs the tests.
package WireClient;

use strict;
use warnings;

use IO::Select;
use IO::Socket::UNIX;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(time);

my %message_names = (
	'1' => 'ParseComplete',
	'2' => 'BindComplete',
	'3' => 'CloseComplete',
	'A' => 'NotificationResponse',
	'C' => 'CommandComplete',
	'D' => 'DataRow',
	'E' => 'ErrorResponse',
	'G' => 'CopyInResponse',
	'H' => 'CopyOutResponse',
	'I' => 'EmptyQueryResponse',
	'K' => 'BackendKeyData',
	'N' => 'NoticeResponse',
	'R' => 'Authentication',
	'S' => 'ParameterStatus',
	'T' => 'RowDescription',
	'W' => 'CopyBothResponse',
	'Z' => 'ReadyForQuery',
	'c' => 'CopyDone',
	'd' => 'CopyData',
	'n' => 'NoData',
	's' => 'PortalSuspended',
	't' => 'ParameterDescription');

# Connect; further arguments are parameters of the StartupMessage.
sub new
{
	my ($class, $node, %params) = @_;
	my $path = $node->host . '/.s.PGSQL.' . $node->port;
	my $self = bless { error => {}, notice => {}, pid => 0 }, $class;

	%params = (
		user => scalar(getpwuid($>)),
		database => 'postgres',
		client_encoding => 'UTF8',
		%params);
	$self->{socket} = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $path)
	  or die "could not connect to $path: $!";
	my $body = pack('N', 3 << 16);
	$body .= pack('Z*Z*', $_, $params{$_}) foreach sort keys %params;
	$self->_write(pack('N', length($body) + 5) . "$body\0");

	foreach my $message ($self->read_until('ReadyForQuery'))
	{
		die "could not connect: $message" if $message =~ /^ErrorResponse/;
	}
	return $self;
}

sub pid { return $_[0]->{pid}; }

# Fields of the last ErrorResponse, by their letter.
sub error { return $_[0]->{error}; }

# Those of the last NoticeResponse.
sub notice { return $_[0]->{notice}; }

sub _write
{
	my ($self, $bytes) = @_;

	local $SIG{PIPE} = 'IGNORE';
	while (length($bytes) > 0)
	{
		my $n = syswrite($self->{socket}, $bytes);
		die "could not send: $!" unless defined $n;
		substr($bytes, 0, $n) = '';
	}
	return;
}

# Exactly this many bytes; undef at the end of the stream.
sub _read
{
	my ($self, $count) = @_;
	my $deadline = time() + $PostgreSQL::Test::Utils::timeout_default;
	my $select = IO::Select->new($self->{socket});
	my $bytes = '';

	while (length($bytes) < $count)
	{
		my $left = $deadline - time();
		die 'timed out waiting for a message' if $left <= 0;
		next unless $select->can_read($left);
		my $n = sysread($self->{socket}, $bytes, $count - length($bytes),
			length($bytes));
		return undef unless $n;
	}
	return $bytes;
}

sub send_message
{
	my ($self, $type, $body) = @_;

	$self->_write($type . pack('N', length($body) + 4) . $body);
	return;
}

sub query { my ($self, $sql) = @_; $self->send_message('Q', "$sql\0"); return; }
sub sync { my ($self) = @_; $self->send_message('S', ''); return; }
sub flush { my ($self) = @_; $self->send_message('H', ''); return; }

# kind is S (statement) or P (portal), as in the next one
sub describe
{
	my ($self, $kind, $name) = @_;

	$self->send_message('D', pack('aZ*', $kind, $name));
	return;
}

sub close_named
{
	my ($self, $kind, $name) = @_;

	$self->send_message('C', pack('aZ*', $kind, $name));
	return;
}

sub parse
{
	my ($self, $name, $sql, @types) = @_;

	$self->send_message('P', pack('Z*Z*n/N*', $name, $sql, @types));
	return;
}

# All parameters in one format, 0 text or 1 binary.
sub bind
{
	my ($self, $portal, $statement, $format, @values) = @_;
	my $body = pack('Z*Z*nnn', $portal, $statement, 1, $format, scalar(@values));

	foreach my $value (@values)
	{
		$body .= defined $value ? pack('N/a*', $value) : pack('N', 0xFFFFFFFF);
	}
	$self->send_message('B', $body . pack('n', 0));
	return;
}

sub execute
{
	my ($self, $portal, $limit) = @_;

	$self->send_message('E', pack('Z*N', $portal, $limit // 0));
	return;
}

# The statement through Parse, Bind, Describe, Execute, without a Sync.
sub extended
{
	my ($self, $sql, @values) = @_;

	$self->parse('', $sql);
	$self->bind('', '', 0, @values);
	$self->describe('P', '');
	$self->execute('');
	return;
}

sub _fields
{
	my ($body) = @_;
	my %fields;

	foreach my $field (split(/\0/, $body))
	{
		$fields{ substr($field, 0, 1) } = substr($field, 1);
	}
	return \%fields;
}

sub _columns
{
	my ($body) = @_;
	my @columns;

	my ($count, $rest) = unpack('na*', $body);
	for (1 .. $count)
	{
		my ($name, undef, undef, $type, undef, undef, undef, $more) =
		  unpack('Z*NnNnNna*', $rest);
		push @columns, "$name:$type";
		$rest = $more;
	}
	return @columns;
}

sub _values
{
	my ($body) = @_;
	my @values;

	my ($count, $rest) = unpack('na*', $body);
	for (1 .. $count)
	{
		my ($length, $more) = unpack('Na*', $rest);
		if ($length == 0xFFFFFFFF)
		{
			push @values, undef;
			$rest = $more;
		}
		else
		{
			push @values, substr($more, 0, $length);
			$rest = substr($more, $length);
		}
	}
	return @values;
}

# The next message in words; 'closed' at the end of the stream.
sub read_message
{
	my ($self) = @_;
	my $head = $self->_read(5);

	return 'closed' unless defined $head;
	my ($type, $length) = unpack('aN', $head);
	my $body = $length > 4 ? $self->_read($length - 4) : '';
	return 'closed' unless defined $body;
	my $name = $message_names{$type} // "message $type";

	return "$name " . unpack('Z*', $body) if $type eq 'C';
	return "$name $body" if $type eq 'Z' || $type eq 'd';
	return join(' ', $name, (unpack('NZ*Z*', $body))[ 1, 2 ]) if $type eq 'A';
	return "$name " . join(' ', _columns($body)) if $type eq 'T';
	return "$name " . join(' ', unpack('n/N', $body)) if $type eq 't';
	if ($type eq 'D')
	{
		my @values = _values($body);
		$self->{row} = \@values;
		return "$name " . join('|', map { $_ // '' } @values);
	}
	if ($type eq 'E' || $type eq 'N')
	{
		my $fields = _fields($body);
		$self->{ $type eq 'E' ? 'error' : 'notice' } = $fields;
		return "$name $fields->{C} $fields->{M}";
	}
	$self->{pid} = unpack('N', $body) if $type eq 'K';
	return $name;
}

# Messages up to the first of this name, or to the end of the stream.
sub read_until
{
	my ($self, $name) = @_;
	my @messages;

	for (;;)
	{
		push @messages, $self->read_message();
		return @messages if $messages[-1] =~ /^(\Q$name\E|closed)\b/;
	}
}

# What was answered up to ReadyForQuery, which is left out.
sub answer
{
	my ($self) = @_;
	my @messages = $self->read_until('ReadyForQuery');

	pop @messages if $messages[-1] =~ /^ReadyForQuery/;
	return @messages;
}

# Run SQL with a simple Query; returns the messages.
sub run
{
	my ($self, $sql) = @_;

	$self->query($sql);
	return $self->answer();
}

# Run SQL that must not fail; returns the rows as psql -At prints them.
sub rows
{
	my ($self, $sql) = @_;
	my @messages = $self->run($sql);

	foreach my $message (@messages)
	{
		die "$sql: $message" if $message =~ /^(ErrorResponse|closed)/;
	}
	return map { s/^DataRow //r } grep { /^DataRow/ } @messages;
}

# As rows(), in one string.
sub value
{
	my ($self, $sql) = @_;

	return join("\n", $self->rows($sql));
}

# The command tags among messages.
sub tags
{
	return map { s/^CommandComplete //r } grep { /^CommandComplete/ } @_;
}

sub disconnect
{
	my ($self) = @_;

	$self->send_message('X', '');
	$self->{socket}->close;
	return;
}

1;
