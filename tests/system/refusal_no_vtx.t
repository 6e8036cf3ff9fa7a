#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# A machine whose CPU has no VT-x: Sill must say so and return to the firmware, unharmed. It is QEMU's own CPU here,
# a second machine and firmware beside Bochs.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;

for my $gop (0, 1) {
	my $run = boot(
		name => $gop ? 'with a display' : 'no display',
		machine => 'qemu-tcg',
		gop => $gop,
		send => [ 'verdict: failure' => ' ' ],
		until => 'UEFI Interactive Shell',
	);
	verdict_like($run, qr/^failure/);
	serial_like($run, qr/This processor \(AuthenticAMD\) is from AMD and has not Intel VT-x/, 'Sill says that there is no VT-x');
	serial_like($run, qr/UEFI Interactive Shell/, 'the firmware lives on');
	serial_unlike($run, qr/VMXON: /, 'VMX was not entered');
}
done_testing();
