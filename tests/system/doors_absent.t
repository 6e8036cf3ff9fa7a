#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# What becomes of each door where no Sill is: the same guest program, on QEMU alone. That is what the column "without
# Sill" in docs/doors.md rests on.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;

my @qemu = (qw(timeout 60 qemu-system-x86_64 -nodefaults -machine pc -cpu max -m 64 -display none -serial stdio -net none
	-no-reboot -device), 'isa-debug-exit,iobase=0xf4,iosize=4', qw(-append measure -kernel build/guest-stub/doors.elf));
open(my $qemu, '-|', @qemu) or die "@qemu: $!\n";
my @lines = map { s/[\r\n]//gr } <$qemu>;
close $qemu;
is($? >> 8, 1, 'the program ends by itself, with success') or diag(join "\n", @lines);

my (%happened, %answered);
for (@lines) {
	/^doors: absent way=(\w+) answered=(yes|no) happened="(.*)"$/ and ($answered{$1}, $happened{$1}) = ($2, $3);
}
my %expected = (
	vmcall => qr/^#UD$/, cpuid => qr/^(?:zeros|another answer: EAX=)/, rtc => qr/^the machine's own clock answers: 20\d\d-/,
	port => qr/^reads all ones$/, port_call => qr/^reads all ones$/, port_string => qr/^reads all ones$/,
	mmio => qr/^reads (?:0|all ones)$/, watch => qr/^VMCALL: #UD, no answer/, poll => qr/^no answer/,
	(map { ("ring_$_" => qr/^#UD$/) } 1, 16, 256), view => qr/^#UD$/,
	push_page => qr/^VMCALL: #UD, nothing is written/, push_interrupt => qr/^VMCALL: #UD, no interrupt/,
);
is(join(' ', sort keys %happened), join(' ', sort keys %expected), 'every way was tried');
# Nobody does, but for the RTC: that is a PC's own.
is($answered{$_} // '', $_ eq 'rtc' ? 'yes' : 'no', "$_: does anybody answer?") for sort keys %expected;
like($happened{$_} // '', $expected{$_}, "$_: $expected{$_}") for sort keys %expected;
is((grep { /^doors: end$/ } @lines) + 0, 1, 'and the program came to its end');
done_testing();
