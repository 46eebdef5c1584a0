// SPDX-License-Identifier: MIT
#include <afd/state/safetensors_file.hpp>
//
#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>

#include <torch/torch.h>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("state");

using Tensors = std::map<std::string, torch::Tensor>;

TEST_CASE("tensors of every supported dtype, shape and layout come back to the bit") {
  torch::manual_seed(1);
  const afd_test::TempFolder folder;
  const auto path = folder.path() / "all.safetensors";
  Tensors tensors;
  for (const auto& [name, scalar] : afd::detail::safetensors_scalars) {
    tensors.emplace(name, torch::randn({3, 5}).mul(50).to(scalar));
  }
  tensors.emplace("scalar", torch::tensor(7, torch::kInt64));
  tensors.emplace("empty", torch::empty({0, 4}));
  tensors.emplace("nan", torch::full({2}, std::nan("")));
  tensors.emplace("transposed", torch::randn({4, 6}).t());
  tensors.emplace("expanded", torch::randn({1, 3}).expand({4, 3}));
  tensors.emplace("last", torch::randn({2, 3, 4, 5}).contiguous(torch::MemoryFormat::ChannelsLast));
  tensors.emplace("trained", torch::randn({2}, torch::requires_grad()));
  afd::write_safetensors(tensors, path);
  const Tensors read = afd::read_safetensors(path);
  REQUIRE(read.size() == tensors.size());
  for (const auto& [name, tensor] : tensors) {
    CAPTURE(name);
    const torch::Tensor& other = read.at(name);
    CHECK((other.scalar_type() == tensor.scalar_type()));
    CHECK(other.is_contiguous());
    CHECK_FALSE(other.requires_grad());
    CHECK((name == "nan" ? other.isnan().all().item<bool>() && other.sizes() == tensor.sizes() : other.equal(tensor)));
  }
}

TEST_CASE("a tensor may be written under two names, and there may be none") {
  const afd_test::TempFolder folder;
  const auto path = folder.path() / "tied.safetensors";
  const torch::Tensor tied = torch::randn({3});
  afd::write_safetensors({{"a", tied}, {"b", tied}}, path);
  CHECK(afd::read_safetensors(path).at("b").equal(tied));
  afd::write_safetensors({}, path);
  CHECK(afd::read_safetensors(path).empty());
}

TEST_CASE("elements at odd addresses are read") {
  const afd_test::TempFolder folder;
  const std::string header = R"({"a":{"dtype":"F64","shape":[1],"data_offsets":[1,9]},)"
                             R"("b":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})";
  afd::Bytes bytes;
  afd::detail::put_number(bytes, header.size(), 8);
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.push_back(1);
  afd::detail::put_number(bytes, std::bit_cast<std::uint64_t>(0.5), 8);
  const Tensors read = afd::read_safetensors(folder.write("odd.safetensors", bytes));
  CHECK(read.at("a").item<double>() == 0.5);
  CHECK(read.at("b").item<bool>());
}

TEST_CASE("what cannot be written or read is refused by name") {
  const afd_test::TempFolder folder;
  const auto path = folder.path() / "a.safetensors";
  const auto write = [&](const Tensors& tensors, const std::filesystem::path& to) {
    afd::write_safetensors(tensors, to);
  };
  CHECK_THROWS_WITH_AS(write({{"w", torch::zeros({1}, torch::kComplexFloat)}}, path),
                       "cannot save w: tensors of ComplexFloat are not supported", afd::DataError);
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK_THROWS_AS(write({{"w", torch::zeros({1})}}, folder.path() / "no" / "a.safetensors"), afd::FileError);
  const afd::Bytes zeros(8);
  const auto odd = folder.write(
      "odd.safetensors",
      afd::format_safetensors({.tensors = {{"w", {*afd::find_safetensors_dtype("U32"), {2}, std::span(zeros)}}}}));
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::read_safetensors(odd)),
                       doctest::Contains("odd.safetensors has tensors that are not supported: w is U32"),
                       afd::FormatError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::read_safetensors(path)), doctest::Contains("there is no such file"),
                       afd::FileError);
}

TEST_SUITE_END();
