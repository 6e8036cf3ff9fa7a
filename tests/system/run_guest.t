#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# 'make run GUEST=…': somebody's own kernel, command line and modules, with no configuration to write.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;

# What 'make test' tells its own children is nothing to a make of its own.
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL GUEST ARGS MODULES MEMORY TRACE)};

sub runs
{
	my (@command) = @_;
	my $pid = open(my $pipe, '-|') // die "fork: $!\n";
	if ($pid == 0) {
		open(STDIN, '<', '/dev/null');
		open(STDERR, '>&', \*STDOUT);
		exec @command or exit 126;
	}
	my $text = do { local $/; <$pipe> } // '';
	close $pipe;
	return ($? >> 8, $text =~ s/\r//gr);
}

my ($status, $text) = runs('make', 'run', 'GUEST=build/guest-stub/guest-stub.elf', q{ARGS=tap=instructions,discovery demo it's}, 'MEMORY=32M', 'MODULES=README.md LICENSE');
is($status, 0, 'make run GUEST=… ends with 0 if the guest reports success') or diag($text);
like($text, qr/sill: guest 0: \\EFI\\sill\\guest-stub\.elf tap=instructions,discovery demo it's$/m, 'the guest and its arguments');
like($text, qr/EPT: 32768 KiB mapped/, 'MEMORY is its memory');
like($text, qr/^ok 1 - IDIV divides 64-bit numbers$/m, 'what the guest prints is shown');
like($text, qr/^  ping answers 42\.$/m, 'all of it');
like($text, qr/sill: verdict: success$/m, 'so is the verdict');

symlink('../guest-stub/bad/plain_kernel.elf', 'build/system/plain kernel.elf');
{
	local @ENV{qw(GUEST MODULES MEMORY)} = ('plain kernel.elf', 'module.txt', '6M');
	open(my $f, '>', 'build/system/module.txt') or die;
	print $f 'anything';
	close $f;
	($status, $text) = runs('sh', '-c', 'cd build/system && exec ../../scripts/run --timeout 120');
}
unlink 'build/system/plain kernel.elf', 'build/system/module.txt';
is($status, 1, 'scripts/run ends with 1 if the guest does not report success') or diag($text);
like($text, qr/sill: guest 0: \\EFI\\sill\\guest\.elf$/m, 'a name with a blank, from another folder, and a module');
like($text, qr/EPT: 6144 KiB mapped/, 'MEMORY is its memory here too');
like($text, qr/^plain_kernel: hello, kernel world!$/m, 'it runs');
like($text, qr/sill: verdict: failure \(1 of 1 guests did not end with exit status 0\)$/m, 'it halts, which is no success');

($status, $text) = runs('make', 'run', 'GUEST=build/no-such.elf');
isnt($status, 0, 'a missing image is refused');
like($text, qr/build\/no-such\.elf: no such file/, 'by name');
($status, $text) = runs('make', 'run', 'GUEST=build');
isnt($status, 0, 'a directory is refused');
like($text, qr/run: build is a directory/, 'as such');
done_testing();
