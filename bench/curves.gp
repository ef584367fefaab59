# The cost of each command with more and more attached:
#   gnuplot -e "curves='FILE'; picture='bench.svg'" bench/curves.gp
# FILE is what bench --curves has written: a data block for each command, and their titles.
load curves

split(text) = strstrt(text, "|") > 0 ? text[1:strstrt(text, "|") - 1] : text
rest(text) = strstrt(text, "|") > 0 ? text[strstrt(text, "|") + 1:] : ""
count = 0
left = titles
while (strlen(left) > 0) { count = count + 1; left = rest(left) }
columns = 3
rows = (count + columns - 1) / columns

set terminal svg size 1200, 260 * rows font "sans,12" background "white"
set output picture
set multiplot layout rows, columns
set logscale y
set yrange [*:*] noextend
set xlabel "there already"
set ylabel "ms"
set grid ytics linecolor "#dddddd"
set key top center horizontal samplen 1 font "sans,10"
set tics nomirror
set border 3
set xrange [0:*]
set format x "%.0s%c"
set offsets graph 0, graph 0.03, 0, 0
left = titles
do for [i = 0:count - 1] {
  set title split(left)
  left = rest(left)
  plot "$curve".i using 1:3 with linespoints pointtype 7 linecolor "#c0504d" title peer, \
       "$curve".i using 1:2 with linespoints pointtype 7 linecolor "#1f5fa8" linewidth 2 title "ours", \
       "$curve".i using 1:4 with lines dashtype 2 linecolor "#888888" title "floor"
}
unset multiplot
