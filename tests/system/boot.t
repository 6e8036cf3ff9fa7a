#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# scripts/boot: what it makes of a machine that succeeds, fails, dies, hangs or says nothing. The emulator is a
# stand-in here (lib/fake-bochs), so that each case is quick and exact.

use strict;
use warnings;
use FindBin;
use File::Temp qw(tempdir);
use Test::More;
use Time::HiRes qw(time);

chdir "$FindBin::Bin/../.." or die;
$ENV{SILL_EMULATOR} = "$FindBin::Bin/lib/fake-bochs";
my $dir = tempdir(CLEANUP => 1);
$ENV{TMPDIR} = $dir;

# Runs a "machine"; returns exit status, standard output, standard error and the seconds that it took.
sub machine
{
	my ($script, $input, @option) = @_;
	open(my $f, '>', "$dir/image") or die;
	print $f $script;
	close $f;
	my $start = time;
	my $pid = fork // die;
	if ($pid == 0) {
		if (defined $input) {
			open(my $i, '>', "$dir/in") or die;
			print $i $input;
			close $i;
		}
		open(STDIN, '<', defined $input ? "$dir/in" : '/dev/null') or die;
		open(STDOUT, '>', "$dir/out") or die;
		open(STDERR, '>', "$dir/err") or die;
		exec 'scripts/boot', '--machine', 'bochs', @option, "$dir/image" or die;
	}
	waitpid $pid, 0;
	my $status = $?;
	my @text = map { open(my $g, '<:raw', "$dir/$_") or die; local $/; scalar(<$g>) // '' } qw(out err);
	return ($status & 127 ? "signal $status" : $status >> 8, @text, time - $start);
}

sub ends
{
	my ($name, $want, $script, $pattern, @option) = @_;
	my ($status, $out, $err, $seconds) = machine($script, undef, @option);
	my $good = is($status, $want, "$name: exit status");
	$good = like($out . $err, $pattern, "$name: what is shown") && $good;
	diag($out, $err) if !$good;
	return $seconds;
}

my $bye = 'print $com1 "sill: verdict: success\r\n"';
ends('success', 0, $bye, qr/^sill: verdict: success$/m);
ends('success, with the time before it', 0, 'print $com1 "[    4.365992] sill: verdict: success\r\n"', qr{success$}m);
ends('success, no end of line', 0, 'print $com1 "[ 0.1] sill: x\nsill: verdict: success"', qr/verdict: success$/m);
ends('failure', 1, 'print $com1 "sill: verdict: failure (2 guests failed)\r\n"', qr/\(2 guests failed\)/);
ends('a guest that says the same', 2, 'print $com1 "guest: sill: verdict: success\n"', qr/no verdict/);
ends('the last of two verdicts', 1,
	'print $com1 "sill: verdict: success\nsill: verdict: failure (later)\n"', qr/later/);
ends('nothing at all', 2, '1', qr/no verdict on the serial console; the machine ended by itself/);
ends('an emulator that does not start', 2, 'die "no such CPU model\n"', qr/no such CPU model/);
ends('an emulator that panics', 2, 'print $log "00012p[CPU0  ] >>PANIC<< what now\n"', qr/>>PANIC<< what now/);
ends('an emulator that complains a lot', 2, 'print STDERR "line $_\n" for 1 .. 20000; die "the last word\n"', qr/the last word/);
ends('and under --verbose', 2, 'die "the last word\n"', qr/\A(?!.*the last word.*the last word).*the last word/s, '--verbose');
# As Debian's Bochs does; and what is drawn is not sent back to it as if it were typed.
my $draw = <<'EOF';
use Fcntl;
sysopen(my $display, '/dev/ptmx', O_RDWR | O_NOCTTY) or die "ptmx: $!\n";
my $arg = pack 'i', 0;
ioctl($display, 0x40045431, $arg) or die;
ioctl($display, 0x80045430, $arg) or die;
print STDERR qq(\nBochs connected to screen "/dev/pts/), unpack('i', $arg), qq("\n);
sleep 1;
print $display "\e[?25h" x 16 for 1 .. 10000;
$display->flush;
$display->blocking(0);
print $com1 sysread($display, my $typed, 100) ? "typed\n" : "drawn\n";
EOF
ends('a display of its own', 0, "$draw;$bye", qr/^drawn$/m, '--timeout', 20);
my $seconds = ends('a triple fault', 2,
	'print $com1 "before\n"; print $log "0123w[CPU0  ] exception(): 3rd (13) exception with no resolution\n"; sleep 60',
	qr/before.*triple fault.*3rd \(13\) exception/s);
cmp_ok($seconds, '<', 8, 'a triple fault ends it soon');
ends('a triple fault after the verdict', 2,
	"$bye;" . 'print $log "0123w[CPU0  ] exception(): 3rd (13) exception with no resolution\n"; sleep 60',
	qr/the machine died: triple fault/);
$seconds = ends('a hang', 2, 'print $com1 "so far\n"; sleep 60', qr/so far.*no verdict.*time limit of 2 s/s, '--timeout', 2);
cmp_ok($seconds, '<', 8, 'a hang ends at the time limit');
ends('a hang, quiet: the console is shown at the end', 2, 'print $com1 "so far\n"; sleep 60',
	qr/the serial console: end\n +so far/s, '--timeout', 2, '--quiet');
ends('until a line is seen', 0, "$bye;" . 'print $com1 "Shell> "; sleep 60', qr/Shell> /, '--until', '^Shell> ');
ends('terminal control is left out', 0, 'print $com1 "\e[2J\e[01;01Hab\e[0"; sleep 1; print $com1 "mc\r\n";' . $bye,
	qr/^abc$/m);

# No byte is lost or changed, however much comes at once, and all is shown while the machine still runs.
my ($status, $out) = machine('print $com1 map { "line $_\r\n" } 1 .. 100000;' . $bye, undef, '--serial', "$dir/serial");
is($status, 0, 'a lot of output');
is($out, join('', map { "line $_\n" } 1 .. 100000) . "sill: verdict: success\n", 'all of it is shown');
open(my $f, '<:raw', "$dir/serial") or die;
is(do { local $/; <$f> }, join('', map { "line $_\r\n" } 1 .. 100000) . "sill: verdict: success\r\n",
	'and kept byte for byte');

my $echo = 'my $n = 0; while ($n < 6 && sysread($com1, my $b, 1)) { $n++; print $com1 "<$b>" } print $com1 "\n"; ' . $bye;
($status, $out) = machine('print $com1 "[    0.1] sill: ready\n";' . $echo, "abcdef", '--stdin');
is($status, 0, 'typing');
like($out, qr/<a><b><c><d><e><f>/, 'what is typed reaches the machine');
($status, $out) = machine('$com1->blocking(0); sleep 1; print $com1 sysread($com1, my $b, 9) ? "early\n" : "not yet\n"; ' .
	'$com1->blocking(1); print $com1 "[    0.1] sill: ready\n";' . $echo, "abcdef", '--stdin');
like($out, qr/not yet.*<a>/s, 'it is held back until Sill is there: the firmware would take it for a key');
($status, $out) = machine('print $com1 "login: "; my $x = <$com1>; print $com1 "password: "; my $y = <$com1>; print $com1 "[$x$y]\n";' .
	$bye, undef, '--send', 'login: =ro\x6ft\n', '--send', 'password: =a=b\n');
like($out, qr/\[root\na=b\n\]/, '--send answers in order');

# Which machine is used, where scripts/machine is asked: scripts/boot and scripts/setup go by it.
sub host
{
	my ($nested, $kvm) = @_;
	system('rm', '-rf', "$dir/sys", "$dir/dev");
	system('mkdir', '-p', "$dir/sys/module/kvm_intel/parameters", "$dir/dev");
	my %text = (defined $nested ? ("sys/module/kvm_intel/parameters/nested" => "$nested\n") : (), $kvm ? ('dev/kvm' => '') : ());
	for my $name (keys %text) {
		open(my $g, '>', "$dir/$name") or die;
		print $g $text{$name};
	}
	@ENV{qw(SILL_SYSFS SILL_DEV)} = ("$dir/sys", "$dir/dev");
}

sub chosen
{
	chomp(my $name = `scripts/machine @_ 2>&1`);
	return $name;
}
for (['Y', 1, 'qemu'], [1, 1, 'qemu'], ['N', 1, 'bochs'], [0, 1, 'bochs'], ['Y', 0, 'bochs'], [undef, 1, 'bochs']) {
	my ($nested, $kvm, $want) = @$_;
	host($nested, $kvm);
	is(chosen(), $want, 'nested=' . ($nested // '(not told)') . ', ' . ($kvm ? 'a' : 'no') . " /dev/kvm: $want");
}
host('Y', 1);
SKIP: {
	skip('root may read and write everything', 1) if $> == 0;
	chmod 0400, "$dir/dev/kvm";
	is(chosen(), 'bochs', 'a /dev/kvm that this user may not use: bochs');
	chmod 0600, "$dir/dev/kvm";
}
is(chosen('--cpus 2 --machine bochs --gop'), 'bochs', 'the machine asked for');
is(chosen('--machine=qemu-tcg'), 'qemu-tcg', 'the same, written otherwise');
is(chosen('--machine auto'), 'qemu', 'auto can be asked for');
like(chosen('--machine abacus'), qr/abacus: not bochs, qemu/, 'an unknown one is refused');

# Set-up gets Bochs exactly if it is the machine: both scripts in a folder where scripts/emulator only says what it is asked.
mkdir "$dir/scripts";
system('cp', 'scripts/setup', 'scripts/machine', "$dir/scripts") == 0 or die;
open($f, '>', "$dir/scripts/emulator") or die;
print $f "#!/bin/sh\n[ \$1 != --status ] || exit 1\n[ \$1 != --setup ] || echo Bochs is fetched\n";
close $f;
chmod 0755, "$dir/scripts/emulator";
unlike(`$dir/scripts/setup run 2>&1`, qr/Bochs/, 'set-up with KVM: no Bochs');
is(`$dir/scripts/setup run --cpus 2 --machine bochs 2>&1`, "Bochs is fetched\n", 'unless it is asked for');
host('N', 1);
is(`$dir/scripts/setup run 2>&1`, "Bochs is fetched\n", 'set-up without KVM: Bochs');
unlike(`$dir/scripts/setup run --machine qemu-tcg 2>&1`, qr/Bochs/, 'unless QEMU is asked for');

# QEMU may be unable to use KVM all the same.
mkdir "$dir/bin";
open($f, '>', "$dir/bin/qemu-system-x86_64") or die;
print $f "#!/bin/sh\necho failed to initialize kvm >&2\nexit 1\n";
close $f;
chmod 0755, "$dir/bin/qemu-system-x86_64";
{
	local $ENV{PATH} = "$dir/bin:$ENV{PATH}";
	host('Y', 1);
	my $said = `scripts/boot --machine auto --timeout 2 $dir/image 2>&1 </dev/null`;
	is($? >> 8, 2, 'QEMU fails: exit status');
	like($said, qr/QEMU with KVM.*failed to initialize kvm.*try --machine bochs/s, 'QEMU fails: what is shown');
	host('N', 1);
	$said = `scripts/boot --machine auto --timeout 2 $dir/image 2>&1 </dev/null`;
	like($said, qr/Bochs, CPU model/, 'without KVM it is not even tried');
}
delete @ENV{qw(SILL_SYSFS SILL_DEV)};

# Interrupted, it takes the machine with it.
open($f, '>', "$dir/image") or die;
print $f 'open(my $p, ">", "' . $dir . '/pid"); print $p $$; close $p; print $com1 "up\n"; sleep 60';
close $f;
my $pid = fork // die;
if ($pid == 0) {
	open(STDIN, '<', '/dev/null');
	open(STDOUT, '>', '/dev/null');
	open(STDERR, '>', '/dev/null');
	exec 'scripts/boot', '--machine', 'bochs', "$dir/image" or die;
}
for (1 .. 100) {
	last if -s "$dir/pid";
	select undef, undef, undef, 0.1;
}
open($f, '<', "$dir/pid") or die;
my $machine = <$f>;
kill 'TERM', $pid;
waitpid $pid, 0;
ok(!kill(0, $machine), 'ended by a signal, it leaves no machine behind');
is(join(' ', map { s/.*\///r } grep { /sill-boot/ } glob "$dir/*"), '', 'and no temporary files');

done_testing();
