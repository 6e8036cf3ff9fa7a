# SPDX-License-Identifier: MIT
#
# What Sill's own lines on the console say, taken apart. Exports all of SillTest too.

package SillLog;

use strict;
use warnings;
use Exporter qw(import);
use SillTest;

our @EXPORT = (qw(sill_log guest_parts guest_like guest_unlike demo_is_good report_is_complete),
	@SillTest::EXPORT);

my $stamp = qr/\[ *([0-9]+\.[0-9]+)\] sill: /;

# Sill's own lines, without the time; a guest that has not ended its line keeps none of them out.
sub sill_log
{
	my ($run) = @_;
	return map { /$stamp(.*)$/ ? $2 : () } @{ $run->{lines} };
}

# One part of the console for each guest, from the line that introduces it: a list of
#   text      all of its lines
#   name      as "guest 3 (touch.elf touch=1000000,r)"
#   seconds   from its first instruction to its end, undef if one of the two is not told
#   ended     the line that tells its end, from "exit status" or "stopped: " on
sub guest_parts
{
	my ($run) = @_;
	my @parts;
	for (@{ $run->{lines} }) {
		if (/${stamp}guest ([0-9]+): \\(?:.*\\)?([^\\]*)$/ && $2 == @parts) {
			push @parts, { run => $run, text => '', name => "guest $2 ($3)" };
		}
		my $part = $parts[-1] or next;
		last if /${stamp}proof: VMX instructions executed/;
		$part->{text} .= "$_\n";
		$part->{start} = $1 if /${stamp}guest [0-9]+: starts at/;
		if (/${stamp}guest [0-9]+: (exit status .*|stopped: .*)$/) {
			$part->{ended} = $2;
			$part->{seconds} = $1 - $part->{start} if defined $part->{start};
		}
	}
	return @parts;
}

sub guest_like
{
	my ($part, $want, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $text = $part->{text} // '';
	return ok($text =~ $want, join ': ', $part->{name} // 'a guest that is not there', $name // "the console shows $want")
		|| diag($text);
}

sub guest_unlike
{
	my ($part, $unwanted, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $text = $part->{text} // $unwanted;
	return ok($text !~ $unwanted, join ': ', $part->{name} // 'a guest that is not there', $name // "the console does not show $unwanted")
		|| diag($text);
}

# guest-stub's demo: every hypercall was answered, so Sill is alive and well.
sub demo_is_good
{
	my ($part) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	guest_like($part, qr/^  ping answers 42\.$/m, 'ping is answered');
	guest_like($part, qr/^  info answers 48\.\n  Sill [0-9.]+ with ABI version [0-9]+; I am guest [0-9]+\.$/m, 'info is answered');
	guest_like($part, qr/^Hello from the guest, through console_write\.$/m, 'console_write writes');
	guest_like($part, qr/^  It is 2023-11-14 22:1[0-9]:[0-9]{2} UTC; the TSC read [0-9]+ then and counts [0-9]+ ticks a second\.$/m,
		'time tells the time of the machine');
	guest_like($part, qr/^  call 1000 answers -38, /m, 'an unknown call is refused');
	guest_like($part, qr/guest [0-9]+: exit status 0 \(success\)$/m, 'it ends with success');
	return;
}

# The report on a guest that did not end by itself has all its parts.
sub report_is_complete
{
	my ($part, %expect) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $hex = qr/[0-9a-f]{16}/;
	guest_like($part, qr/sill:   rax $hex  rbx $hex  rcx $hex  rdx $hex$/m, 'the report has general registers');
	guest_like($part, qr/sill:   rip $hex  fl  $hex  cr0 $hex  cr3 $hex$/m, 'and control registers');
	guest_like($part, qr/sill:   cs   [0-9a-f]{4} base $hex limit [0-9a-f]{8} access rights [0-9a-f]{5}$/m, 'and segments');
	guest_like($part, qr/sill:   code at rip:(?: [0-9a-f]{2}){15}$|sill:   code at rip: cannot be read$/m, 'and the code at RIP');
	guest_like($part, qr/sill: last VM exits, the latest first:$/m, 'and the last VM exits');
	guest_like($part, qr/sill: guest [0-9]+: [0-9]+ VM exits:$/m, 'and the numbers of VM exits');
	return;
}

1;
