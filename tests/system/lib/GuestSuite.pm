# SPDX-License-Identifier: MIT
#
# The guest's own test suite on one CPU model, and what Sill says meanwhile. One test program for each
# model, so that two run at a time:
#
#   use GuestSuite;
#   guest_suite(model => 'corei7_haswell_4770', pages_1g => 'yes');
#
# Arguments:
#   model      the emulator's CPU model
#   pages_1g   'yes' or 'NO': whether its EPT has 1-GByte pages, as Sill tells it
#   offers     [ RE, … ] what else Sill must tell of what VT-x offers on this CPU
#   lacks      [ 'name of a control', … ] the only ones that it may lack

package GuestSuite;

use strict;
use warnings;
use Exporter qw(import);
use SillLog;

our @EXPORT = (qw(guest_suite check_proof), @SillLog::EXPORT);

# The proof at the start and the counts at the end, by value.
sub check_proof
{
	my ($run) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $log = join "\n", sill_log($run);

	my ($features) = $log =~ /^proof: CPUID\.1:ECX = ([0-9a-f]{8}), bit 5 \(VMX\) is 1$/m;
	ok(defined $features && hex($features) >> 5 & 1, 'proof: CPUID says VMX, in the value shown too');
	my ($basic, $revision, $size) = $log =~
		/^proof: IA32_VMX_BASIC = ([0-9a-f]{16}): VMCS revision ([0-9a-f]+), regions of ([0-9]+) bytes$/m;
	ok(defined $basic && hex(substr $basic, 8) == hex $revision && (hex(substr $basic, 0, 8) & 0x1fff) == $size &&
		$size > 0 && $size <= 4096, 'proof: revision and size are those in IA32_VMX_BASIC');
	like($log, qr/^proof: boot services ended, after 1 call of ExitBootServices$/m, 'proof: boot services ended');
	my ($boot, $run_time) = $log =~
		/^proof: firmware \((?:[^()]+ )?EDK II [0-9a-f.]+\) holds ([0-9]+) KiB for boot and ([0-9]+) KiB for run time;$/m;
	ok(defined $boot && $boot > 4096 && $boot < 512 * 1024 && $run_time > 64 && $run_time < 65536,
		'proof: firmware holds a plausible amount of memory');
	my ($mapped, $executable) = $log =~
		/^proof:   of the ([0-9]+) pages that Sill's page tables map \(([0-9]+) executable\), 0 are of these;$/m;
	ok(defined $mapped && $mapped >= 50 && $mapped <= 512 && $executable > 4 && $executable < 32,
		'proof: 0 of a plausible number of mapped pages are firmware') or diag($mapped // '', $executable // '');
	my ($tried) = $log =~ /^proof:   ([0-9]+) ranges of firmware code tried, each read ended in a page fault$/m;
	ok($tried, 'proof: firmware code was tried, and it faulted');
	my ($calls, $faults, $of) = $log =~
		/^proof: firmware calls since boot services ended: ([0-9]+); a call would have faulted \(([0-9]+) of ([0-9]+) code ranges fault\)$/m;
	is(join(' ', $calls // '?', $faults // '?', $of // '?'), join(' ', 0, $tried // '?', $tried // '?'),
		'proof: 0 firmware calls, and all of the firmware\'s code still faults at the end');

	my ($counts) = $log =~ /^proof: VMX instructions executed: (.*)$/m;
	my %n = map { /^(\w+) ([0-9]+)$/ ? ($1, $2) : () } split /, /, $counts // '';
	is(join(' ', sort grep { !$n{$_} } qw(VMXON VMXOFF VMCLEAR VMPTRLD VMREAD VMWRITE VMLAUNCH VMRESUME INVEPT)), '',
		'proof: each VMX instruction was executed') or diag($counts // 'no counts');
	is($n{VMXON}, 1, 'proof: one VMXON');
	is($n{VMXOFF}, 1, 'proof: one VMXOFF');
	return \%n;
}

# All guests: their numbers of exits are the sums of what each line of the table says.
sub check_exit_tables
{
	my ($run, $guests) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my (%total, %sum, $guest);

	for (sill_log($run)) {
		if (/^guest ([0-9]+): ([0-9]+) VM exits:$/) {
			$guest = $1;
			$total{$guest} = $2;
			$sum{$guest} = 0;
		} elsif (defined $guest && /^  [A-Z\w]/) {
			$sum{$guest} += $_ for /  [^ ](?:[^ ]| (?! ))*? ([0-9]+)(?=  |$)/g;
		} else {
			undef $guest;
		}
	}
	is(scalar(keys %total), $guests, "a table of VM exits for each of the $guests guests");
	is(join(' ', map { "$_:$sum{$_}" } sort keys %sum), join(' ', map { "$_:$total{$_}" } sort keys %total),
		'the rows of each table add up to its total');
	return \%total;
}

sub guest_suite
{
	my %o = @_;
	my $run = boot(
		model => $o{model}, timeout => 300,
		conf => <<'EOF2', files => [ 'build/guest-stub/guest-stub.elf', 'build/guest-stub/doors.elf' ]);
guest = \EFI\sill\guest-stub.elf
cmdline = tap
memory = 32M
lazy_memory = 4M
# All of its memory at once, another size, and what another guest left must be gone.
guest = \EFI\sill\guest-stub.elf
cmdline = tap=instructions,discovery,memory,control
memory = 16M
# Every way to reach Sill, 10,000 times each, and used wrongly.
guest = \EFI\sill\doors.elf
cmdline = test
memory = 32M
lazy_memory = 4M
EOF2
	relay_tap($run, 3);
	verdict_is($run, 'success');

	my @log = sill_log($run);
	my $log = join "\n", @log;
	like($log[0] // '', qr/^Sill [0-9]+\.[0-9]+\.[0-9]+: a thin hypervisor on Intel VT-x$/, 'the banner comes first');
	like($log[-1] // '', qr/^verdict: success$/, 'the verdict comes last');
	serial_like($run, qr/CPUs: 1; Sill uses the one with APIC ID 0/);
	serial_like($run, qr/What VT-x offers on this CPU \(GenuineIntel, /);
	serial_like($run, qr/1-GByte pages $o{pages_1g}/, "EPT's 1-GByte pages: $o{pages_1g}");
	serial_like($run, $_) for @{ $o{offers} // [] };
	my ($needed, $used) = $log =~ /^ Controls that Sill needs:\n(.*?)^ Controls that Sill uses where they exist:\n(.*?)^proof/ms;
	unlike($needed // 'NO', qr/ NO\b/, 'no control that Sill needs is missing');
	my @missing = map { /(?:^|,|   )\s*((?:(?!,)[^ ]| (?! ))+) NO(?=,|$)/mg } ($used // '') =~ s/^  (?:\w+ +)?//mgr;
	is(join(', ', sort @missing), join(', ', sort @{ $o{lacks} // [] }), 'which controls are missing that Sill could use');

	my $n = check_proof($run);
	my $exits = check_exit_tables($run, 3);
	# Each ends with one VM exit, and each entry but the first of a guest is a VMRESUME.
	cmp_ok($n->{VMRESUME} // 0, '>=', $exits->{0} // 0, 'as many VMRESUMEs as VM exits');

	serial_like($run, qr/EPT: 28672 KiB mapped by 0 1-GiB, 13 2-MiB and 512 4-KiB pages in 4 tables:/, 'the first EPT');
	serial_like($run, qr/000000000-0000bffff -> [0-9a-f]{9} rwx WB$/m, 'its conventional and video memory');
	serial_like($run, qr/0000c0000-0000fffff -> [0-9a-f]{9} r-- WB$/m, 'its ROM');
	serial_like($run, qr/001c00000-001ffffff granted page by page at first touch/, 'its lazy memory');
	serial_like($run, qr/EPT: 16384 KiB mapped by 0 1-GiB, 7 2-MiB and 512 4-KiB pages in 4 tables:/, 'the second EPT');
	serial_count($run, qr/EPT: audited: all of it lies in the guest's own memory, nothing else is reachable/, 3);
	serial_count($run, qr/guest [0-2]: exit status 0 \(success\)/, 3);
	is(join(' ', map { /^door (\w+) stays closed/ } @log), $o{closed} // '', 'the doors for which this CPU lacks something');
	serial_unlike($run, qr/MUST-NOT-APPEAR/);
	serial_unlike($run, qr/panic/i);
	# An instruction that Sill can't carry out for the guest: the third uses many, and that is said once.
	my ($asked_for, @odd) = sort { $b =~ /door mmio: the instruction at/ <=> $a =~ /door mmio: the instruction at/ }
		grep { /^(?:warning|error)/ } @log;
	like($asked_for // '', qr/^warning: door mmio: the instruction at/, 'what Sill cannot do for a guest is said');
	is(join("\n", @odd), '', 'once; no other warning and no error');
	serial_like($run, qr/memory: [0-9]+ KiB reserved, [0-9]+ KiB used at the most/, 'how much memory Sill used');
	done_testing();
	return;
}

1;
