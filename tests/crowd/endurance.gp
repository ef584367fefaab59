# What endurance_test has measured, a small picture for each gauge:
#   gnuplot -e "samples='FILE'; picture='endurance.svg'" tests/crowd/endurance.gp
stats samples using 1 skip 1 nooutput
gauges = STATS_columns - 1
columns = 3
rows = (gauges + columns - 1) / columns

set terminal svg noenhanced size 1200, 220 * rows font "sans,12" background "white"
set output picture
set multiplot layout rows, columns
set xlabel "cycles"
set format x "%.0s%c"
set yrange [0:*]
set grid ytics linecolor "#dddddd"
set tics nomirror
set border 3
set key off
do for [column = 2:gauges + 1] {
  set title system("head -n 1 '".samples."' | cut -d '\"' -f ".(2 * column))
  plot samples using 1:column skip 1 with lines linecolor "#1f5fa8" linewidth 1.5
}
unset multiplot
