#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# A guest with 2 GiB of RAM, the least that a 1-GByte EPT page fits in (the first GiB has a ROM), on a CPU that has
# such pages and on one that has not. The memory lies above 4 GiB in the machine.

use strict;
use warnings;
no warnings 'portable';	# addresses have up to 52 bits
use FindBin;
use lib "$FindBin::Bin/lib";
use SillLog;

my $conf = <<'EOF';
guest = \EFI\sill\guest-stub.elf
cmdline = tap=discovery,memory
memory = 2G
guest = \EFI\sill\touch.elf
cmdline = touch=7ffffffc,w
memory = 2G
lazy_memory = 2046M
guest = \EFI\sill\touch.elf
cmdline = touch=80000000,r
memory = 2G
lazy_memory = 2046M
EOF

for ([ 'corei7_skylake_x', 1, 511, 4 ], [ 'corei5_arrandale_m520', 0, 1023, 5 ]) {
	my ($model, $huge, $large, $tables) = @$_;
	my $run = boot(name => $model, model => $model, memory => 6144, conf => $conf,
		files => [ 'build/guest-stub/guest-stub.elf', 'build/guest-stub/bad/touch.elf' ]);
	relay_tap($run, 1);
	my @parts = guest_parts($run);
	guest_like($parts[0], qr/EPT: 2097152 KiB mapped by $huge 1-GiB, $large 2-MiB and 512 4-KiB pages in $tables tables:/);
	my ($ram) = ($parts[0]{text} // '') =~ /000000000-0000bffff -> ([0-9a-f]+) rwx WB/;
	ok(defined $ram && hex $ram >= 1 << 32 && hex($ram) % (1 << 30) == 0, "$model: its RAM is above 4 GiB, aligned to 1 GiB");
	my $main = sprintf '%09x', hex($ram // '') + 0x100000;
	guest_like($parts[0], qr/000100000-07fffffff -> $main rwx WB/, 'all of the rest is one range');
	guest_like($parts[0], qr/guest 0: exit status 0 \(success\)/);
	guest_like($parts[1], qr/EPT: 2048 KiB mapped by 0 1-GiB, 0 2-MiB and 512 4-KiB pages in [45] tables:/);
	guest_like($parts[1], qr/000200000-07fffffff granted page by page at first touch/);
	guest_like($parts[1], qr/guest 1: exit status 0 \(success\)/, 'the last word of lazily granted RAM');
	guest_like($parts[1], qr/sill:   VMCALL 1  I\/O instruction [0-9]+  EPT violation 1$/m, 'is granted at its touch');
	guest_like($parts[2], qr/EPT violation: read of guest-physical 80000000, where nothing is: its RAM ends at 80000000/);
	verdict_is($run, 'failure (1 of 3 guests did not end with exit status 0)');
}
done_testing();
