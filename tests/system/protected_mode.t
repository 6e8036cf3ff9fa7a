#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# What Sill does in a 32-bit guest's place, as the CPU does it there: string I/O with segment limits and with addresses
# that wrap around, RIP beyond 4 GiB, CPUID. The guest tests itself.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillLog;

my $run = boot(conf => "guest = \\EFI\\sill\\protected_mode.bin\nmemory = 8M\n", files => ['build/tests/protected_mode.bin']);
relay_tap($run, 1);
my ($part) = guest_parts($run);
guest_like($part, qr/guest 0: exit status 0 \(success\)$/m);
verdict_is($run, 'success');
serial_unlike($run, qr/panic/i);
done_testing();
