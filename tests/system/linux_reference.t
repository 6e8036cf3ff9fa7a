#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Linux with Sill beneath it and without, on one CPU: nothing differs but what is explained, and it takes no longer.
# Then, with Sill: what an idle system costs, and a program that reads and writes all reserved memory.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use LinuxTest;

# Each program that starts executes CPUID: as often while the system sleeps for ten seconds as while it does not at all.
my (undef, $run) = compare_boots(model => 'corei7_haswell_4770', more => <<'EOF2');
total() { sill stats | awk '!/^ticks/ && $NF ~ /^[0-9]+$/ && !/by APIC/ { n += $NF } END { print n }'; }
first=$(total)
sleep 0
second=$(total)
sleep 10
third=$(total)
mark busy $((second - first))
mark idle $((third - second))
grep Reserved /proc/iomem | while read range rest; do
	if probe memory scan 0x${range%-*} $((0x${range#*-} - 0x${range%-*} + 1)); then mark hole $range; fi
done
check 'Sill is alive after that' sill ping
check 'memory is as it was written' probe memory stress 64 1
echo BEGIN log
sill log
echo END log
EOF2
ok($run->{marks}{busy}, 'programs that start cost exits');
is($run->{marks}{idle}, $run->{marks}{busy}, 'ten idle seconds cost no exit more');
is($run->{marks}{hole}, $run->{hole}, 'the reserved range that is Sill\'s reads as all ones, whatever is written');
my @touched = grep { /read|touch|wr[io]te/i } part($run, 'log');
is(scalar @touched, 1, 'Sill\'s log tells it once') or diag(part($run, 'log'));
my ($launch) = $run->{serial} =~ /^Sill: beneath 1 CPU, on the first after ([0-9]+) ticks$/m;
cmp_ok($launch // 'Inf', '<=', 2_000_000, 'from the loader\'s entry to the firmware above Sill: at most 2 million instructions');
done_testing();
