#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# The guest's test suite on a recent CPU: tertiary controls, CET.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use GuestSuite;

guest_suite(
	model => 'arrow_lake', pages_1g => 'yes',
	lacks => [],
	offers => [ qr/enable user wait and pause yes/ ],
);
