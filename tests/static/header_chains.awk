# SPDX-License-Identifier: MIT
# usage: awk -f header_chains.awk HEADER... in include/afd: lines of headers, each of which includes all before it in its
# line, so that a unit that includes them one after the other shows of each of them that it compiles alone.
FNR == 1 { headers[++count] = FILENAME }
/^#include <afd\// {
  split($0, part, /[<>]/)
  includes[FILENAME] = includes[FILENAME] " " substr(part[2], 5)
}
# Notes all that `header` includes, itself or by others, as what `by` does.
function note(header, by,    list, n, i) {
  n = split(includes[header], list, " ")
  for (i = 1; i <= n; ++i) {
    if ((by, list[i]) in included) continue
    included[by, list[i]]
    ++number[by]
    note(list[i], by)
  }
}
END {
  for (i = 1; i <= count; ++i) note(headers[i], headers[i])
  for (left = count; left > 0;) {
    chain = last = ""
    do {  # the longest that is left goes on with the longest that it includes
      best = ""
      for (i = 1; i <= count; ++i) {
        header = headers[i]
        if (header in taken || (last != "" && !((last, header) in included))) continue
        if (best == "" || number[header] > number[best]) best = header
      }
      if (best == "") break
      taken[best]
      --left
      chain = best " " chain
      last = best
    } while (1)
    print chain
  }
}
