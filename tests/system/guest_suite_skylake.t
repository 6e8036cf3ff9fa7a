#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# The guest's test suite on a CPU with XSAVES and AVX-512.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use GuestSuite;

guest_suite(
	model => 'corei7_skylake_x', pages_1g => 'yes',
	lacks => ['enable user wait and pause'],
	offers => [ qr/VMCS +revision 2bh/, qr/injection with length 0 yes/ ],
);
