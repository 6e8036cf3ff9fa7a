#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Underlay mode from the loader's side: what it starts on top of Sill and what becomes of that, how it takes
# Sill away again, and what it does when Sill can't be there. One machine with two CPUs, in which the UEFI
# shell starts Sill again and again, each time with another configuration.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;

my $dir = "$root/build/system/underlay_loader";
mkdir $dir;

sub write_file
{
	my ($name, $text) = @_;
	open(my $f, '>:raw', "$dir/$name") or die "$dir/$name: $!\n";
	print $f $text;
	close $f or die "$dir/$name: $!\n";
	return "$dir/$name";
}

my $underlay = "mode = underlay\n";
my $probe = 'next = \\EFI\\sill\\probe.efi';
my $esp = '5111C0DE-0000-4000-8000-000000000002';
my $beneath = qr/^Sill: beneath 2 CPUs, on the first after [0-9]+ ticks$/m;

# Name, configuration (undef: as before), what the shell is told, and what must be seen.
my @cases = (
	[ 'unload without Sill', undef, 'sill.efi unload', qr/^There is no Sill beneath this firmware\.$/m ],
	[ 'memory before', undef, 'memmap', qr/^ *LoaderData *: +0 Pages/m ],
	[ 'a CPU without EPT', "${underlay}cpu_without_ept = 1\n$probe\n", 'sill.efi',
		qr/^Sill cannot start: on CPU 1 \(APIC ID 1\): .*EPT/m, qr/The boot goes on without Sill\./,
		qr/^Sill: starts \\EFI\\sill\\probe\.efi$/m, qr/^probe: told '', Sill is not beneath$/m ],
	[ 'the first CPU without EPT', "${underlay}cpu_without_ept = 0\n$probe\n", 'sill.efi',
		qr/^Sill cannot start: on CPU 0 \(APIC ID 0\): .*EPT/m, qr/^probe: told '', Sill is not beneath$/m ],
	[ 'memory after what failed', undef, 'memmap', qr/^ *LoaderData *: +0 Pages/m ],
	[ 'next is missing', "${underlay}next = \\EFI\\none.efi\n", 'sill.efi', $beneath,
		qr/^Sill: suspend to RAM is hidden from the OS/m,
		qr/^Sill: next: there is no \\EFI\\none\.efi; 1 volume looked at\. Back to the firmware\.$/m ],
	[ 'Sill stays beneath', undef, 'probe.efi', qr/Sill is beneath$/m ],
	[ 'memory with Sill', undef, 'memmap', qr/^ *LoaderData *: +0 Pages/m ],
	[ 'a second start', undef, 'sill.efi', qr/^Sill is beneath this firmware already\./m ],
	[ 'unload', undef, 'sill.efi unload', qr/^Sill is gone from 2 CPUs\.$/m,
		qr/^Sill: suspend to RAM is there for the OS again$/m ],
	[ 'Sill is gone', undef, 'probe.efi', qr/Sill is not beneath$/m ],
	[ 'next returns', "$underlay$probe\nnext_options = \"one # two\"\n", 'sill.efi', $beneath,
		qr/^Sill: starts \\EFI\\sill\\probe\.efi$/m, qr/^probe: told 'one # two', Sill is beneath$/m,
		qr/^Sill: next: \\EFI\\sill\\probe\.efi has returned \(status 0\)\. Back to the firmware\.$/m ],
	[ 'unload again', undef, 'sill.efi unload', qr/^Sill is gone from 2 CPUs\.$/m ],
	[ 'next fails, on a named partition', "${underlay}next = $esp:/EFI/sill/probe.efi\nnext_options = fail\n",
		'sill.efi', $beneath, qr/^probe: told 'fail', Sill is beneath$/m,
		qr/^Sill: next: \\EFI\\sill\\probe\.efi has returned \(status 800000000000001b\)\./m ],
	[ 'unload for the third time', undef, 'sill.efi unload', qr/^Sill is gone from 2 CPUs\.$/m ],
	[ 'a partition that is not there',
		"${underlay}next = 5111C0DE-0000-4000-8000-000000000003:\\EFI\\sill\\probe.efi\n", 'sill.efi', $beneath,
		qr/^Sill: next: there is no \\EFI\\sill\\probe\.efi on that partition; 0 volumes looked at\./m ],
	[ 'unload for the fourth time', undef, 'sill.efi unload', qr/^Sill is gone from 2 CPUs\.$/m ],
	[ 'next is no program', "${underlay}next = \\EFI\\sill\\sill.conf\n", 'sill.efi', $beneath,
		qr/^Sill: next: \\EFI\\sill\\sill\.conf cannot be loaded \(status 80000000000000[0-9a-f]+\)\./m ],
	[ 'unload for the fifth time', undef, 'sill.efi unload', qr/^Sill is gone from 2 CPUs\.$/m ],
	[ 'next is Sill', "${underlay}next = \\EFI\\sill\\SILL.efi\n", 'sill.efi', $beneath,
		qr/^Sill: next: there is no \\EFI\\sill\\SILL\.efi; 1 volume looked at\./m ],
	[ 'unload for the sixth time', undef, 'sill.efi unload', qr/^Sill is gone from 2 CPUs\.$/m ],
	[ 'the firmware goes on', "${underlay}next = firmware\n", 'sill.efi', $beneath,
		qr/^Sill: the firmware goes on with its boot order$/m ],
	[ 'unload for the seventh time', undef, 'sill.efi unload', qr/^Sill is gone from 2 CPUs\.$/m ],
	[ 'nothing to start', $underlay, 'sill.efi', qr/sill\.conf: what shall be started on top of Sill\?/ ],
	[ 'no MP services', undef, 'probe.efi hide-mp', qr/^probe: MP services hidden: Success$/m ],
	[ 'the boot CPU alone', "$underlay$probe\n", 'sill.efi',
		qr/^Sill: this firmware has no MP services: Sill comes beneath the boot CPU only/m,
		qr/^Sill: beneath 1 CPU, on the first after/m, qr/^probe: told '', Sill is beneath$/m ],
	[ 'unload from the boot CPU', undef, 'sill.efi unload', qr/^Sill is gone from 1 CPU\.$/m ],
	[ 'little memory', undef, 'probe.efi take-memory', qr/^probe: memory taken$/m ],
	[ 'not enough memory', undef, 'sill.efi',
		qr/^Sill cannot start: not enough memory: Sill needs [0-9]+ KiB in one piece below 4 GiB/m,
		qr/^probe: told '', Sill is not beneath$/m ],
);

