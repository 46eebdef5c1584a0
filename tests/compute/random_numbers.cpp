// SPDX-License-Identifier: MIT
#include <afd/compute/random_numbers.hpp>
//
#include <vector>

#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("compute");

using afd::detail::RandomNumbers;
using afd::detail::RandomNumbersGuard;

TEST_CASE("random numbers are saved, loaded and put back") {
  const RandomNumbers cpu({torch::Device(torch::kCPU)});
  torch::manual_seed(3);
  afd::StateDict state;
  cpu.save(state);
  CHECK(state.values().size() == 1);
  const torch::Tensor first = torch::rand({5});
  RandomNumbers(cpu).load(state);
  CHECK(torch::rand({5}).equal(first));

  torch::manual_seed(4);
  const torch::Tensor expected = torch::rand({5});
  torch::manual_seed(4);
  {
    const RandomNumbersGuard guard(cpu);
    static_cast<void>(torch::rand({100}));
  }
  CHECK(torch::rand({5}).equal(expected));
  CHECK_THROWS_AS(RandomNumbers(cpu).load(afd::StateDict()), afd::FormatError);
}

TEST_CASE("states are taken and set without a name") {
  RandomNumbers cpu({torch::Device(torch::kCPU), torch::Device(torch::kCPU)});
  torch::manual_seed(5);
  const std::vector<torch::Tensor> states = cpu.states();
  CHECK(states.size() == 1);
  const torch::Tensor first = torch::rand({5});
  CHECK_FALSE(torch::rand({5}).equal(first));
  cpu.set_states(states);
  CHECK(torch::rand({5}).equal(first));
}

TEST_CASE("every accelerator in use has its own" * doctest::skip(!torch::cuda::is_available())) {
  const RandomNumbers both({torch::Device(torch::kCPU), torch::Device(torch::kCUDA, 0)});
  torch::manual_seed(3);
  afd::StateDict state;
  both.save(state);
  CHECK(state.values().size() == 2);
  const auto draw = [] { return torch::rand({5}, torch::TensorOptions(torch::kCUDA)).cpu(); };
  const torch::Tensor first = draw();
  RandomNumbers(both).load(state);
  CHECK(draw().equal(first));
}

TEST_SUITE_END();
