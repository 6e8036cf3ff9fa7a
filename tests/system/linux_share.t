#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# A folder of this machine in a Linux above Sill: 'sill mount', the kernel's own 9P over a channel, and sill-link's
# server at the other end of the line. Read, then written to; what lies outside the folder; a line that is cut.
#
# Debian's kernel for virtual machines has no 9P, so this boots the other one, which takes longer to start.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use LinuxTest;
use Digest::SHA qw(sha256_hex sha512);
use File::Path qw(make_path);
use File::Temp qw(tempdir);

my $folder = tempdir('sill-share-test.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $share = "$folder/share";
# 115200 baud: each KiB takes a tenth of a second of the machine's time, and each 16 KiB are asked for by themselves.
my $cpus = $ARGV[0] // 1;
my $large_size = $ENV{SILL_SOAK} ? 64 << 20 : $cpus == 1 ? 2 << 20 : 128 << 10;

sub bytes
{
	my ($count, $seed) = @_;
	return substr join('', map { sha512("$seed $_") } 0 .. $count / 64), 0, $count;
}

sub make_folder
{
	system('rm', '-rf', $share, "$folder/outside");
	make_path("$share/sub/deeper", "$share/many", "$folder/outside");
	write_file("$share/large", bytes($large_size, 'large'));
	write_file("$share/medium", bytes(98304, 'medium'));
	write_file("$share/$_", bytes(6000, $_)) for 'one', 'two', 'sub/three';
	write_file("$share/sub/deeper/text", "a line\n");
	write_file(sprintf('%s/many/%03d', $share, $_), '') for 1 .. 40;
	write_file("$folder/outside/secret", "MUST-NOT-APPEAR\n");
	symlink 'one', "$share/link";
	symlink '../outside', "$share/escape";
	symlink "$folder/outside/secret", "$share/escape2";
	return;
}
make_folder();

# 9P2000.L, as a client that tries to leave the folder: first a file in it, then each name that could lead out.
sub message
{
	my ($type, $body, $tag) = @_;
	return pack('VCv', 7 + length $body, $type, $tag // 1) . $body;
}

sub text { return pack 'v/a*', $_[0] }

sub attach
{
	my ($fid, $name) = @_;
	return message(104, pack('VV', $fid, 0xffffffff) . text('') . text($name) . pack('V', 65534));
}

my @ways = (
	['one'], [ '..', 'outside', 'secret' ], [ 'sub', '..', '..', 'outside', 'secret' ], ['../outside/secret'],
	[ 'escape', 'secret' ], ['escape2'], [ ('..') x 6, 'etc', 'passwd' ], ['/etc/passwd'], ['sub/../../outside/secret'],
	[ '..', '..', 'proc', 'self', 'environ' ],
);
my @elsewhere = ('/', "$folder/outside", '/share/../', '/etc');
my @requests = (message(100, pack('V', 8192) . text('9P2000.L'), 0xffff), attach(0, '/share'));
for my $i (0 .. $#ways) {
	my @names = @{ $ways[$i] };
	# Walk, open to read, read: the last two refer to nothing if the walk did not succeed.
	push @requests, message(110, pack('VVv', 0, $i + 1, scalar @names) . join '', map { text($_) } @names),
		message(12, pack('VV', $i + 1, 0)), message(116, pack('VQ<V', $i + 1, 0, 1000));
}
push @requests, map { attach(100, $_) } @elsewhere;
# One file each: the server may answer in any order, so each is sent when the one before has been answered.
my @request_files = map { write_file(sprintf('%s/request.%03d', $folder, $_), $requests[$_]) } 0 .. $#requests;

# Processes that have the folder among their arguments, but for sill-link: the server in its cage.
sub servers
{
	return scalar grep { /\Q$share\E/ && !/^\S*sill-link\0/ } map { slurp($_) } glob '/proc/[0-9]*/cmdline';
}
my $servers = 0;

sub host
{
	my ($words, $link) = @_;
	my ($what, $name) = split ' ', $words;

	if ($what eq 'sum') {
		return -e "$share/$name" ? sha256_hex(slurp("$share/$name")) : 'none';
	}
	if ($what eq 'text') {
		return slurp("$share/$name") =~ s/\n.*//sr;
	}
	$servers = servers() if $what eq 'pull';
	if ($what eq 'writable') {
		$link->end;
		$link->start('--verbose', '--share', $share, '--rw');
		return 'done';
	}
	return $link->cable($words) eq '' ? 'done' : 'failed';
}

my $read = <<'EOF2';
say() { echo "BEGIN $*"; "$@" 2>&1; echo "END $?"; }
sum() { sha256sum | cut -c 1-64; }
seconds() { cut -d ' ' -f 1 /proc/uptime; }
same() { [ "$(host sum "$2")" = "$(sum <"$1")" ]; }
mkdir -p /there /etc /own
say sill mount /there --timeout 200
check 'the modules for 9P load' load_9p
check 'it is mounted' sill mount /there
say grep /there /proc/mounts
say ls -1 /there
say ls -lR /there
mark names $(ls /there/many | wc -l)
check 'a file' same /there/one one
check 'a file in a folder' same /there/sub/three sub/three
check 'a file by a link' same /there/link one
from=$(seconds)
check 'a copy' cp /there/large /own/large
mark copy_seconds $from $(seconds)
check 'the copy is the same' same /own/large large
say cat /there/escape/secret
say cat /there/escape2
say touch /there/new
say sh -c 'echo x >/there/one'
say rm -f /there/one
say mv /there/one /there/other
say mkdir /there/folder
say chmod 777 /there/one
check 'which changes nothing' same /there/one one
check 'a second mount is refused' sh -c 'mkdir /there2; ! sill mount /there2 --timeout 5'
check 'it is unmounted' umount /there
# Read-only is the other end's doing, not only this kernel's.
say sill mount /there --rw
say touch /there/new
check 'unmounted' umount /there
mkfifo /own/to
sill connect 9p </own/to >/own/answers & job=$!
exec 3<>/own/to
for request in /bin/request.*; do
	size=$(stat -c %s /own/answers)
	cat $request >&3
	i=0
	while [ $(stat -c %s /own/answers) = $size ] && [ $i -lt 600 ]; do usleep 100000; i=$((i + 1)); done
done
exec 3>&-
wait $job
echo "BEGIN answers"; hexdump -v -e '1/1 "%02x"' /own/answers; echo; echo "END 0"
EOF2

my $write = <<'EOF2';
host writable
check 'mounted again' sill mount /there --rw
i=0
head -c 65536 /dev/urandom >/own/block
while [ $i -lt BLOCKS ]; do cat /own/block; i=$((i + 1)); done >/own/own
from=$(seconds)
check 'a file there' cp /own/own /there/own
mark copy_back_seconds $from $(seconds)
check 'it is the same on the host' same /own/own own
check 'renamed' mv /there/own /there/sub/renamed
check 'which the host sees' same /own/own sub/renamed
check 'under one name only' test "$(host sum own)" = none
check 'written in the midst of it' sh -c 'printf changed | dd of=/there/two bs=1 seek=2000 conv=notrunc'
check 'on the host too' same /there/two two
check 'appended to' sh -c 'echo more >>/there/sub/deeper/text && grep -q "^more$" /there/sub/deeper/text'
check 'cut' sh -c ': >/there/one && [ ! -s /there/one ]'
check 'a folder' mkdir /there/folder
check 'and not any more' rmdir /there/folder
check 'removed' rm /there/sub/renamed
check 'on the host too' test "$(host sum sub/renamed)" = none
expected=$(host sum medium)
cat /there/medium | sum >/own/sum1 & first=$!
cat /there/medium | sum >/own/sum2 & second=$!
while kill -0 $first 2>/dev/null; do ls /there/many >/dev/null || break; done & third=$!
wait $first $second $third
check 'two that read at once' sh -c "grep -q $expected /own/sum1 && grep -q $expected /own/sum2"

# The line is cut while somebody copies.
cp /there/large /own/copy 2>/own/said & job=$!
while kill -0 $job && ! [ -s /own/copy ]; do usleep 10000; done
host pull
from=$(seconds)
wait $job
mark status_after_pull $?
mark seconds_after_pull $from $(seconds)
say cat /own/said
say ls -1 /there
check 'unmounted all the same' umount /there
host join
check 'mounted once more' sill mount /there
check 'a file' same /there/sub/three sub/three
check 'unmounted' umount /there
say sill channels
finish
EOF2

my $blocks = $large_size >> 16;
$write =~ s/\bBLOCKS\b/$blocks/;
my $large = sha256_hex(slurp("$share/large"));
my $run = boot_linux(name => "$cpus CPU", cpus => $cpus, sill => 1, modules => 1, model => 'corei7_haswell_4770',
	link => [ '--verbose', '--share', $share ], host => \&host, timeout => $ENV{SILL_SOAK} ? 7200 : 500, programs => \@request_files,
	conf => "log = debug\nlink_share = 60\nlink_timeout = 60\n", script => $read . $write);
my $label = sub { "$cpus CPU: $_[0]" };
my $said = sub {
	my ($words) = @_;
	my @said = $run->{serial} =~ /^BEGIN \Q$words\E\n(.*?)^END ([0-9]+)$/msg;
	return wantarray ? @said : ($said[0] // 'nothing');
};
relay_tap($run, 1);
is($run->{status}, 0, $label->('the machine switched itself off'));
serial_unlike($run, qr/MUST-NOT-APPEAR/, $label->('nothing of what lies outside'));

my ($text, $status) = $said->('sill mount /there --timeout 200');
is($status, 1, $label->('without the modules it cannot be mounted'));
like($text, qr/this kernel has no 9P file system; 'modprobe 9p' says more/, $label->('it says why'));
like($said->('grep /there /proc/mounts'), qr/^sill \/there 9p ro,.*nosuid,nodev,.*trans=fd/, $label->('mounted read-only'));
is($said->("ls -1 /there"), join('', map { "$_\n" } sort qw(escape escape2 large link many medium one sub two)), $label->('its names'));
like($said->('ls -lR /there'), qr/^-\S+ +1 \S+ +\S+ +$large_size .* large$/m, $label->('its sizes'));
is($run->{marks}{names}, 40, $label->('a folder with many names'));
for my $words ('touch /there/new', "sh -c echo x >/there/one", 'rm -f /there/one', 'mv /there/one /there/other', 'mkdir /there/folder',
	'chmod 777 /there/one') {
	my @all = $said->($words);
	isnt($all[1], 0, $label->("$words: refused")) or diag($all[0]);
	like($all[0], qr/Read-only file system/, $label->("$words: because it is read-only"));
}
my @touch = $said->('touch /there/new');
isnt($touch[3], 0, $label->('refused by the other end, too')) or diag($touch[2]);
ok(!-e "$share/new", $label->('nothing new on the host'));
for my $words ('cat /there/escape/secret', 'cat /there/escape2') {
	my @all = $said->($words);
	like($all[0] // '', qr/No such file or directory/, $label->("$words: a link is this system's to follow"));
}
for my $copy (qw(copy copy_back)) {
	my ($from, $to) = split ' ', $run->{marks}{"${copy}_seconds"} // '0 9999';
	note(sprintf '%d CPU: %s of %d bytes: %.1f s, %.0f bytes a second', $cpus, $copy, $large_size, $to - $from, $large_size / ($to - $from));
}

# What the hand-made client was told: 7 is an error, 117 bytes that it may read.
my $answers = pack 'H*', $said->('answers') =~ s/\n//gr;
my (@types, @read);
while (length $answers >= 7) {
	my ($size, $type) = unpack 'VC', $answers;
	last if $size < 7 || $size > length $answers;
	push @types, $type;
	push @read, substr $answers, 11, $size - 11 if $type == 117;
	$answers = substr $answers, $size;
}
is(scalar @types, scalar @requests, $label->('every request of a hostile client is answered')) or diag("@types");
is(join(' ', @types[ 0 .. 4 ]), '101 105 111 13 117', $label->('it can read what is in the folder'));
ok(($read[0] // '') eq substr(bytes(6000, 'one'), 0, 1000), $label->('as it is'));
is(scalar @read, 1, $label->('and nothing else')) or diag(join "\n", @read[ 1 .. $#read ]);
is(join(' ', @types[ -@elsewhere .. -1 ]), join(' ', (7) x @elsewhere), $label->('nor can another folder be attached to'));

isnt($run->{marks}{status_after_pull} // 0, 0, $label->('a copy fails when the line is cut'));
my ($from, $to) = split ' ', $run->{marks}{seconds_after_pull} // '0 9999';
cmp_ok($to - $from, '<=', 90, $label->('in bounded time'));
like($said->('cat /own/said'), qr/error|reset|timed out/i, $label->('with an error'));
is(sha256_hex(slurp("$share/large")), $large, $label->('the host\'s file is as it was'));
is(join(' ', grep { $_ != 0 } @{ $run->{link_statuses} }), '', $label->('sill-link ended as asked')) or diag($run->{link});
cmp_ok($servers, '>', 0, $label->('the server is one of the processes'));
is(servers(), 0, $label->('and none is left'));
done_testing();
