// SPDX-License-Identifier: MIT
#include <afd/loss/info_nce.hpp>

#include <cmath>
#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "support/finite_difference.hpp"

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("loss");

namespace {

using doctest::Approx;
using torch::Tensor;

/// Written out, with keys that `skips` says left out.
template <class Skips>
double expected(const Tensor& rows, const Tensor& keys, double temperature, const Skips& skips) {
  const auto score = [&](std::int64_t n, std::int64_t m) {
    double product = 0;
    for (std::int64_t d = 0; d < rows.size(1); ++d) product += rows[n][d].item<double>() * keys[m][d].item<double>();
    return std::exp(product / temperature);
  };
  double sum = 0;
  for (std::int64_t n = 0; n < rows.size(0); ++n) {
    double all = 0;
    for (std::int64_t m = 0; m < keys.size(0); ++m)
      if (!skips(m)) all += score(n, m);
    sum -= std::log(score(n, n) / all);
  }
  return sum / static_cast<double>(rows.size(0));
}

}  // namespace

TEST_CASE("it is the negative log share of each row's own key, and unused keys have none") {
  torch::manual_seed(0);
  const Tensor rows = torch::randn({3, 4}, torch::kDouble), keys = torch::randn({7, 4}, torch::kDouble);
  CHECK(afd::loss::info_nce(rows, keys, 0.5).item<double>() ==
        Approx(expected(rows, keys, 0.5, [](auto) { return false; })).epsilon(1e-12));
  const Tensor unused = torch::arange(7).ge(5);
  CHECK(afd::loss::info_nce(rows, keys, 0.5, unused).item<double>() ==
        Approx(expected(rows, keys, 0.5, [](auto m) { return m >= 5; })).epsilon(1e-12));
}

TEST_CASE("among keys that are all alike it is the logarithm of their number; one key costs nothing") {
  const Tensor rows = torch::randn({2, 3}, torch::kDouble);
  CHECK(afd::loss::info_nce(rows, torch::ones({8, 3}, torch::kDouble), 0.07).item<double>() == Approx(std::log(8.0)));
  CHECK(afd::loss::info_nce(rows.slice(0, 0, 1), torch::ones({1, 3}, torch::kDouble), 0.07).item<double>() == 0);
}

TEST_CASE("its gradients match finite differences, and none comes of unused keys") {
  torch::manual_seed(1);
  const Tensor unused = torch::arange(6).ge(4);
  const auto all = [](const std::vector<Tensor>& x) { return afd::loss::info_nce(x[0], x[1], 0.3); };
  CHECK(afd_test::max_gradient_error(
            all, {torch::randn({3, 4}, torch::kDouble), torch::randn({6, 4}, torch::kDouble)}) < 1e-8);
  const Tensor rows = torch::randn({3, 4}, torch::kDouble).requires_grad_();
  const Tensor keys = torch::randn({6, 4}, torch::kDouble).requires_grad_();
  const auto gradients = torch::autograd::grad({afd::loss::info_nce(rows, keys, 0.3, unused)}, {rows, keys});
  CHECK(gradients[0].isfinite().all().item<bool>());
  CHECK(gradients[1].slice(0, 4).abs().max().item<double>() == 0);
  CHECK(gradients[1].slice(0, 3, 4).abs().max().item<double>() > 0);
}

TEST_CASE("what cannot be contrasted is refused in words") {
  const Tensor rows = torch::zeros({3, 4}), keys = torch::zeros({5, 4});
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::loss::info_nce(rows, keys, 0)), doctest::Contains("is 0; 0.07"),
                       afd::ConfigError);
  CHECK_THROWS_AS(static_cast<void>(afd::loss::info_nce(rows, keys, std::nan(""))), afd::ConfigError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::loss::info_nce(rows, keys.slice(0, 0, 2), 1)),
                       doctest::Contains("[3, 4] and [2, 4]"), afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(afd::loss::info_nce(rows, keys.slice(1, 0, 2), 1)), afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(afd::loss::info_nce(rows[0], keys, 1)), afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(afd::loss::info_nce(rows.slice(0, 0, 0), keys, 1)), afd::DataError);
}

TEST_SUITE_END();
