#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Sill takes itself away beneath a Linux that is at work on both CPUs, and that runs on: its processes, its NMIs. With
# and without page tables of their own for processes (PTI), since a CPU leaves Sill through those that it has at that
# moment.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use LinuxTest;

my $script = <<'EOF2';
# Each piece of work is a line. There is always some: the emulator is slowest when its CPUs idle. Waits are short.
mkdir /home && cd /home
right=$(seq 50 | md5sum)
work() {
	while [ ! -e enough ]; do
		[ "$(seq 50 | md5sum)" = "$right" ] && echo right || echo wrong
	done >"work$1"
}
dmesg -c >/dev/null
work 0 &
taskset -p 1 $! >/dev/null
work 1 &
taskset -p 2 $! >/dev/null
nmis() { awk '/NMI:/ { print $2 + $3 }' /proc/interrupts; }
# Asks all CPUs by NMI where they are.
where() {
	local before=$(nmis)
	echo l >/proc/sysrq-trigger
	sleep 0.01
	[ "$(nmis)" -gt "$before" ]
}
mark meltdown "$(cat /sys/devices/system/cpu/vulnerabilities/meltdown)"
check 'Sill is there' sill ping
check 'NMIs arrive' where
check 'Sill goes' sill unload
done0=$(wc -l <work0) done1=$(wc -l <work1)
sill ping
ok $((1 - ($? == 2))) 'and is gone'
taskset 2 sill ping
ok $((1 - ($? == 2))) 'from the other CPU too'
check 'NMIs arrive as before' where
sleep 0.02
check 'work goes on on the boot CPU' test "$(wc -l <work0)" -gt "$done0"
check 'and on the other' test "$(wc -l <work1)" -gt "$done1"
touch enough
wait
check 'all of it was right' sh -c '! grep -q wrong work0 work1'
dmesg | grep -E 'BUG|Oops|WARNING|segfault|general protection|unknown NMI|[Uu]nknown reason' >trouble
check 'the kernel has nothing to complain of' sh -c 'cat trouble; ! [ -s trouble ]'
finish
EOF2

for my $pti ('on', 'off') {
	my $run = boot_linux(name => "pti=$pti", cpus => 2, sill => 1, cmdline => "pti=$pti", timeout => 400, script => $script);
	relay_tap($run);
	like($run->{marks}{meltdown}, $pti eq 'on' ? qr/PTI/ : qr/Vulnerable|Not affected/, "pti=$pti: is in force");
}
done_testing();
