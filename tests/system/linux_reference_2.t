#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Linux with Sill beneath it and without, on two CPUs.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use LinuxTest;

compare_boots(model => 'corei7_skylake_x', cpus => 2, timeout => 240);
done_testing();
