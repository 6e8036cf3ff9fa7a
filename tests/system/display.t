#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# A machine with a display: Sill's text goes there too, and the guest learns how large it is.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillLog;

my $run = boot(gop => 1, files => ['build/guest-stub/guest-stub.elf'], conf => <<'EOF');
guest = \EFI\sill\guest-stub.elf
cmdline = tap=discovery,calls
memory = 16M
guest = \EFI\sill\guest-stub.elf
cmdline = demo
memory = 4M
EOF
verdict_is($run, 'success');
my @parts = guest_parts($run);
guest_like($parts[1], qr/^  display_info answers 16\.$/m, 'display_info is answered');
my ($width, $height, $max_width, $max_height) =
	($parts[1]{text} // '') =~ /^  ([0-9]+)x([0-9]+) pixels now, ([0-9]+)x([0-9]+) at most\.$/m;
ok(defined $width && $width >= 640 && $height >= 480, 'the resolution') or diag($parts[1]{text});
ok(defined $width && $max_width * $max_height >= $width * $height, 'the largest one') or diag($parts[1]{text});
demo_is_good($parts[1] // {});
relay_tap($run, 1);
serial_like($run, qr/proof:   of the [0-9]+ pages that Sill's page tables map \([0-9]+ executable\), 0 are of these;/,
	'with the framebuffer mapped, nothing of the firmware is');
serial_unlike($run, qr/panic|\] sill: (?:warning|error)/i);
done_testing();