# Boots a machine whose firmware starts Sill with a configuration that is wrong, and then its shell with this script.
sub run_shell
{
	my ($script, $files, %machine) = @_;
	my $image = "$dir/sill.img";
	my $conf = write_file('first.conf', $underlay);

	system('scripts/image', $image, $conf, 'build/tests/probe.efi', @$files) == 0 or BAIL_OUT('scripts/image failed');
	my $nsh = write_file('startup.nsh', ("\@echo -off\nfs0:\ncd \\EFI\\sill\n$script\necho ALL-DONE\n") =~ s/\n/\r\n/gr);
	local $ENV{MTOOLS_SKIP_CHECK} = 1;
	local $ENV{MTOOLSRC} = '/dev/null';
	system('mcopy', '-o', '-i', "$image\@\@1M", $nsh, '::/startup.nsh') == 0 or BAIL_OUT('mcopy failed');

	# Sill waits some seconds for a reader, which an emulator is slow at; a key each time goes on at once.
	my @keys = map { ('Any key goes on' => ' ') } 0 .. 9;
	my $run = boot(image => $image, cpus => 2, until => '^ALL-DONE', may_die => 1, timeout => 400, send => \@keys, %machine);
	unlink $image;
	like($run->{serial}, qr/^ALL-DONE/m, 'the firmware survives all that')
		or diag($run->{messages});
	return $run;
}

my @files;
my $script = '';
for my $i (0 .. $#cases) {
	my (undef, $conf, $command) = @{ $cases[$i] };
	$script .= "echo CASE-$i\n";
	if (defined $conf) {
		push @files, write_file("case$i.txt", $conf);
		$script .= "rm -q sill.conf\ncp -q case$i.txt sill.conf\n";
	}
	$script .= "$command\n";
}
my $run = run_shell("${script}echo CASE-END", \@files);

my @parts = split /^CASE-(?:[0-9]+|END)\s*$/m, $run->{serial};
shift @parts;
my %reserved;
for my $i (0 .. $#cases) {
	my ($name, undef, undef, @expected) = @{ $cases[$i] };
	my $text = $parts[$i] // '';
	my $good = 1;
	for my $line (@expected) {
		$good = like($text, $line, "$name: $line") && $good;
	}
	diag($text) if !$good;
	$reserved{$name} = $1 =~ tr/,//dr if $text =~ /^ *Reserved *: +([0-9,]+) Pages/m;
}

is($reserved{'memory after what failed'}, $reserved{'memory before'}, 'what failed gives its reserved memory back');
my $kib = 4 * (($reserved{'memory with Sill'} // 0) - ($reserved{'memory before'} // 0));
cmp_ok($kib, '>', 512, 'Sill lies in memory that is reserved');
cmp_ok($kib, '<=', 2048 + 2 * 64, "which is $kib KiB, and at most 2 MiB and 64 KiB for each CPU");

# A CPU that can't be used, among others that can: nothing is started on any, not even to try.
$run = run_shell("probe.efi lock-cpu-1\nrm -q sill.conf\ncp -q good.txt sill.conf\nsill.efi",
	[ write_file('good.txt', "$underlay$probe\n") ], name => 'one CPU locked off', no_fw_cfg => 1);
serial_like($run, qr/^probe: VT-x locked off on CPU 1: Success$/m, 'the test locked VT-x off');
serial_like($run, qr/^Sill cannot start: on CPU 1 \(APIC ID 1\): .*IA32_FEATURE_CONTROL = 1h/m, 'Sill says which CPU it is');
serial_like($run, qr/^probe: told '', Sill is not beneath$/m, 'the boot goes on without Sill');

# What a boot takes longer. An instruction is a tick.
$run = boot(conf => "${underlay}next = \\none.efi\n", name => 'one CPU', until => 'looked at', may_die => 1);
serial_like($run, qr/^Sill: beneath 1 CPU, on the first after [0-9]+ ticks$/m, 'Sill lies beneath it');
my ($ticks) = $run->{serial} =~ /after ([0-9]+) ticks/;
cmp_ok($ticks // 'no', '<=', 2_000_000, 'from the start of sill.efi, at most 2 million instructions later');

done_testing();
