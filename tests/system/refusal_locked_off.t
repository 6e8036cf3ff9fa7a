#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Firmware that locked VT-x off (IA32_FEATURE_CONTROL = 1): Sill must say so and return to the firmware, unharmed.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;

my $run = boot(
	first => 'build/tests/lockoff.efi',
	conf => slurp('boot/sill.conf'),
	files => ['build/guest-stub/guest-stub.elf'],
	no_fw_cfg => 1,
	send => [ 'verdict: failure' => ' ' ],
	until => 'UEFI Interactive Shell',
);
serial_like($run, qr/^lockoff: IA32_FEATURE_CONTROL is now 1$/m, 'the test locked VT-x off');
verdict_like($run, qr/^failure/);
serial_like($run, qr/locked that \(IA32_FEATURE_CONTROL = 1h\)/, 'Sill says that it is locked off');
serial_like($run, qr/firmware's set-up/, 'and where to switch it on');
serial_like($run, qr/^lockoff: Sill returned: Unsupported$/m, 'the loader returns an error to who started it');
serial_like($run, qr/UEFI Interactive Shell/, 'the firmware lives on');
serial_unlike($run, qr/VMXON: /, 'VMX was not entered');
done_testing();
