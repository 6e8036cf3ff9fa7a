#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Linux on two CPUs above Sill: CPUs go and come, memory types change, AVX programs compute while exits happen. In the
# end Sill is taken away under load, and Linux runs on.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use LinuxTest;

my $run = boot_linux(model => 'corei7_haswell_4770', cpus => 2, sill => 1, timeout => 240, script => <<'EOF2');
cpu=/sys/devices/system/cpu/cpu1/online
set_cpu() { echo $1 >$cpu && [ $(nproc) = $((1 + $1)) ]; }
wrmsr() { sill stats | awk '/^WRMSR/ { print $NF }'; }
mark cpus $(nproc)
check 'CPU 0 answers' taskset 1 sill ping
check 'CPU 1 answers' taskset 2 sill ping
for i in 1 2 3; do
	check "CPU 1 goes offline, time $i" set_cpu 0
	check "CPU 1 comes back, time $i" set_cpu 1
	check "every CPU answers, time $i" sill ping
done

before=$(wrmsr)
mtrr() { echo "$@" >/proc/mtrr; }
check 'a memory type range is added' mtrr base=0xe0000000 size=0x1000000 type=write-combining
check 'it is there' grep -q 'base=0x0e0000000.*write-combining' /proc/mtrr
check 'it is taken away' mtrr disable=2
check 'it is gone' sh -c '! grep -q base=0x0e0000000 /proc/mtrr'
mark mtrr_writes $(($(wrmsr) - before))

check 'CPU 0 computes with AVX between exits' taskset 1 probe avx 5000
check 'CPU 1 computes with AVX between exits' taskset 2 probe avx 5000
probe avx 20000 & first=$!
probe avx 20000 & second=$!
probe cpuid storm 2 & third=$!
check 'memory is as it was written, under load' probe memory stress 32 1
for job in $first $second $third; do wait $job; ok $? "what ran meanwhile computed right"; done

sill stats
probe avx 20000 & first=$!
probe memory stress 32 1 & second=$!
check 'Sill is taken away under load' sill unload
for job in $first $second; do wait $job; ok $? "what ran meanwhile computed right"; done
check 'nothing is beneath any more' sh -c 'sill ping; [ $? = 2 ]'
check 'a CPU goes offline without Sill' set_cpu 0
check 'and comes back' set_cpu 1
check 'AVX computes right without Sill' probe avx 1000
finish
EOF2
relay_tap($run, 1);
is($run->{marks}{cpus}, 2, 'Linux has both CPUs');
cmp_ok($run->{marks}{mtrr_writes} // 0, '>=', 4, 'Sill saw the memory types change, on both CPUs');
for (['INIT signal', 'ticks of the last INIT', 100], ['start-up IPI', 'ticks of the last start-up IPI', 300]) {
	my ($exit, $ticks, $most) = @$_;
	cmp_ok($run->{exits}{$exit}[1] // 0, '>=', 4, "$exit: CPU 1 was started again and again");
	# These are the handler's; the path to it and back (vmx/entry.asm, vmx_handle_exit()) takes some 50 more.
	cmp_ok(50 + ($run->{exits}{$ticks}[1] || 'Inf'), '<=', $most, "$exit: at most $most instructions");
}
like($run->{serial2}, qr/sill: CPU 1 \(APIC ID 1\): beneath the firmware$/m, 'Sill speaks on the second serial port');
done_testing();
