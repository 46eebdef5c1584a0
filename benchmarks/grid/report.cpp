// SPDX-License-Identifier: MIT
// Reads the grid's CSV and writes tables (grid.md) and the data of the pictures: bench_report grid.csv folder
#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "grid/results.hpp"
#include "grid/spread.hpp"

namespace {

using grid::Row;
using Rows = std::vector<Row>;

std::string with_spread(const Row& row) {
  return fmt::format("{:.2f} ({:.2f} to {:.2f})", row.ratio, row.ratio_low, row.ratio_high);
}

std::string cell_name(const Row& row) {
  return fmt::format("{} | {} {} | {} | {}", row.networks, row.recipe, row.topology, row.batch, row.threads);
}

/// One line per cell: our time, then how many times longer the others take.
void table(std::FILE* out, const Rows& rows, const std::string& part, const std::vector<std::string>& sides) {
  fmt::print(out, "| networks | recipe | batch | threads | {}, ms |", sides.front());
  for (std::size_t i = 1; i < sides.size(); ++i) fmt::print(out, " {} |", sides[i]);
  fmt::print(out, "\n|---|---|---|---|---|");
  for (std::size_t i = 1; i < sides.size(); ++i) fmt::print(out, "---|");
  fmt::print(out, "\n");
  for (const Row& first : rows) {
    if (first.part != part || first.side != sides.front()) continue;
    std::string line = fmt::format("| {} | {:.1f} |", cell_name(first), first.ms);
    bool found = sides.size() == 1;
    for (std::size_t i = 1; i < sides.size(); ++i) {
      const auto other = std::find_if(rows.begin(), rows.end(),
                                      [&](const Row& row) { return row.same_cell(first) && row.side == sides[i]; });
      found = found || other != rows.end();
      line += other == rows.end() ? " |" : " " + with_spread(*other) + " |";
    }
    if (found) fmt::print(out, "{}\n", line);
  }
  fmt::print(out, "\n");
}

/// Multiply-adds of a forward of CIFAR's ResNet-depth on one image of 32x32: its convolutions.
double resnet_multiply_adds(int depth) {
  const int n = (depth - 2) / 6;
  const auto conv = [](double in, double out, double side) { return in * out * 9 * side * side; };
  return conv(3, 16, 32) + 2 * n * conv(16, 16, 32) + conv(16, 32, 16) + (2 * n - 1) * conv(32, 32, 16) +
         conv(32, 64, 8) + (2 * n - 1) * conv(64, 64, 8);
}

/// Arithmetic per second of two ResNet-32: a forward and two backwards of twice its work, whatever else the side does.
void rates(std::FILE* out, const Rows& rows) {
  fmt::print(out, "| batch | threads | side | ms | GFLOP/s |\n|---|---|---|---|---|\n");
  for (const Row& row : rows) {
    if (row.part != "convolutions") continue;
    const double operations = 2 * 2.0 * 5 * row.batch * resnet_multiply_adds(32);
    fmt::print(out, "| {} | {} | {} | {:.1f} | {:.0f} |\n", row.batch, row.threads, row.side, row.ms,
               operations / row.ms / 1e6);
  }
  fmt::print(out, "\n");
}

std::vector<double> select(const Rows& rows, const std::function<bool(const Row&)>& wanted,
                           const std::function<double(const Row&)>& value) {
  std::vector<double> values;
  for (const Row& row : rows)
    if (wanted(row)) values.push_back(value(row));
  return values;
}

double ratio_of(const Row& row) {
  return row.ratio;
}

/// The other side's row of the same cell.
const Row* other(const Rows& rows, const Row& row, const std::string& side) {
  for (const Row& candidate : rows)
    if (candidate.same_cell(row) && candidate.side == side) return &candidate;
  return nullptr;
}

void line(std::FILE* out, const char* what, const std::string& got, const char* must, const char* aim) {
  fmt::print(out, "| {} | {} | {} | {} |\n", what, got, must, aim);
}

std::string mean_and_worst(const std::vector<double>& values, bool large_is_good = true) {
  if (values.empty()) return "not measured";
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return fmt::format("{:.2f} geometric mean, worst {:.2f}", grid::geometric_mean(values), large_is_good ? *low : *high);
}

/// Of every cell of a part, the fastest of PyTorch's sides over ours.
std::vector<double> fastest_pytorch(const Rows& rows, const std::string& part) {
  std::vector<double> all;
  for (const Row& ours : rows) {
    if (ours.part != part || ours.side != "afd best") continue;
    const auto peers =
        select(rows, [&](const Row& row) { return row.same_cell(ours) && row.side.starts_with("pytorch"); }, ratio_of);
    if (!peers.empty()) all.push_back(*std::min_element(peers.begin(), peers.end()));
  }
  return all;
}

void targets(std::FILE* out, const Rows& rows) {
  const auto sizes = [](const char* side) {
    return [side](const Row& row) { return row.part == "sizes" && row.side == side; };
  };
  fmt::print(out, "| figure | measured | must | aim |\n|---|---|---|---|\n");
  std::vector<double> over_hand, memory, hand_of_recipes;
  for (const Row& row : rows) {
    if (row.side == "afd plain") {
      if (const Row* hand = other(rows, row, "hand")) over_hand.push_back(row.ms / hand->ms);
    }
    if (row.side == "afd best") {
      if (const Row* peer = other(rows, row, "pytorch")) memory.push_back(row.peak_mib / peer->peak_mib);
    }
  }
  line(out, "step time over hand-written, plain settings", mean_and_worst(over_hand, false), "1.02", "1.00");
  line(out, "PyTorch eager ÷ ours, best settings", mean_and_worst(select(rows, sizes("pytorch"), ratio_of)),
       "1.3, worst 1.1", "1.5, worst 1.25");
  for (const int threads : {1, 2}) {
    const auto with = [&](const char* side) {
      return select(rows, [&](const Row& row) { return sizes(side)(row) && row.threads == threads; }, ratio_of);
    };
    line(out, fmt::format("the same, {} thread(s)", threads).c_str(), mean_and_worst(with("pytorch")), "", "");
    line(out, fmt::format("PyTorch channels_last ÷ ours, {} thread(s)", threads).c_str(),
         mean_and_worst(with("pytorch channels_last")), "", "");
  }
  line(out, "PyTorch eager ÷ ours, tiny networks (ResNet-8, batch 8, images of 8x8)",
       mean_and_worst(select(
           rows, [](const Row& row) { return row.part == "tiny" && row.side == "pytorch"; }, ratio_of)),
       "1.6", "2");
  line(out, "the fastest of PyTorch's sides ÷ ours, sizes", mean_and_worst(fastest_pytorch(rows, "sizes")), "",
       "1.45, worst 1.25");
  line(out, "the fastest of PyTorch's sides ÷ ours, tiny networks", mean_and_worst(fastest_pytorch(rows, "tiny")), "",
       "2");
  line(out, "naive mutual-learning step, K = 4 ÷ ours",
       mean_and_worst(select(
           rows, [](const Row& row) { return row.side == "naive" && row.count == 4; }, ratio_of)),
       "3", "5");
  std::vector<double> cycle;
  for (const int threads : {1, 2}) {
    const auto per_network = [&](int count) {
      const auto found = select(
          rows,
          [&](const Row& row) {
            return row.part == "peers" && row.topology == "cycle" && row.side == "afd best" && row.count == count &&
                   row.threads == threads;
          },
          [](const Row& row) { return row.ms / row.count; });
      return found.empty() ? 0.0 : found.front();
    };
    if (per_network(2) > 0 && per_network(8) > 0) cycle.push_back(per_network(8) / per_network(2));
  }
  line(out, "cycle: cost per network, K = 8 over K = 2", mean_and_worst(cycle, false), "1.05", "1.0");
  line(out, "peak memory over PyTorch", mean_and_worst(memory, false), "1.0", "0.9");
  std::vector<double> share;
  for (const Row& row : rows) {
    if (row.part != "convolutions" || row.side != "afd best" || row.batch != 128 || row.threads != 1) continue;
    const Row *a = other(rows, row, "convolutions"), *b = other(rows, row, "convolutions channels_last");
    if (a != nullptr && b != nullptr) share.push_back(std::min(a->ms, b->ms) / row.ms);
  }
  line(out, "share of the best convolution rate (ResNet-32, batch 128, one thread)",
       share.empty() ? "not measured" : fmt::format("{:.0f} %", 100 * share.front()), "50 %", "60 %");
  fmt::print(out, "\n");
}

/// For a picture: "2 resnet8" is "resnet8", "1 resnet32 + 1 resnet8" is "32+8".
std::string short_name(const std::string& networks) {
  return networks.starts_with("2 ") ? networks.substr(2) : "32+8";
}

/// Blocks for gnuplot: lines of label, value, low, high.
void write_sizes(const Rows& rows, const std::string& path) {
  std::FILE* out = std::fopen(path.c_str(), "w");
  if (out == nullptr) throw std::runtime_error("cannot write " + path);
  for (const int threads : {1, 2}) {
    for (const char* side : {"pytorch", "pytorch channels_last", "hand"}) {
      for (const Row& row : rows) {
        if (row.part != "sizes" || row.side != side || row.threads != threads) continue;
        fmt::print(out, "\"{}, {}\" {} {} {}\n", short_name(row.networks), row.batch, row.ratio, row.ratio_low,
                   row.ratio_high);
      }
      fmt::print(out, "\n\n");
    }
  }
  std::fclose(out);
}

void write_peers(const Rows& rows, const std::string& path) {
  std::FILE* out = std::fopen(path.c_str(), "w");
  if (out == nullptr) throw std::runtime_error("cannot write " + path);
  struct Curve {
    const char *recipe, *topology, *side, *name;
  };
  for (const Curve& curve :
       {Curve{"afd", "cycle", "afd best", "AFD cycle, afd"}, Curve{"afd", "cycle", "pytorch", "AFD cycle, PyTorch"},
        Curve{"afd", "all-pairs", "afd best", "AFD all pairs, afd"},
        Curve{"afd", "all-pairs", "pytorch", "AFD all pairs, PyTorch"},
        Curve{"dml", "all-pairs", "afd best", "DML, afd"}, Curve{"dml", "all-pairs", "pytorch", "DML, PyTorch"},
        Curve{"dml", "all-pairs", "naive", "DML, naive PyTorch"}}) {
    fmt::print(out, "\"{}\"\n", curve.name);
    for (const Row& row : rows) {
      if (row.part != "peers" || row.recipe != curve.recipe || row.topology != curve.topology ||
          row.side != curve.side || row.threads != 2) {
        continue;
      }
      fmt::print(out, "{} {} {} {}\n", row.count, row.ms / row.count, row.ms_low / row.count, row.ms_high / row.count);
    }
    fmt::print(out, "\n\n");
  }
  std::fclose(out);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "bench_report <grid.csv> <folder>\n");
    return 2;
  }
  try {
    const Rows rows = grid::read_rows(argv[1]);
    const std::string folder = argv[2];
    std::FILE* out = std::fopen((folder + "/grid.md").c_str(), "w");
    if (out == nullptr) throw std::runtime_error("cannot write " + folder + "/grid.md");
    fmt::print(out,
               "<!-- written by bench_report from grid.csv -->\n# The grid's figures\n\nWhat each side is, and what "
               "follows from the figures: `docs/benchmarks/README.md`. Columns after the first time say how many times "
               "longer a side takes than ours: median of the ratio of neighbours, and its quartiles.\n\n## Targets\n");
    targets(out, rows);
    // With --compile PyTorch's compiler is measured in place of our plain sides.
    const bool compiled =
        std::any_of(rows.begin(), rows.end(), [](const Row& row) { return row.side == "pytorch compile"; });
    std::vector<std::string> sides{"afd best", "pytorch", "pytorch channels_last"};
    for (const char* side : {"pytorch compile", "pytorch compile channels_last", "pytorch compile max-autotune"}) {
      if (compiled) sides.emplace_back(side);
    }
    for (const char* side : {"afd plain", "hand"}) {
      if (!compiled) sides.emplace_back(side);
    }
    fmt::print(out, "## Sizes\n");
    table(out, rows, "sizes", sides);
    fmt::print(out, "## Tiny: images of 8x8\n");
    table(out, rows, "tiny", sides);
    fmt::print(out, "## Numbers of networks\n");
    table(out, rows, "peers", {"afd best", "pytorch", "pytorch channels_last", "naive"});
    fmt::print(out, "## Recipes by hand\n");
    table(out, rows, "recipes", {"afd best", "afd plain", "hand"});
    fmt::print(out, "## What the policies save\n");
    table(out, rows, "recipes",
          {"afd best", "afd best, in turn", "afd best, joint", "afd best, every 4", "afd best, bfloat16"});
    fmt::print(out, "## Convolutions alone\n");
    rates(out, rows);
    fmt::print(
        out,
        "## Peak memory, MiB\n| networks | recipe | batch | threads | ours | PyTorch |\n|---|---|---|---|---|---|\n");
    for (const Row& row : rows) {
      const Row* peer = row.side == "afd best" ? other(rows, row, "pytorch") : nullptr;
      if (peer != nullptr) fmt::print(out, "| {} | {:.0f} | {:.0f} |\n", cell_name(row), row.peak_mib, peer->peak_mib);
    }
    std::fclose(out);
    write_sizes(rows, folder + "/sizes.dat");
    write_peers(rows, folder + "/peers.dat");
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_report: {}\n", error.what());
    return 1;
  }
}
