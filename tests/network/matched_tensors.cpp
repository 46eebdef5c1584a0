// SPDX-License-Identifier: MIT
#include <afd/network/matched_tensors.hpp>
//
#include <torch/torch.h>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("network");

using afd::detail::MatchedTensors;
using afd_test::tiny_network;
using torch::Tensor;

namespace {

/// Parameters and buffers of several dtypes, and a parameter that is there twice.
struct Mixed : torch::nn::Module {
  Mixed() {
    whole = register_parameter("whole", torch::randn({3, 2}, torch::kDouble));
    half = register_parameter("half", torch::randn({4}).to(torch::kBFloat16));
    single = register_parameter("single", torch::randn({2}));
    register_parameter("tied", whole);
    mean = register_buffer("mean", torch::randn({3}, torch::kDouble));
    count = register_buffer("count", torch::tensor({7}, torch::kInt64));
    mask = register_buffer("mask", torch::tensor({true, false}));
  }
  Tensor whole, half, single, mean, count, mask;
};

}  // namespace

TEST_CASE("every tensor moves once, in its dtype, and what has no fractions is copied") {
  torch::manual_seed(0);
  const torch::NoGradGuard no_grad;
  for (const bool with_buffers : {false, true}) {
    Mixed average, student;
    student.count.fill_(9);
    student.mask.logical_not_();
    const Tensor whole = average.whole.clone(), half = average.half.clone(), single = average.single.clone(),
                 mean = average.mean.clone();
    const auto of_student = afd_test::state_of(student);
    const MatchedTensors pairs(average, student);
    pairs.require_alike();
    pairs.move(0.75, with_buffers);
    CHECK(torch::allclose(average.whole, 0.75 * whole + 0.25 * student.whole, 1e-15, 1e-15));
    CHECK(torch::allclose(average.single, 0.75 * single + 0.25 * student.single, 1e-6, 1e-6));
    CHECK(torch::allclose(average.half.to(torch::kFloat), (0.75 * half + 0.25 * student.half).to(torch::kFloat), 1e-2,
                          1e-2));
    CHECK(torch::allclose(average.mean, with_buffers ? 0.75 * mean + 0.25 * student.mean : student.mean, 1e-15, 1e-15));
    CHECK(average.count.item<std::int64_t>() == 9);
    CHECK(torch::equal(average.mask, student.mask));
    CHECK((average.half.scalar_type() == torch::kBFloat16));
    CHECK(afd_test::same_state(student, of_student));
  }
}

TEST_CASE("a copy takes the student's values, whatever its dtype") {
  torch::manual_seed(0);
  auto average = tiny_network(), student = tiny_network();
  student->forward(afd_test::tiny_batch().inputs);
  MatchedTensors(*average, *student).copy();
  CHECK(afd_test::same_state(*average, afd_test::state_of(*student)));
  average->to(torch::kFloat);
  const MatchedTensors pairs(*average, *student);
  pairs.copy();
  CHECK(torch::equal(average->parameters()[0], student->parameters()[0].to(torch::kFloat)));
}

TEST_CASE("every difference of names, kinds and shapes is named at once") {
  auto small = tiny_network({3, 5}), large = tiny_network({3, 6, 6});
  const auto before = afd_test::state_of(*small);
  try {
    const MatchedTensors pairs(*small, *large);
    FAIL("they do not match");
  } catch (const afd::ConfigError& error) {
    const std::string said = error.what();
    CAPTURE(said);
    CHECK(said.find("head.weight: a parameter [4, 5] in the average, a parameter [4, 6] in the student") !=
          std::string::npos);
    CHECK(said.find("layer3.norm.running_mean: nothing in the average, a buffer [6] in the student") !=
          std::string::npos);
    CHECK(said.find("layer2.norm.bias: a parameter [5]") != std::string::npos);
    CHECK(said.find("layer1") == std::string::npos);
  }
  CHECK(afd_test::same_state(*small, before));
  struct Unlike : torch::nn::Module {
    Unlike() {
      register_buffer("whole", torch::randn({3, 2}, torch::kDouble));
      register_parameter("extra", torch::randn({1}));
    }
  } unlike;
  CHECK_THROWS_WITH_AS(MatchedTensors(unlike, Mixed()), doctest::Contains("whole: a buffer [3, 2] in the average"),
                       afd::ConfigError);
  CHECK_THROWS_WITH_AS(MatchedTensors(unlike, Mixed()), doctest::Contains("extra: a parameter [1] in the average"),
                       afd::ConfigError);
}

TEST_CASE("an average that is its student, shares memory with it, or ties what it does not is refused") {
  auto student = tiny_network();
  CHECK_THROWS_WITH_AS(MatchedTensors(*student, *student), doctest::Contains("another module"), afd::ConfigError);
  torch::nn::Linear one(3, 3), two(3, 3);
  two->weight.set_data(one->weight.view({3, 3}));
  CHECK_THROWS_WITH_AS(MatchedTensors(*one, *two), doctest::Contains("in the same memory as the student's weight"),
                       afd::ConfigError);
  struct Untied : torch::nn::Module {
    explicit Untied(bool tied) {
      const Tensor a = torch::randn({2}), b = torch::randn({2});
      register_parameter("a", a);
      register_parameter("b", tied ? a : b);
    }
  };
  CHECK_THROWS_WITH_AS(MatchedTensors(Untied(true), Untied(false)), doctest::Contains("a and b: one tensor"),
                       afd::ConfigError);
  CHECK_NOTHROW(MatchedTensors(Untied(false), Untied(true)));
}

TEST_CASE("a module that was moved or converted keeps its pairs, and one that was converted alone is refused by name") {
  torch::manual_seed(0);
  auto average = tiny_network(), student = tiny_network();
  const MatchedTensors pairs(*average, *student);
  pairs.copy();
  student->to(torch::kFloat);
  const auto before = afd_test::state_of(*average);
  CHECK_THROWS_WITH_AS(pairs.require_alike(), doctest::Contains("is Double [4] on cpu, but its student's is Float [4]"),
                       afd::ConfigError);
  CHECK(afd_test::same_state(*average, before));
  average->to(torch::kFloat);
  CHECK_NOTHROW(pairs.require_alike());
  const torch::NoGradGuard no_grad;
  for (Tensor& parameter : student->parameters()) parameter.fill_(1);
  pairs.move(0, false);
  for (const Tensor& parameter : average->parameters()) CHECK(torch::equal(parameter, torch::ones_like(parameter)));
}

TEST_SUITE_END();
