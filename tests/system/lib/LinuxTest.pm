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
#   console    Sill's: com2 (the default without a link, shown in serial2) or none (the default with one)
#   next       what Sill starts (the default is the launcher of the kernel)
#   conf       more lines for sill.conf
#   cmdline    more words for the kernel
#   modules    1: the kernel for any machine, which takes longer to start, and its modules for 9P; the script loads
#              them with load_9p
#   programs   more programs that the script can call; probe, and sill if it is built, are there always
# The script ends with 'finish', which switches the machine off; 'until' takes that expectation away.
# The result is that of boot(), with
#   marks      what the script's lines 'MARK key=value' said: a hash; of several with one key the last
#   ticks      TSC ticks (one each instruction) from the kernel's start to its first process
#   exits      what the script's last 'sill stats' said: { name of an exit => [ count for each CPU ] }

package LinuxTest;

use strict;
use warnings;
use Exporter qw(import);
use SillTest;

our @EXPORT = (qw(boot_linux compare_boots part write_file $cmdline), @SillTest::EXPORT);

my $made = 0;

# nokaslr and random.trust_cpu make boots the same; the rest leaves out what only takes time in the emulator: SHA-3
# without end in jent_mod_init makes newer kernels say that the CPU is stuck.
our $cmdline = 'console=ttyS0,115200 initrd=\EFI\sill\initrd nokaslr panic=0 cryptomgr.notests random.trust_cpu=on'
	. ' no_timer_check hpet=disable tsc_early_khz=5000 initcall_blacklist=jent_mod_init';

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
	my $name = $o{modules} ? 'vmlinuz.full' : 'vmlinuz';
	chomp(my $kernel = `scripts/linux $name`);
	my @programs = ('build/tests/linux/probe', (grep { -f $_ } 'build/tools/sill'), @{ $o{programs} // [] });
	my $console = $o{console} // ($o{link} ? 'none' : 'com2');
	my $next = $o{next} // '\EFI\sill\launcher.efi';
	my $conf = $o{sill} ? "mode = underlay\nnext = $next\nconsole = $console\n" : "\n";
	$conf .= ($o{link} ? "link = com2\n" : '') . ($o{conf} // '') if $o{sill};

	system('tests/system/linux/mkinitramfs', $o{modules} ? '--modules' : (), "$base.initrd", $script, @programs) == 0
		or BAIL_OUT('no initramfs');
	my $run = boot(
		timeout => 120, serial2 => $console eq 'com2', power_off => !defined $o{until},
		(map { exists $o{$_} ? ($_ => $o{$_}) : () }
			qw(name machine model exclude memory cpus until timeout may_die no_fw_cfg gop power_off link link_tty host)),
		conf => $conf, $o{sill} ? () : (first => 'build/tests/launcher.efi'),
		files => [ "$kernel=vmlinuz", "$base.initrd=initrd", "$line=cmdline", 'build/tests/launcher.efi', @{ $o{files} // [] } ],
	);
	unlink map { "$base.$_" } qw(script cmdline initrd);
	$run->{marks} = { map { /^MARK (\w+)=(.*)$/ ? ($1, $2) : () } @{ $run->{lines} } };
	my ($from, $to) = @{ $run->{marks} }{qw(kernel_tsc init_tsc)};
	$run->{ticks} = $to - $from if defined $from && defined $to;
	my $table;
	for (@{ $run->{lines} }) {
		if (/^VM exits, by APIC ID of the CPU /) {
			$table = $run->{exits} = {};
		} elsif ($table && /^(\S+(?: \S+)*)  +([0-9]+(?: +[0-9]+)*)$/) {
			$table->{$1} = [ (split / +/, $2)[0 .. ($o{cpus} // 1) - 1] ];
		} else {
			undef $table;
		}
	}
	return $run;
}

# Lines of the script between 'BEGIN name' and 'END name', without the kernel's time stamps.
sub part
{
	my ($run, $name) = @_;
	my ($text) = $run->{serial} =~ /^BEGIN \Q$name\E\n(.*?)^END \Q$name\E$/ms;
	return map { s/^\[ *[0-9]+\.[0-9]+\] //r } split /\n/, $text // '';
}

# The messages as they are compared, by the rules in linux/dmesg_differences.
sub comparable
{
	my @lines = @_;
	my @moved;
	for my $rule (grep { /^[*=~] / } split /\n/, slurp('tests/system/linux/dmesg_differences')) {
		my ($kind, $re) = $rule =~ /^(.) (.*)$/;
		if ($kind eq '*') {
			@lines = grep { !/$re/ } @lines;
		} elsif ($kind eq '~') {
			push @moved, sort grep { /$re/ } @lines;
			@lines = grep { !/$re/ } @lines;
		} else {
			for (@lines, @moved) {
				next if !/$re/;
				for my $group (reverse 1 .. $#+) {
					substr($_, $-[$group], $+[$group] - $-[$group]) = '…' if defined $-[$group];
				}
			}
		}
	}
	return @lines, @moved;
}

# How many bytes of the firmware's map are usable.
sub usable
{
	my $size = 0;
	my @ranges = map { /^BIOS-e820: \[mem 0x(\w+)-0x(\w+)\] usable$/ ? [ hex $1, hex $2 ] : () } @_;
	$size += $_->[1] - $_->[0] + 1 for @ranges;
	return $size;
}

# By how much longer the kernel took to its first process.
sub ratio
{
	my ($native, $ours) = map { $_->{ticks} // 0 } @_;
	my $ratio = $native ? $ours / $native : 9;
	note(sprintf '%d ticks without Sill, %d with it: %.4f', $native, $ours, $ratio);
	return $ratio;
}

sub mean
{
	my $sum = 0;
	$sum += $_ for @_;
	return $sum / @_;
}

# The same boot with Sill and without: takes what boot_linux() takes, and 'more', a script for Sill's boot alone, after
# the comparison. Checks that nothing differs but what is explained, and returns both runs.
sub compare_boots
{
	my %o = @_;
	my $cpus = $o{cpus} // 1;
	my $more = delete $o{more} // '';
	# One script for both, since its size and its first commands are part of what is compared.
	my $script = <<"EOF2";
if sill ping >/dev/null 2>&1; then with_sill=1; else with_sill=0; fi
mark with_sill \$with_sill
mark cpus \$(nproc)
if [ \$with_sill = 1 ]; then sill stats; fi
echo BEGIN dmesg
dmesg
echo END dmesg
if [ \$with_sill = 1 ]; then
:
$more
fi
check 'the end is reached' true
finish
EOF2
	my %run;
	for my $sill (0, 1) {
		my $run = $run{$sill} = boot_linux(%o, name => $sill ? 'with Sill' : 'without', script => $script, sill => $sill,
			console => 'none');
		relay_tap($run, 1);
		is($run->{marks}{with_sill}, $sill, "$run->{name}: the program sill finds out");
		is($run->{marks}{cpus}, $cpus, "$run->{name}: Linux has $cpus CPUs");
	}
	my ($without, $with) = @run{0, 1};
	# On one CPU that is exact. On several Linux itself varies by some 3 % from boot to boot, whoever lies beneath it:
	# one pair of boots tells nothing, and what is judged is the mean of as many as are needed to bring it below the
	# bar. If eight don't, it is over its bar unless chance can explain it in one of forty cases: 2.36 times the standard
	# error of the mean (Student's t, 7 degrees of freedom).
	my @ratios = ratio($without, $with);
	while ($cpus > 1 && @ratios < 8 && mean(@ratios) > 1.01) {
		my $sample = @ratios;
		push @ratios, ratio(map {
			boot_linux(%o, name => "sample $sample", script => "finish\n", sill => $_, console => 'none',
				cmdline => "sample=$sample")
		} 0, 1);
	}
	my $chance = @ratios < 8 ? 0 : 2.36 * sqrt(mean(map { ($_ - mean(@ratios))**2 } @ratios) / (@ratios - 1));
	cmp_ok(mean(@ratios), '<=', 1.01 + $chance, 'from the kernel\'s start to its first process at most 1.01 times the ticks')
		or diag("@ratios");
	# And what Sill itself executes for these boots is known: the exits, at a few hundred instructions the most.
	my $exits = 0;
	for my $reason (grep { !/^ticks/ } keys %{ $with->{exits} }) {
		$exits += $_ for @{ $with->{exits}{$reason} };
	}
	cmp_ok($exits * 500, '<=', 0.01 * ($without->{ticks} // 0), 'Sill\'s own share of that is below a hundredth');

	my @messages = map { [ part($_, 'dmesg') ] } $without, $with;
	cmp_ok(scalar @{ $messages[0] }, '>', 100, 'the kernel has messages');
	my $hole = usable(@{ $messages[0] }) - usable(@{ $messages[1] });
	cmp_ok($hole, '>', 0, 'Sill took memory from the OS');
	cmp_ok($hole, '<=', (2048 + 64 * $cpus) * 1024, "at most 2 MiB and 64 KiB for each CPU, from the OS's view");
	my @compared = map { [ comparable(@$_) ] } @messages;
	# From what the firmware reserves, one range is new and all others are as they were.
	my %old = map { /^BIOS-e820: (.*\] (?!usable).*)$/ ? ($1, 1) : () } @{ $messages[0] };
	my @new = grep { !$old{$_} } map { /^BIOS-e820: (.*\] (?!usable).*)$/ ? $1 : () } @{ $messages[1] };
	is(scalar @new, 1, 'one reserved range more') or diag(join "\n", @new);
	$with->{hole} = join '-', ($new[0] // '') =~ /0x0*(\w+)-0x0*(\w+)\] reserved$/;
	# Not is(), which would show all of them.
	if (!ok(join("\n", @{ $compared[1] }) eq join("\n", @{ $compared[0] }), 'Linux\' messages differ only where it is explained')) {
		for my $n (0, 1) {
			write_file("$root/build/system/dmesg.$n", join '', map { "$_\n" } @{ $compared[$n] });
		}
		diag(`diff build/system/dmesg.0 build/system/dmesg.1`);
	}
	my %forced = map { $_ => 1 } 'INIT signal', 'start-up IPI', qw(CPUID VMCALL XSETBV RDMSR WRMSR), 'control-register access';
	my @reasons = grep { !/^ticks/ } sort keys %{ $with->{exits} };
	is(join(', ', grep { !$forced{$_} } @reasons), '', 'no VM exits but what is forced');
	ok($with->{exits}{CPUID}, 'the exits were counted');
	note("VM exits to the first process: $_: @{ $with->{exits}{$_} }") for @reasons;
	return ($without, $with);
}

1;
