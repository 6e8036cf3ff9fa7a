#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# No console at all, and one at a port where nothing answers: there is nothing to see, but the guests run and the
# machine ends as it should.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillLog;

for my $console ('none', 'com2', '0x2e8') {
	my $run = boot(name => "console = $console", may_die => 1, timeout => 90,
		conf => "console = $console\nguest = \\EFI\\sill\\guest-stub.elf\nmemory = 4M\ncmdline = demo\n",
		files => ['build/guest-stub/guest-stub.elf']);
	serial_like($run, qr/Sill: ending boot services/, 'it starts');
	is(scalar(sill_log($run)), 0, "console = $console: and is silent");
	serial_unlike($run, qr/ping answers/, 'and so is the guest');
	like($run->{messages}, qr/no verdict on the serial console; the machine ended by itself/,
		"console = $console: the machine ends by itself");
	like($run->{log}, qr/Shutdown port: shutdown requested/, "console = $console: as Sill does it") or diag($run->{messages});
}
done_testing();
