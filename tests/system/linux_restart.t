#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Linux above Sill resets the machine, Sill is started again, and the second Linux switches the machine off.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use LinuxTest;

# How often it has started is kept in the CMOS RAM, which a reset leaves alone. The reset is the firmware's runtime
# service, called at the address that Linux has given it.
my $run = boot_linux(model => 'corei7_skylake_x', cpus => 2, sill => 1, timeout => 300, cmdline => 'reboot=efi', script => <<"EOF2");
if [ "\$(probe cmos 0x60)" = 1 ]; then start=2; else start=1; fi
mark start\$start \$(nproc)
check "every CPU answers after start \$start" sill ping
if [ \$start = 1 ]; then
	probe cmos 0x60 1
	echo "1..\$count"
	reboot -f
	sleep 1000
fi
finish
EOF2
relay_tap($run, 2);
is(join(' ', map { $run->{marks}{"start$_"} // '' } 1, 2), '2 2', 'both have both CPUs');
serial_count($run, qr/^Sill: beneath 2 CPUs/m, 2, 'Sill was started both times');
is($run->{status}, 0, 'the machine was switched off');
done_testing();
