#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Guests that end badly, each in one way: Sill says what happened, lives on, and serves the next one properly.
# Two machines: in the second, guests try to touch what is not theirs, at addresses that the first one told.

use strict;
use warnings;
no warnings 'portable';	# addresses have up to 52 bits
use FindBin;
use lib "$FindBin::Bin/lib";
use SillLog;

my @elfs = ('build/guest-stub/guest-stub.elf', glob 'build/guest-stub/bad/*.elf');

# Guests as [ file, command line, further settings, the expected end, checks ].
sub boot_guests
{
	my ($name, @guests) = @_;
	my $conf = '';
	for (@guests) {
		my ($file, $cmdline, $settings) = @$_;
		$conf .= "guest = \\EFI\\sill\\$file.elf\n";
		$conf .= "cmdline = $cmdline\n" if $cmdline ne '';
		$conf .= "$_\n" for split /; */, $settings;
	}
	my $run = boot(name => $name, conf => $conf, files => \@elfs);
	my @parts = guest_parts($run);
	is(scalar @parts, scalar @guests, "$name: each guest has its turn");
	my $failed = 0;
	for my $i (0 .. $#guests) {
		my ($file, $cmdline, $settings, $end, @checks) = @{ $guests[$i] };
		my $part = $parts[$i] // {};
		like($part->{ended} // '(nothing)', $end, ($part->{name} // "guest $i") . ': how it ended') or diag($part->{text});
		$failed++ if ($part->{ended} // '') !~ /^exit status 0 /;
		demo_is_good($part) if $cmdline eq 'demo';
		report_is_complete($part) if ($part->{ended} // '') =~ /^stopped/;
		if ($settings =~ /time_limit = ([0-9]+)/) {
			# The clock starts a few lines before the line that says so.
			cmp_ok($part->{seconds} // 1e9, '>', $1 - 0.1, "$part->{name}: not before its time limit of $1 s");
			cmp_ok($part->{seconds} // 1e9, '<', $1 + 0.1, "$part->{name}: and not long after");
		}
		guest_like($part, $_) for @checks;
	}
	verdict_is($run, "failure ($failed of ${\ scalar @guests} guests did not end with exit status 0)");
	serial_unlike($run, qr/panic/i);
	serial_unlike($run, qr/MUST-NOT-APPEAR|still here\n.*EPT violation/);
	return $run;
}

my @demo = ('guest-stub', 'demo', 'memory = 4M', qr/^exit status 0 \(success\)$/);
my $triple_fault = qr/^stopped: triple fault: an exception could not be delivered, nor the double fault that followed it$/;
my $out_of_time = qr/^stopped: its time limit of [0-9]\.000 s passed \(time_limit in sill\.conf\)$/;
my $hlt = qr/^stopped: HLT with interrupts disabled: this machine has nothing that could wake it$/;

my $first = boot_guests('bad endings',
	[ 'triple_fault', '', 'memory = 4M', $triple_fault,
		qr/^triple_fault: an exception without an IDT$/m,
		qr/code at rip: 0f 0b /, qr/latest first:\n.*sill:   triple fault at 0000000000100[0-9a-f]{3}$/m,
		qr/sill:   triple fault 1  I\/O instruction [0-9]+$/m ],
	[ 'jump_unmapped', '', 'memory = 64M',
		qr/^stopped: EPT violation: instruction fetch from guest-physical c0000000, where nothing is: its RAM ends at 4000000$/,
		qr/rip 00000000c0000000/, qr/code at rip: cannot be read/, qr/sill:   EPT violation at 00000000c0000000$/m,
		qr/sill:   I\/O instruction [0-9]+  EPT violation 1$/m ],
	[ 'hlt', '', 'memory = 4M', $hlt, qr/^hlt: halting$/m, qr/code at rip: f4 /, qr/sill:   HLT at 0/ ],
	[ 'debug_exit', 'value=10', 'memory = 4M', qr/^exit status 33 \(failure\)$/, qr/^debug_exit: writing to port F4h$/m ],
	[ 'debug_exit', 'value=0', 'memory = 4M', qr/^exit status 1 \(failure\)$/ ],
	[ 'hang', '', 'memory = 4M; time_limit = 1', $out_of_time, qr/^hang: for ever$/m, qr/code at rip: eb fe /,
		qr/VMX-preemption timer expired [0-9]+/ ],
	# Far more of its time passes in Sill than in the guest.
	[ 'flood', 'kind=outs', 'memory = 4M; time_limit = 1', $out_of_time, qr/^flood: without end\n(?:\.{60}\n){5}/m,
		qr/sill:   (?:.*  )?I\/O instruction [0-9]{2}/ ],
	[ 'flood', 'kind=wbinvd', 'memory = 4M; time_limit = 1', $out_of_time, qr/^flood: without end$/m,
		qr/sill:   (?:.*  )?WBINVD or WBNOINVD [0-9]{3}/ ],
	[ 'guest-stub', 'echo', 'memory = 4M; time_limit = 2', $out_of_time, qr/^echo: a line with only q ends this$/m,
		qr/sill:(?:   CPUID [0-9]+|).*I\/O instruction [0-9]{5}/ ],	# it waits by asking the UART again and again
	[ 'garbage', '', 'memory = 32M; time_limit = 3', $out_of_time, qr/^garbage: calling without end$/m,
		qr/sill:   VMCALL [0-9]{5}/ ],
	\@demo,
	[ 'db_loop', 'kind=db', 'memory = 4M; time_limit = 1', $out_of_time, qr/^db_loop: #DB in the delivery of #DB$/m,
		qr/exception or NMI [0-9]+/ ],
	[ 'db_loop', 'kind=ac', 'memory = 4M; time_limit = 1', $out_of_time, qr/^db_loop: #AC in the delivery of #AC$/m,
		qr/exception or NMI [0-9]+/ ],
	[ 'port_storm', '', 'memory = 4M', qr/^exit status 0 \(success\)$/, qr/^port_storm: all ports$/m,
		qr/reads from port 0000, where nothing is \(reads give all ones; said once\)/,
		qr/accesses other ports where nothing is; no more of them are named/, qr/^port_storm: the sum is [0-9a-f]{8}$/m ],
	[ 'plain_kernel', 'some  "words', 'memory = 4M', $hlt, qr/^plain_kernel: hello, kernel world!$/m,
		qr/^plain_kernel: command line: some  "words$/m, qr/writes to port 03d4, where nothing is/ ],
	\@demo,
);
for (guest_parts($first)) {
	my $told = () = $_->{text} =~ /port [0-9a-f]{4}, where nothing is/g;
	cmp_ok($told, '<=', 128, "$_->{name}: ports are named up to a limit");
	unlike($_->{text}, qr/debug_exit: still here|hlt: woken/, "$_->{name}: it did not go on");
}

# Where the guests' RAM is in the memory of the machine, and what is above that. As guest-physical addresses both
# are far beyond the RAM of a guest with 16 MiB.
my ($ram) = $first->{serial} =~ /000000000-0000bffff -> ([0-9a-f]+) rwx WB/;
ok(defined $ram && hex $ram >= 0x2000000, 'where a guest is in the memory of the machine') or diag($ram);
my $backing = sprintf '%x', hex($ram // '');
my $above = sprintf '%x', hex($ram // '') + 0x4000000;

my $end = qr/, where nothing is: its RAM ends at 1000000$/;
sub touched
{
	my ($address, $kind, $result, @checks) = @_;
	my %verb = (r => 'reading', w => 'writing', x => 'executing');
	my $digits = hex $address > 0xffffffff ? 16 : 8;
	my $shown = ('0' x ($digits - length $address)) . $address;
	return [ 'touch', "touch=$address,$kind", 'memory = 16M', $result, qr/^touch: $verb{$kind} $shown$/m, @checks ];
}
sub nothing_there
{
	my ($address, $kind) = @_;
	my %access = (r => 'read of', w => 'write to', x => 'instruction fetch from');
	return touched($address, $kind, qr/^stopped: EPT violation: $access{$kind} guest-physical $address$end/,
		qr/latest first:\n.*sill:   EPT violation at /m);
}

boot_guests('touching',
	nothing_there('1000000', 'r'),			# just beyond its RAM
	nothing_there($backing, 'w'),			# where its RAM is in the memory of the machine
	nothing_there($above, 'r'),			# what lies above that: Sill or firmware
	nothing_there('fee00000', 'w'),			# the local APIC
	nothing_there('fec00000', 'r'),			# the I/O APIC
	\@demo,
	nothing_there('fffffff0', 'x'),			# the firmware's ROM
	nothing_there('100000000', 'w'),		# 4 GiB
	nothing_there('fffffff000', 'r'),		# the highest page that this CPU can address
	nothing_there('ffffe00000', 'x'),
	touched('c0000', 'w', qr/^stopped: EPT violation: write to guest-physical c0000, which is a ROM: it can only be read$/),
	touched('f0000', 'x', qr/^stopped: EPT violation: instruction fetch from guest-physical f0000, which is a ROM: it can only be read$/),
	touched('fffff', 'r', qr/^exit status 0 \(success\)$/, qr/^touch: still here$/m),
	touched('fffffc', 'w', qr/^exit status 0 \(success\)$/, qr/^written$/m),
	touched('fffffd', 'w', qr/^stopped: EPT violation: write to guest-physical 1000000$end/),
	\@demo,
);
done_testing();
