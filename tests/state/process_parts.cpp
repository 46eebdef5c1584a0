// SPDX-License-Identifier: MIT
#include <afd/state/process_parts.hpp>
//
#include <cstdint>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/state/prefixed_visitor.hpp>
#include <afd/step/gradient_sums.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("state");

using afd::StateDict;
using afd::detail::GradientSums;
using afd::detail::ProcessParts;
using torch::Tensor;

namespace {

const std::vector<std::string> names{"w", "v"};
const std::vector<Tensor> like{torch::zeros({2}), torch::zeros({1})};

/// Of process `rank`, which has taken two steps.
StateDict state_of(int rank, GradientSums& sums) {
  StateDict state;
  state.set("network 0/w", torch::ones({2}));
  state.set("trainer/step", std::int64_t{7});
  state.set("random numbers", torch::full({4}, rank, torch::kUInt8));
  const std::int64_t samples = 2 + rank;
  sums.keep(
      sums.with(std::vector<Tensor>{torch::full({2}, 1.0 + rank), rank == 1 ? torch::ones({1}) : Tensor()}, samples),
      samples);
  sums.keep(sums.with(std::vector<Tensor>{torch::full({2}, 3.0), Tensor()}, 5), 5);
  afd::SaveState save(state);
  afd::PrefixedVisitor<afd::SaveState> prefixed("logit optimizer 0/", save);
  sums.visit(names, like, prefixed);
  return state;
}

}  // namespace

TEST_CASE("each process goes on with its own random numbers and gathered gradients") {
  GradientSums sums[3]{GradientSums(2), GradientSums(2), GradientSums(2)};
  std::vector<StateDict> states;
  for (int rank = 0; rank < 3; ++rank) states.push_back(state_of(rank, sums[rank]));
  CHECK(afd::detail::shared_fingerprint(states[0]) == afd::detail::shared_fingerprint(states[2]));
  StateDict saved = states[0];
  afd::detail::add_parts(saved, {afd::detail::own_part(states[1]), afd::detail::own_part(states[2])});
  CHECK(saved.get<std::int64_t>("processes") == 3);
  const ProcessParts parts(saved);
  for (std::size_t rank = 0; rank < 3; ++rank) {
    const StateDict part = parts.of(rank, 3);
    CHECK(part.values().size() == states[rank].values().size());
    for (const auto& [key, value] : states[rank].values()) {
      CAPTURE(key);
      REQUIRE(part.contains(key));
      if (const auto* tensor = std::get_if<Tensor>(&value)) {
        CHECK(torch::equal(*tensor, part.get<Tensor>(key)));
      } else {
        CHECK(std::get<std::int64_t>(value) == part.get<std::int64_t>(key));
      }
    }
  }
}

TEST_CASE(
    "with another number of processes gathered gradients come to the same mean, and chance is new for who is new") {
  GradientSums sums[2]{GradientSums(2), GradientSums(2)};
  StateDict saved = state_of(0, sums[0]);
  afd::detail::add_parts(saved, {afd::detail::own_part(state_of(1, sums[1]))});
  // The mean over the samples of both, and three more of each process there is now.
  const Tensor more = torch::full({2}, 4.0), w = (2 * 1.0 + 5 * 3.0 + 3 * 2.0 + 5 * 3.0 + 0 * more);
  for (const std::size_t size : {std::size_t{1}, std::size_t{3}}) {
    Tensor sum = torch::zeros({2}), of_v = torch::zeros({1});
    double samples = 0;
    std::vector<Tensor> random;
    for (std::size_t rank = 0; rank < size; ++rank) {
      const StateDict part = ProcessParts(saved).of(rank, size);
      CHECK_FALSE(part.contains("processes"));
      random.push_back(part.get<Tensor>("random numbers"));
      StateDict gathered;
      for (const auto& [key, value] : part.values()) {
        const std::string prefix = "logit optimizer 0/";
        if (key.starts_with(prefix)) gathered.set(key.substr(prefix.size()), value);
      }
      GradientSums own(2);
      afd::LoadState load(gathered);
      own.visit(names, like, load);
      CHECK(own.steps() == 2);
      const auto all = own.with(std::vector<Tensor>{more, Tensor()}, 3);
      const double weight = static_cast<double>(own.samples() + 3);
      sum += all[0] * own.scale_with(3) * weight;
      if (all[1].defined()) of_v += all[1] * own.scale_with(3) * weight;
      samples += weight;
    }
    CHECK(samples == 15 + 3.0 * static_cast<double>(size));
    CHECK(torch::allclose(sum, w + 3.0 * static_cast<double>(size) * more));
    CHECK(of_v.item<double>() == doctest::Approx(3.0));
    if (size == 3) {
      CHECK(torch::equal(random[1], torch::full({4}, 1, torch::kUInt8)));
      auto generator = at::detail::createCPUGenerator();
      CHECK_NOTHROW(generator.set_state(random[2]));
      CHECK(torch::equal(random[2], ProcessParts(saved).of(2, 3).get<Tensor>("random numbers")));
      CHECK_FALSE(torch::equal(random[2], ProcessParts(saved).of(3, 4).get<Tensor>("random numbers")));
    }
  }
}

TEST_CASE("states of processes that have drifted apart are told from each other") {
  GradientSums a(2), b(2);
  StateDict one = state_of(0, a), other = state_of(0, b);
  one.set("network 0/v", torch::ones({1}));
  other.set("network 0/v", torch::full({1}, 1.5));
  CHECK(afd::detail::shared_fingerprint(one) != afd::detail::shared_fingerprint(other));
}

TEST_SUITE_END();
