#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# The doors in underlay mode, where they are open only if sill.conf says so: an OS's driver goes through each, on two
# CPUs at once. On a CPU with all that they need, and on the one with the least. tests/system/doors is that driver.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;

for ([ 'corei7_icelake_u', 2, '' ], [ 'corei5_arrandale_m520', 1, 'view' ]) {
	my ($model, $cpus, $lacking) = @$_;
	my $run = boot(
		name => $model,
		model => $model, cpus => $cpus,
		conf => "mode = underlay\nnext = \\EFI\\sill\\doors.efi\nconsole = com2\ndoors = all\n",
		files => ['build/tests/doors.efi'],
		serial2 => 1,
		until => '^doors: done',
		may_die => 1,
		timeout => 120,
	);
	relay_tap($run, 1);
	my $closed = join ' ', sort map { /door (\w+) stays closed/ } split /\n/, $run->{serial2};
	my @expected = (('rtc') x $cpus, $lacking ? $lacking : ());
	is($closed, join(' ', sort @expected), "$model: which doors stay closed");
}
done_testing();
