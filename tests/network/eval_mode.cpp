// SPDX-License-Identifier: MIT
#include <afd/network/eval_mode.hpp>
//
#include <torch/nn.h>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("network");

TEST_CASE("eval mode lasts as long as the guard, and every submodule gets back its own mode") {
  afd_test::Probe network;
  network->norm->eval();  // set apart by the user
  {
    const afd::EvalMode eval(*network);
    CHECK_FALSE(network->is_training());
    CHECK_FALSE(network->conv->is_training());
  }
  CHECK(network->is_training());
  CHECK(network->conv->is_training());
  CHECK_FALSE(network->norm->is_training());
}

TEST_CASE("a module that was in eval mode stays there, with a child in train mode") {
  afd_test::Probe network;
  network->eval();
  network->head->train();
  {
    const afd::EvalMode eval(*network);
  }
  CHECK_FALSE(network->is_training());
  CHECK_FALSE(network->norm->is_training());
  CHECK(network->head->is_training());
}

TEST_CASE("train mode is entered if the root is not in it, and parts that were set apart stay if it is") {
  afd_test::Probe network;
  network->norm->eval();
  afd::ensure_train_mode(*network);
  CHECK_FALSE(network->norm->is_training());
  network->eval();
  afd::ensure_train_mode(*network);
  CHECK(network->is_training());
  CHECK(network->norm->is_training());
}

TEST_CASE("modes of deep trees come back, also after an exception, and for a module on the stack") {
  torch::nn::Sequential inner(torch::nn::Linear(1, 1), torch::nn::Dropout());
  struct Outer : torch::nn::Module {
    explicit Outer(const torch::nn::Sequential& child) { register_module("child", child); }
  };
  Outer outer(inner);
  inner->ptr(1)->eval();
  try {
    const afd::EvalMode eval(outer);
    throw 1;
  } catch (int) {
  }
  CHECK(inner->is_training());
  CHECK(inner->ptr(0)->is_training());
  CHECK_FALSE(inner->ptr(1)->is_training());
}

TEST_SUITE_END();
