#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# What becomes of the log of the guest program 'doors', without booting anything: scripts/doors-table with its bars,
# scripts/doors-chart, scripts/doors-docs, and scripts/doors around them.

use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;

chdir dirname(abs_path($0)) . '/..' or die;
my $dir = tempdir('sill-doors.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $out = "$dir/out";
delete $ENV{SILL_DOORS};
my ($status, $text, $said);

sub slurp {
	my ($file) = @_;
	open(my $f, '<:raw', $file) or return '';
	local $/;
	return scalar(<$f>) // '';
}

sub spew {
	my ($file, $content) = @_;
	open(my $f, '>:raw', $file) or die "$file: $!";
	print $f $content;
	close $f or die;
}

# Runs it, and sets $status, $text and $said.
sub run {
	my (@command) = @_;
	my $pid = fork() // die;
	if ($pid == 0) {
		open(STDOUT, '>', "$dir/stdout") or die;
		open(STDERR, '>', "$dir/stderr") or die;
		exec(@command) or exit 127;
	}
	waitpid($pid, 0);
	$status = $? & 127 ? "signal $?" : $? >> 8;
	($text, $said) = (slurp("$dir/stdout"), slurp("$dir/stderr"));
	return;
}

# As the table of a log.
sub table {
	my ($log) = @_;
	system('rm', '-rf', $out);
	spew("$dir/serial.log", $log);
	run('scripts/doors-table', "$dir/serial.log", $out);
	return;
}

sub ends {
	my ($want, $name) = @_;
	is($status, $want, $name) or diag($said, $text);
	return;
}

# The cells of the table's row that begins with this title.
sub row {
	my ($title) = @_;
	my ($line) = grep { /^\| \Q$title\E +\|/ } split(/\n/, $text);
	return [] unless defined $line;
	my @cells = map { s/^ +| +$//gr } split(/(?<!\\)\|/, $line);
	shift @cells;
	return \@cells;
}

my @bars;	# [name, door, bar, text]
for (split(/\n/, slurp('scripts/doors-bars'))) {
	next if /^#/ || !/\S/;
	my @fields = /^([a-z0-9_]+) +([a-z0-9_]+) +([0-9]+) +(\S.*)$/;
	is(scalar @fields, 4, "scripts/doors-bars: $_");
	push @bars, \@fields;
}
is(scalar @bars, 11, 'all that has a bar');

# A log with one way for each door that has bars, a few more, and all figures at their bars. What is
# given replaces lines, by the words that they begin with; undef leaves a line out.
my @lines;
sub line { my ($words, $rest) = @_; push @lines, [ $words, $rest ]; return }
line('unit', 'unit=instructions empty=3 (40 instructions take 40 ticks)');
for my $door (qw(vmcall cpuid port mmio watch ring view push)) {
	line("way=$door", qq{way=$door door=$door   state=open title="the $door" privilege="any" without="#UD" push=no});
}
line('way=push2', 'way=push2 door=push state=open title="it calls" privilege="CPL 0" without="silence" push=yes');
line('cost vmcall', 'cost way=vmcall bits=64 exits=1.00 ticks=68 time=2480 block64=544 block4k=2130 block1m=545280');
line("cost $_", "cost way=$_ bits=32 exits=2.00 ticks=99 time=340 block64=0 block4k=0 block1m=0") for qw(cpuid port);
line('cost mmio', 'cost way=mmio bits=64 exits=2.00 ticks=842 time=2200 block64=6800 block4k=430000 block1m=110080000 scaled=yes');
line('cost watch', 'cost way=watch bits=64 exits=1.00 ticks=688 time=920 block64=740 block4k=3260 block1m=834560');
line('cost ring', 'cost way=ring bits=64 exits=0.0039 ticks=11.3906 time=190.25 block64=93 block4k=5832 block1m=1492992');
line('cost view', 'cost way=view bits=64 exits=0.00 ticks=14 time=61 block64=112 block4k=7168 block1m=1835008');
line("cost $_", "cost way=$_ bits=0 exits=0.00 ticks=0 time=9 block64=0 block4k=0 block1m=0") for qw(push push2);
line("net $_->[0]", "net name=$_->[0] net=$_->[2]") for @bars;
line('end', 'end');

sub a_log {
	my (%change) = @_;
	my $log = "[    0.593635] sill: Sill 0.1.0\r\n[    0.6] sill: doors: way=1 open\r\ndoors: I begin.\r\n";
	for (@lines) {
		my ($words, $rest) = @$_;
		$rest = delete $change{$words} if exists $change{$words};
		# A guest's line may follow another's that has not ended.
		$log .= ($words =~ /^cost c/ ? 'x' : '') . "doors: $rest\r\n" if defined $rest;
	}
	die join(' ', %change) if %change;
	return "$log\[    3.6] sill: verdict: success\r\n";
}

# ---- All is well.

table(a_log());
ends(0, 'figures at their bars are well');
is($said, '', 'and nothing is said about them');
is_deeply(row('the vmcall'), [ 'the vmcall', 64, '1.00', 68, 2480, '0.118', '1.92', '1.92', 'any', '#UD', 'no' ],
	'a row: rates have three significant digits');
is_deeply(row('the ring'), [ 'the ring', 64, '0.0039', '11.4', 190, '0.688', '0.702', '0.702', 'any', '#UD', 'no' ],
	'figures that are not whole');
is_deeply(row('the mmio'), [ 'the mmio', 64, '2.00', 842, 2200, '0.00941', '0.00953', '~0.00953', 'any', '#UD', 'no' ],
	'a scaled figure is marked');
is_deeply(row('the port'), [ 'the port', 32, '2.00', 99, 340, '-', '-', '-', 'any', '#UD', 'no' ], 'no blocks');
is_deeply(row('it calls'), [ 'it calls', '-', '-', '-', 9, '-', '-', '-', 'CPL 0', 'silence', 'yes' ], 'no messages');
is_deeply(row($_->[3]), [ $_->[3], $_->[2], $_->[2], 'ok' ], "the bar of $_->[0]") for @bars;
like($text, qr/One tick is one executed instruction in Bochs; VM exit and entry count none/, 'it says what a tick is');
like($text, qr/~: a smaller block was measured/, 'it says what the mark is');
for my $rows ($text =~ /((?:^\|.*\n)+)/mg) {
	my %widths = map { length() => 1 } split(/\n/, $rows);
	is(scalar keys %widths, 1, 'the columns are aligned');
}
unlike($text, qr/[ \t]$/m, 'no blanks at the end of lines');
is(slurp("$out/table.md"), $text, 'table.md is what was shown');

my $json = eval { decode_json(slurp("$out/doors.json")) } // {};
is($json->{unit}, 'instructions', 'doors.json can be read');
is_deeply($json->{ways}[5], {
	way => 'ring', door => 'ring', state => 'open', title => 'the ring', privilege => 'any', without => '#UD',
	push => JSON::PP::false, bits => 64, exits => 0.0039, ticks => 11.3906, time => 190.25, block64 => 93,
	block4k => 5832, block1m => 1492992, scaled => JSON::PP::false,
	bytes_per_tick => { block64 => 0.688172, block4k => 0.702332, block1m => 0.702332 },
}, 'everything about a way is there');
is_deeply($json->{net}[9], { name => 'ring_256', net => 12, door => 'ring', bar => 12, verdict => 'ok' }, 'and its bar');
my @dat = grep { !/^#/ } split(/\n/, slurp("$out/doors.dat"));
is(scalar @dat, 7, 'doors.dat has what can be drawn');
is($dat[0], join("\t", 'the vmcall', 68, 0.117647, '1.923', '1.923', 'vmcall') =~ s/1\.923\b/1.923/gr, 'a row of it');
is($dat[1], "the cpuid\t99\tNaN\tNaN\tNaN\tcpuid", 'and one without blocks');

# ---- Bars.

table(a_log('net mmio_read' => 'net name=mmio_read net=450.5'));
ends(1, 'one over its bar');
is(row('read of the device\'s DATA register in memory')->[3], 'OVER ITS BAR', 'it is marked');
is(scalar(() = $text =~ /OVER ITS BAR/g), 1, 'and no other is');
like($said, qr/mmio_read: 450\.5 instructions, over its bar of 450$/m, 'it is named');
ok(-s "$out/doors.json" && -s "$out/table.md", 'the figures are kept all the same');

table(a_log('net ring_256' => undef));
ends(1, 'one that is not measured, and its door is open');
like($text, qr/\| NOT MEASURED \|/, 'it is marked');
like($said, qr/ring_256: not measured/, 'and named');

table(a_log('way=ring' => undef, 'cost ring' => undef, 'net ring_256' => undef));
ends(1, 'one that is not measured, and the log knows no such door');

table(a_log('net cpuid_echo' => "net name=cpuid_echo net=100\r\ndoors: net name=mine net=5"));
ends(0, 'a figure without a bar');
is_deeply(row('mine'), [ 'mine', 5, '-', '-' ], 'it is shown');

table(a_log(
	'way=ring' => 'way=ring door=ring state=lacking title="the ring" privilege="any" without="#UD" push=no',
	'cost ring' => undef, 'net ring_256' => undef,
	'way=cpuid' => 'way=cpuid door=cpuid state=off title="the cpuid" privilege="any" without="#UD" push=no',
	'cost cpuid' => undef, 'net cpuid_echo' => undef));
ends(0, 'doors that are off or lacking need not be measured');
is_deeply(row('the ring'), [ 'the ring', '', 'lacking', '', '', '', '', '', 'any', '#UD', 'no' ], 'one that lacks');
is_deeply(row('the cpuid'), [ 'the cpuid', '', 'off', '', '', '', '', '', 'any', '#UD', 'no' ], 'one that is off');
is(row('a message in the ring, inside Sill, in batches of 256')->[3], 'lacking', 'its bar, too');
is(row('CPUID, echo of a word')->[3], 'off', 'and that of the other');
is(scalar(grep { /the (?:ring|cpuid)/ } split(/\n/, slurp("$out/doors.dat"))), 0, 'they are not drawn');

table(a_log('unit' => 'unit=cycles empty=26', 'net mmio_read' => 'net name=mmio_read net=2000', 'net ring_256' => undef));
ends(0, 'in cycles there are no bars');
unlike($text, qr/OVER ITS BAR|NOT MEASURED|Bochs/, 'no mark');
like($text, qr/count of this processor's TSC.*with VM exit and\s+entry/s, 'it says what a tick is');
is(slurp("$out/doors.dat") =~ /^# unit=cycles$/m, 1, 'and so does doors.dat');

# ---- No measurement.

sub refused {
	my ($log, $message, $name) = @_;
	table($log);
	ends(2, $name);
	like($said, $message, "$name: it says why");
	is($text, '', "$name: no table");
	ok(!-e "$out/doors.json" && !-e "$out/doors.dat", "$name: no figures");
	unlike($said, qr/awk|syntax|line \d+:.*line \d+:/, "$name: no crash");
	return;
}

refused('', qr/no doors were measured in this log$/m, 'an empty log');
refused("[    1.0] sill: doors: vmcall\nsill: verdict: failure (x)\n", qr/no doors were measured/, 'a log without a measurement');
refused("doors: unit=instructions empty=3\ndoors: end\n", qr/no doors were measured/, 'a measurement of nothing');
refused(qq{doors: absent way=vmcall answered=no happened="#UD"\ndoors: end\n}, qr/it is of a run without Sill/, 'a run without Sill');
refused(a_log('end' => undef), qr/the log ends, and the measurement had not/, 'a guest that died');
refused(a_log('unit' => undef), qr/no line told the unit/, 'no unit');
refused(a_log('cost view' => undef), qr/way view is open but was not measured/, 'a way that was not measured');

# ---- Hostile logs.

refused(a_log('cost view' => 'cost way=view bits=64 exits=0.00 ticks=14 time=61'), qr/line 20: block64= is missing/, 'keys missing');
refused(a_log('way=view' => 'way=view door=view state=open title="the view"'), qr/privilege= is missing/, 'texts missing');
for my $number ('-1', '1e9', '0x10', 'nan', 'inf', '', '.', '1.', '9999999999999999', '$(id)', '1;2', '"5"x', '%s%n') {
	refused(a_log('cost view' => "cost way=view bits=64 exits=0.00 ticks=$number time=61 block64=1 block4k=1 block1m=1"),
		qr/line 20: /, "a figure that is '$number'");
	refused(a_log('net mmio_read' => "net name=mmio_read net=$number"), qr/line 29: /, "a net figure that is '$number'");
}
refused(a_log('way=view' => 'way=view door=view state=ajar title="v" privilege="" without="" push=no'),
	qr/state=ajar is none of: open off lacking/, 'another state');
refused(a_log('way=view' => 'way=view door=view state=open title="v" privilege="" without="" push="open off"'),
	qr/push=open off is none of/, 'two words for one');
refused(a_log('way=view' => 'way=view door=view state=open title="v privilege= without= push=no'),
	qr/the text of title has no end/, 'a text without end');
refused(a_log('way=view' => 'way=view door=view state=open title="a"b" privilege="" without="" push=no'),
	qr/something follows the text of title/, 'a quote in a text');
refused(a_log('way=view' => 'way=v/../w door=view state=open title="v" privilege="" without="" push=no'),
	qr/is no name/, 'a name that is none');
refused(a_log('way=view' => 'way=view way=view door=view state=open title="v" privilege="" without="" push=no'),
	qr/way is there twice/, 'a key twice');
refused(a_log('way=push2' => 'way=view door=push state=open title="v" privilege="" without="" push=no', 'cost push2' => undef),
	qr/way view is there twice/, 'a way twice');
refused(a_log('cost push2' => 'cost way=view bits=64 exits=0.00 ticks=14 time=61 block64=1 block4k=1 block1m=1'),
	qr/way view costs something twice/, 'a cost twice');
refused(a_log('cost push2' => 'cost way=other bits=64 exits=0.00 ticks=14 time=61 block64=1 block4k=1 block1m=1'),
	qr/way other, which no line before declares/, 'a cost of nothing known');
refused(a_log('way=view' => 'way=view door=view state=off title="v" privilege="" without="" push=no'),
	qr/way view costs something, and is off/, 'a cost of what is off');
refused(a_log('net port_in' => 'net name=port_out net=1'), qr/net port_out is there twice/, 'a net figure twice');
refused(a_log() x 2, qr/a second measurement begins/, 'two measurements');
refused(a_log('end' => join("\r\ndoors: ", map { "net name=w$_" } 1 .. 1000)), qr/and 990 more like these/, 'a thousand faults');
refused(join('', map { chr($_ * 37 % 256) } 1 .. 100000) . "\ndoors: cost \0\xff\xfe\n", qr/way= is missing/, 'garbage');

my $odd = q{100% of <b>|\n `id` $(id) 'q' key=value way=view & # };
table(a_log('way=view' => qq{way=view door=view state=open title="${odd}\xc3\xa9\xff\x1b" privilege="a\tb" without="" push=no}));
ends(0, 'odd characters in a title');
like($text, qr/^\| 100% of \\<b>\\\|\\\\n `id` \$\(id\) 'q' key=value way=view & # \xc3\xa9 +\|/m, 'in the table they are escaped');
$json = eval { decode_json(slurp("$out/doors.json")) } // {};
is($json->{ways}[6]{title}, "$odd\x{e9}", 'in doors.json they are as they were, but for what is no text');
is($json->{ways}[6]{privilege}, 'a b', 'a tabulator is a blank');
my @columns = grep { /key=value/ } split(/\n/, slurp("$out/doors.dat"));
is(scalar(() = ($columns[0] // '') =~ /\t/g), 5, 'in doors.dat they are one column');

# ---- The chart.

# What a parser of XML would refuse in what gnuplot writes: markup that is not closed, or a character that is not escaped.
sub fault_of_xml {
	my ($xml) = @_;
	my @open;
	$xml =~ s/\A<\?xml [^<>]*\?>\s*// or return 'no declaration';
	$xml =~ s/<!--(?:(?!--).)*-->//gs;
	my $roots = 0;
	while ($xml =~ /\G(?:([^<&]+)|(&(?:[a-z]+|#[0-9]+|#x[0-9a-fA-F]+);)|<(\/?)([A-Za-z_][\w:.-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>)/gc) {
		my ($plain, $close, $name, $empty) = ($1, $3, $4, $6);
		if (defined $plain) { return "text outside: $plain" if !@open && $plain =~ /\S/ }
		elsif (!defined $name) { next }
		elsif ($close) { return "</$name>" unless (pop(@open) // '') eq $name }
		else {
			$roots++ unless @open;
			push @open, $name unless $empty;
		}
	}
	return 'not understood: ' . substr($xml, pos($xml) // 0, 60) if (pos($xml) // 0) < length $xml;
	return "left open: @open" if @open;
	return $roots == 1 ? '' : "$roots roots";
}

like(fault_of_xml($_), qr/./, "bad XML is seen: $_") for "<a/>", map { "<?xml version='1'?>$_" }
	'<a>', '<a></b>', '<a b=c/>', '<a>&</a>', '<a/><b/>', 'x<a/>', '<a><</a>';
is(fault_of_xml("<?xml version='1'?>\n<!-- c --><a b='c' d=\"e\"><f/>g &lt; &#65;</a>\n"), '', 'and good XML passes');

# As like(), without the whole of what may be long.
sub holds {
	my ($long, $re, $name) = @_;
	return ok($long =~ $re, $name) || diag("it does not match $re");
}

sub chart {
	my ($svg) = @_;
	run('scripts/doors-chart', "$out/doors.dat", "$dir/$svg");
	return slurp("$dir/$svg");
}

my $svg = chart('odd.svg');
ends(0, 'a chart of odd characters');
is($said, '', 'gnuplot has no remarks');
is(fault_of_xml($svg), '', 'it is well-formed');
holds($svg, qr/>100% of &lt;b(?:>|&gt;)\|\\n `id` \$\(id\) 'q' key=value way=view &amp; # \xc3\xa9</, 'the title is all there');

table(a_log());
$svg = chart('one.svg');
ends(0, 'a chart');
is(fault_of_xml($svg), '', 'it is well-formed');
sleep 1;
is(chart('two.svg') eq $svg, 1, 'the same figures give the same bytes, at another time');
local $ENV{HOME} = $dir;
local $ENV{LC_ALL} = 'de_DE.UTF-8';
spew("$dir/.gnuplot", "set title 'mine'\n");
is(chart('three.svg') eq $svg, 1, 'whoever draws it');
ok($svg !~ /gnuplot \d|\b20[2-9]\d\b/i, 'there is no version in it and no date');
ok($svg !~ /[ \t]$/m, 'no blanks at the end of lines');
holds($svg, qr/\A(?:.*\n){1,2}.*SPDX-License-Identifier: MIT/, 'its licence is in its first lines');
holds($svg, qr/<rect [^>]*fill="#ffffff"/, 'it has a background of its own');
for my $word ('the vmcall', 'the ring', 'One tick is one executed instruction in Bochs; VM exit and entry count none.',
	'Instructions per message and its answer', 'Bytes per instruction', '64 bytes', '4 KiB', '1 MiB', '11.4', '842', 'no blocks') {
	holds($svg, qr/>\Q$word\E</, "it says '$word'");
}
my @names = $svg =~ />(the \w+)</g;
is("@names", 'the ring the view the vmcall the cpuid the port the watch the mmio', 'the cheapest is on top');

table(a_log('unit' => 'unit=cycles empty=26'));
holds(chart('cycles.svg'), qr/>Cycles per message and its answer<.*>Bytes per cycle</s, 'a chart of cycles');

for my $bad ('', "# unit=instructions\n", "a\t1\t1\t1\t1\ta\n", "# unit=\"; system('id')\na\t1\t1\t1\t1\ta\n") {
	spew("$out/doors.dat", $bad);
	chart('bad.svg');
	ends(3, 'nothing to draw');
	like($said, qr/^doors-chart: .*(?:holds no figures|does not say its unit)$/m, 'it says why');
	ok(!-e "$dir/bad.svg", 'no chart');
}

my %titles = map { $_ => 1 } $svg =~ /<title>(.*?)<\/title>/g;
is(join(', ', sort keys %titles), 'What it takes to reach the hypervisor',
	'what shows up below the pointer is for people');

# ---- What is not there.

run('scripts/doors-table', "$dir/nothing.log", $out);
ends(3, 'no log');
like($said, qr/nothing\.log: no such log/, 'it says so');
run('scripts/doors-table', "$dir/serial.log");
ends(3, 'no folder');
run('scripts/doors-table', "$dir/serial.log", '/dev/null/x');
ends(3, 'a folder that cannot be');
run('scripts/doors-chart', "$dir/nothing.dat", "$dir/x.svg");
ends(3, 'no figures');

# ---- All of it, in a tree where nothing is set up and nothing boots.

my $tree = "$dir/tree";
system('mkdir', '-p', "$tree/scripts", "$tree/docs") == 0 or die;
system('cp', (map { "scripts/$_" } qw(doors doors-table doors-bars doors-chart doors.gnuplot doors-docs)), "$tree/scripts") == 0 or die;
sub stub { my ($name, $body) = @_; spew("$tree/scripts/$name", "#!/bin/sh\n$body\n"); chmod 0755, "$tree/scripts/$name"; return }
stub('setup', 'echo "$*" >setup.said');
stub('image', 'echo "$*" >image.said');
stub('boot', 'echo "$*" >boot.said; while [ $1 != --serial ]; do shift; done; cp given.log "$2"; exit $(cat given.status)');
sub doors {
	my ($log, $boot, @options) = @_;
	spew("$tree/given.log", $log);
	spew("$tree/given.status", $boot);
	run("$tree/scripts/doors", @options);
	return;
}

doors(a_log(), 0, '--machine', 'bochs');
ends(0, 'scripts/doors');
like($text, qr/the vmcall .*\nFor machines: build\/doors\/doors\.json\. The chart: build\/doors\/doors\.svg\n\z/s, 'it shows the table');
is(slurp("$tree/setup.said"), "doors --machine bochs\n", 'set-up knows what for');
like(slurp("$tree/image.said"), qr{ build/guest-stub/doors\.elf$}, 'the image has the guest');
like(slurp("$tree/boot.said"), qr{--machine bochs build/doors/sill\.img$}, 'options reach scripts/boot');
like(slurp("$tree/build/doors/sill.conf"), qr/^guest = \\EFI\\sill\\doors\.elf\ncmdline = measure$/m, 'the guest is to measure');
is(fault_of_xml(slurp("$tree/build/doors/doors.svg")), '', 'the chart is drawn');

spew("$tree/docs/doors.md", "# The doors\n\nbefore\n\n<!-- doors: begin, made by make doors -->\nold\n<!-- doors: end -->\n\nafter\n");
run("$tree/scripts/doors-docs", "$tree/build/doors");
ends(0, 'scripts/doors-docs');
my $docs = slurp("$tree/docs/doors.md");
like($docs, qr/\A# The doors\n\nbefore\n\n<!-- doors: begin[^\n]*\n\nOne tick .*\(doors\.svg\)\n\n<!-- doors: end -->\n\nafter\n\z/s, 'the table is between the marks');
unlike($docs, qr/^old$/m, 'and the old one is not');
ok(slurp("$tree/docs/doors.svg") eq slurp("$tree/build/doors/doors.svg"), 'the chart lies beside it');
run("$tree/scripts/doors-docs", "$tree/build/doors");
is(slurp("$tree/docs/doors.md"), $docs, 'a second time changes nothing');
for my $bad ("no marks\n", "<!-- doors: begin -->\n", "<!-- doors: end -->\n<!-- doors: begin -->\n",
	"<!-- doors: begin -->\n<!-- doors: end -->\n" x 2) {
	spew("$tree/docs/doors.md", $bad);
	run("$tree/scripts/doors-docs", "$tree/build/doors");
	ends(3, 'marks that are not as they should be');
	is(slurp("$tree/docs/doors.md"), $bad, 'nothing is changed');
}

doors(a_log('net mmio_read' => 'net name=mmio_read net=451'), 0);
ends(1, 'scripts/doors: over a bar');
ok(-s "$tree/build/doors/doors.svg", 'the chart is drawn all the same');
doors(a_log('unit' => 'unit=cycles empty=26'), 0);
run("$tree/scripts/doors-docs", "$tree/build/doors");
ends(3, 'scripts/doors-docs: cycles are not for the documentation');
doors("doors: unit=instructions empty=3\n", 0);
ends(2, 'scripts/doors: nothing measured');
run("$tree/scripts/doors-docs", "$tree/build/doors");
ends(3, 'scripts/doors-docs: nothing measured');
doors(a_log(), 1);
ends(2, 'scripts/doors: no success');
ok(!-e "$tree/build/doors/table.md", 'no table');
doors(a_log(), 2);
ends(2, 'scripts/doors: the machine died');
doors('', 3);
ends(3, 'scripts/doors: the machine did not start');
stub('setup', 'exit 1');
doors(a_log(), 0);
ends(3, 'scripts/doors: set-up failed');
local $ENV{SILL_DOORS} = "$dir/elsewhere";
stub('setup', 'exit 0');
doors(a_log(), 0);
ok(-s "$dir/elsewhere/doors.svg" && -s "$dir/elsewhere/serial.log", 'another folder');

# The documentation has a place for it.
my @marks = slurp('docs/doors.md') =~ /^<!-- doors: (begin|end)/mg;
is("@marks", 'begin end', 'docs/doors.md has the marks');
done_testing();
