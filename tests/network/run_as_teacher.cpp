// SPDX-License-Identifier: MIT
#include <afd/network/run_as_teacher.hpp>
//
#include <c10/core/InferenceMode.h>
#include <torch/torch.h>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("network");

TEST_CASE("a forward of a teacher has no graph, is in eval mode and gives ordinary tensors") {
  afd_test::Probe probe;
  const torch::Tensor inputs = afd_test::tiny_batch().inputs;
  const auto run = [&] { return probe->forward(inputs); };
  const auto outputs = afd::detail::run_as_teacher(*probe, afd::Statistics::running, run);
  CHECK_FALSE(probe->seen.with_graph);
  CHECK_FALSE(probe->seen.training);
  CHECK_FALSE(outputs.logits.requires_grad());
  const auto in_train_mode = [&] {
    CHECK(probe->norm->is_training());
    CHECK_FALSE(probe->is_training());
    const c10::InferenceMode guard;
    return probe->forward(inputs);
  };
  const auto other = afd::detail::run_as_teacher(*probe, afd::Statistics::of_batch, in_train_mode);
  CHECK_FALSE(other.logits.is_inference());
  CHECK_FALSE(torch::allclose(other.logits, outputs.logits));
  CHECK_FALSE(probe->norm->is_training());
  CHECK(torch::GradMode::is_enabled());
}

TEST_SUITE_END();
