#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# What an OS finds in memory with Sill beneath it: Sill's own is not there, whatever it tries; all else is; and its
# MTRRs are followed. With 1 GiB pages and without, and with two CPUs that write at once.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;

# What the EPT maps, each time that Sill shows it: [ "first-last type", … ].
sub maps
{
	my ($run) = @_;
	my @maps;
	for (split /\n/, $run->{serial2}) {
		push @maps, [] if /sill: EPT: [0-9]+ tables/;
		push @{ $maps[-1] }, $1 if /sill:   ([0-9a-f]+-[0-9a-f]+ [A-Z]+)$/;
	}
	return @maps;
}

for ([ 'corei7_icelake_u', 2 ], [ 'corei5_arrandale_m520', 1 ]) {
	my ($model, $cpus) = @$_;
	my $run = boot(
		name => $model,
		model => $model, cpus => $cpus,
		conf => "mode = underlay\nnext = \\EFI\\sill\\hole.efi\nconsole = com2\nlog = debug\n",
		files => ['build/tests/hole.efi'],
		serial2 => 1,
		power_off => 1,
		timeout => 90,
	);
	relay_tap($run, 1);

	# Made once, then changed by each of three changes of MTRRs, when they are on again: a map for all CPUs
	# must not be uncacheable while one of them has its own switched off.
	my @maps = maps($run);
	is(scalar @maps, 4, "$model: each change of the MTRRs is followed") or diag($run->{serial2});
	next if @maps != 4;
	ok((grep { $_ eq '0010000000-0010ffffff WT' } @{ $maps[1] }) == 1, "$model: 16 MiB are write-through");
	ok((grep { $_ eq '0011003000-0011003fff UC' } @{ $maps[2] }) == 1, "$model: then 4 KiB are uncacheable");
	ok((grep { / WT$/ } @{ $maps[2] }) == 0, "$model: and nothing is write-through any more");
	is_deeply([ grep { /^00/ } @{ $maps[3] } ], [ grep { /^00/ } @{ $maps[0] } ], "$model: in the end all is as it was");
}
done_testing();
