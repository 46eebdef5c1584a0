// SPDX-License-Identifier: MIT
#include <afd/data/input_keys.hpp>
//
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include <afd/data/views.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::detail::key_of_inputs;
using afd::detail::keys_of_samples;
using torch::Tensor;

namespace {

struct Patient {
  Tensor image, metadata;
  int scale = 1;
};

}  // namespace

TEST_CASE("a batch's key is that of its values, dtypes, sizes and numbers, and of nothing else") {
  torch::manual_seed(0);
  const Tensor images = torch::randn({3, 2, 4, 4});
  const auto key = key_of_inputs(images);
  CHECK(key_of_inputs(images.clone()) == key);
  CHECK(key_of_inputs(images.contiguous(torch::MemoryFormat::ChannelsLast)) == key);
  CHECK(key_of_inputs(images.clone().requires_grad_()) == key);
  Tensor changed = images.clone();
  changed.view(-1)[17] += 1e-6;
  std::set keys{key,
                key_of_inputs(changed),
                key_of_inputs(images.view({3, 2, 2, 8})),
                key_of_inputs(images.slice(0, 0, 2)),
                key_of_inputs(images.view(torch::kInt32)),
                key_of_inputs(std::tuple{images, images}),
                key_of_inputs(std::vector<Tensor>{images}),
                key_of_inputs(Patient{images, images, 1}),
                key_of_inputs(Patient{images, images, 2}),
                key_of_inputs(Patient{images, Tensor(), 1}),
                key_of_inputs(afd::Views<Tensor, Tensor>(images, changed))};
  CHECK(keys.size() == 11);
}

TEST_CASE("a sample has the same key in whatever batch it is, and another one for a change of its own") {
  torch::manual_seed(0);
  const Tensor images = torch::randn({4, 2, 3}), ids = torch::arange(4, torch::kInt64);
  const auto all = keys_of_samples(images, 4);
  REQUIRE(all.size() == 4);
  CHECK(std::set(all.begin(), all.end()).size() == 4);
  const Tensor rows = torch::tensor({2, 0}, torch::kInt64);
  const auto some = keys_of_samples(images.index_select(0, rows), 2);
  CHECK((some == std::vector{all[2], all[0]}));
  Tensor changed = images.clone();
  changed[1][1][2] += 1;
  const auto after = keys_of_samples(changed, 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK((after[i] == all[i]) == (i != 1));

  const auto pairs = keys_of_samples(std::pair{images, ids}, 4);
  CHECK((keys_of_samples(std::pair{images.index_select(0, rows), ids.index_select(0, rows)}, 2) ==
         std::vector{pairs[2], pairs[0]}));
  CHECK(keys_of_samples(std::pair{images, ids + 1}, 4)[0] != pairs[0]);
  // What all samples share is in the key of each.
  const Tensor mask = torch::ones({3, 3});
  const auto masked = keys_of_samples(std::pair{images, mask}, 4),
             other = keys_of_samples(std::pair{images, 2 * mask}, 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(masked[i] != other[i]);
  const std::vector<Tensor> list{torch::ones({2}), torch::ones({3}), torch::ones({2})};
  const auto of_list = keys_of_samples(list, 3);
  CHECK(of_list[0] == of_list[2]);
  CHECK(of_list[0] != of_list[1]);
}

TEST_CASE("a view that computes when it is read is known by what is read") {
  const torch::Tensor number = torch::complex(torch::tensor({1.0F, 2.0F}), torch::tensor({3.0F, -4.0F}));
  CHECK(afd::detail::key_of_inputs(number.conj()) != afd::detail::key_of_inputs(number));
  CHECK(afd::detail::key_of_inputs(number.conj()) == afd::detail::key_of_inputs(number.conj().resolve_conj()));
}

TEST_SUITE_END();
