#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# A machine with four CPUs, none of which has MONITOR and MWAIT.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillLog;

my $run = boot(cpus => 4, files => ['build/guest-stub/guest-stub.elf'],
	conf => "guest = \\EFI\\sill\\guest-stub.elf\nmemory = 4M\ncmdline = demo\n");
verdict_is($run, 'success');
serial_like($run, qr/CPUs: 4; Sill uses the one with APIC ID 0$/m);
demo_is_good((guest_parts($run))[0] // {});
serial_unlike($run, qr/panic|\] sill: (?:warning|error)/i);
done_testing();
