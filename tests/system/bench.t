#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# scripts/bench: it measures everything that has a bar, and nothing is over its bar.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;

# 'make bench' may run at the same time.
my $out = $ENV{SILL_BENCH} = 'build/system/bench-run';
unlink "$out.json", "$out/serial.log";
my $text = `scripts/bench --machine bochs 2>&1`;
is($? >> 8, 0, 'the benchmark ends, with nothing over its bar') or diag($text);
like(slurp("$out/serial.log"), qr/bench: unit=instructions /, 'it counts instructions');

my $json = slurp("$out.json");
my $barred = 0;
for (grep { !/^#/ } split /\n/, slurp('scripts/bench-peers')) {
	my ($name, $bar) = /^(\S+)\s+([0-9]+)\s/ or next;
	$barred++;
	my ($net) = $json =~ /"name": "\Q$name\E", "net": ([0-9]+),/;
	cmp_ok($net // 1e9, '<=', $bar, "$name is measured, and not over its bar");
	cmp_ok($net // 0, '>', 0, "$name takes instructions");
}
cmp_ok($barred, '>=', 5, 'there are bars');

my %most = (core_size => (96 + 24 + 24 + 24) << 10, reserved => 2 << 20);
for my $fact (sort keys %most) {
	my ($bytes) = $json =~ /"$fact": ([0-9]+)/;
	cmp_ok($bytes // 0, '>', 0, "$fact is told");
	cmp_ok($bytes // 1e9, '<=', $most{$fact}, "$fact is not over its bar");
}
done_testing();
