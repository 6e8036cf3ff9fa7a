# SPDX-License-Identifier: MIT
#
# Draws the chart of 'make doors'. scripts/doors-chart starts it, and sets:
#   data                       rows in the order in which they are shown: name, ticks, three times bytes per tick,
#                              the least of these, the greatest of these, what is said in place of ticks,
#                              in place of bytes; separated by tabs
#   rows                       how many there are
#   names                      how wide their names may be, in pixels
#   least, most                of the ticks a message takes
#   rate_least, rate_most      of the bytes per tick
#   unit, one, heading         instructions, instruction, Instructions (or cycles, cycle, Cycles)
#   note                       what a tick is

# Pixels. Two panels beside each other, under a title; each row has the same height whatever their number.
row = 28
panel = 430
gap = 40
left = names + 34
right = left + panel + gap
width = right + panel + 30
top = 114
bottom = 68
floor_y = top + rows * row
height = floor_y + bottom

ink = "#1f2933"
quiet = "#5f6b76"
faint = "#d5dce2"
stripe = "#f3f5f7"
bar = "#5b87ad"
# Each size of block has a colour and a shape of its own; the larger the darker.
array colour[3] = ["#e39a2d", "#c4513f", "#4b2a63"]
array shape[3] = [7, 5, 9]
array size_name[3] = ["64 bytes", "4 KiB", "1 MiB"]

set terminal svg noenhanced background "#ffffff" size width, height font "sans-serif,13"
set encoding utf8
set datafile separator "\t"
set datafile commentschars ""
set datafile missing "NaN"

across(pixels) = pixels / (1.0 * width)
up(pixels) = 1 - pixels / (1.0 * height)
decade(v) = 10.0 ** floor(log10(v) + 1e-9)
# The next of 1, 2, 5, 10 … that is not above.
steps(v) = decade(v) * (v / decade(v) >= 5 ? 5 : v / decade(v) >= 2 ? 2 : 1)
# A figure with three significant digits, or all of those before the point.
figure(v) = v >= 100 || v == floor(v) ? sprintf("%.0f", v) : sprintf("%.3g", v)

set multiplot
set tmargin at screen up(top)
set bmargin at screen up(floor_y)
set border 0
set tics scale 0
unset mxtics
set logscale x
set yrange [rows - 0.5 : -0.5]
set grid xtics noytics back linetype 1 linecolor rgb faint linewidth 1
set xtics textcolor rgb quiet offset 0, 0.3
set ytics textcolor rgb ink offset -0.2, 0
unset key
do for [i = 0 : rows - 1 : 2] {
	set object (i + 1) rectangle from graph 0, first (i - 0.5) to graph 1, first (i + 0.5) behind \
		fillcolor rgb stripe fillstyle solid noborder
}

# What one message takes. The text round both panels goes with the first.
set label 1 "What it takes to reach the hypervisor" at screen across(24), up(38) font "sans-serif,20" textcolor rgb ink
set label 2 note at screen across(24), up(62) textcolor rgb quiet
set label 3 heading . " per message and its answer" at screen across(left), up(top - 12) \
	font "sans-serif,15" textcolor rgb ink
set label 4 unit . ", logarithmic: shorter is better" at screen across(left + panel / 2), up(floor_y + 44) center \
	textcolor rgb quiet
set lmargin at screen across(left)
set rmargin at screen across(left + panel)
# The shortest bar is to be seen, too, and there is room for the figure beside the longest.
low = steps(least / 1.9)
high = most * (most / low) ** 0.17
if (high < low * 20) { high = low * 20 }
set xrange [low : high]
set format x (high < 1e7 ? "%.0f" : "%g")
plot data using 2:0:(low):2:($0 - 0.31):($0 + 0.31):ytic(1) with boxxyerror fillcolor rgb bar fillstyle solid noborder \
		notitle, \
	data using 2:0:(figure($2)) with labels left offset 0.5, 0 textcolor rgb ink notitle, \
	data using (low):0:8 with labels left offset 0.7, 0 textcolor rgb quiet notitle

# What blocks get through. The rows are the same: their names need not be told again.
unset label
set label 3 "Bytes per " . one at screen across(right), up(top - 12) \
	font "sans-serif,15" textcolor rgb ink
set label 4 "by the size of the block; logarithmic: further right is better" at screen across(right + panel / 2), up(floor_y + 44) \
	center textcolor rgb quiet
do for [i = 1 : 3] {
	at = right + panel - 212 + (i > 1 ? 88 : 0) + (i > 2 ? 68 : 0)
	set label (10 + i) "" at screen across(at - 11), up(top - 12) point pointtype shape[i] pointsize 0.8 linecolor rgb colour[i]
	set label (20 + i) size_name[i] at screen across(at), up(top - 12) textcolor rgb ink
}
set lmargin at screen across(right)
set rmargin at screen across(right + panel)
low = steps(rate_least / 1.3)
high = rate_most * (rate_most / low) ** 0.06
if (high < low * 20) { high = low * 20 }
set xrange [low : high]
set format x "%g"
set format y ""
plot data using 6:0:($7 > $6 ? $7 - $6 : NaN):(0) with vectors nohead linewidth 1.5 linecolor rgb "#b3bdc6" notitle, \
	for [i = 1 : 3] data using (column(2 + i)):($0 + 0.26 * (i - 2)) with points \
		pointtype shape[i] pointsize 0.7 linecolor rgb colour[i] notitle, \
	data using (low):0:9 with labels left offset 0.7, 0 textcolor rgb quiet notitle
unset multiplot
