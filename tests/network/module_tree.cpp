// SPDX-License-Identifier: MIT
#include <afd/network/module_tree.hpp>
//
#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

using afd::detail::ModuleTree;
namespace nn = torch::nn;

namespace {

struct Leaf : nn::Module {};
struct Net : nn::Module {
  Net() {
    inner = register_module("inner", std::make_shared<nn::Module>("inner"));
    inner->register_module("one", std::make_shared<Leaf>());
    register_module("two", std::make_shared<Leaf>());
  }
  std::shared_ptr<nn::Module> inner;
};

}  // namespace

TEST_CASE("a tree knows the modules of its root, and not those of another of the same class") {
  const Net net, other;
  CHECK(ModuleTree(net).is_of(net));
  CHECK_FALSE(ModuleTree(net).is_of(other));
  CHECK(ModuleTree(Leaf()).is_of(Leaf()));
}

TEST_CASE("a module that is replaced, comes or goes is noticed at every depth") {
  Net net;
  const ModuleTree before(net);
  net.inner->replace_module("one", std::make_shared<Leaf>());
  CHECK_FALSE(before.is_of(net));
  const ModuleTree replaced(net);
  net.inner->register_module("more", std::make_shared<Leaf>());
  CHECK_FALSE(replaced.is_of(net));
  const ModuleTree more(net);
  net.inner->unregister_module("more");
  CHECK_FALSE(more.is_of(net));
  CHECK(replaced.is_of(net));
}

TEST_SUITE_END();
