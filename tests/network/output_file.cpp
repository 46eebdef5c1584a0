// SPDX-License-Identifier: MIT
#include <afd/network/output_file.hpp>
//
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include <torch/torch.h>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("network");

using afd::CacheBy;
using afd::ContentKey;
using afd::detail::OutputFile;
using afd::detail::Packed;
using torch::Tensor;

namespace {

bool same(const Packed& a, const Packed& b) {
  if (a.numbers != b.numbers || a.tensors.size() != b.tensors.size()) return false;
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    if (!torch::equal(a.tensors[i], b.tensors[i]) || a.tensors[i].strides() != b.tensors[i].strides() ||
        a.tensors[i].scalar_type() != b.tensors[i].scalar_type()) {
      return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("tensors keep their order in memory") {
  const Tensor maps = torch::randn({2, 3, 4, 5});
  CHECK(afd::detail::memory_order(maps).empty());
  CHECK(afd::detail::memory_order(maps.contiguous(torch::MemoryFormat::ChannelsLast)) ==
        std::vector<std::int64_t>{0, 2, 3, 1});
  CHECK(afd::detail::memory_order(torch::ones({1, 1}).expand({2, 3})).empty());
  for (const Tensor& tensor : {maps, maps.contiguous(torch::MemoryFormat::ChannelsLast), maps.permute({3, 1, 0, 2}),
                               maps.view({6, 20}).t(), torch::ones({}), torch::ones({0, 3})}) {
    const Tensor back = afd::detail::in_memory_order(tensor.contiguous(), afd::detail::memory_order(tensor));
    CHECK(torch::equal(back, tensor));
    CHECK(back.strides() == tensor.strides());
  }
}

TEST_CASE("a batch's outputs come back with dtypes, strides and numbers") {
  torch::manual_seed(0);
  const afd_test::TempFolder folder;
  const Packed parts{
      {torch::randn({2, 3, 4, 5}).contiguous(torch::MemoryFormat::ChannelsLast),
       torch::randn({2, 4}).to(torch::kBFloat16), torch::arange(3), torch::full({2}, NAN).isnan(), torch::ones({})},
      {1, -5, 1}};
  const ContentKey teacher{1, 2};
  {
    OutputFile file(folder.path() / "cache", teacher, CacheBy::batch);
    CHECK_FALSE(file.find(ContentKey{7, 7}).has_value());
    file.add(ContentKey{7, 7}, parts);
    CHECK(same(*file.find(ContentKey{7, 7}), parts));
    file.sync();
  }
  OutputFile file(folder.path() / "cache", teacher, CacheBy::batch);
  CHECK(file.size() == 1);
  CHECK(same(*file.find(ContentKey{7, 7}), parts));
}

TEST_CASE("samples are found in other batches, in memory and in the file") {
  torch::manual_seed(0);
  const afd_test::TempFolder folder;
  const ContentKey teacher{1, 2};
  const std::vector<ContentKey> keys{{0, 1}, {0, 2}, {0, 3}, {0, 4}};
  const auto some = [&](std::initializer_list<std::size_t> places) {
    std::vector<ContentKey> chosen;
    for (const std::size_t place : places) chosen.push_back(keys[place]);
    return chosen;
  };
  const Tensor maps = torch::randn({4, 3, 2, 2}).contiguous(torch::MemoryFormat::ChannelsLast),
               logits = torch::randn({4, 5});
  const auto rows = [&](std::vector<std::int64_t> places) {
    const Tensor index = torch::tensor(places, torch::kInt64);
    return Packed{
        {maps.index_select(0, index).contiguous(torch::MemoryFormat::ChannelsLast), logits.index_select(0, index)},
        {1, 1}};
  };
  {
    OutputFile file(folder.path() / "cache", teacher, CacheBy::sample);
    CHECK_FALSE(file.find(some({0})).has_value());
    file.add(some({0, 1, 1}), rows({0, 1, 1}));
    CHECK(file.size() == 2);
    CHECK_FALSE(file.find(some({0, 2})).has_value());
    Packed other = rows({1, 2});
    other.tensors[1][0] = 77;  // of one that is known, what is known stays
    file.add(some({1, 2}), other);
    CHECK(same(*file.find(some({2, 0, 1, 0})), rows({2, 0, 1, 0})));
  }
  OutputFile file(folder.path() / "cache", teacher, CacheBy::sample);
  CHECK(file.size() == 3);
  CHECK(file.file().size() == 2);
  CHECK(same(*file.find(some({2, 0, 1, 0})), rows({2, 0, 1, 0})));
  CHECK_FALSE(file.find(some({3})).has_value());
  file.add(some({3}), Packed{{maps.slice(0, 3), logits.slice(0, 3)}, {1, 0}});
  CHECK_FALSE(file.find(some({0, 3})).has_value());  // of another form
  CHECK_THROWS_WITH_AS(file.add({{9, 9}, {9, 8}}, Packed{{torch::ones({3})}, {1}}), doctest::Contains("a row for each"),
                       afd::ConfigError);
}

TEST_CASE("a file of another teacher, or with other keys, is refused by name") {
  const afd_test::TempFolder folder;
  {
    const OutputFile file(folder.path() / "cache", {1, 2}, CacheBy::batch);
  }
  CHECK_THROWS_WITH_AS(
      OutputFile(folder.path() / "cache", {1, 3}, CacheBy::batch),
      doctest::Contains("cache\" holds what another teacher returned, whose weights are 1-2 and not 1-3"),
      afd::ConfigError);
  CHECK_THROWS_WITH_AS(OutputFile(folder.path() / "cache", {1, 2}, CacheBy::sample), doctest::Contains("by the batch"),
                       afd::ConfigError);
}

TEST_SUITE_END();
