#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# The end of a run: reset and halt (all other tests see the machine switched off), and a machine with two CPUs.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillLog;

my $stub = 'build/guest-stub/guest-stub.elf';
my $guest = "guest = \\EFI\\sill\\guest-stub.elf\nmemory = 4M\ncmdline =";

# The machine boots again: the guest asks a second time, and gets another answer.
my $run = boot(name => 'reset', conf => "finish = reset\n$guest echo\n", files => [$stub], may_die => 1,
	send => [ 'a line with only q' => "first\rq\r", 'a line with only q' => "second\r" ], until => '^echo: second');
serial_like($run, qr/^echo: first\necho: end\n.*verdict: success\n.*BdsDxe: starting .*^Sill: the loader has started\n.*^echo: second/ms,
	'a run, a reset, a second run');
serial_count($run, qr/Sill: the loader has started/, 2, 'the loader started twice');
serial_count($run, qr/thin hypervisor/, 2, 'so did Sill');

$run = boot(name => 'halt', conf => "finish = halt\n$guest demo\n", files => [$stub]);
verdict_is($run, 'success');
serial_like($run, qr/verdict: success\n.*\] sill: the machine can be switched off now\s*\z/, 'it says that it halts');
serial_count($run, qr/Sill: the loader has started/, 1, 'and does not boot again');
unlike($run->{log}, qr/hutdown|soft power off/, 'halt: nor is it switched off');

$run = boot(name => 'two CPUs', cpus => 2, conf => "$guest demo\n$guest tap=discovery,runtime,time\n", files => [$stub]);
verdict_is($run, 'success');
serial_like($run, qr/CPUs: 2; Sill uses the one with APIC ID 0$/m);
my @parts = guest_parts($run);
demo_is_good($parts[0] // {});
relay_tap($run, 1);
serial_unlike($run, qr/panic|\] sill: (?:warning|error)/i);
done_testing();
