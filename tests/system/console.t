#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# The console: input, what log = debug adds, and the second serial port.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillLog;

my $stub = 'build/guest-stub/guest-stub.elf';
my $guest = "guest = \\EFI\\sill\\guest-stub.elf\nmemory = 4M\ncmdline =";

# What is typed reaches the guest, every byte of it, and its answers come back.
my $long = join '', map { chr(33 + $_ * 7 % 94) } 0 .. 119;
my $run = boot(name => 'input', conf => "$guest echo\n", files => [$stub],
	send => [ 'echo: a line with only q' => "hello\r", 'echo: hello' => "$long\rone\rtwo\rthree\r", 'echo: three' => "q\r" ]);
verdict_is($run, 'success');
serial_like($run, qr/^echo: hello$/m, 'a line comes back');
serial_like($run, qr/^echo: \Q$long\E$/m, 'a long one');
serial_like($run, qr/^echo: one\necho: two\necho: three\necho: end$/m, 'several at once');

# The same where the link has the same port, and a plain terminal is at its other end.
$run = boot(name => 'link', conf => "link = com1\n$guest echo\n", files => [$stub],
	send => [ 'echo: a line with only q' => "hello\r", 'echo: hello' => "$long\rone\rtwo\rthree\r", 'echo: three' => "q\r" ]);
verdict_is($run, 'success');
serial_like($run, qr/which is the console's, too/, 'link: Sill says that it shares the port');
serial_like($run, qr/^echo: hello\r?\necho: \Q$long\E$/m, 'link: lines come back');
serial_like($run, qr/^echo: one\necho: two\necho: three\necho: end$/m, 'link: several at once');
serial_unlike($run, qr/[^\x00-\x7f]/, 'link: nothing but text');

$run = boot(name => 'debug', conf => "log = debug\n$guest demo\n", files => [$stub]);
verdict_is($run, 'success');
serial_like($run, qr/\] sill:   segment 0: file [0-9a-f]+\+[0-9a-f]+ to guest-physical 100000, [0-9a-f]+ bytes$/m, 'log = debug says more');
demo_is_good((guest_parts($run))[0] // {});

# The second serial port, at another speed; the first stays the firmware's.
my $com2 = "$root/build/system/console-com2.txt";
unlink $com2;
{
	local $ENV{SILL_EMULATOR} = "$FindBin::Bin/lib/bochs-com2";
	local $ENV{SILL_TEST_COM2} = $com2;
	$run = boot(name => 'com2', conf => "console = com2\nbaud = 57600\n$guest demo\n", files => [$stub], may_die => 1);
}
my %second = (name => 'com2', serial => slurp($com2) =~ s/\r//gr);
$second{lines} = [ split /\n/, $second{serial} ];
like($second{lines}[-1] // '', qr/sill: verdict: success$/, 'com2: the verdict comes there');
is(scalar(grep { /thin hypervisor/ } sill_log(\%second)), 1, 'com2: all of the log does');
demo_is_good((guest_parts(\%second))[0] // {});
is(scalar(sill_log($run)), 0, 'com2: com1 has nothing of it');
like($run->{messages}, qr/ended by itself/, 'com2: the machine ends');
unlink $com2;
done_testing();
