// SPDX-License-Identifier: MIT
#include <afd/network/save_network.hpp>
//
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/zoo/resnet.hpp>
#include <afd/zoo/wide_resnet.hpp>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("network");

using torch::Tensor;

namespace {

/// Fills buffers with something that is not their initial value.
template <class N>
void warm_up(N& network, const Tensor& inputs) {
  network->train();
  network->forward(inputs);
  network->eval();
}

template <class N>
void check_round_trip(N network, N other, const Tensor& inputs) {
  const afd_test::TempFolder folder;
  warm_up(network, inputs);
  other->eval();
  REQUIRE_FALSE(torch::equal(network->forward(inputs).logits, other->forward(inputs).logits));
  afd::save_network(network, folder.path() / "network.afd");
  afd::load_network(other, folder.path() / "network.afd");
  CHECK(torch::equal(network->forward(inputs).logits, other->forward(inputs).logits));
}

}  // namespace

TEST_CASE("a network read back gives the same logits to the bit") {
  torch::manual_seed(0);
  check_round_trip(afd::resnet8(10, 1), afd::resnet8(10, 1), torch::randn({4, 1, 8, 8}));
  check_round_trip(afd_test::tiny_network(), afd_test::tiny_network(), torch::randn({4, 1, 8, 8}, torch::kDouble));
}

TEST_CASE("every change of a byte and every truncation is a FormatError, and the network stays as it was") {
  torch::manual_seed(0);
  const afd_test::TempFolder folder;
  auto network = afd_test::tiny_network({2}), other = afd_test::tiny_network({2});
  const auto path = folder.path() / "network.afd";
  afd::save_network(network, path);
  const afd::Bytes bytes = afd::detail::read_raw(path);
  const auto before = afd_test::state_of(*other);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    afd::Bytes damaged = bytes;
    damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ 0x40);
    const auto wrong = folder.write("damaged.afd", damaged);
    REQUIRE_THROWS_AS(afd::load_network(other, wrong), afd::FormatError);
    damaged.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    REQUIRE_THROWS_AS(afd::load_network(other, folder.write("damaged.afd", damaged)), afd::FormatError);
  }
  CHECK(afd_test::same_state(*other, before));
  afd::load_network(other, path);
  CHECK(afd_test::same_state(*other, afd_test::state_of(*network)));
}

TEST_CASE("what is not this network's file is refused by name, and the network stays as it was") {
  torch::manual_seed(0);
  const afd_test::TempFolder folder;
  auto narrow = afd_test::tiny_network({3, 5}), wide = afd_test::tiny_network({3, 6}),
       deep = afd_test::tiny_network({3, 5, 5});
  const auto path = folder.path() / "network.afd";
  afd::save_network(narrow, path);
  const auto refused = [&](auto& network, const std::filesystem::path& file, const char* part) {
    const auto before = afd_test::state_of(*network);
    CHECK_THROWS_WITH_AS(afd::load_network(network, file), doctest::Contains(part), afd::FileError);
    CHECK(afd_test::same_state(*network, before));
  };
  refused(wide, path, "head.weight is Double [4, 5] in the file, but Double [4, 6] here");
  refused(deep, path, "the state has no layer3");
  auto shallow = afd_test::tiny_network({5});
  const auto deeper = folder.path() / "deeper.afd";
  auto two = afd_test::tiny_network({5, 5});
  afd::save_network(two, deeper);
  refused(shallow, deeper, "layer2.conv.weight is in the file, but not here");
  auto single = afd_test::tiny_network({3, 5});
  single->to(torch::kFloat);
  refused(single, path, "Double");
  refused(narrow, folder.path() / "none.pt", "there is no such file");
  refused(narrow, folder.write("text.pt", {'n', 'o', 't', ' ', 'a', ' ', 'n', 'e', 't'}), "is not a file of afd");

  std::ifstream file(path, std::ios::binary);
  std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  const auto cut = folder.path() / "cut.pt";
  std::ofstream(cut, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size() / 2));
  refused(narrow, cut, "is truncated");
}

TEST_CASE("a buffer that shows one element at many places is refused, and nothing is loaded") {
  struct Expanded : torch::nn::Module {
    Expanded() {
      weight = register_parameter("weight", torch::randn({2, 2}));
      scale = register_buffer("scale", torch::ones({1, 1}).expand({3, 3}));
    }
    torch::Tensor forward(const torch::Tensor& inputs) { return inputs; }
    torch::Tensor weight, scale;
  };
  const afd_test::TempFolder folder;
  Expanded from, to;
  const auto before = afd_test::state_of(to);
  afd::save_network(from, folder.path() / "net.afd");
  CHECK_THROWS_WITH_AS(afd::load_network(to, folder.path() / "net.afd"), doctest::Contains("x.clone()"),
                       afd::ConfigError);
  CHECK(afd_test::same_state(to, before));
}

TEST_CASE("a folder that is not there is an error before anything is written") {
  const afd_test::TempFolder folder;
  auto network = afd_test::tiny_network();
  CHECK_THROWS_AS(afd::save_network(network, folder.path() / "no" / "network.pt"), afd::FileError);
}

TEST_SUITE_END();
