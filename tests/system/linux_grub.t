#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# What Sill starts next is a program like on a disk: Debian's GRUB, which starts Linux, and memtest86+, which
# takes the whole machine for itself.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use LinuxTest;

chomp(my $grub = `scripts/linux grub.efi`);
chomp(my $memtest = `scripts/linux memtest.efi`);
my $words = $cmdline =~ s/initrd=\S+//r;
my $menu = write_file("$root/build/system/linux_grub.cfg", <<"EOF2");
linux /EFI/sill/vmlinuz $words
initrd /EFI/sill/initrd
boot
EOF2
my $run = boot_linux(name => 'GRUB', model => 'corei7_skylake_x', sill => 1, next => '\EFI\debian\grubx64.efi',
	files => [ "$grub=/EFI/debian/grubx64.efi", "$menu=/EFI/debian/grub.cfg" ], script => <<'EOF2');
check 'Sill is beneath the Linux that GRUB started' sill ping
finish
EOF2
unlink $menu;
relay_tap($run, 1);
serial_unlike($run, qr/^MARK kernel_tsc=/m, 'it was GRUB that started it');

$run = boot(name => 'memtest86+', model => 'corei7_haswell_4770', files => [ $memtest ], timeout => 90, may_die => 1,
	gop => 1, serial2 => 1, until => 'Pass|Test', conf => <<'EOF2');
mode = underlay
next = \EFI\sill\memtest.efi
next_options = "console=ttyS0,115200"
console = com2
EOF2
serial_like($run, qr/^Sill: beneath 1 CPU/m);
serial_like($run, qr/Memtest86\+/, 'it shows itself on the serial port');
done_testing();
