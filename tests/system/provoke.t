#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# What Sill does when something happens to Sill itself: an NMI in VMX root operation is the guest's in the end;
# a panic tells all it knows.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;

my $run = boot(
	link => [], conf => <<'CONF',
link = com2
guest = \EFI\sill\guest-stub.elf
cmdline = tap=nmi
provoke = nmi
guest = \EFI\sill\hang.elf
provoke = panic
CONF
	files => [ 'build/guest-stub/guest-stub.elf', 'build/guest-stub/bad/hang.elf' ],
);
relay_tap($run);
serial_like($run, qr/provoked: 1 NMI taken in VMX root operation/, 'the NMI arrived in root operation');
serial_like($run, qr/guest 0: exit status 0 \(success\)/, 'the guest survives its NMI');

serial_like($run, qr/panic: #PF page fault at [0-9a-f]{16}: write of 0000000000005111, where nothing is mapped/,
	'a panic says what happened');
serial_like($run, qr/rip [0-9a-f]{16}  rflags [0-9a-f]+  cs 08  ss 10/, 'registers');
serial_like($run, qr/cr0 [0-9a-f]{16}  cr2 0000000000005111/, 'control registers');
serial_like($run, qr/#0  [0-9a-f]{16} write_to_nowhere\+0x/, 'the backtrace begins with the function at fault');
serial_like($run, qr/#[1-4]  [0-9a-f]{16} vmx_exit\+0x[0-9a-f]+\n(?!.*  #[0-9])/, 'and ends with the VM exit');
serial_like($run, qr/last VM exits, the latest first:\n.*VMX-preemption timer expired at /, 'the last VM exits');
verdict_like($run, qr/^failure \(Sill stopped itself \(panic\)\)/);
like($run->{link}, qr/ panic: #PF page fault.*#0  [0-9a-f]{16} write_to_nowhere.*sill: verdict: failure \(Sill stopped itself/s,
	'sill-link at the end of the line shows it, too');
like($run->{link}, qr/ maybe said before:\r\n.*exit status 0 .*provoked: a write.*panic: #PF/s, '  after what it had not got yet');

$run = boot(
	conf => "guest = \\EFI\\sill\\hang.elf\nprovoke = panic-twice\n",
	files => ['build/guest-stub/bad/hang.elf'],
);
serial_like($run, qr/ panic: #PF.*\bbacktrace:.* panic while reporting a panic: #PF.*defect of Sill/s,
	'a panic within a panic costs one step of the report and not the rest');
is(scalar(() = $run->{serial} =~ /panic while reporting/g), 1, 'and happens once');
verdict_like($run, qr/^failure \(Sill stopped itself \(panic\)\)/);
done_testing();
