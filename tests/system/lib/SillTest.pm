# SPDX-License-Identifier: MIT
#
# What every system test uses: boot a machine with a given configuration and guests, and turn what its
# serial console showed into test results.
#
#   use FindBin;
#   use lib "$FindBin::Bin/lib";
#   use SillTest;
#
#   my $run = boot(conf => "guest = \\EFI\\sill\\hello.elf\n", files => ['build/guest-stub/hello.elf']);
#   verdict_is($run, 'success');
#   relay_tap($run);
#   serial_like($run, qr/EPT: 1 GiB pages/, '1 GiB pages are used');
#   done_testing();
#
# boot() takes, all optional:
#   name       goes before the names of the checks that boot() and relay_tap() make themselves
#   image      a ready disk image, in place of conf and files
#   conf       the text of sill.conf (default: build/sill.img is booted)
#   files      guests and modules, FILE or FILE=NAME; they become \EFI\sill\NAME
#   first      a UEFI program to start in the loader's place (it starts \EFI\sill\sill.efi itself)
#   machine, model, exclude, memory, cpus, timeout, until    see scripts/boot
#   gop, no_fw_cfg, usb                                      1 = that option of scripts/boot
#   send       [ RE => TEXT, … ]: type TEXT when the console shows RE
#   power_off  1 = the machine must switch itself off
#   serial2    1 = it has a second serial port
#   link       [ ARGUMENT, … ]: it has a second serial port, at the other end of which sill-link runs with these
#   link_tty   1 = of that line the serial port loses bytes that come faster than they are taken, as a real one does
#   link_typed TEXT, typed at sill-link's console
#   host       a function that the machine calls: for a line 'HOST words' on the console it gets the words and, if
#              there is a link, that (lib/SillLink.pm); what it answers is typed, as a line
#   may_die    1 = a machine without a verdict is not a failure of itself
# Relative paths are relative to the source tree. boot() returns a hash:
#   serial     all that was shown, without carriage returns and terminal control
#   lines      the same as a list
#   verdict    'success', 'failure (…)' or undef
#   status     scripts/boot's exit status (0, 1, 2 = the machine died or hung)
#   messages   what scripts/boot said
#   serial2    what the second serial port showed, in the same way
#   log        the emulator's log
#   link       what sill-link said
#   link_statuses  wait statuses of each sill-link that was ended: [ 0 ] if all is well
#   cable      what went over the line: { to_host, to_machine, lost, spoiled }, in bytes
#   seconds    how long it took
#
# A machine that dies or hangs is a failed test, and the serial console's end is shown with it. The whole
# of it is kept in build/system/.

package SillTest;

use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(basename dirname);
use File::Path qw(make_path);
use POSIX qw(WNOHANG);
use SillLink;
use Test::More;

our @EXPORT = (qw(boot relay_tap verdict_is verdict_like serial_like serial_unlike serial_count slurp $root),
	@Test::More::EXPORT);

our $root = abs_path(dirname(__FILE__) . '/../../..');
my $keep = "$root/build/system";
my $number = 0;
my @runs;

chdir $root or die "$root: $!\n";
make_path($keep);
# Names and texts on the console are UTF-8 at both ends: bytes pass through as they are.
$| = 1;

sub slurp
{
	my ($file) = @_;
	open(my $f, '<:raw', $file) or return '';
	local $/;
	return scalar(<$f>) // '';
}

