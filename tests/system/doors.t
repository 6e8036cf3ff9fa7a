#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# scripts/doors: it measures every door, nothing is over its bar, and there are a table and a chart of it.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;

# 'make doors' may run at the same time.
my $out = $ENV{SILL_DOORS} = 'build/system/doors-run';
unlink map { "$out/$_" } qw(doors.json doors.svg table.md serial.log);
my $text = `scripts/doors --machine bochs 2>&1`;
is($? >> 8, 0, 'all is measured, with nothing over its bar') or diag($text);
like(slurp("$out/serial.log"), qr/doors: unit=instructions /, 'it counts instructions');

my $json = slurp("$out/doors.json");
my $barred = 0;
for (grep { !/^#/ } split /\n/, slurp('scripts/doors-bars')) {
	my ($name, $bar) = /^(\S+)\s+\S+\s+([0-9]+)\s/ or next;
	$barred++;
	my ($net) = $json =~ /"name": "\Q$name\E", "net": ([0-9.]+)/;
	cmp_ok($net // 1e9, '<=', $bar, "$name is measured, and not over its bar");
	cmp_ok($net // 0, '>', 0, "$name takes instructions");
}
cmp_ok($barred, '>=', 9, 'there are bars');

# Every door of the table has a row.
for (slurp('doors/doors.def') =~ /^SILL_DOOR\(\d+, \w+, (\w+),/mg) {
	like($json, qr/"door": "$_", "state": "open"/, "the door $_ is open and was measured");
}
like(slurp("$out/table.md"), qr/^\| VMCALL /m, 'a table');
like(slurp("$out/doors.svg"), qr/<svg\b.*<\/svg>/s, 'a chart');
done_testing();
