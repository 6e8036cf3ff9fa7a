#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# The guest's test suite on a CPU with the monitor trap flag and mode-based execute control.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use GuestSuite;

guest_suite(
	model => 'corei7_icelake_u', pages_1g => 'yes',
	lacks => ['enable user wait and pause'],
	offers => [ qr/injection with length 0 yes/ ],
);
