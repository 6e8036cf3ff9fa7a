#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# The guest's test suite on a CPU with 1-GByte EPT pages and EPT accessed and dirty flags.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use GuestSuite;

guest_suite(
	model => 'corei7_haswell_4770', pages_1g => 'yes',
	lacks => [ 'enable XSAVES/XRSTORS', 'enable user wait and pause' ],
	offers => [ qr/accessed and dirty flags yes/, qr/VMCS +revision [0-9a-f]+h/ ],
);
