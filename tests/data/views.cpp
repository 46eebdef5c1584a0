// SPDX-License-Identifier: MIT
#include <afd/data/views.hpp>
//
#include <tuple>
#include <type_traits>
#include <vector>

#include <torch/torch.h>

#include <afd/data/tensors.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::Views;
using afd::detail::inputs_of;

using TwoViews = Views<torch::Tensor, std::tuple<torch::Tensor, torch::Tensor>>;
static_assert(afd::detail::is_views<TwoViews> && !afd::detail::is_views<torch::Tensor>);
static_assert(afd::detail::views_fit<TwoViews, 2> && !afd::detail::views_fit<TwoViews, 3>);
static_assert(!afd::detail::views_fit<TwoViews, 1> && afd::detail::views_fit<torch::Tensor, 3>);
static_assert(std::is_default_constructible_v<TwoViews>);

TEST_CASE("network k takes the k-th view; of other inputs each network takes all") {
  const torch::Tensor weak = torch::zeros({4, 2}), ids = torch::zeros({4, 7}), mask = torch::ones({4, 7});
  const Views views{weak, std::tuple{ids, mask}};
  static_assert(std::is_same_v<decltype(views), const TwoViews>);
  CHECK(inputs_of<0, 2>(views).is_same(weak));
  CHECK(std::get<1>(inputs_of<1, 2>(views)).is_same(mask));
  CHECK(&inputs_of<2, 3>(weak) == &weak);
}

TEST_CASE("the tensors of all views are found, and the samples counted once") {
  Views views{torch::zeros({4, 2}), std::tuple{torch::zeros({4, 7}), torch::ones({4, 7})}};
  int found = 0;
  afd::for_each_tensor(views, [&](torch::Tensor& tensor) {
    tensor = tensor + 1;
    ++found;
  });
  CHECK(found == 3);
  CHECK(std::get<0>(views.each).equal(torch::ones({4, 2})));
  CHECK(afd::sample_count(views) == 4);
  CHECK(afd::sample_count(Views{std::vector(3, torch::zeros({5, 2, 2})), torch::zeros({3})}) == 3);
}

TEST_SUITE_END();
