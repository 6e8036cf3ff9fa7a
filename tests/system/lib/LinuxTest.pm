# SPDX-License-Identifier: MIT
#
# Boots Debian's own kernel in the emulator, with Sill beneath it or without, to run one shell script.
# Exports all of SillTest too.
#
#   my $run = boot_linux(script => "check 'there is a /proc' test -d /proc/1\n", sill => 1, cpus => 2);
#   relay_tap($run);
#
# boot_linux() takes, besides what boot() takes (cpus, model, exclude, timeout, until …):
#   script     what the first process does, after tests/system/linux/prelude: a text
#   sill       1: Sill starts first; 0: the same without Sill
#   conf       more lines for sill.conf
#   cmdline    more words for the kernel
#   programs   more programs that the script can call; probe, and sill if it is built, are there always
# The script ends with 'finish', which switches the machine off; 'until' takes that expectation away.
# The result is that of boot(), with
#   marks      what the script's lines 'MARK key=value' said: a hash; of several with one key the last
#   ticks      TSC ticks (one each instruction) from the kernel's start to its first process

package LinuxTest;

use strict;
use warnings;
use Exporter qw(import);
use SillTest;

our @EXPORT = (qw(boot_linux), @SillTest::EXPORT);

my $made = 0;

# nokaslr and random.trust_cpu make boots the same; the rest leaves out what only takes time in the emulator.
my $cmdline = 'console=ttyS0,115200 initrd=\EFI\sill\initrd nokaslr panic=0 cryptomgr.notests random.trust_cpu=on'
	. ' no_timer_check hpet=disable';

sub write_file
{
	my ($name, $text) = @_;
	open(my $f, '>:raw', $name) or die "$name: $!\n";
	print $f $text;
	close $f or die "$name: $!\n";
	return $name;
}

sub boot_linux
{
	my %o = @_;
	my $base = sprintf '%s/build/system/%s-linux%d', $root, $0 =~ s{.*/|\.t\z}{}gr, ++$made;
	my $file = sub { write_file("$base.$_[0]", $_[1]) };
	my $script = $file->('script', slurp('tests/system/linux/prelude') . $o{script});
	my $line = $file->('cmdline', $cmdline . ($o{cmdline} ? " $o{cmdline}" : '') . "\n");
	chomp(my $kernel = `scripts/linux vmlinuz`);
	my @programs = ('build/tests/linux/probe', (grep { -f $_ } 'build/tools/sill'), @{ $o{programs} // [] });
	my $conf = $o{sill} ? "mode = underlay\nnext = \\EFI\\sill\\launcher.efi\nconsole = com2\n" . ($o{conf} // '') : "\n";

	system('tests/system/linux/mkinitramfs', "$base.initrd", $script, @programs) == 0 or BAIL_OUT('no initramfs');
	my $run = boot(
		timeout => 120, serial2 => 1, power_off => !defined $o{until},
		(map { exists $o{$_} ? ($_ => $o{$_}) : () }
			qw(name machine model exclude memory cpus until timeout may_die no_fw_cfg power_off)),
		conf => $conf, $o{sill} ? () : (first => 'build/tests/launcher.efi'),
		files => [ $kernel, "$base.initrd=initrd", "$line=cmdline", 'build/tests/launcher.efi', @{ $o{files} // [] } ],
	);
	unlink map { "$base.$_" } qw(script cmdline initrd);
	$run->{marks} = { map { /^MARK (\w+)=(.*)$/ ? ($1, $2) : () } @{ $run->{lines} } };
	my ($from, $to) = @{ $run->{marks} }{qw(kernel_tsc init_tsc)};
	$run->{ticks} = $to - $from if defined $from && defined $to;
	return $run;
}

1;
