#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# The cable between the emulator and sill-link, with something in the place of both: what other tests rely on when
# they cut it.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;
use SillLink;
use IO::Select;
use IO::Socket::INET;

$ENV{SILL_LINK} = 'tests/system/lib/echo-link';
my $link = SillLink->new(base => 'build/system/link_cable', arguments => ['unused']);
my $machine = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $link->line, Timeout => 10) or BAIL_OUT("no machine: $!");

# What comes back within some seconds, up to as many bytes as are expected.
sub back
{
	my ($count) = @_;
	my $bytes = '';
	while (length $bytes < $count && IO::Select->new($machine)->can_read(10)) {
		sysread($machine, $bytes, 65536, length $bytes) or last;
	}
	return $bytes;
}

# What is said until the echo answers is lost, as on a cable that hangs loose: so until then it is said again.
sub connected
{
	for (1 .. 1000) {
		syswrite($machine, '?');
		if (IO::Select->new($machine)->can_read(0.01)) {
			# The echoes of all those that were not lost, up to a byte that only comes last.
			syswrite($machine, '!');
			my $bytes = '';
			while ($bytes !~ /!\z/ && IO::Select->new($machine)->can_read(10)) {
				sysread($machine, $bytes, 65536, length $bytes) or last;
			}
			return $bytes =~ /\A\?+!\z/;
		}
	}
	return 0;
}

my $text = join '', map { chr(($_ * 7) & 255) } 1 .. 100000;
my $exchange = sub {
	syswrite($machine, $text);
	return back(length $text);
};

ok(connected(), 'both ends are connected');
ok($exchange->() eq $text, 'bytes pass, both ways, unchanged');
like($link->cable('count'), qr/^count lost=[0-9]+ spoiled=0 to_host=([0-9]+) to_machine=\1$/m, 'and are counted');

is($link->cable('cut'), '', 'it is cut');
my ($lost) = $link->cable('count') =~ /lost=([0-9]+)/;
syswrite($machine, 'lost');
# It has lost them when it says so, not when they were written.
for (1 .. 1000) {
	last if $link->cable('count') =~ /lost=([0-9]+)/ && $1 == $lost + 4;
	select undef, undef, undef, 0.01;
}
like($link->cable('count'), qr/lost=@{[ $lost + 4 ]} /, 'bytes are lost');
$link->cable('join');
ok(connected(), 'it is joined, and what was lost does not come');

$link->cable('noise 20000 3');
syswrite($machine, $text);
# How much comes back nobody knows: all that comes until nothing does for a second.
my $noisy = '';
while (IO::Select->new($machine)->can_read(1)) {
	sysread($machine, $noisy, 65536, length $noisy) or last;
}
$link->cable('noise 0');
my ($spoiled) = $link->cable('count') =~ /spoiled=([0-9]+)/;
cmp_ok($spoiled, '>', 3000, 'noise: of 200,000 bytes a fiftieth is spoiled');
cmp_ok($spoiled, '<', 5000, 'noise: and no more');
ok($noisy ne $text, 'noise: what comes is not what was sent');
cmp_ok(abs(length($noisy) - length $text), '<', 2000, 'noise: but most of it');
ok($exchange->() eq $text, 'no noise any more');

$link->cable('pull');
$link->cable('join');
ok(connected(), 'pulled and joined');
$link->end;
$link->start;
ok(connected(), 'the other end went and came');
is(join(' ', @{ $link->{statuses} }), '0', 'it was ended as asked');

# The machine's last words, with something for it that it has not read.
my ($before) = $link->cable('count') =~ /to_host=([0-9]+)/;
syswrite($machine, '?');
IO::Select->new($machine)->can_read(10);
kill 'STOP', $link->{relay};
syswrite($machine, 'last words');
close $machine;
kill 'CONT', $link->{relay};
is($link->cable('drain'), '', 'it is drained');
like($link->cable('count'), qr/to_host=@{[ $before + 11 ]} /, 'all that the machine had sent has passed then');
my $said = $link->stop;
like($said, qr/\A(?:echo-link: ready\n(?:echo-link: the peer has gone\n)*){2}\z/, 'what it said is kept');
cmp_ok(scalar(() = $said =~ /gone/g), '>=', 1, 'it saw that the cable was pulled');
is(join(' ', @{ $link->{statuses} }), '0 0', 'and ended again');
unlink 'build/system/link_cable.link';
done_testing();
