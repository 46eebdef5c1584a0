// SPDX-License-Identifier: MIT
// needs: torch
// expect: afd: a score needs static constexpr std::size_t watched, the column that best epochs go by
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <torch/nn/module.h>

#include <afd/observe/evaluate.hpp>

struct Total {
  double sum = 0;
  std::int64_t samples = 0;
  friend bool operator==(const Total&, const Total&) = default;
};

struct Sum {
  using Result = Total;
  static constexpr std::array<afd::ScoreColumn<Total>, 1> columns{{{"sum", &Total::sum}}};
#ifdef AFD_EXPECT_OK
  static constexpr std::size_t watched = 0;
#endif
  static constexpr afd::Better better = afd::Better::higher;
  void add(const torch::Tensor&, const torch::Tensor&) {}
  Result result() const { return {}; }
};

struct Net : torch::nn::Module {
  torch::Tensor forward(torch::Tensor inputs) { return inputs; }
};

void use(Net& net, std::vector<afd::Batch>& batches) {
  static_cast<void>(afd::evaluate(batches, Sum{}, net));
}
