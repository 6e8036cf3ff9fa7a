# SPDX-License-Identifier: MIT
#
# The machine at the other end of the serial line: sill-link, and a cable between it and the emulator.
#
#   my $link = SillLink->new(base => 'build/system/name', arguments => [ '--exec', 'sink=cat >/dev/null' ]);
#   … the emulator's COM2 is joined with $link->line: scripts/boot --serial2-to …
#   $link->cable('cut');        a command of lib/link-relay, done when this comes back; answers what it says before
#   $link->end;                 ends sill-link, with SIGTERM
#   $link->start('--rw', …);    and starts it again, with other arguments or the same
#   (typed => TEXT: what is typed at sill-link's console, from its start; else nothing)
#   my $output = $link->stop;   ends all; what sill-link said on its two outputs, from all of its starts
#
# With tty => 1 the serial port loses bytes that come faster than they are taken, as a real one; else it holds them back.
# $link->{statuses} is a list of the wait statuses of the sill-links that ended. One that had to be killed has 9.
# SILL_LINK names a program to start in place of build/tools/sill-link, for tests of this file.

package SillLink;

use strict;
use warnings;
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use IO::Handle;
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);

my $relay = dirname(__FILE__) . '/link-relay';

sub new
{
	my ($class, %o) = @_;
	# Not beside the other files: a Unix socket's path is short.
	my $folder = tempdir('sill-link.XXXXXX', TMPDIR => 1, CLEANUP => 1);
	my $self = bless { folder => $folder, output => "$o{base}.link", statuses => [], owner => $$ }, $class;

	unlink $self->{output};
	$self->{typed} = '/dev/null';
	if (defined $o{typed}) {
		open(my $f, '>:raw', $self->{typed} = "$folder/typed") or die "$folder/typed: $!\n";
		print $f $o{typed};
		close $f or die "$folder/typed: $!\n";
	}
	pipe(my $from_relay, my $relay_out) or die "pipe: $!\n";
	pipe(my $relay_in, $self->{to_relay}) or die "pipe: $!\n";
	$self->{to_relay}->autoflush(1);
	$self->{from_relay} = $from_relay;
	$self->{relay} = child(sub {
		close $self->{to_relay};
		open(STDIN, '<&', $relay_in) or POSIX::_exit(126);
		open(STDOUT, '>&', $relay_out) or POSIX::_exit(126);
		exec $relay, $o{tty} ? '--tty' : (), "$folder/socket" or POSIX::_exit(127);
	});
	close $relay_out;
	my $line = <$from_relay> // '';
	($self->{line}) = $line =~ /^line (\S+)$/ or die "link-relay did not start\n";
	$self->start(@{ $o{arguments} });
	return $self;
}

sub line { return $_[0]{line} }

# A process that does not outlive this one.
sub child
{
	my ($run) = @_;
	my $pid = fork // die "fork: $!\n";
	return $pid if $pid;
	syscall(157, 1, 9, 0, 0, 0);		# prctl(PR_SET_PDEATHSIG, SIGKILL)
	$run->();
	POSIX::_exit(126);
}

sub start
{
	my ($self, @arguments) = @_;
	my $program = $ENV{SILL_LINK} // 'build/tools/sill-link';

	@arguments = @{ $self->{arguments} // [] } if !@arguments;
	$self->{arguments} = [@arguments];
	unlink "$self->{folder}/socket";
	$self->{program} = child(sub {
		open(STDIN, '<', $self->{typed});
		open(STDOUT, '>>', $self->{output}) or POSIX::_exit(126);
		open(STDERR, '>&', \*STDOUT);
		exec $program, @arguments, "unix-listen:$self->{folder}/socket" or POSIX::_exit(127);
	});
	return;
}

sub cable
{
	my ($self, $command) = @_;
	my $said = '';

	local $SIG{PIPE} = 'IGNORE';
	print { $self->{to_relay} } "$command\n";
	while (defined(my $line = readline $self->{from_relay})) {
		return $said if $line eq "done $command\n";
		$said .= $line;
	}
	return "the relay has ended\n";
}

# Ends a process and answers its status.
sub finish
{
	my ($pid) = @_;
	my $until = time + 5;

	kill 'TERM', $pid;
	while (time < $until) {
		return $? if waitpid($pid, WNOHANG) == $pid;
		sleep 0.01;
	}
	kill 'KILL', $pid;
	waitpid $pid, 0;
	return $?;
}

sub end
{
	my ($self) = @_;
	my $pid = delete $self->{program} // return;

	push @{ $self->{statuses} }, finish($pid);
	return;
}

sub stop
{
	my ($self) = @_;

	return if $$ != $self->{owner};
	$self->end;
	close delete $self->{to_relay} if $self->{to_relay};
	finish(delete $self->{relay}) if $self->{relay};
	open(my $f, '<:raw', $self->{output}) or return '';
	local $/;
	return scalar(<$f>) // '';
}

sub DESTROY
{
	my ($self) = @_;
	local ($?, $!, $@);

	$self->stop;
	return;
}

1;
