#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Processors that lack something Sill needs: it names what, and returns to the firmware, unharmed.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;

my %lack = (
	core2_penryn_t9600 => qr/extended page tables \(EPT\): control "enable EPT" is missing\.$/m,
	corei5_lynnfield_750 => qr/without paging: control "unrestricted guest" is missing\.$/m,
	athlon64_venice => qr/\(AuthenticAMD\).*not Intel VT-x\.$/m,
	p4_prescott_celeron_336 => qr/\(GenuineIntel\) reports no Intel VT-x \(CPUID\.1:ECX bit 5 is 0\)\.$/m,
);
for my $model (sort keys %lack) {
	my $run = boot(
		name => $model, model => $model,
		send => [ 'verdict: failure' => ' ' ],
		until => 'UEFI Interactive Shell',
		may_die => 1,
	);
	verdict_is($run, 'failure (Sill was not started)');
	serial_like($run, qr/^sill: cannot start:\nsill: .*$lack{$model}/m, 'what it lacks');
	serial_like($run, qr/^sill: Sill needs a processor with Intel VT-x, EPT and unrestricted guest/m, 'what would do');
	serial_like($run, qr/UEFI Interactive Shell/, 'the firmware lives on');
	serial_unlike($run, qr/VMXON: |ending boot services/, 'VMX was not entered');
}
done_testing();
