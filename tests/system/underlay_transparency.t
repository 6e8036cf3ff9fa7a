#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# What a program on top of Sill sees of the CPU: no VMX, no SMX, its own control registers; and its triple fault resets
# the machine. tests/system/transparency is that program.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;

sub conf
{
	return "mode = underlay\nconsole = com2\nlog = debug\nnext = \\EFI\\sill\\transparency.efi\n" . join '', map { "$_\n" } @_;
}

# The CPU with the fewest controls, and with the most.
my %shown = (corei5_arrandale_m520 => 0, arrow_lake => 1);
for my $model (sort keys %shown) {
	my $run = boot(
		name => $model,
		model => $model,
		conf => conf($shown{$model} ? 'hypervisor_bit = yes' : ()),
		files => ['build/tests/transparency.efi'],
		serial2 => 1,
		until => '^transparency: done',
		may_die => 1,
	);
	relay_tap($run, 1);
	serial_like($run, qr/^# hypervisor-present bit: $shown{$model}$/m, 'a hypervisor is shown if that is wanted');
	for my $leaf (qw(00000000 00000001 40000000)) {
		my ($length) = $run->{serial} =~ /^# CPUID $leaf: (\d+) instructions$/m;
		cmp_ok($length // 1e9, '<=', 110, "$model: CPUID leaf ${leaf}h takes at most 110 instructions");
	}
	like($run->{serial2}, qr/microcode update 5111 given to the CPU, 12288 bytes$/m, "$model: the microcode update reached the CPU");
}

my $reset = boot(
	conf => conf('next_options = triple-fault'),
	files => ['build/tests/transparency.efi'],
	serial2 => 1,
	until => '^transparency: started again',
	may_die => 1,
);
serial_like($reset, qr/^transparency: a triple fault$/m, 'there is a triple fault');
serial_like($reset, qr/^transparency: started again$/m, 'and the machine starts again');
like($reset->{serial2}, qr/triple fault at [0-9a-f]+: the machine is reset/, 'Sill says why');
done_testing();
