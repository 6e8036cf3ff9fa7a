#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# linux_share.t on two CPUs: a test program of its own, so that both run at a time.

use strict;
use warnings;
use FindBin;

@ARGV = (2);
do "$FindBin::Bin/linux_share.t";
die $@ if $@;
