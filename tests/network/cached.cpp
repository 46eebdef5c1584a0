// SPDX-License-Identifier: MIT
#include <afd/network/cached.hpp>
//
#include <cstddef>
#include <tuple>
#include <type_traits>

#include <torch/torch.h>

#include <afd/data/views.hpp>
#include <afd/network/outputs.hpp>
#include <afd/network/save_network.hpp>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("network");

using torch::Tensor;

static_assert(std::is_same_v<afd::OutputsOf<afd::Cached, afd::CachedOutputs<afd::Outputs>>, afd::Outputs>);
static_assert(!afd::NetworkTakes<afd::Cached, std::tuple<Tensor, Tensor>>);
static_assert(afd::detail::is_walkable<afd::Views<afd::CachedOutputs<afd::Outputs>, Tensor>>);

TEST_CASE("a cached network returns what its inputs hold, and has nothing to train") {
  const afd::Cached teacher;
  const afd::Outputs outputs{torch::randn({3, 2}), torch::randn({3, 4})};
  const afd::CachedOutputs<afd::Outputs> inputs(outputs, 3);
  const afd::Outputs returned = afd::run(teacher, inputs);
  CHECK(returned.features.is_same(outputs.features));
  CHECK(returned.logits.is_same(outputs.logits));
  CHECK(afd::sample_count(inputs) == 3);
  CHECK(afd::module_of(teacher).parameters().empty());
  CHECK_FALSE(afd::module_of(teacher).is_training());
  const afd_test::TempFolder folder;
  afd::save_network(teacher, folder.path() / "nothing.afd");
  CHECK_NOTHROW(afd::load_network(teacher, folder.path() / "nothing.afd"));
}

TEST_CASE("as a part of a batch it shows the tensors that are there, which may be moved") {
  afd::Views<afd::CachedOutputs<afd::Outputs>, Tensor> views(
      afd::CachedOutputs<afd::Outputs>({Tensor(), torch::ones({2, 4})}, 2), torch::randn({2, 3}));
  CHECK(views.sample_count() == 2);
  std::size_t count = 0;
  afd::for_each_tensor(views, [&](Tensor& tensor) {
    CHECK(tensor.defined());
    tensor = tensor.to(torch::kDouble);
    ++count;
  });
  CHECK(count == 2);
  const afd::Outputs returned = afd::run(afd::Cached(), std::get<0>(views.each));
  CHECK_FALSE(returned.features.defined());
  CHECK(returned.logits.dtype() == torch::kDouble);
}

TEST_SUITE_END();
