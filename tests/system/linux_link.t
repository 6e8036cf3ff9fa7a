#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Channels of a Linux above Sill: Sill's own services, and programs on this machine at the other end of the serial
# line, with sill-link between. Files both ways, by their SHA-256; who may; what becomes of memory that changes hands;
# a line that is cut and joined, and one with noise.
#
# SILL_SOAK=1 sends 64 MiB each way, and nothing else ('make soak').

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use LinuxTest;
use Digest::SHA qw(sha256_hex);
use File::Temp qw(tempdir);
use JSON::PP;

my $soak = $ENV{SILL_SOAK} // 0;
# What is sent each way. At 115200 baud each KiB takes a tenth of a second of the machine's time.
my $kib = ($soak ? 64 : 1) << 10;
my $folder = tempdir('sill-link-test.XXXXXX', TMPDIR => 1, CLEANUP => 1);

my $most_calls = 32 * $kib / 1024;

# The same bytes in every run, with every value and no order that a counter could hide.
sub bytes
{
	my ($count, $seed) = @_;
	my $bytes = '';
	for (my $block = 0; length $bytes < $count; $block++) {
		$bytes .= Digest::SHA::sha512("$seed $block");
	}
	return substr $bytes, 0, $count;
}

write_file("$folder/source", bytes(32768, 'source'));
write_file("$folder/large", join '', map { bytes(64 << 10, "large $_") } 1 .. $kib / 64);

# A command's standard input is what the guest sends; its result appears under the name that is waited for, whole.
my $sum = "sha256sum >'$folder/sum.new' && mv '$folder/sum.new' '$folder/sum'";
my @link = ('--verbose', '--exec', "sink=$sum", '--exec', "source=cat '$folder/source'", '--exec', "large=cat '$folder/large'",
	'--exec', 'mirror=cat', '--exec', 'fails=exit 3');

# What the machine can ask for.
sub host
{
	my ($words, $link) = @_;
	my ($what, @more) = split ' ', $words;

	if ($what eq 'sum') {
		for (1 .. 1000) {
			last if -e "$folder/sum";
			select undef, undef, undef, 0.02;
		}
		my ($text) = slurp("$folder/sum") =~ /^([0-9a-f]{64})/;
		unlink "$folder/sum";
		return $text // 'none';
	}
	if ($what eq 'end') {
		$link->end;
		return 'done';
	}
	if ($what eq 'start') {
		$link->start;
		return 'done';
	}
	return $link->cable($words) eq '' ? 'done' : 'failed';
}

my $start = <<'EOF2';
mkdir -p /etc /own && echo 'nobody:x:65534:65534::/:/bin/sh' >/etc/passwd
say() { echo "BEGIN $*"; "$@" 2>&1; echo "END $?"; }
nobody() { su nobody -c "$*"; }
sum() { sha256sum | cut -c 1-64; }
seconds() { cut -d ' ' -f 1 /proc/uptime; }
# A file from the host would tell of nothing that goes to it: so this one is from here.
head -c 65536 /dev/urandom >/own/block
cat /own/block /own/block /own/block >/own/blocks
exchange() { sill connect "$1" <"$2" >/own/back && cmp "$2" /own/back; }
sent_is_received() { [ "$(host sum)" = "$(sum <"$1")" ]; }
# Waits until so much of what $job does has gone through the channel $1 that it is in the midst of it.
moving() {
	while kill -0 $job && ! sill channels --json | grep -q "\"name\": \"$1\".*\"$2\": [0-9]*[0-9][0-9][0-9][0-9][0-9]"; do usleep 100000; done
}
received_is() { [ "$(sum </own/down)" = "$1" ]; }
EOF2

my $services = <<'EOF2';
say sill channels
say sill channels --json
cat /own/blocks /own/block /own/block >/own/some
check 'echo: 320 KiB come back as they were' exchange echo /own/some
say sh -c 'echo now | timeout 20 sill connect time'
say sh -c 'timeout 5 sill connect log </dev/null | head -n 3'
say sh -c 'echo x | sill connect fails'
say sill send nobody-takes-it --timeout 200 </own/some
say sill send .dot </dev/null
EOF2

my $rights = <<'EOF2';
say nobody sill channels
say nobody sill send sink '</etc/passwd'
say nobody sill recv source
say nobody sill connect echo
check 'without the right every call is refused, and nothing is told' nobody probe channels denied
say probe grant sh -c 'id -u; sill channels | grep ^link'
check 'another user with the right has it' sh -c 'probe grant sill connect echo </own/some | cmp /own/some'
check 'rings are not for ring 3' probe channels rings
check 'nor for another user with the right' probe grant probe channels rings
check 'a page that two share is not written to for one of them' probe channels fork
check 'what was the memory of a program that was killed is not written to' probe channels killed
check 'what was the memory of a thread is not written to' probe channels moved
check 'what a program left open is closed by its name' sill channels --close echo
EOF2

