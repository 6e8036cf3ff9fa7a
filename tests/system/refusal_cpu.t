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
	core2_penryn_t9600 => qr/EPT/,
	corei5_lynnfield_750 => qr/unrestricted guest/,
	athlon64_venice => qr/VT-x/,
	p4_prescott_celeron_336 => qr/VT-x/,
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
	serial_like($run, qr/UEFI Interactive Shell/, 'the firmware lives on');
	serial_unlike($run, qr/VMXON: |ending boot services/, 'VMX was not entered');
}
done_testing();
