#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Guests with a state that no CPU can enter: Sill names the field, its value and the rule, and serves the next
# guest properly.

use strict;
use warnings;
no warnings 'portable';	# addresses have up to 52 bits
use FindBin;
use lib "$FindBin::Bin/lib";
use SillLog;

# What is set (vmcs = …), the name of the field, its value as it is told, and the rules that are broken.
my @late = (
	[ '0x6820=0', 'GUEST_RFLAGS', '0000000000000000', qr/bit 1 is reserved and must be 1 \(SDM, "Checks on Guest RIP, RFLAGS, and SSP"\)/ ],
	[ '0x4816=0', 'GUEST_CS_ACCESS_RIGHTS', '00000000', qr/type 0 is not possible in CS: /, qr/CS must be present \(bit 7\)/ ],
	[ '0x4826=5', 'GUEST_ACTIVITY_STATE', '00000005', qr/the CPU does not support this activity state/ ],
	[ '0x6800=0x80000020', 'GUEST_CR0', '0000000080000020', qr/CR0\.PG \(bit 31\) needs CR0\.PE \(bit 0\)/ ],
	[ '0x6804=0', 'GUEST_CR4', '0000000000000000', qr/bits 2000h must be 1 \(IA32_VMX_CR4_FIXED0 = 2000h\)/ ],
	[ '0x681e=0x100000000', 'GUEST_RIP', '0000000100000000', qr/bits 63:32 must be 0 outside 64-bit mode/ ],
	[ '0x4824=3', 'GUEST_INTERRUPTIBILITY_STATE', '00000003', qr/blocking by STI \(bit 0\) and by MOV SS \(bit 1\) exclude each other/,
		qr/blocking by STI \(bit 0\) needs RFLAGS\.IF/ ],
	[ '0x2806=0x400', 'GUEST_IA32_EFER', '0000000000000400', qr/LMA \(bit 10\) must be 0, as "IA-32e mode guest" is/ ],
	[ '0x6824=0x8000000000000000', 'GUEST_IA32_SYSENTER_ESP', '8000000000000000', qr/the address is not canonical/ ],
	[ '0x4822=0x10000', 'GUEST_TR_ACCESS_RIGHTS', '00010000', qr/TR must be usable \(bit 16 must be 0\)/ ],
	[ '0x6822=0xf0', 'GUEST_PENDING_DEBUG_EXCEPTIONS', '00000000000000f0', qr/bits 63:17, 15, 13 and 10:4 are reserved and must be 0/ ],
);
# Refused before the guest's state is looked at: VM-instruction error 7.
my @early = (
	[ '0x4016=0x80000100', 'VM_ENTRY_INTERRUPTION_INFORMATION', '80000100', qr/interruption type 1 is reserved \(SDM, "VM-Entry Control Fields"\)/ ],
	[ '0x4016=0x80000320', 'VM_ENTRY_INTERRUPTION_INFORMATION', '80000320', qr/type 3 \(hardware exception\) needs a vector of at most 31, not 32/ ],
);

my $conf = '';
for (@late, @early) {
	$conf .= "guest = \\EFI\\sill\\bad_state.elf\nmemory = 4M\nvmcs = $_->[0]\n";
}
my $demo = "guest = \\EFI\\sill\\guest-stub.elf\ncmdline = demo\nmemory = 4M\n";
my @elfs = ('build/guest-stub/guest-stub.elf', 'build/guest-stub/bad/bad_state.elf');
# An event that is possible, for a guest that cannot take it.
$conf .= "guest = \\EFI\\sill\\bad_state.elf\nmemory = 4M\nvmcs = 0x4016=0x80000306\n";
$conf = $demo . $conf . $demo;

my $run = boot(conf => $conf, files => \@elfs);
my @parts = guest_parts($run);
is(scalar @parts, @late + @early + 3, 'each guest has its turn');
demo_is_good(shift @parts);
for (@late, @early) {
	my ($setting, $field, $value, @rules) = @$_;
	my $part = shift(@parts) // {};
	my ($encoding, $number) = map { sprintf '%x', hex } split /=/, $setting;
	$part->{name} .= " with $setting" if defined $part->{name};
	guest_like($part, qr/VMCS field $field \(0*$encoding\) set to $number, as configured/, 'what is set');
	if (grep { $_->[0] eq $setting } @early) {
		is($part->{ended}, 'stopped: VM entry refused: VM entry with invalid control field(s)', "$field: VMLAUNCH fails");
		guest_like($part, qr/VM entry failed: VM-instruction error 7: VM entry with invalid control field\(s\)$/m);
	} else {
		is($part->{ended}, 'stopped: VM entry failed: VM-entry failure due to invalid guest state', "$field: the VM entry fails");
		guest_like($part, qr/VM entry failed: exit reason 80000021 \(VM-entry failure due to invalid guest state\), exit qualification 0$/m);
		guest_like($part, qr/latest first:\n.*VM-entry failure due to invalid guest state \(VM entry\) at /m);
	}
	guest_like($part, qr/sill: $field = $value: $_/, 'field, value and rule') for @rules;
	# No other field gets the blame.
	my @blamed = $part->{text} =~ /sill: ([A-Z0-9_]+) = [0-9a-f]+: /g;
	is(join(' ', grep { $_ ne $field } @blamed), '', "$field: only this field is named");
	report_is_complete($part);
	guest_like($part, qr/sill: guest [0-9]+: 0 VM exits:/, 'it never ran');
	guest_unlike($part, qr/this guest was entered/);
}
my $part = shift @parts;
like($part->{ended}, qr/^stopped: triple fault: /, 'an exception injected into a guest without an IDT: a triple fault');
guest_unlike($part, qr/this guest was entered/);
demo_is_good(shift(@parts) // {});
verdict_is($run, "failure (${\ (@late + @early + 1)} of ${\ (@late + @early + 3)} guests did not end with exit status 0)");
serial_unlike($run, qr/panic/i);
done_testing();
