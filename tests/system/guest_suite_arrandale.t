#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# The guest's test suite on the first CPU generation that Sill runs on: EPT with 2-MByte pages only.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use GuestSuite;

guest_suite(
	model => 'corei5_arrandale_m520', pages_1g => 'NO',
	lacks => [ 'enable INVPCID', 'enable VM functions', 'enable XSAVES/XRSTORS', 'enable user wait and pause' ],
	closed => 'view',
	offers => [ qr/accessed and dirty flags NO/, qr/injection with length 0 NO/ ],
);