sub boot
{
	my %o = @_;
	my $base = sprintf '%s/%s-%d', $keep, basename($0, '.t'), ++$number;
	my $image = $o{image};
	my $made;

	if (!defined $image && (defined $o{conf} || $o{first} || $o{files})) {
		open(my $f, '>:raw', "$base.conf") or die "$base.conf: $!\n";
		print $f $o{conf} // slurp('boot/sill.conf');
		close $f or die "$base.conf: $!\n";
		$image = $made = "$base.img";
		system('scripts/image', $o{first} ? ('--first', $o{first}) : (), $image, "$base.conf",
			@{ $o{files} // [] }) == 0 or BAIL_OUT("scripts/image failed for $base.conf");
	}
	$image //= 'build/sill.img';

	my @option = ('--quiet', '--serial', "$base.serial", '--log', "$base.log", '--timeout', $o{timeout} // 180);
	for my $name (qw(model exclude memory cpus until)) {
		push @option, "--$name", $o{$name} if defined $o{$name};
	}
	# VT-x is there on every machine that runs the tests only in Bochs, and only there are they repeatable.
	push @option, '--machine', $o{machine} // 'bochs';
	push @option, '--gop' if $o{gop};
	push @option, '--usb' if $o{usb};
	push @option, '--power-off' if $o{power_off};
	push @option, '--serial2', "$base.serial2" if $o{serial2};
	push @option, '--no-fw-cfg' if $o{no_fw_cfg};
	my @send = @{ $o{send} // [] };
	while (my ($re, $text) = splice @send, 0, 2) {
		$text =~ s/([\\\x00-\x1f\x7f-\xff])/sprintf '\\x%02x', ord $1/ge;
		push @option, '--send', "$re=$text";
	}

	my $link = $o{link} ? SillLink->new(base => $base, arguments => $o{link}, tty => $o{link_tty}, typed => $o{link_typed}) : undef;
	push @option, '--serial2-to', $link->line if $link;
	push @option, '--stdin', '--stdin-after', '^HOST ' if $o{host};
	unlink "$base.serial";

	my $started = time;
	pipe(my $typed, my $type) or die "pipe: $!\n";
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0) {
		close $type;
		open(STDIN, '<&', $typed) if $o{host};
		open(STDIN, '<', '/dev/null') if !$o{host};
		open(STDOUT, '>', "$base.messages");
		open(STDERR, '>&', \*STDOUT);
		exec 'scripts/boot', @option, $image or exit 126;
	}
	close $typed;
	answer_calls($pid, "$base.serial", $type, $o{host}, $link) if $o{host};
	waitpid $pid, 0 if !$o{host};
	my $status = $? & 127 ? 2 : $? >> 8;
	unlink $made if defined $made;
	# The machine's last words may be on their way yet.
	$link->cable('drain') if $link;
	my %cable = $link ? $link->cable('count') =~ /(\w+)=([0-9]+)/g : ();
	my $said = $link ? $link->stop : '';

	my ($serial, $serial2) = map { slurp("$base.$_") =~ s/\e\[[0-?]*[ -\/]*[\@-~]//gr =~ s/[\r\e]//gr } qw(serial serial2);
	my $run = {
		name => $o{name} // '', base => $base, status => $status, seconds => time - $started,
		serial => $serial, lines => [ split /\n/, $serial ], serial2 => $serial2, messages => slurp("$base.messages"),
		log => slurp("$base.log"), link => $said, link_statuses => $link ? $link->{statuses} : [], cable => \%cable,
	};
	for (@{ $run->{lines} }) {
		$run->{verdict} = $1 if /^(?:\[ *[0-9]+\.[0-9]+\] )?sill: verdict: (success|failure.*)$/;
	}
	push @runs, $run;

	if ($status > 1 && !$o{may_die}) {
		$run->{shown} = 1;
		local $Test::Builder::Level = $Test::Builder::Level + 1;
		fail(label($run, 'the machine ends with a verdict'));
		diag($run->{messages});
	}
	return $run;
}

# Until the machine has ended: calls $host for each line 'HOST words' on the console, and types what it answers.
# Sets $?.
sub answer_calls
{
	my ($pid, $file, $type, $host, $link) = @_;
	my ($console, $part, $ended) = (undef, '', 0);

	local $SIG{PIPE} = 'IGNORE';
	while (!$ended) {
		$ended = waitpid($pid, WNOHANG) == $pid;
		select undef, undef, undef, 0.02 if !$ended;
		if (!$console) {
			open(my $f, '<:raw', $file) or next;
			$console = $f;
		}
		seek $console, 0, 1;		# past the end that was there
		while (sysread($console, $part, 65536, length $part)) { }
		while ($part =~ s/^([^\n]*)\n//) {
			my ($words) = $1 =~ /^HOST (.*?)\r*$/ or next;
			local $?;
			syswrite($type, $host->($words, $link) . "\n");
		}
	}
	return;
}

sub label
{
	my ($run, $text) = @_;
	return $run->{name} eq '' ? $text : "$run->{name}: $text";
}

# Shows what the serial console ended with, once a run; the whole of it is in a file.
sub show
{
	my ($run) = @_;
	return 0 if $run->{shown}++;
	my @lines = @{ $run->{lines} };
	my $from = @lines > 60 ? @lines - 60 : 0;
	diag("the end of the serial console (all of it: $run->{base}.serial):");
	diag("    $_") for @lines[ $from .. $#lines ];
	return 0;
}

# The TAP that the guests printed becomes tests of this program. Several guests may each print their own, one
# after another: each must hold what its plan promises. At least one is expected, or as many as given.
sub relay_tap
{
	my ($run, $expected) = @_;
	my ($streams, $plan, $ran, $good) = (0, undef, 0, 1);
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	my $close = sub {
		return if !defined $plan && $ran == 0;
		$streams++;
		if (!defined $plan) {
			$good = fail(label($run, "guest $streams: a plan after $ran tests"));
		} elsif ($plan != $ran) {
			$good = fail(label($run, "guest $streams: planned $plan tests, ran $ran"));
		}
		($plan, $ran) = (undef, 0);
	};

	for (@{ $run->{lines} }) {
		if (/^1\.\.([0-9]+)(?:\s*#.*)?$/) {
			$close->() if defined $plan;
			$plan = $1;
			# A plan that comes last closes its stream.
			$close->() if $ran > 0;
		} elsif (/^(not )?ok\b(?: +([0-9]+))?(?: *-)? *(.*?)(?: *# *(skip|todo)\b *(.*))?$/i) {
			my ($not, $n, $what, $directive, $why) = ($1, $2, $3, lc($4 // ''), $5);
			$close->() if defined $n && $n == 1 && $ran > 0;
			$ran++;
			if (defined $n && $n != $ran) {
				$good = fail(label($run, "test number $n comes where $ran is due"));
				$ran = $n;
			}
			if ($directive eq 'skip') {
				SKIP: { skip(label($run, "$what: $why"), 1) }
			} else {
				$good = ok(!$not, label($run, $what)) && $good;
			}
		} elsif (/^Bail out!/) {
			$good = fail(label($run, $_));
		} elsif (/^# / && $ran > 0 && !$good) {
			diag("    $_");
		}
	}
	$close->();
	if (defined $expected ? $streams != $expected : $streams == 0) {
		$good = is($streams, $expected // 'at least 1', label($run, 'number of guests that printed TAP'));
	}
	show($run) if !$good;
	return $good;
}

sub verdict_is
{
	my ($run, $want, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return is($run->{verdict}, $want, label($run, $name // "Sill's verdict is $want")) || show($run);
}

sub verdict_like
{
	my ($run, $want, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return like($run->{verdict} // '(none)', $want, label($run, $name // "Sill's verdict matches $want")) || show($run);
}

# Not Test::More's like(), which would print the whole console on failure.
sub serial_like
{
	my ($run, $want, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return 1 if ok(scalar($run->{serial} =~ $want), label($run, $name // "the console shows $want"));
	diag("the console does not show $want");
	return show($run);
}

sub serial_unlike
{
	my ($run, $unwanted, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return 1 if ok($run->{serial} !~ $unwanted, label($run, $name // "the console does not show $unwanted"));
	diag("the console shows what matches $unwanted");
	return show($run);
}

sub serial_count
{
	my ($run, $want, $count, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $found = () = $run->{serial} =~ /$want/g;
	return is($found, $count, label($run, $name // "the console shows $want $count times")) || show($run);
}

# What passed leaves nothing behind.
END {
	if (Test::More->builder->is_passing) {
		for my $run (@runs) {
			unlink map { "$run->{base}.$_" } qw(conf serial serial2 log messages link);
		}
	}
}

1;