my $files = <<'EOF2';
head -c 32768 /own/block >/own/up
check 'send' sill send sink </own/up
check 'send: the host has what was sent' sent_is_received /own/up
check 'recv' sh -c 'sill recv source >/own/down'
check "recv: here is what the host has" received_is SOURCE
check 'both ways at once' exchange mirror /own/up
EOF2

# More: the time, and how many calls that took.
my $bulk = <<'EOF2';
i=0
while [ $i -lt BLOCKS ]; do cat /own/block; i=$((i + 1)); done >/own/bulk
from=$(seconds)
say sill send sink </own/bulk
mark send_seconds $from $(seconds)
check 'send, more: the host has what was sent' sent_is_received /own/bulk
rm /own/bulk
from=$(seconds)
sill recv large >/own/down 2>/own/said &
job=$!
# The last look before the end.
while kill -0 $job 2>/dev/null; do
	sill channels --json >/own/now && grep -q '"large"' /own/now && mv /own/now /own/seen
	sleep 5
done
wait $job
ok $? 'recv, more'
mark recv_seconds $from $(seconds)
check "recv, more: here is what the host has" received_is LARGE
say cat /own/said
say cat /own/seen
say sill channels --json
EOF2

my $faults = <<'EOF2';
sill send sink </own/blocks 2>/own/said & job=$!
moving sink written
host cut
sleep 1
host join
check 'send: the line is cut in the midst of it' kill -0 $job
wait $job
ok $? 'send: that only takes longer'
check 'and the host has what was sent' sent_is_received /own/blocks
host noise 100 1
sill send sink </own/up 2>/own/said
ok $? 'send: over a line with noise'
check 'and the host has what was sent' sent_is_received /own/up
sill recv source >/own/down 2>/own/said
ok $? 'recv: over a line with noise'
host noise 0
check "and here is what the host has" received_is SOURCE
say sill channels --json
# sill-link ends in the midst of it, and comes back.
sill send mirror --timeout 300 </own/blocks 2>/own/said & job=$!
moving mirror written
from=$(seconds)
host end
wait $job
mark status_after_end $?
mark seconds_after_end $from $(seconds)
host start
check 'send: sill-link is there again' sill send sink </own/up
check 'and the host has what was sent' sent_is_received /own/up
# A cable that is pulled is an error in bounded time too.
sill recv large >/dev/null 2>/own/said & job=$!
moving large read
from=$(seconds)
host pull
wait $job
mark status_after_pull $?
mark seconds_after_pull $from $(seconds)
host join
check 'recv: the cable is in its place again' sh -c 'sill recv source >/own/down'
check "and here is what the host has" received_is SOURCE
say sill channels
EOF2

# In the emulator 20 per cent of 5 MIPS are too little to receive at the full rate. And its seconds are not this
# machine's: where Linux sleeps they pass many times as fast.
my $conf = "log = debug\nlink_share = 60\nlink_timeout = 60\n";

my %value = (BLOCKS => $kib / 64, SOURCE => sha256_hex(slurp("$folder/source")), LARGE => sha256_hex(slurp("$folder/large")));
my $cpus = $ARGV[0] // 1;
my $script = $start . ($soak ? $bulk : $services . $rights . $files . $bulk . $faults) . "finish\n";
$script =~ s/\b(BLOCKS|SOURCE|LARGE)\b/$value{$1}/g;

# Seconds between two marks of /proc/uptime.
sub passed
{
	my ($run, $mark) = @_;
	my ($from, $to) = split ' ', $run->{marks}{$mark} // '';
	return defined $to ? $to - $from : 9999;
}

