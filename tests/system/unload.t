#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Sill takes itself away, from every CPU, and each goes on with what it was doing as if nothing had been: a UEFI
# program asks for it and looks at everything that it can see of a CPU (tests/system/unload).

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;

for my $cpus (1, 2) {
	my $run = boot(name => "$cpus CPU(s)", cpus => $cpus, timeout => 90, serial2 => 1, power_off => 1,
		conf => "mode = underlay\nnext = \\EFI\\sill\\unload.efi\nconsole = com2\n",
		files => ['build/tests/unload.efi']);
	relay_tap($run);
	serial_like($run, qr/^unload: ends with 0 failures$/m, "$cpus CPU(s): the program came to its end");
}
done_testing();
