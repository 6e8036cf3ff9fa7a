#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# NMIs that Linux sends to another CPU while that exits all the time: some come while Sill runs, some while Linux has
# its time. Each arrives once.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use LinuxTest;

my $nmis = 40;
my $run = boot_linux(model => 'corei7_haswell_4770', cpus => 2, sill => 1, timeout => 240, script => <<"EOF2");
nmis() { awk '/^ *NMI:/ { print \$3 }' /proc/interrupts; }
taskset -p 1 \$\$ >/dev/null
while :; do taskset 2 sill bench; done >/dev/null 2>&1 &
sleep 1
before=\$(nmis)
for i in \$(seq $nmis); do echo l >/proc/sysrq-trigger; done
mark nmis \$((\$(nmis) - before))
mark late \$(dmesg | grep -ci 'hung\\|stall\\|lockup\\|dazed')
sill stats | sed 's/^/# /'
mark window \$(sill stats | awk '/^NMI window/ { print \$4 }')
mark direct \$(sill stats | awk '/^exception or NMI/ { print \$5 + 0 }')
finish
EOF2
relay_tap($run, 1);
my $marks = $run->{marks};
is($marks->{nmis}, $nmis, "$nmis NMIs were sent, and the CPU counted as many");
is($marks->{late}, 0, "none was missed");
# About half of them hit Sill; the others reach Linux without it.
cmp_ok($marks->{window} // 0, '>', $nmis / 10, 'some of them came while Sill ran, and were passed on');
cmp_ok($marks->{window} // $nmis, '<', $nmis * 9 / 10, 'and some while Linux did: no VM exit for these');
done_testing();
