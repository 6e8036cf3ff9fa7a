#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# sill-link, built with sanitizers, against a program that plays Sill (tests/link/peer.c): no emulator. Everything
# stays on this machine, in a directory of its own.

use strict;
use warnings;
use Cwd qw(abs_path);
use Fcntl qw(:mode);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use FindBin;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX qw(WNOHANG mkfifo);
use Test::More;
use Time::HiRes qw(time sleep);
use lib "$FindBin::Bin/link";
use P9;

chdir dirname(abs_path($0)) . '/..' or die;
my $root = abs_path('.');
my $sill_link = "$root/build/tests/link/sill-link";
my $peer_program = "$root/build/tests/link/peer";
my $limit = 15;	# seconds that anything may take
my $dir = tempdir('sill-link.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $next = 0;	# a number for each name
my %running;

$ENV{UBSAN_OPTIONS} = 'halt_on_error=1:print_stacktrace=1';
$SIG{PIPE} = 'IGNORE';

if (system('make', '-s', 'link-test-programs') != 0) {
	BAIL_OUT('sill-link does not build');
}

END {
	my $status = $?;
	kill 'KILL', keys %running if %running;
	$? = $status;
}

sub slurp {
	my ($file) = @_;
	open(my $f, '<:raw', $file) or return '';
	local $/;
	return scalar(<$f>) // '';
}

sub spew {
	my ($file, $content) = @_;
	open(my $f, '>:raw', $file) or die "$file: $!";
	print $f $content;
	close $f or die;
	return;
}

# Until it is true, or the time is over; answers what it was in the end.
sub wait_for {
	my ($condition) = @_;
	my $end = time + $limit;
	while (time < $end) {
		my $answer = $condition->();
		return $answer if $answer;
		sleep 0.004;
	}
	return;
}

sub hex_of {
	my ($text) = @_;
	return unpack('H*', $text);
}

sub run {
	my (@command) = @_;
	my $pid = fork() // die;
	if ($pid == 0) {
		setpgrp;
		exec @command or exit 127;
	}
	$running{$pid} = 1;
	return $pid;
}

# Its exit status, or undef if it does not end.
sub status_of {
	my ($pid) = @_;
	my $ended = wait_for(sub { waitpid($pid, WNOHANG) == $pid }) or return;
	my $status = $?;
	delete $running{$pid};
	return $status & 127 ? "signal $status" : $status >> 8;
}

# sill-link. All arguments but those of the test itself.
package Link;

sub new {
	my ($class, @arguments) = @_;
	my $base = "$dir/link" . $next++;
	my $self = bless { out => "$base.out", err => "$base.err" }, $class;
	my $pid = fork() // die;
	if ($pid == 0) {
		open(STDIN, '<', '/dev/null') or die;
		open(STDOUT, '>', $self->{out}) or die;
		open(STDERR, '>', $self->{err}) or die;
		exec(ref $arguments[0] ? (@{shift @arguments}, $sill_link) : $sill_link, @arguments) or exit 127;
	}
	$self->{pid} = $pid;
	$running{$pid} = 1;
	return $self;
}

sub out { return main::slurp($_[0]{out}) }
sub err { return main::slurp($_[0]{err}) }

sub says {
	my ($self, $what) = @_;
	return main::wait_for(sub { $self->err =~ $what });
}

sub shows {
	my ($self, $what) = @_;
	return main::wait_for(sub { $self->out =~ $what });
}

sub ends {
	my ($self) = @_;
	return main::status_of($self->{pid});
}

sub leave {
	my ($self, $signal) = @_;
	kill $signal // 'TERM', $self->{pid};
	return $self->ends;
}

# The program that plays Sill.
package Peer;

sub new {
	my ($class, $where) = @_;
	pipe(my $in, my $to) or die;
	pipe(my $from, my $out) or die;
	my $pid = fork() // die;
	if ($pid == 0) {
		open(STDIN, '<&', $in) or die;
		open(STDOUT, '>&', $out) or die;
		close $_ for $to, $from;
		exec($peer_program, $where) or exit 127;
	}
	$running{$pid} = 1;
	$to->autoflush(1);
	$from->blocking(0);
	return bless { pid => $pid, to => $to, from => $from, buffer => '', lines => [] }, $class;
}

sub tell {
	my ($self, @commands) = @_;
	print { $self->{to} } map { "$_\n" } @commands;
	return;
}

# Takes out the first line that matches; others stay, for there is no order among them. undef if none comes.
sub next {
	my ($self, $what) = @_;
	my $end = main::time() + $limit;
	my $passed = 0;
	while (1) {
		for my $i ($passed .. $#{$self->{lines}}) {
			next if $self->{lines}[$i] !~ $what;
			my $line = $self->{lines}[$i];
			splice(@{$self->{lines}}, $i, 1);
			return $line;
		}
		$passed = @{$self->{lines}};
		my $left = $end - main::time();
		if ($left <= 0) {
			main::diag("the peer never said $what; but: @{$self->{lines}}");
			return;
		}
		my $wait = '';
		vec($wait, fileno $self->{from}, 1) = 1;
		select($wait, undef, undef, $left);
		my $got = sysread($self->{from}, $self->{buffer}, 1 << 20, length $self->{buffer});
		return if defined $got && $got == 0;
		push @{$self->{lines}}, $1 while $self->{buffer} =~ s/^(.*)\n//;
	}
}

# All bytes of a stream up to its end, or as many as are wanted.
sub bytes {
	my ($self, $stream, $wanted) = @_;
	my $bytes = '';
	while (!defined $wanted || length $bytes < $wanted) {
		my $line = $self->next(qr/^(?:data|ended|gone) $stream /) // return;
		last if $line !~ /^data \d+ (.*)/;
		$bytes .= pack('H*', $1);
	}
	return $bytes;
}

sub open {
	my ($self, $stream, $name) = @_;
	# What is left of the last one under this number.
	@{$self->{lines}} = grep { !/^\w+ $stream\b/ } @{$self->{lines}};
	$self->tell("open $stream " . unpack('H*', $name));
	return;
}

sub put {
	my ($self, $stream, $bytes) = @_;
	$self->tell("put $stream " . unpack('H*', $bytes));
	return;
}

sub quit {
	my ($self) = @_;
	$self->tell('quit');
	return main::status_of($self->{pid});
}

package main;

# Both, joined by a Unix socket, with a session.
sub pair {
	my (@arguments) = @_;
	my $path = "$dir/line" . $next++;
	my $link = Link->new('--verbose', '--baud', 4000000, @arguments, "unix-listen:$path");
	my $peer = Peer->new("unix:$path");
	$peer->next(qr/^up$/) or diag($link->err);
	return ($link, $peer, $path);
}

sub over {
	my ($link, $peer) = @_;
	$peer->quit;
	my $status = $link->leave;
	is($status, 0, '  and it leaves when it is told to') or diag($link->err);
	return;
}

# Speed and flags of a terminal.
sub settings {
	my ($tty) = @_;
	my $said = `stty -F '$tty' -a 2>&1`;
	return ($said =~ /speed ([0-9]+) baud/ ? "$1 " : '') . $said =~ s/\s+/ /gr;
}

# Whether a process descends from another.
sub is_below {
	my ($process, $ancestor) = @_;
	while ($process && $process != $ancestor) {
		($process) = slurp("/proc/$process/status") =~ /^PPid:\t(\d+)$/m;
	}
	return $process;
}

sub connect_to {
	my ($path) = @_;
	wait_for(sub { -S $path }) or return;
	return IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $path);
}

