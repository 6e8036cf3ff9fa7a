#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# What a Multiboot kernel gets: the command line, modules with the right bytes in the right places, and the state
# of the machine that the specification promises; for ELF32, ELF64 and images that are no ELF files.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use File::Path qw(make_path remove_tree);
use SillLog;

my $dir = "$root/build/system/modules";
make_path($dir);

sub fnv_1a
{
	my $hash = 0x811c9dc5;
	$hash = (($hash ^ $_) * 0x01000193) & 0xffffffff for unpack 'C*', $_[0];
	return $hash;
}

# Bytes that look random and are the same each time.
my $state = 1;
sub bytes
{
	my ($size) = @_;
	return join '', map { $state = ($state * 1103515245 + 12345) & 0x7fffffff; chr($state >> 16 & 0xff) } 1 .. $size;
}

# Modules as lines of sill.conf, each with the text that guest-stub compares its bytes with, and the files.
sub modules
{
	my ($name, @sizes) = @_;
	my ($conf, @files) = ('');
	for my $i (1 .. @sizes) {
		my $content = bytes($sizes[ $i - 1 ]);
		open(my $f, '>:raw', "$dir/$name$i.bin") or die "$dir/$name$i.bin: $!\n";
		print $f $content;
		close $f or die "$dir/$name$i.bin: $!\n";
		push @files, "$dir/$name$i.bin";
		$conf .= sprintf "module = /EFI/sill/%s%u.bin %x/%x %x %x  module %u, \"%s\" = x\n", $name, $i, $i,
			scalar @sizes, $sizes[ $i - 1 ], fnv_1a($content), $i, $name;
	}
	return ($conf, @files);
}

my ($many, @many_files) = modules('many', 1, 4096, 4095, 0, 4097, 70000, 2, 12345);
my ($one, @one_file) = modules('one', 300001);
# The longest that there may be: 255 characters.
my $long = 'tap=modules ' . join(' ', map { "word$_" } 100 .. 999);
$long = substr($long, 0, 254) . '.';

my $run = boot(
	conf => <<"EOF",
guest = \\EFI\\sill\\guest-stub.elf
cmdline = $long
memory = 8M
$many
guest = \\EFI\\sill\\guest-stub.elf
cmdline = tap=modules,memory  a = b   "quoted" 'and' not
memory = 16M
lazy_memory = 12M
$one
# The same program as 64-bit ELF, without modules.
guest = \\EFI\\sill\\stub64.elf
memory = 32M
lazy_memory = 4M
cmdline = tap=instructions,discovery,registers,modules
guest = \\EFI\\sill\\flat.bin
memory = 4M
guest = \\EFI\\sill\\plain_kernel.elf
memory = 4M
guest = \\EFI\\sill\\plain_kernel.elf
memory = 4M
cmdline = "a # b"
EOF
	files => [
		'build/guest-stub/guest-stub.elf', 'build/guest-stub/guest-stub.elf64=stub64.elf',
		'build/tests/flat.bin', 'build/guest-stub/bad/plain_kernel.elf', @many_files, @one_file,
	]);
remove_tree($dir);
relay_tap($run, 4);

my @parts = guest_parts($run);
is(scalar @parts, 6, 'each guest has its turn');
guest_like($parts[0], qr/^# command line: "\Q$long\E"$/m, 'the longest command line');
guest_like($parts[0], qr/^ok [0-9]+ - Multiboot: there are 8 modules$/m, 'the most modules');
guest_like($parts[0], qr/^# module 8: "8\/8 3039 [0-9a-f]+  module 8, "many" = x"$/m, 'the text of a module');
guest_like($parts[1], qr/^# command line: "tap=modules,memory  a = b   "quoted" 'and' not"$/m, 'quotes and blanks in a command line');
guest_like($parts[1], qr/^ok [0-9]+ - Multiboot: there are 1 modules$/m, 'one module');
guest_like($parts[2], qr/^ok [0-9]+ .*# skip/mi, 'no module');
guest_like($parts[$_], qr/guest $_: exit status 0 \(success\)$/m) for 0 .. 3;
guest_like($parts[4], qr/^plain_kernel: hello, kernel world!\nplain_kernel: command line: $/m, 'an empty command line');
guest_like($parts[5], qr/^plain_kernel: command line: a # b$/m, 'a number sign in a quoted command line');
guest_like($parts[$_], qr/guest $_: stopped: HLT with interrupts disabled/) for 4, 5;
verdict_is($run, 'failure (2 of 6 guests did not end with exit status 0)');
serial_unlike($run, qr/panic/i);
done_testing();
