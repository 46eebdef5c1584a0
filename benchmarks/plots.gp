# SPDX-License-Identifier: MIT
# The pictures of docs/benchmarks: gnuplot -e "folder='docs/benchmarks'" benchmarks/plots.gp
set encoding utf8
set term pngcairo size 1250,900 font "sans,11"
set grid ytics lc rgb "#dddddd"
set border 3
set tics nomirror

set output folder."/sizes.png"
set multiplot layout 2,1 title "Adversarial feature distillation of a pair: time of a step over ours (median, quartiles)"
set style data histograms
set style histogram errorbars gap 1.5 lw 1
set style fill solid 0.85 border -1
set boxwidth 0.9
set ylabel "time / time of afd"
set yrange [0:2.4]
set key top right horizontal
set xtics rotate by -35 font "sans,9"
colors = "#d95f02 #7570b3 #1b9e77"
do for [t=0:1] {
  set title (t == 0 ? "one thread" : "two threads")
  plot for [i=0:2] folder."/sizes.dat" index (3*t+i) using 2:3:4:xtic(1) lc rgb word(colors, i+1) \
         title (i == 0 ? "PyTorch eager" : i == 1 ? "PyTorch eager, channels last" : "C++ by hand"), \
       1 with lines lc rgb "black" dt 2 notitle
}
unset multiplot

set term pngcairo size 900,600 font "sans,11"
set output folder."/peers.png"
set title "ResNet-8, batch 32, two threads: time of a step per network (median, quartiles)"
set xlabel "networks that train together"
set ylabel "ms per network"
set xtics norotate (2, 3, 4, 8)
set xrange [1.5:8.5]
set logscale y 2
set yrange [*:*]
set key outside right
palette7 = "#1b9e77 #1b9e77 #d95f02 #d95f02 #7570b3 #7570b3 #e7298a"
plot for [i=0:6] folder."/peers.dat" index i using 1:2:3:4 with yerrorlines lw 2 pt (i%2 ? 4 : 7) dt i%2+1 \
  lc rgb word(palette7, i+1) title columnheader(1)
