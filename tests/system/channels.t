#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Channels in guest mode, over the serial line to sill-link: guest-stub reads a file of this machine and sends bytes
# through a program on it; Sill's console is shown here. And what there is where sill.conf allows no channels.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use SillTest;
use Digest::SHA qw(sha512);
use File::Path qw(make_path);
use File::Temp qw(tempdir);

my $folder = tempdir('sill-channels-test.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $bytes = join '', map { sha512($_) } 1 .. 300;

sub put
{
	my ($name, $text) = @_;
	open(my $f, '>:raw', "$folder/$name") or die "$name: $!\n";
	print $f $text;
	close $f or die "$name: $!\n";
	return;
}
make_path("$folder/share/some");
put('share/some/file', $bytes);
put('outside', "MUST-NOT-APPEAR\n");

# As zlib's; Perl has none of its own.
sub crc32
{
	my $crc = 0xffffffff;
	for my $byte (unpack 'C*', $_[0]) {
		$crc ^= $byte;
		$crc = $crc & 1 ? $crc >> 1 ^ 0xedb88320 : $crc >> 1 for 1 .. 8;
	}
	return $crc ^ 0xffffffff;
}

my $run = boot(
	name => 'two ports', timeout => 120,
	link => [ '--verbose', '--share', "$folder/share", '--exec', 'mirror=cat' ],
	conf => <<'EOF2', files => ['build/guest-stub/guest-stub.elf']);
link = com2
link_share = 60
link_timeout = 60
channels = 2
channel_buffer = 4K
guest = \EFI\sill\guest-stub.elf
cmdline = tap=link
memory = 16M
EOF2
relay_tap($run, 1);
verdict_is($run, 'success');
serial_like($run, qr/link: on the UART at I\/O port 2f8, 115200 baud;/);
serial_like($run, qr/^# size=@{[ length $bytes ]} crc32=@{[ sprintf '%x', crc32($bytes) ]}$/m, 'the guest has the file of this machine');
serial_like($run, qr/^# error=13$/m, 'and the reason why it has no other');
like($run->{link}, qr/\] sill: Sill [0-9.]+: a thin hypervisor on Intel VT-x$/m, 'sill-link shows the console, from its start');
like($run->{link}, qr/^ok [0-9]+ - nobody: not taken\r?$/m, 'and what the guest writes there');
like($run->{link}, qr/\] sill: verdict: success$/m, 'and its last line');
unlike($run->{link}, qr/MUST-NOT-APPEAR/, 'nothing from outside the folder');
is(join(' ', grep { $_ != 0 } @{ $run->{link_statuses} }), '', 'sill-link ended as asked') or diag($run->{link});

# Without channels there is no link either, though one is named.
$run = boot(name => 'none', timeout => 60, conf => <<'EOF2', files => ['build/guest-stub/guest-stub.elf']);
channels = 0
link = com2
guest = \EFI\sill\guest-stub.elf
cmdline = tap=discovery,channels,rings
memory = 16M
EOF2
relay_tap($run, 1);
verdict_is($run, 'success');
serial_unlike($run, qr/link: /);
done_testing();