# What a command of the script said, and its status; of several with the same words the last.
sub said
{
	my ($run, $words) = @_;
	my @said = $run->{serial} =~ /^BEGIN \Q$words\E\n(.*?)^END ([0-9]+)$/msg;
	return (@said ? $said[-2] : '', $said[-1] // -1);
}

# What 'sill channels --json' said, or nothing.
sub parsed
{
	my ($json) = @_;
	my $parsed = eval { decode_json($json) };
	return $parsed ? ($parsed->{link} // {}, @{ $parsed->{channels} }) : ({});
}

my $label = sub { "$cpus CPU: $_[0]" };

# How much in what time and with how many calls; both ends agree about it.
sub check_bulk
{
	my ($run) = @_;

	# A byte takes 10 bits of 115200 a second. Opening, closing and looking are in it, and the emulator's clock is not
	# the host's; docs/link.md has what the link itself achieves.
	my $good = ($soak ? 0.75 : 0.4) * 11520;
	for my $way ('send', 'recv') {
		my $rate = ($kib << 10) / passed($run, "${way}_seconds");
		cmp_ok($rate, '>=', $good, $label->(sprintf '%s: %.0f bytes a second', $way, $rate));
	}
	for (said($run, 'sill send sink'), said($run, 'cat /own/said')) {
		next if /^[0-9]+$/;
		like($_, qr/: @{[ $kib << 10 ]} bytes in .* with the same CRC-32 \([0-9]+ calls\)$/m, $label->('both ends agree'));
		my ($calls) = /\(([0-9]+) calls\)$/m;
		$calls //= 9999;
		cmp_ok($calls, '<=', $most_calls, $label->(sprintf 'at most 32 calls a MiB: %.1f', $calls / $kib * 1024));
	}
	my ($seen) = said($run, 'cat /own/seen');
	my (undef, @open) = parsed($seen);
	my ($channel) = grep { $_->{name} eq 'large' } @open;
	cmp_ok($channel->{read} // 0, '>', 0, $label->('channels --json: of a channel in use')) or diag($seen);
	cmp_ok($channel->{calls} // 9999, '<=', $most_calls, $label->('channels --json: its calls'));
	return;
}

sub check_services
{
	my ($run) = @_;
	my ($text, $status) = said($run, 'sh -c echo now | timeout 20 sill connect time');
	like($text, qr/^2023-11-14T22:[0-9]{2}:[0-9.]+Z$/m, $label->('time: a line for a line'));
	($text) = said($run, 'sh -c timeout 5 sill connect log </dev/null | head -n 3');
	like($text, qr/^\[ +0\.[0-9]+\] sill: Sill [0-9.]+: a thin hypervisor/, $label->('log: from the start'));
	($text, $status) = said($run, 'sill send nobody-takes-it --timeout 200');
	is($status, 4, $label->('a channel that nobody takes'));
	like($text, qr/refused: sill-link at the other end of the line takes no channel of this name/, $label->('it says so'));
	($text, $status) = said($run, 'sill send .dot');
	is($status, 64, $label->('a name that is none')) or diag($text);
	like($run->{link}, qr/\bfails\b.*3/, $label->('sill-link tells of a command that failed')) or diag($run->{link});
	return;
}

sub check_rights
{
	my ($run) = @_;
	for my $words ('sill channels', 'sill send sink </etc/passwd', 'sill recv source', 'sill connect echo') {
		my ($text, $status) = said($run, "nobody $words");
		is("$status $text", "1 sill: this needs root (CAP_SYS_RAWIO), and a kernel that is not locked down\n",
			$label->("$words: not for anybody, and nothing is told"));
	}
	my ($text) = said($run, 'probe grant sh -c id -u; sill channels | grep ^link');
	like($text, qr/\A65534\nlink: port 0x2f8, 115200 baud, up/, $label->('for another user with the right'));
	return;
}

sub check_faults
{
	my ($run, $line) = @_;
	cmp_ok($line->{frames_bad} // 0, '>', 0, $label->('channels --json: the noise was noticed'));
	cmp_ok($line->{frames_repeated} // 0, '>', 0, $label->('channels --json: and made good'));
	for my $what ('end', 'pull') {
		is($run->{marks}{"status_after_$what"}, 4, $label->("$what: an error"));
		cmp_ok(passed($run, "seconds_after_$what"), '<=', 90, $label->("$what: in bounded time"));
	}
	is(scalar @{ $run->{link_statuses} }, 2, $label->('two sill-links, one after the other'));
	return;
}

my $run = boot_linux(name => "$cpus CPU", cpus => $cpus, sill => 1, model => 'corei7_haswell_4770', link => \@link,
	host => \&host, timeout => $soak ? 7200 : 400, memory => $soak ? 1024 : 512, conf => $conf,
	script => $script);
relay_tap($run, 1);
is($run->{status}, 0, $label->('the machine switched itself off'));
check_bulk($run);
my ($json) = said($run, 'sill channels --json');
my ($line, @open) = parsed($json);
is($line->{baud}, 115200, $label->('channels --json: the line')) or diag($json);
is($line->{overruns}, 0, $label->('channels --json: the port lost nothing'));
is(join(' ', grep { $_ != 0 } @{ $run->{link_statuses} }), '', $label->('sill-link ended as asked')) or diag($run->{link});
if (!$soak) {
	is(scalar @open, 0, $label->('channels --json: none is left open'));
	check_services($run);
	check_rights($run);
	check_faults($run, $line);
}

# A serial port that loses bytes when Sill comes too late for them. The other one never does.
if (!$soak && !@ARGV) {
	(my $lossy = $start . $files) =~ s/\b(SOURCE)\b/$value{$1}/g;
	my $run = boot_linux(name => 'lossy port', sill => 1, link => \@link, link_tty => 1, host => \&host, timeout => 300,
		conf => $conf,
		script => "${lossy}say sill channels --json\nfinish\n");
	relay_tap($run, 1);
	my ($line) = parsed(said($run, 'sill channels --json'));
	note("lossy port: the port lost bytes $line->{overruns} times, $line->{frames_repeated} frames were sent once more");
	cmp_ok($line->{bytes_received} // 0, '>', 65536, 'lossy port: the line was used');
}
done_testing();
