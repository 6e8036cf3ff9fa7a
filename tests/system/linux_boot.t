#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Debian's kernel boots in the emulator as it does on a machine, without Sill: what the other tests with Linux compare with.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use LinuxTest;

my $run = boot_linux(model => 'corei7_haswell_4770', script => <<'EOF2');
check 'the kernel has the boot CPU' test "$(nproc)" = 1
check 'AVX computes right' probe avx 100000
finish
EOF2
relay_tap($run, 1);
ok($run->{ticks}, 'how long it took from the kernel to its first process is known');
is($run->{status}, 0, 'it switched itself off');
done_testing();
