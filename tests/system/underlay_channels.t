#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Channels in underlay mode: a kernel's driver with rings, and a hostile one with two CPUs, of which the second changes
# what the first has Sill look at. tests/system/channels is that kernel.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;

for ([ 'corei7_icelake_u', 2 ], [ 'corei5_arrandale_m520', 1 ]) {
	my ($model, $cpus) = @$_;
	my $run = boot(
		name => $model,
		model => $model, cpus => $cpus,
		conf => "mode = underlay\nnext = \\EFI\\sill\\channels.efi\nconsole = com2\n",
		files => ['build/tests/channels.efi'],
		serial2 => 1,
		until => '^channels: done',
		may_die => 1,
		timeout => 120,
	);
	relay_tap($run, 1);
	unlike($run->{serial2}, qr/panic|error|warning/, "$model: Sill has nothing to complain of");
}
done_testing();