# All up to the end, or as many bytes as are wanted; undef if that takes too long.
sub read_all {
	my ($file, $wanted) = @_;
	my $bytes = '';
	my $end = time + $limit;
	while (!defined $wanted || length $bytes < $wanted) {
		my $wait = '';
		vec($wait, fileno $file, 1) = 1;
		return if select($wait, undef, undef, $end - time) <= 0;
		my $got = sysread($file, $bytes, 65536, length $bytes);
		last if !$got;
	}
	return $bytes;
}

sub free_port {
	my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0) or die;
	return $socket->sockport;
}

# Arguments.

spew("$dir/plain", 'mine');
for my $case (
	[64, qr/LINE is missing/],
	[64, qr/--nonsense: no such option/, '--nonsense', 'unix:x'],
	[64, qr/--baud: its value is missing/, '--baud'],
	[64, qr/--quiet=1: it takes no value/, '--quiet=1', 'unix:x'],
	[64, qr/--baud fast: a number from 1200 to 4000000/, '--baud', 'fast', 'unix:x'],
	[64, qr/--baud 12345: a device has one of these: .*115200/, '--baud', '12345', '/dev/null'],
	[64, qr/--timeout 0: a number from 1/, '--timeout', '0', 'unix:x'],
	[64, qr/--timeout 12: too short, at 9600 bits a second a frame alone takes up to 43\d\d ms: 13 or more/, '--baud', '9600', '--timeout', '12',
		'unix:x'],
	[64, qr/--wake 1001: a number from 0 to 1000/, '--wake', '1001', 'unix:x'],
	[64, qr/NAME=COMMAND is wanted/, '--exec', 'name', 'unix:x'],
	[64, qr/NAME=COMMAND is wanted/, '--exec', 'name=', 'unix:x'],
	[64, qr/no channel can be called '\.x'/, '--exec', '.x=cat', 'unix:x'],
	[64, qr/no channel can be called 'a\/b'/, '--dir', $dir, '--channel', 'a/b', 'unix:x'],
	[64, qr/no channel can be called 'x{32}'/, '--dir', $dir, '--channel', 'x' x 32, 'unix:x'],
	[64, qr/--exec a=: given twice/, '--exec', 'a=cat', '--exec', 'a=cat', 'unix:x'],
	[64, qr/--dir and --pipes both/, '--dir', 'x', '--pipes', 'y', 'unix:x'],
	[64, qr/--channel a: it needs --dir/, '--channel', 'a', 'unix:x'],
	[64, qr/--rw is about/, '--rw', 'unix:x'],
	[64, qr/--log-time is about/, '--log-time', 'unix:x'],
	[64, qr/--exec 9p and --share both want/, '--exec', '9p=cat', '--share', $dir, 'unix:x'],
	[64, qr/--quiet and --verbose contradict/, '--quiet', '--verbose', 'unix:x'],
	[64, qr/unix:y: LINE was given already, as unix:x/, 'unix:x', 'unix:y'],
	[64, qr/a Unix socket's path has 1 to 107 bytes/, 'unix:'],
	[64, qr/a Unix socket's path has 1 to 107 bytes/, 'unix-listen:' . 'x' x 108],
	[64, qr/tcp:HOST:PORT is wanted/, 'tcp:80'],
	[64, qr/'0' is no port/, 'tcp-listen:0'],
	[64, qr/'65536' is no port/, 'tcp:127.0.0.1:65536'],
	[64, qr/the directory's name may have 1 to 75 bytes/, '--dir', 'x' x 76, 'unix:x'],
	[1, qr{/dev/null: no serial device}, '/dev/null'],
	[1, qr{plain: no serial device}, "$dir/plain"],
	[1, qr{--log \Q$dir\E: cannot write}, '--log', $dir, 'unix:x'],
	[1, qr{--share \Q$dir\E/none: no directory}, '--share', "$dir/none", 'unix:x'],
	[1, qr{/nowhere/at/all: cannot make this directory}, '--dir', '/nowhere/at/all', 'unix:x'],
) {
	my ($wanted, $words, @arguments) = @$case;
	my $link = Link->new(@arguments);
	my $status = $link->ends;
	my $right = defined $status && $status eq $wanted && $link->err =~ $words && $link->out eq '';
	ok($right, join(' ', 'status', $wanted, 'and why:', map { length > 40 ? substr($_, 0, 40) . '…' : $_ } @arguments))
		or diag($status, $link->err);
	kill 'KILL', $link->{pid} if !defined $status;
}
{
	my $help = Link->new('--help');
	is($help->ends, 0, '--help');
	like($help->out, qr/^usage: sill-link .*^Exit status: 0/ms, '  tells how it is used');
	my $version = Link->new('--version');
	is($version->ends, 0, '--version');
	like($version->out, qr/^sill-link \d+\.\d+\.\d+$/, '  names it');
}

# The console, and text outside of frames.
{
	my $path = "$dir/line" . $next++;
	my $log = "$dir/log";
	my $link = Link->new('--log', $log, '--log-time', '--baud', 4000000, "unix-listen:$path");
	my $firmware = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => wait_for(sub { -S $path }) && $path) or die;
	syswrite($firmware, "BIOS\r\nno line's end yet: ");
	ok($link->shows(qr/\ABIOS\r\nno line's end yet: \z/), 'text on the line without a session is shown');
	close $firmware;
	my $peer = Peer->new("unix:$path");
	$peer->next(qr/^up$/);
	$peer->put(0, "Sill's own words\n");
	ok($link->shows(qr/Sill's own words\n\z/), 'the console is shown');
	$peer->tell('raw ' . hex_of("panic: it is\n over\n"));
	ok($link->shows(qr/panic: it is\n over\n\z/), 'a panic without a frame around it is shown, with a session');
	$peer->tell('raw 00' . hex_of("\x04\x80\xff\x91garbage\n") . '00' . hex_of("after it comes text again\n") . '00');
	ok($link->shows(qr/over\nafter it comes text again\n\z/), 'what is neither text nor a frame is not');
	$peer->quit;
	is($link->leave('INT'), 0, 'Ctrl-C: it leaves');
	ok(!-e $path, '  and takes its socket with it');
	my $time = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;
	like(slurp($log), qr/\A${time}BIOS\r\n${time}no line's end yet: Sill's own words\n.*^${time}after it comes text again\n\z/ms,
		'the log has all of it, with the time of each line');
	is((() = $link->err =~ /the line is there again/g), 1, 'it said once that the line was back');
}

# What had arrived when it is told to leave is shown before it does: they may be somebody's last words.
{
	my $path = "$dir/line" . $next++;
	my $link = Link->new("unix-listen:$path");
	my $machine = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => wait_for(sub { -S $path }) && $path) or die;
	my $words = join '', map { "line $_ of many\n" } 1 .. 1000;
	syswrite($machine, "first words\n");
	ok($link->shows(qr/first words\n/), 'the line is there');
	kill 'STOP', $link->{pid};
	syswrite($machine, $words);
	kill $_, $link->{pid} for qw(TERM CONT);
	is($link->ends, 0, 'it is told to leave while text waits');
	is($link->out, "first words\n$words", '  and shows all of it first');
	$link = Link->new("unix-listen:$path");
	$machine = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => wait_for(sub { -S $path }) && $path) or die;
	my $writer = fork() // die;
	if ($writer == 0) {
		syswrite($machine, $words) while 1;
	}
	$running{$writer} = 1;
	ok($link->shows(qr/of many/), 'a line that never is silent');
	is($link->leave, 0, '  does not keep it');
	kill 'KILL', $writer;
	status_of($writer);
}

# A terminal: script(1) makes one.
{
	my $path = "$dir/line" . $next++;
	my ($keys, $keys_in) = ("$dir/keys");
	mkfifo($keys, 0600) or die;
	my $out = "$dir/terminal";
	my $pid = fork() // die;
	if ($pid == 0) {
		open(STDIN, '<', $keys) or die;
		open(STDOUT, '>', $out) or die;
		exec('script', '-qfec', "$sill_link --status --console-input --baud 4000000 unix-listen:$path", '/dev/null')
			or exit 127;
	}
	$running{$pid} = 1;
	open($keys_in, '>', $keys) or die;
	$keys_in->autoflush(1);
	wait_for(sub { -S $path });
	my $peer = Peer->new("unix:$path");
	$peer->next(qr/^up$/);
	$peer->put(0, "evil \e]0;title\a \x9b31m\n");
	ok(wait_for(sub { slurp($out) =~ /evil \?\]0;title\? \?31m/ }), 'what could reprogram a terminal is shown as ?')
		or diag(slurp($out));
	ok(wait_for(sub { slurp($out) =~ /\r\e\[Kup \| to Sill .* \| channels 0/ }), 'the status line');
	unlike(slurp($out), qr/\e\](?!0)|\e\[3/, 'nothing of the text is a command');
	print $keys_in "a\x03\r";
	is($peer->bytes(0, 3), "a\x03\r", 'keys go to the console as they are, Ctrl-C among them');
	print $keys_in "\x1d";
	is(status_of($pid), 0, 'Ctrl-] leaves');
	$peer->quit;
}

# Programs.
{
	my ($link, $peer) = pair('--exec', "tee=tee $dir/teed", '--exec', 'fails=cat; exit 3', '--exec', 'env=echo $SILL_CHANNEL',
		'--exec', 'lazy=exec 0</dev/null; sleep 0.1', '--exec', "stays=trap '' TERM; echo \$\$ >$dir/pid; while :; do sleep 0.1; done",
		'--exec', "waits=echo \$\$ >$dir/pid2; exec sleep 1000");
	$peer->open(1, 'tee');
	$peer->tell("save 1 $dir/saved", 'fill 1 300000 7', 'end 1');
	is($peer->next(qr/^ended 1/), 'ended 1 300000 right', '--exec: what it says comes, with the right CRC-32');
	is($peer->next(qr/^done 1/), 'done 1 300000 right', '  and it has taken all, with the right CRC-32');
	ok(slurp("$dir/teed") eq slurp("$dir/saved") && -s "$dir/teed" == 300000, '  nothing is changed');
	$peer->tell('close 1 0');
	ok($link->says(qr/channel tee: closed; from the guest 300000 bytes .* to it 300000 bytes .* exit status 0/), '  it is reported');
	$peer->open(2, 'env');
	is($peer->bytes(2), "env\n", '  it knows its name');
	$peer->open(3, 'fails');
	$peer->put(3, 'words');
	$peer->tell('end 3');
	is($peer->bytes(3), 'words', 'a program that fails: what it said comes');
	is($peer->next(qr/^(?:gone|done) 3/), 'gone 3 -5', '  then the guest is told, not that all is done');
	ok($link->says(qr/channel fails: the program failed: exit status 3/), '  and so are we');
	$peer->open(4, 'lazy');
	$peer->put(4, 'unread');
	$peer->tell('end 4');
	is($peer->next(qr/^(?:gone|done) 4/), 'gone 4 -32', 'a program that leaves bytes unread has not taken them');
	$peer->open(5, 'tee');
	$peer->put(5, 'words');
	$peer->tell('end-badly 5');
	is($peer->next(qr/^(?:gone|done) 5/), 'gone 5 -5', "bytes that are not the guest's by their CRC-32 break the channel");
	ok($link->says(qr/channel tee: what came is not what the guest sent: 5 bytes/), '  it is said');
	$peer->open(6, 'waits');
	my $pid = wait_for(sub { slurp("$dir/pid2") =~ /(\d+)\n/ && $1 });
	ok(kill(0, $pid), 'a program runs');
	$peer->tell('close 6 0');
	ok(wait_for(sub { !kill(0, $pid) }), '  and is ended when its channel is closed');
	$peer->open(7, 'stays');
	$pid = wait_for(sub { slurp("$dir/pid") =~ /(\d+)\n/ && $1 });
	$peer->next(qr/^opened 7/);
	is($link->leave, 0, 'it leaves while a program runs that does not want to end');
	ok(!kill(0, $pid), '  and ends it');
	is($peer->next(qr/^left$/), 'left', '  the line is closed');
	$peer->quit;
}

# Sockets.
{
	my $place = "$dir/sockets";
	my ($link, $peer) = pair('--dir', $place, '--channel', 'early', '--exec', 'cat=cat');
	is((stat $place)[2] & 07777, 0700, 'the directory is for us alone');
	is((stat "$place/early")[2] & 07777, 0600, 'and the socket that is there from the start');
	my $early = connect_to("$place/early");
	syswrite($early, 'before it was opened');
	$peer->open(1, 'early');
	is($peer->bytes(1, 20), 'before it was opened', '--channel: a program that came before the guest is heard');
	$peer->open(2, 'chat');
	my $chat = connect_to("$place/chat");
	is((lstat "$place/chat")[2] // 'gone', 'gone', 'one program for one opening') if $peer->next(qr/^opened 2/);
	$peer->put(2, 'from the guest');
	is(read_all($chat, 14), 'from the guest', '--dir: bytes from the guest');
	syswrite($chat, 'to the guest');
	is($peer->bytes(2, 12), 'to the guest', '  and to it');
	shutdown($chat, 1);
	is($peer->next(qr/^ended 2/), 'ended 2 12 right', "  the end of the program's direction");
	$peer->put(2, ' and more');
	is(read_all($chat, 9), ' and more', '  while the other one lives on');
	$peer->tell('end 2');
	is(read_all($chat), '', "  the end of the guest's direction");
	is($peer->next(qr/^done 2/), 'done 2 23 right', '  and all is taken');

	$peer->open(3, 'early');
	is($peer->next(qr/^gone 3/), 'gone 3 -16', 'a channel that is open cannot be opened again');
	$peer->open(4, 'slow');
	my $slow = connect_to("$place/slow");
	$peer->tell('fill 4 2000000 1', 'end 4');
	$peer->open(5, 'cat');
	$peer->tell("save 5 $dir/saved", 'fill 5 500000 2', 'end 5');
	is($peer->next(qr/^done 5/), 'done 5 500000 right', 'a program that does not read keeps no other waiting');
	is(length read_all($slow), 2000000, '  and gets all in the end');
	is($peer->next(qr/^done 4/), 'done 4 2000000 right', '  which counts as taken only then');
	$peer->open(6, 'leaves');
	my $leaves = connect_to("$place/leaves");
	$peer->put(6, 'unread');
	$peer->tell('end 6');
	wait_for(sub { my $wait = ''; vec($wait, fileno $leaves, 1) = 1; select($wait, undef, undef, 0) });
	close $leaves;
	is($peer->next(qr/^(?:gone|done) 6/), 'gone 6 -104', 'a program that leaves without reading has not taken it');

	for my $name ('.hidden', '..', 'a/b', "a\nb", 'a b', "\e[2J", "\xff") {
		$peer->open(7, $name);
		is($peer->next(qr/^gone 7/), 'gone 7 -22', 'no name for a channel: ' . hex_of($name));
		$peer->tell('close 7 0');
		$peer->next(qr/^free 7/);
	}
	is_deeply([ sort map { s{.*/}{}r } glob("$place/* $place/.h*") ], ['early'], '  none of them left anything');
	$peer->open(7, 'N' x 31);
	ok(connect_to("$place/" . 'N' x 31), 'the longest name');
	spew("$place/file", 'mine');
	$peer->open(8, 'file');
	is($peer->next(qr/^gone 8/), 'gone 8 -17', 'something else in its place: refused');
	is(slurp("$place/file"), 'mine', '  and left alone');

	my $second = Link->new('--dir', $place, "unix-listen:$dir/other");
	is($second->ends, 1, 'a second sill-link does not use the same directory');
	like($second->err, qr/another sill-link uses this directory/, '  and says so');
	unlink "$place/early";
	spew("$place/early", 'mine');
	over($link, $peer);
	is(slurp("$place/early"), 'mine', '  what was put in the place of its socket is not removed');
	unlink "$place/early";

	chmod 0777, $place;
	my $open = Link->new('--dir', $place, "unix-listen:$dir/other");
	is($open->ends, 1, 'a directory that others may write to is refused');
	like($open->err, qr/others may put files/, '  and it says why');
	chmod 0700, $place;
}

# What a dead sill-link has left behind.
{
	my $place = "$dir/sockets";
	my $path = "$dir/stale";
	my $dead = Link->new('--dir', $place, '--channel', 'left', "unix-listen:$path");
	wait_for(sub { -S $path && -S "$place/left" });
	my $rival = Link->new("unix-listen:$path");
	is($rival->ends, 1, 'a socket at which somebody listens is not taken over');
	like($rival->err, qr/a running program listens there/, '  and it says so');
	$dead->leave('KILL');
	ok(-S $path && -S "$place/left", 'one that is killed leaves its sockets');
	my $link = Link->new('--dir', $place, '--channel', 'left', '--baud', 4000000, "unix-listen:$path");
	my $peer = Peer->new("unix:$path");
	ok($peer->next(qr/^up$/), 'the next one takes their places');
	my $client = connect_to("$place/left");
	$peer->open(1, 'left');
	syswrite($client, 'x');
	is($peer->bytes(1, 1), 'x', '  and works');
	over($link, $peer);
	spew("$dir/plain", 'mine');
	my $refused = Link->new("unix-listen:$dir/plain");
	is($refused->ends, 1, 'a file in the place of the line is not replaced');
	is(slurp("$dir/plain"), 'mine', '  but left as it is');
}

# Named pipes.
{
	my $place = "$dir/pipes";
	my ($link, $peer) = pair('--pipes', $place);
	$peer->open(1, 'talk');
	ok(wait_for(sub { -p "$place/talk.in" && -p "$place/talk.out" }), '--pipes: there are two');
	is((stat "$place/talk.in")[2] & 07777, 0600, '  for us alone');
	open(my $to, '>', "$place/talk.in") or die;
	open(my $from, '<', "$place/talk.out") or die;
	syswrite($to, 'to the guest');
	is($peer->bytes(1, 12), 'to the guest', '  bytes to the guest');
	close $to;
	is($peer->next(qr/^ended 1/), 'ended 1 12 right', '  and the end');
	$peer->tell('fill 1 200000 3', 'end 1');
	is(length read_all($from), 200000, '  bytes from the guest, and the end');
	is($peer->next(qr/^done 1/), 'done 1 200000 right', '  all is taken');
	$peer->tell('close 1 0');
	ok(wait_for(sub { !-e "$place/talk.in" && !-e "$place/talk.out" }), '  and the pipes go when it is closed');
	over($link, $peer);
}

# A line that is cut, again and again; and one that is noisy.
{
	my ($link, $peer) = pair('--exec', "tee=tee $dir/teed", '--timeout', 20);
	$peer->tell('cuts 100 12345 6000');
	$peer->open(1, 'tee');
	$peer->tell("save 1 $dir/saved", 'fill 1 300000 9', 'end 1');
	is($peer->next(qr/^ended 1/), 'ended 1 300000 right', 'a line that is cut while bytes go both ways: none is lost');
	is($peer->next(qr/^done 1/), 'done 1 300000 right', '  or comes twice');
	ok(slurp("$dir/teed") eq slurp("$dir/saved") && -s "$dir/teed" == 300000, '  or changes');
	# The rest of the cuts, if there were not so many bytes.
	$peer->open(2, 'tee');
	$peer->tell("save 2 $dir/saved", 'fill 2 2000000 10', 'end 2');
	ok($peer->next(qr/^cuts over/), '  in 100 cuts');
	is($peer->next(qr/^done 2/), 'done 2 2000000 right', '  and it goes on when they are over');
	my $again = () = $link->err =~ /the line is there again/g;
	is($again, 100, '  of which each is told');
	unlike($link->err, qr/does not answer any more/, '  and none ends the session');

	$peer->tell('noise 3000 99');
	$peer->open(3, 'tee');
	$peer->tell("save 3 $dir/saved", 'fill 3 200000 11', 'end 3');
	is($peer->next(qr/^ended 3/), 'ended 3 200000 right', 'a noisy line: the same');
	is($peer->next(qr/^done 3/), 'done 3 200000 right', '  the other way, too');
	$peer->tell('noise 0 0', 'counts');
	like($peer->next(qr/^counts/), qr/[1-9]\d* bad/, '  and there was noise');
	is($link->out, '', '  nothing of it was taken for text');
	over($link, $peer);
}

# One end is started anew.
{
	my ($link, $peer, $path) = pair('--exec', 'cat=cat', '--exec', "waits=echo \$\$ >$dir/pid3; exec sleep 1000");
	$peer->open(1, 'waits');
	my $pid = wait_for(sub { slurp("$dir/pid3") =~ /(\d+)\n/ && $1 });
	$peer->tell('restart');
	ok(wait_for(sub { !kill(0, $pid) }), 'Sill is started anew: what was joined to the old one is ended');
	ok($link->says(qr/channel waits: broken off: Connection reset by peer/), '  and it is said why');
	$peer->next(qr/^up$/);
	$peer->open(1, 'cat');
	$peer->put(1, 'again');
	is($peer->bytes(1, 5), 'again', '  and the new one is served');
	is($link->leave('KILL'), 'signal 9', 'sill-link is killed in the midst of it');
	my $new = Link->new('--exec', 'cat=cat', '--baud', 4000000, "unix-listen:$path");
	is($peer->next(qr/^gone 1/), 'gone 1 -104', '  with the next one, the old channels are broken');
	$peer->tell('close 1 0');
	$peer->open(2, 'cat');
	$peer->put(2, 'anew');
	is($peer->bytes(2, 4), 'anew', '  and new ones work');
	$peer->tell('stay-away');
	ok($new->says(qr/the line is gone/), 'the line is away');
	$peer->quit;
	over($new, Peer->new("unix:$path"));
}

# Other lines.
{
	my $link = Link->new('--once', '--quiet', '--baud', 4000000, "unix:$dir/later");
	my $peer = Peer->new("unix-listen:$dir/later");
	ok($peer->next(qr/^up$/), 'a Unix socket that is there later than we are');
	$peer->put(0, "to the last byte\n");
	$link->shows(qr/last byte/);
	$peer->tell('raw ' . hex_of('and what a dying Sill says'));
	$peer->quit;
	is($link->ends, 0, '--once: it leaves when the line is gone');
	is($link->out, "to the last byte\nand what a dying Sill says", '  and has shown all');
	is($link->err, '', '--quiet: nothing was wrong, nothing is said');

	my $port = free_port();
	$link = Link->new('--baud', 4000000, "tcp-listen:$port");
	$link->says(qr/nobody has connected yet/);
	$peer = Peer->new("tcp:$port");
	ok($peer->next(qr/^up$/), 'tcp-listen');
	over($link, $peer);
	$port = free_port();
	$link = Link->new('--baud', 4000000, "tcp:127.0.0.1:$port");
	ok($link->says(qr/cannot connect: Connection refused; waiting/), 'tcp: nobody is there, and it waits');
	$peer = Peer->new("tcp-listen:$port");
	ok($peer->next(qr/^up$/), '  until somebody is');
	over($link, $peer);

	$peer = Peer->new('pty');
	my ($pty) = ($peer->next(qr/^pty/) // '') =~ /^pty (.*)/;
	my $tty = "$dir/tty";
	symlink($pty, $tty) or die;
	$link = Link->new('--exec', 'cat=cat', $tty);
	ok($peer->next(qr/^up$/), 'a pseudo terminal');
	$peer->open(1, 'cat');
	my $all = join('', map { chr } 0 .. 255) x 64;
	$peer->put(1, $all);
	ok(($peer->bytes(1, length $all) // '') eq $all, '  all bytes pass as they are');
	my $rival = Link->new($tty);
	is($rival->ends, 1, '  a second sill-link does not use it');
	like($rival->err, qr/another sill-link uses it/, '  and says so');
	$peer->quit;
	ok($link->says(qr/\Q$tty\E: the line is gone/), '  it vanishes');
	$peer = Peer->new('pty');
	($pty) = ($peer->next(qr/^pty/) // '') =~ /^pty (.*)/;
	unlink $tty;
	symlink($pty, $tty) or die;
	ok($peer->next(qr/^up$/), '  and is used again when there is one again');
	like(settings($tty), qr/\A115200 (?=.*\bcs8\b)(?=.*\B-parenb\b)(?=.*\B-crtscts\b)(?=.*\B-icanon\b)(?=.*\B-echo\b)(?=.*\B-ixon\b)/,
		'  the line is raw, with 8 bits and without a handshake');
	over($link, $peer);
	$peer = Peer->new('pty');
	($pty) = ($peer->next(qr/^pty/) // '') =~ /^pty (.*)/;
	$link = Link->new('--rtscts', '--baud', 921600, $pty);
	ok($peer->next(qr/^up$/), 'a pseudo terminal at another speed, with a handshake');
	like(settings($pty), qr/\A921600 (?=.*\bcrtscts\b)(?!.*\B-crtscts\b)/, '  as asked');
	over($link, $peer);
}

# The folder. What is outside of it, and never to be seen, is beside it.
my $share = "$dir/share";
my $secret = 'nobody must see this';
mkdir $_ or die for $share, "$share/sub", "$dir/outside";
spew("$dir/outside/secret", $secret);
spew("$share/hello", "hello, guest\n");
spew("$share/sub/big", join('', map { pack('N', $_ * 2654435761 % 4294967296) } 1 .. 60000));
symlink($_->[0], "$share/$_->[1]") or die for ['/etc', 'etc'], ['/etc/passwd', 'passwd'], ["$dir/outside", 'outside'],
	['../outside/secret', 'up'], ['hello', 'inside'], ['sub/../../outside/secret', 'around'], ['/proc/self/root', 'magic'],
	['loop', 'loop'];
mkfifo("$share/fifo", 0600) or die;

my $can_share = do {
	my @missing = grep { my $program = $_; !grep { -x "$_/$program" } split(/:/, $ENV{PATH}), qw(/usr/sbin /usr/bin) } qw(diod bwrap);
	@missing ? "no @missing on this machine" :
	system('bwrap --unshare-user --ro-bind / / true 2>/dev/null') != 0 ? 'no user namespaces on this machine' : '';
};

SKIP: {
	skip("--share: $can_share", 1) if $can_share;

	my ($link, $peer) = pair('--share', $share);
	for my $case (['hello', "hello, guest\n"], ['inside', "hello, guest\n"], ['sub/big', slurp("$share/sub/big")],
		['sub/../hello', "hello, guest\n"], ['./hello', "hello, guest\n"]) {
		my ($name, $content) = @$case;
		$peer->open(1, 'file');
		$peer->put(1, "$name\n");
		$peer->tell('end 1');
		is($peer->bytes(1), $content, "the channel file: $name");
		like($peer->next(qr/^done 1/), qr/right$/, '  and it is done');
		$peer->tell('close 1 0');
		$peer->next(qr/^free 1/);
	}
	my %refused = ('../outside/secret' => 13, "$dir/outside/secret" => 13, '/etc/passwd' => 13, 'passwd' => 13, 'etc/passwd' => 13,
		'up' => 13, 'around' => 13, 'outside/secret' => 13, 'sub/../../outside/secret' => 13, 'magic/etc/passwd' => 13,
		'loop' => 40, 'fifo' => 13, 'sub' => 21, '.' => 21, 'none' => 2, 'hello/x' => 20, '' => 22, "hello\0" => 22, 'x' x 4096 => 36,
		'x' x 300 => 36);
	for my $name (sort keys %refused) {
		$peer->open(1, 'file');
		$peer->put(1, "$name\n");
		is($peer->next(qr/^(?:gone|data) 1/), "gone 1 -$refused{$name}", '  refused: ' . substr($name =~ s/\0/\\0/r =~ s/\Q$dir\E/…/r, 0, 40));
		$peer->tell('close 1 0');
		$peer->next(qr/^free 1/);
	}

	my $p9 = sub {
		my ($peer, $stream) = @_;
		return P9->new(send => sub { $peer->put($stream, $_[0]) },
			receive => sub { ($peer->next(qr/^(?:data|ended|gone) $stream /) // '') =~ /^data \d+ (.*)/ ? pack('H*', $1) : undef });
	};
	$peer->open(2, '9p');
	my $client = $p9->($peer, 2);
	ok($client->version(8192), '9P: version');
	is($client->attach(''), undef, "  nothing is exported as ''");
	is($client->attach('/'), undef, '  nor as /');
	my $top = $client->attach('/share');
	ok($top, '  attach to /share') or diag($client->{error});
	my $directory = $client->walk($top);
	ok($client->lopen($directory, 0), '  its directory');
	is(join(' ', sort grep { !/^\.\.?$/ } $client->names($directory)), join(' ', sort map { s{.*/}{}r } glob("$share/*")), '  has the names that it has');
	my $file = $client->walk($top, 'hello');
	ok($client->lopen($file, 0), '  a file');
	is($client->read($file, 0, 100), "hello, guest\n", '  has its bytes');
	is($client->readlink($client->walk($top, 'passwd')), '/etc/passwd', '  a symbolic link is told as what it is');

	# Whatever is asked: what lies outside does not exist. Above the folder is the sandbox, with what diod is made of.
	my $names_of = sub {
		my $fid = $client->walk($top, @_) // return '';
		return join(' ', sort grep { !/^\.\.?$/ } $client->lopen($fid, 0) ? $client->names($fid) : ());
	};
	my $content_of = sub {
		my $fid = $client->walk($top, @_);
		return defined $fid && $client->lopen($fid, 0) ? $client->read($fid, 0, 1000) : undef;
	};
	is($names_of->('..'), '', '9P: above the folder nothing is to be seen');
	is($client->walk($top, @$_), undef, '  and nowhere to go: ' . join(' then ', @$_)) for ['..', '..'], ['..', 'etc'], ['..', 'share'];
	my $user = $> || 1000;
	is($content_of->('passwd'), "root:x:$user:$user\::/:/\n", '  /etc/passwd is the one made for diod, to which a link leads');
	like($content_of->('etc', 'passwd') // '', qr/\A(?:root:x:$user:$user\::\/:\/\n)?\z/, '  in either way');
	for my $names (['etc', 'shadow'], ['etc', 'hostname'], ['..', 'proc'], ['..', 'dev'], ['..', 'home'], ['outside', 'secret'], ['../outside/secret'], ['sub/../../outside/secret'],
		['/etc/shadow'], ['sub', '..', '..', '..', 'outside', 'secret'], ['magic', 'etc', 'passwd'], ["$dir/outside/secret"], ['hello', '..', '..', 'etc', 'shadow']) {
		is($content_of->(@$names), undef, '  nor: ' . join(' then ', @$names) =~ s/\Q$dir\E/…/r);
	}
	for my $name ('up', 'around', 'outside', 'magic') {
		is($content_of->($name), undef, "  nor by opening the symbolic link $name");
	}
	for my $name ('/etc', '/share/..', '/share/../etc', $dir, '/share/outside', '/share/etc', '/lib64/../etc', '/proc', '/dev', "/share/magic") {
		my $fid = $client->attach($name);
		my $seen = defined $fid && $client->walk($fid, 'shadow') || defined $fid && $client->walk($fid, 'secret');
		ok(!$seen, '  nor by attaching to ' . $name =~ s/\Q$dir\E/…/r);
	}
	# Nothing can be changed.
	ok(!$client->lcreate($client->walk($top), 'new') && $client->{error} == 30, '9P without --rw: no new file');
	ok(!$client->mkdir($top, 'new') && $client->{error} == 30, '  no new directory');
	ok(!$client->symlink($top, 'new', '/etc/passwd') && $client->{error} == 30, '  no new link');
	ok(!$client->unlinkat($top, 'hello'), '  nothing is removed');
	ok(!$client->remove($client->walk($top, 'hello')) && $client->{error} == 30, '  in neither way');
	ok(!$client->renameat($top, 'hello', $top, 'new'), '  nothing is renamed');
	ok(!$client->rename($client->walk($top, 'hello'), $top, 'new') && $client->{error} == 30, '  in neither way');
	ok(!$client->lopen($client->walk($top, 'hello'), 1) && $client->{error} == 30, '  nothing is written');
	ok(!$client->truncate($client->walk($top, 'hello')) && $client->{error} == 30, '  or cut off');
	my $root_fid = $client->attach('/lib64/');
	ok(!defined $root_fid || !$client->lcreate($client->walk($root_fid), 'new'), '  nor anything else in the sandbox');
	is(slurp("$share/hello"), "hello, guest\n", '  and so it is all there');
	$peer->tell('end 2');
	is($peer->next(qr/^ended 2/) && 'ended', 'ended', '  when the guest ends it, so does the server') or diag($link->err);
	over($link, $peer);

	($link, $peer) = pair('--share', $share, '--rw');
	$peer->open(1, '9p');
	$client = $p9->($peer, 1);
	$client->version(65536);
	$top = $client->attach('/share');
	$file = $client->walk($top);
	ok($client->lcreate($file, 'new'), '9P with --rw: a new file') or diag($client->{error});
	is($client->write($file, 0, 'w' x 5000), 5000, '  is written');
	is(slurp("$share/new"), 'w' x 5000, '  and there');
	is((stat "$share/new")[4], $>, '  as ours');
	ok($client->mkdir($top, 'directory') && -d "$share/directory", '  a new directory');
	ok($client->rename($client->walk($top, 'new'), $top, 'renamed') && -e "$share/renamed", '  another name');
	ok($client->remove($client->walk($top, 'renamed')) && !-e "$share/renamed", '  and gone');
	ok($client->symlink($top, 'trap', "$dir/outside"), '  a link to what is outside');
	my $trap = $client->walk($top, 'trap');
	ok(!$client->lcreate($trap, 'x') && !-e "$dir/outside/x", '  leads nowhere');
	ok(!$client->walk($top, 'trap', 'secret'), '  at all');
	for my $name ('../outside/x', "$dir/outside/x", '../x', 'trap/x', '..') {
		my $said = $name =~ s/\Q$dir\E/…/r;
		ok(!$client->rename($client->walk($top, 'hello'), $top, $name) && -e "$share/hello", "  nor does the new name $said");
		ok(!$client->lcreate($client->walk($top), $name), "  nor a new file $said");
		ok(!$client->mkdir($top, $name), "  nor a new directory $said");
	}
	is(join(' ', map { s{.*/}{}r } glob("$dir/outside/*")), 'secret', '  and nothing is new outside');
	is(slurp("$dir/outside/secret"), $secret, '  and what is outside is as it was');
	my ($server) = grep { slurp("/proc/$_/cmdline") =~ /^[^\0]*diod\0/ && is_below($_, $link->{pid}) } map { m{(\d+)} } glob('/proc/[0-9]*');
	$link->leave('KILL');
	ok(defined $server && wait_for(sub { !-e "/proc/$server" }), '  the server does not outlive sill-link');
	$peer->quit;

	my @no_namespaces = ('unshare', '-Ur', 'sh', '-c', 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"', 'sh');
	$link = Link->new([@no_namespaces], '--share', $share, "unix-listen:$dir/never");
	is($link->ends, 1, '--share without user namespaces: refused');
	like($link->err, qr/is not run without.*this system does not let you make user namespaces/s, '  and it says what to do');
}

done_testing();
