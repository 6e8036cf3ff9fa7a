#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Doors that sill.conf closes are as if they weren't there: none of them, all but those two by which Sill is found, all
# but VMCALL. The guest program tries the closed ones, too, and nobody may answer.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;

my $run = boot(
	conf => <<'CONF', files => ['build/guest-stub/doors.elf'], timeout => 240);
guest = \EFI\sill\doors.elf
cmdline = test
memory = 32M
lazy_memory = 4M
doors = none
guest = \EFI\sill\doors.elf
cmdline = test
memory = 32M
lazy_memory = 4M
doors = vmcall cpuid
guest = \EFI\sill\doors.elf
cmdline = test
memory = 32M
lazy_memory = 4M
doors = all -vmcall
CONF
relay_tap($run, 3);
# Without VMCALL a guest can only end through the debug-exit port, whose statuses are odd: 1 is its 0.
serial_like($run, qr/guest 0: exit status 1 /, 'none: the guest ends well');
serial_like($run, qr/guest 1: exit status 0 /, 'vmcall and cpuid: the guest ends well');
serial_like($run, qr/guest 2: exit status 1 /, 'all but vmcall: the guest ends well');
verdict_like($run, qr/^failure \(2 of 3 guests did not end with exit status 0\)$/);
serial_unlike($run, qr/panic/i);
done_testing();
