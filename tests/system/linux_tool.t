#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# The program sill on a Linux above Sill: each command, as root and not, until it has taken Sill away.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use LinuxTest;
use JSON::PP;

# 'nobody': with an ordinary user's rights. 'say' shows what a command answers, for the patterns below, and its status.
my $run = boot_linux(model => 'corei7_haswell_4770', cpus => 2, sill => 1, gop => 1, timeout => 240, conf => "doors = vmcall cpuid port mmio\n",
	script => <<'EOF2');
say() { echo "BEGIN $*"; "$@" 2>&1; echo "END $?"; }
mkdir -p /etc && echo 'nobody:x:65534:65534::/:/bin/sh' >/etc/passwd
nobody() { su nobody -c "$*"; }
check 'sill is there' sill ping
say probe doors
say nobody probe doors
say sill info
say sill ping 1000
say sill time
date -s '2020-01-01 00:00:00' >/dev/null
say sill clock --compare
say nobody sill clock --set
say sill clock --set
say sill clock --compare
say sill clock --set
say sill resolution
say sill log
say sill bench
say sill stats
say sill stats --json
say sill ping x
say nobody sill ping
say nobody sill info
say nobody sill log
say nobody sill stats
say nobody sill unload
say sill ping
echo 0 >/sys/devices/system/cpu/cpu1/online
say sill ping
# One that is always in the midst of it.
while sill log && sill stats; do :; done >/worker 2>&1 &
sleep 1
say sill unload
wait
echo "WORKER $(tail -n 1 /worker)"
echo 1 >/sys/devices/system/cpu/cpu1/online
say sill ping
say sill unload
say taskset 2 sill ping
finish
EOF2
relay_tap($run, 1);
is($run->{status}, 0, 'the machine switched itself off');

my @said = $run->{serial} =~ /^BEGIN (?:nobody |taskset 2 )?(?:sill|probe) [^\n]*\n(.*?)^END [0-9]+$/msg;
my @status = $run->{serial} =~ /^END ([0-9]+)$/mg;
is(scalar(@said), 27, 'each command came to an end') or diag($run->{serial});
is("@status", '0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 64 0 0 1 1 1 0 0 0 2 2 2', 'exit statuses') or diag($run->{serial});
my ($differ, $nobody_set, $set, $agree, $nothing, $resolution) = splice @said, 5, 6;
my ($doors, $nobody_doors, $info, $ping, $time, $log, $bench, $stats, $json, $wrong, $nobody_ping, $nobody_info, $nobody_log, $nobody_stats,
	$nobody_unload, $once, $one_cpu, $unload, @gone) = @said;
like($info, qr/\ASill: +[0-9.]+, underlay mode\nABI: +version 1, [0-9]+ calls\nfeatures: .* log stats unload underlay channels\ndoors: +vmcall cpuid port mmio\nCPUs: +2\n/,
	'info');
is($doors, "cpuid: 1000\nport: 1000\nmmio: 1000\n", 'doors for programs, if sill.conf opens them');
is($nobody_doors, "cpuid: 1000\nport: not allowed\nmmio: not allowed\n", 'and for whom Linux lets use them');
is($ping, "CPU 0: 1000 of 1000 answered\nCPU 1: 1000 of 1000 answered\n", 'ping');
like($time, qr/\ASill: +2023-11-14 22:[12][0-9]:[0-9.]+ UTC\nsystem: +2023-11-14 22:[12][0-9]:[0-9.]+ UTC\ndifference: +[-+][01]\.[0-9]{6} s\nTSC: +[0-9]+ ticks a second\n\z/,
	'time: the same as the system\'s, but for a second of the two readings of the RTC, and what they drift apart');
like($differ, qr/^system: +2020-01-01 00:00:[0-9.]+ UTC\n.*^They differ by a second or more/ms, 'clock --compare: they differ');
like($nobody_set, qr/\Asill: clock: setting the system's clock needs root \(CAP_SYS_TIME\)\n\z/, 'clock --set: not for anybody');
like($set, qr/\AThe system's clock was set\nfrom: +2020-01-01 00:00:[0-9.]+ UTC\nto: +2023-11-14 22:/, 'clock --set: it is set');
like($agree, qr/^difference: +[-+]0\.[0-9]{6} s\nThey agree: /m, 'clock --compare: they agree');
like($nothing, qr/^difference: +[-+]0\.[0-9]{6} s\nNothing is set: /m, 'clock --set: nothing is to be done');
like($resolution, qr/\A1280x800, at most [0-9]+x[0-9]+\n\z/, 'resolution');
like($log, qr/\A\[ +0\.[0-9]+\] sill: Sill [0-9.]+: a thin hypervisor/, 'log: from the start');
unlike($log, qr/[^\x20-\x7e\n]|^(?!\[)/m, 'log: lines of text');
my %ticks = $bench =~ /^(\S.*?) +([0-9]+)$/mg;
is(join(', ', sort keys %ticks), 'CPUID leaf 0, CPUID leaf 40000000h, VMCALL, ping', 'bench: what it measures');
cmp_ok($_, '>', 20, 'bench: an exit takes instructions') for values %ticks;
cmp_ok($_, '<', 500, 'bench: and not many') for values %ticks;

my $cpus = decode_json($json)->{cpus};
is(scalar(@$cpus), 2, 'stats --json: two CPUs');
is($cpus->[0]{init_ticks} + 0, 0, 'stats: the boot CPU had no INIT');
cmp_ok($cpus->[1]{$_}, '>', 0, "stats: the other one had one: $_") for qw(init_ticks sipi_ticks);
cmp_ok($_->{exits}{VMCALL} // 0, '>=', 1000, 'stats: the pings are there') for @$cpus;
is(join(' ', map { $_->{failed_entries} } @$cpus), '0 0', 'stats: no failed VM entry');
my @table = map { /^(\S.*?)  +([0-9]+) +([0-9]+) +([0-9]+)$/ ? [ $1, $2, $3, $4 ] : () } split /\n/, $stats;
is(join(', ', map { $_->[0] } grep { $_->[1] + $_->[2] != $_->[3] } @table), '', 'stats: the last column is the sum');
is(join(', ', grep { my $name = $_; !grep { $_->[0] eq $name } @table } keys %{ $cpus->[0]{exits} }), '',
	'stats: all reasons of the JSON text are in the table');
is($nobody_ping, "CPU 0: 1 of 1 answered\nCPU 1: 1 of 1 answered\n", 'ping is for anybody');
is($nobody_info, $info, 'and so is info');
is($_, "sill: this needs root (CAP_SYS_RAWIO), and a kernel that is not locked down\n", 'not for anybody')
	for $nobody_log, $nobody_stats, $nobody_unload;
is($once, $nobody_ping, 'unload by somebody without the right changes nothing');
is($one_cpu, "CPU 0: 1 of 1 answered\n", 'ping asks the CPUs that are online');
is($unload, "CPU 0: out\nCPU 1: offline, so Sill is still beneath it; it goes when the CPU is online and executes CPUID\n",
	'unload: a CPU that is offline is left later');
like($run->{serial}, qr/^WORKER sill: no Sill beneath this system$/m, 'unload: a program that makes calls all the time learns of it');
is($_, "sill: no Sill beneath this system\n", 'it is gone, from the other CPU too once that is online') for @gone;
done_testing();
