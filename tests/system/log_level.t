#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# log = error and log = warning: Sill tells less, but always the verdict, good or bad.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillLog;

my $guest = "guest = \\EFI\\sill\\guest-stub.elf\nmemory = 4M\ncmdline = demo\n";
my $bad = "guest = \\EFI\\sill\\debug_exit.elf\nmemory = 4M\n";
my @files = ('build/guest-stub/guest-stub.elf', 'build/guest-stub/bad/debug_exit.elf');

my $run = boot(name => 'log = error', conf => "log = error\n$guest", files => \@files);
verdict_is($run, 'success');
is(join("\n", sill_log($run)), 'verdict: success', 'log = error: nothing but the verdict, and the guest\'s own text');
serial_like($run, qr/^  ping answers 42\.$/m, 'which is all there');

$run = boot(name => 'log = warning', conf => "log = warning\n$guest$bad", files => \@files);
verdict_is($run, 'failure (1 of 2 guests did not end with exit status 0)');
is(scalar(grep { !/^(?:warning|error|verdict): / } sill_log($run)), 0, 'log = warning: no line that only informs');
done_testing();
