#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Linux on four CPUs above Sill.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use LinuxTest;

# On this model Linux hangs in the emulator without these words, with Sill and without.
my $run = boot_linux(model => 'corei7_icelake_u', cpus => 4, sill => 1, timeout => 400,
	cmdline => 'mitigations=off clearcpuid=fsrm', script => <<'EOF2');
mark cpus $(nproc)
for cpu in 0 1 2 3; do
	check "CPU $cpu answers" taskset $(printf %x $((1 << cpu))) sill ping
done
for cpu in 1 2 3; do
	check "CPU $cpu goes offline" sh -c "echo 0 >/sys/devices/system/cpu/cpu$cpu/online"
done
mark left $(nproc)
for cpu in 3 1 2; do
	check "CPU $cpu comes back" sh -c "echo 1 >/sys/devices/system/cpu/cpu$cpu/online"
done
mark back $(nproc)
sill ping
check 'every CPU answers' sill ping
sill stats
finish
EOF2
relay_tap($run, 1);
is(join(' ', map { $run->{marks}{$_} // '' } qw(cpus left back)), '4 1 4', 'Linux has four CPUs, then one, then four');
serial_count($run, qr/^CPU [0-3]: 1 of 1 answered$/m, 4);
is(join(' ', @{ $run->{exits}{'INIT signal'} // [] }), '0 3 3 3', 'INITs: of the firmware twice, of Linux, and of the way back')
	or diag(join ' ', @{ $run->{exits}{'start-up IPI'} // [] });
done_testing();
