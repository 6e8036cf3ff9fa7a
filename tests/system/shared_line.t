#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# One serial port for all: Sill's console and the link. Before sill-link is there the console is plain text; then it is
# one of the streams, both ways; and a panic is plain text again, in the midst of whatever was said.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;

my $run = boot(
	name => 'shared', timeout => 120, may_die => 1, link => [ '--verbose', '--console-input' ], link_typed => "hello\rq\r",
	conf => <<'EOF2', files => [ 'build/guest-stub/guest-stub.elf', 'build/guest-stub/bad/hang.elf' ]);
console = com2
link = com2
link_share = 60
link_timeout = 60
guest = \EFI\sill\guest-stub.elf
cmdline = echo
memory = 4M
guest = \EFI\sill\guest-stub.elf
cmdline = tap=channels,rings
memory = 16M
guest = \EFI\sill\hang.elf
provoke = panic
EOF2
(my $said = $run->{link}) =~ s/\r//g;
like($said, qr/link: on the UART at I\/O port 2f8, 115200 baud, which is the console's, too/, 'Sill says that it shares the port');
my ($failed) = $said =~ /^(not ok .*)$/m;
is($failed, undef, 'the guest finds no fault with its channels');
like($said, qr/^ok [0-9]+ - closed: the page says so$/m, 'and its console goes over the link');
like($said, qr/^echo: hello$/m, 'what is typed at sill-link arrives');
like($said, qr/^.*provoked: a write to an address where nothing is mapped\n(?!.*provoked:).*panic: #PF/ms,
	'what was said last before a panic is not lost with the link');
like($said, qr/panic: #PF page fault at [0-9a-f]{16}: write of 0000000000005111, where nothing is mapped/, 'a panic is shown');
like($said, qr/#0  [0-9a-f]{16} write_to_nowhere\+0x.*^.*sill: verdict: failure \(Sill stopped itself \(panic\)\)/ms, 'to its end');
done_testing();
