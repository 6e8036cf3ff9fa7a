#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# What the loader refuses, and that the firmware is unharmed after it: one machine, in which the UEFI shell
# starts Sill again and again, each time with another configuration, and at last still has all of its memory.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;

my $dir = "$root/build/system/loader";
mkdir $dir;

sub write_file
{
	my ($name, $text) = @_;
	open(my $f, '>:raw', "$dir/$name") or die "$dir/$name: $!\n";
	print $f $text;
	close $f or die "$dir/$name: $!\n";
	return "$dir/$name";
}

# The smallest Multiboot image: a header, and a HLT to start at.
my $guest = pack('V*', 0x1badb002, 0x10000, -(0x1badb002 + 0x10000) & 0xffffffff, 0x100000, 0x100000, 0, 0, 0x100020)
	. "\xf4";
my $good = "guest = \\EFI\\sill\\tiny.bin\n";

# Name, configuration, what the loader says.
my @cases = (
	[ 'a missing guest', "guest = \\EFI\\sill\\none.elf\n",
		qr/^sill: \\EFI\\sill\\none\.elf: there is no such file on this volume$/m ],
	[ 'a guest in a missing directory', "guest = \\none\\none.elf\n",
		qr/^sill: \\none\\none\.elf: there is no such file on this volume$/m ],
	[ 'a guest that is a directory', "guest = \\EFI\\sill\n", qr/^sill: \\EFI\\sill is a directory$/m ],
	[ 'a guest that is no Multiboot image', "guest = \\EFI\\sill\\text.bin\n",
		qr/^sill: \\EFI\\sill\\text\.bin cannot be started as a guest: \S.*/m ],
	[ 'an empty guest', "guest = \\EFI\\sill\\empty.bin\n",
		qr/^sill: \\EFI\\sill\\empty\.bin cannot be started as a guest: \S.*/m ],
	[ 'a truncated guest', "guest = \\EFI\\sill\\short.bin\n",
		qr/^sill: \\EFI\\sill\\short\.bin cannot be started as a guest: \S.*/m ],
	[ 'a missing module', "${good}module = \\EFI\\sill\\none.bin text\n",
		qr/^sill: \\EFI\\sill\\none\.bin: there is no such file on this volume$/m ],
	[ 'a missing image of the second guest', "${good}guest = \\EFI\\sill\\none.elf\n",
		qr/^sill: \\EFI\\sill\\none\.elf: there is no such file on this volume$/m ],
	[ 'more guest memory than there is', "${good}memory = 2G\n",
		qr/^sill: not enough memory: the guests need 2048 MiB in one piece, and the largest free piece has [0-9]+ MiB$/m ],
	[ 'more guest memory than there are tables for', "${good}memory = 1T\nlazy_memory = 1022G\n",
		qr/^sill: (not enough memory: Sill needs [0-9]+ KiB in one piece below 4 GiB, and the largest free piece there has [0-9]+ KiB|the guests' memory needs more tables than Sill has room for)$/m ],
	[ 'an unknown key', "$good\n# comment\nmemroy = 64M\n",
		qr/^sill: \\EFI\\sill\\sill\.conf, line 4: .*memroy/m ],
	[ 'a bad value', "${good}memory = 63M\n", qr/^sill: \\EFI\\sill\\sill\.conf, line 2: .*63M/m ],
	[ 'no guest at all', "# nothing\n", qr/^sill: \\EFI\\sill\\sill\.conf\b.*guest/m ],
	[ 'a configuration that is too large', '#' x 65537, qr/^sill: \\EFI\\sill\\sill\.conf is too large: 65537 bytes, and at most 65536 are allowed$/m ],
	[ 'no configuration', undef, qr/^sill: \\EFI\\sill\\sill\.conf: there is no such file on this volume$/m ],
);

my @files = (
	write_file('tiny.bin', $guest), write_file('text.bin', "This is not an image.\n" x 100),
	write_file('empty.bin', ''), write_file('short.bin', substr($guest, 0, 30)),
);
my $script = "\@echo -off\nfs0:\ncd \\EFI\\sill\nmemmap\n";
for my $i (0 .. $#cases) {
	my (undef, $conf) = @{ $cases[$i] };
	$script .= "echo CASE-$i\nrm -q sill.conf\n";
	if (defined $conf) {
		push @files, write_file("case$i.txt", $conf);
		$script .= "cp -q case$i.txt sill.conf\n";
	}
	$script .= "sill.efi\n";
}
$script .= "echo CASE-END\nmemmap\necho ALL-DONE\n";

my $image = "$dir/sill.img";
my $conf = write_file('first.conf', $cases[0][1]);
system('scripts/image', $image, $conf, @files) == 0 or BAIL_OUT('scripts/image failed');
my $nsh = write_file('startup.nsh', $script =~ s/\n/\r\n/gr);
{
	local $ENV{MTOOLS_SKIP_CHECK} = 1;
	local $ENV{MTOOLSRC} = '/dev/null';
	system('mcopy', '-o', '-i', "$image\@\@1M", $nsh, '::/startup.nsh') == 0 or BAIL_OUT('mcopy failed');
}

# Sill waits some seconds for a reader, which an emulator is slow at; a key each time goes on at once.
my @keys = map { ('Any key goes on' => ' ') } 0 .. @cases;
my $run = boot(image => $image, until => '^ALL-DONE', may_die => 1, timeout => 240, send => \@keys);
unlink $image;
like($run->{serial}, qr/^ALL-DONE/m, 'the firmware survives all refusals')
	or diag($run->{messages});

my @parts = split /^CASE-(?:[0-9]+|END)\s*$/m, $run->{serial};
my $before = shift @parts;
my $after = @parts > @cases ? pop @parts : '';
for my $i (0 .. $#cases) {
	my ($name, undef, $reason) = @{ $cases[$i] };
	my $text = $parts[$i] // '';
	like($text, $reason, "$name: the reason on the serial port") or diag($text);
	like($text, qr/^Sill cannot start: /m, "$name: the reason on the screen");
	like($text, qr/^sill: verdict: failure \(Sill was not started\)$/m, "$name: the verdict");
	unlike($text, qr/ending boot services/, "$name: boot services go on");
}

# All of the loader's memory is of this kind, and so is none of the shell's.
for ([ 'before', $before ], [ 'after', $after ]) {
	my ($when, $text) = @$_;
	like($text, qr/^ *LoaderData *: +0 Pages/m, "no memory of the loader's is left $when all that") or diag($text);
}

done_testing();
