// SPDX-License-Identifier: MIT
#include <afd/data/tensor_text.hpp>
//
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/detail/fields.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

namespace {

std::string text(const torch::Tensor& tensor) {
  return afd::RecipeText<torch::Tensor>::of(tensor);
}

struct Weighted {
  torch::Tensor weights = torch::ones({2});
  std::vector<torch::Tensor> more{torch::zeros({1}), {}};
  torch::Device device = torch::kCPU;
};

}  // namespace

TEST_CASE("a tensor is known by its dtype, its shape and every bit of it, wherever it lies") {
  const torch::Tensor weights = torch::tensor({1.0, 2.0, 3.0, 4.0});
  CHECK(text(weights).starts_with("Float [4] with key "));
  CHECK(text(weights) == text(weights.clone()));
  CHECK(text(weights) == text(torch::stack({weights, weights}, 1).select(1, 0)));  // not contiguous
  CHECK(text(weights) != text(weights.to(torch::kDouble)));
  CHECK(text(weights) != text(weights.view({2, 2})));
  torch::Tensor other = weights.clone();
  other[3] = std::nextafter(4.0F, 5.0F);
  CHECK(text(weights) != text(other));
  CHECK(text(weights) == text(weights.clone().requires_grad_()));
  CHECK(text({}) == "none");
  CHECK(text(torch::zeros({0})) != text(torch::zeros({0, 2})));
  CHECK(text(torch::tensor({1, 2}, torch::kInt64)).starts_with("Long [2] "));
  CHECK(text(torch::tensor(true)).starts_with("Bool [] "));
}

TEST_CASE("views that are computed when they are read are known by what is read") {
  const torch::Tensor number = torch::complex(torch::tensor({1.0, 2.0}), torch::tensor({3.0, -4.0}));
  CHECK(text(number.conj()) == text(number.conj().resolve_conj()));
  CHECK(text(number.conj()) != text(number));
}

TEST_CASE("of tensors without plain bytes it is said that they cannot be compared") {
  CHECK(text(torch::eye(3).to_sparse()).ends_with(afd::detail::cannot_be_compared));
}

TEST_CASE("tensors and devices in a policy are found") {
  std::map<std::string, std::string> all;
  afd::detail::add_values(Weighted{}, "p", [&](const std::string& key, const std::string& value) { all[key] = value; });
  CHECK(all == std::map<std::string, std::string>{{"p.weights", text(torch::ones({2}))},
                                                  {"p.more", "2 elements"},
                                                  {"p.more[0]", text(torch::zeros({1}))},
                                                  {"p.more[1]", "none"},
                                                  {"p.device", "cpu"}});
}

TEST_SUITE_END();
