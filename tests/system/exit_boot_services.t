#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# ExitBootServices that fails because the memory map changed: the loader fetches the map again and retries, as
# the UEFI specification asks for, and does not retry for ever.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;

my %machine = (
	first => 'build/tests/mapchange.efi',
	conf => "guest = \\EFI\\sill\\guest-stub.elf\ncmdline = demo\n",
);
my @guest = ('build/guest-stub/guest-stub.elf');

my $run = boot(%machine, name => 'once', files => [@guest]);
serial_like($run, qr/^mapchange: the memory map will change at the first call$/m, 'the test is in the way');
serial_like($run, qr/proof: boot services ended, after 2 calls of ExitBootServices$/m, 'the second call succeeds');
verdict_is($run, 'success');

my $always = "$root/build/system/always.txt";
open(my $f, '>', $always) or die "$always: $!\n";
close $f;
$run = boot(%machine, name => 'always', files => [ @guest, $always ]);
unlink $always;
serial_like($run, qr/^mapchange: the memory map will change at every call$/m, 'the test is in the way');
serial_like($run, qr/^sill: the firmware does not end its boot services: attempt 8, status 8000000000000002$/m,
	'the loader gives up');
verdict_is($run, 'failure (Sill was not started, and the machine must be reset)');
serial_unlike($run, qr/mapchange: Sill returned/, 'it does not return to half a firmware');
done_testing();
