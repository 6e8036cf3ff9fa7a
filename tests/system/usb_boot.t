#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# The image as it is built, with the configuration that comes with Sill, boots from a USB stick.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillLog;

my $run = boot(usb => 1);
verdict_is($run, 'success');
my @parts = guest_parts($run);
demo_is_good($parts[0] // {});
guest_like($parts[1] // {}, qr/exit status 0 \(success\)$/m, 'the benchmark ends with success');
serial_unlike($run, qr/panic|\] sill: (?:warning|error)/i);
done_testing();
