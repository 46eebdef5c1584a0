// SPDX-License-Identifier: MIT
#include <afd/loss/attention.hpp>

#include "support/finite_difference.hpp"

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("loss");

TEST_CASE("attention is the channel mean of squares, compared after normalisation") {
  // Channels (1, 3) at the left place and (0, 0) at the right one: attention (5, 0), direction (1, 0).
  const auto student = torch::tensor({1.0, 0.0, 3.0, 0.0}, torch::kDouble).view({1, 2, 1, 2});
  const auto attention = afd::loss::attention_map(student);
  CHECK(attention.equal(torch::tensor({5.0, 0.0}, torch::kDouble).view({1, 1, 2})));
  // Against direction (3/5, 4/5): ((1 - 3/5)^2 + (4/5)^2) / 2 = 0.4.
  const auto teacher = torch::tensor({30.0, 40.0}, torch::kDouble).view({1, 1, 2});
  CHECK(afd::loss::attention_transfer(attention, teacher).item<double>() ==
        doctest::Approx(0.4).epsilon(1e-12));
}

TEST_CASE("the larger map is pooled to the smaller one") {
  torch::manual_seed(4);
  const auto small = torch::rand({2, 2, 2}, torch::kDouble);
  const auto large = small.repeat_interleave(2, 1).repeat_interleave(2, 2);
  CHECK(afd::loss::attention_transfer(large, small).item<double>() == doctest::Approx(0.0).epsilon(1e-14));
  CHECK(afd::loss::attention_transfer(large, small.flip(1)).item<double>() > 1e-3);
}

TEST_CASE("gradients of attention transfer agree with finite differences") {
  torch::manual_seed(5);
  const auto loss = [](const std::vector<torch::Tensor>& maps) {
    return afd::loss::attention_transfer(afd::loss::attention_map(maps[0]),
                                         afd::loss::attention_map(maps[1]));
  };
  CHECK(afd_test::max_gradient_error(loss, {torch::randn({2, 3, 4, 4}, torch::kDouble),
                                            torch::randn({2, 2, 2, 2}, torch::kDouble)}) < 1e-7);
}

TEST_CASE("vectors have no attention map") {
  CHECK_THROWS_AS(afd::loss::attention_map(torch::zeros({2, 3})), afd::ShapeError);
}

TEST_SUITE_END();
