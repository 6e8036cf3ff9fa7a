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

# Without its measurement of caches, which takes the emulator minutes.
$run = boot(name => 'memtest86+', model => 'corei7_skylake_x', memory => 128, files => [ $memtest ], timeout => 180,
	may_die => 1, gop => 1, until => 'Status: Testing', conf => <<'EOF2');
mode = underlay
next = \EFI\sill\memtest.efi
next_options = "console=ttyS0,115200 nosmp keyboard=legacy nobench "
EOF2
serial_like($run, qr/^Sill: beneath 1 CPU/m);
serial_like($run, qr/Memtest86\+ v/, 'it shows itself on the serial port');
serial_like($run, qr/Status: Testing/, 'and tests memory');
done_testing();
