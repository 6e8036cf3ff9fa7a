#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Firmware that left IA32_FEATURE_CONTROL unlocked, and has no ACPI tables: Sill sets and locks it by itself, and
# runs as well as elsewhere.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillLog;

my $run = boot(no_fw_cfg => 1, files => ['build/guest-stub/guest-stub.elf'], conf => <<'EOF');
# Nothing tells Sill that this is an emulator.
finish = emulator
guest = \EFI\sill\guest-stub.elf
cmdline = demo
memory = 4M
# It is locked now, for guests too.
guest = \EFI\sill\guest-stub.elf
cmdline = tap=discovery,msr
memory = 16M
EOF
serial_like($run, qr/proof: IA32_FEATURE_CONTROL = 0: left unlocked by the firmware; Sill writes 5 itself\. No firmware setting is involved\.$/m,
	'who set the lock');
my @parts = guest_parts($run);
demo_is_good($parts[0] // {});
relay_tap($run, 1);
verdict_is($run, 'success');
serial_unlike($run, qr/panic|\] sill: (?:warning|error)/i);
done_testing();
