// SPDX-License-Identifier: MIT
#include <afd/checkpoint/checkpoint.hpp>
//
#include <torch/torch.h>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("checkpoint");

TEST_CASE("a checkpoint is read back, and every damage to it is a FormatError") {
  const afd_test::TempFolder temp;
  afd::StateDict state;
  state.set("weights", torch::arange(6.0).view({2, 3}));
  state.set("epoch", std::int64_t{3});
  const afd::Bytes bytes = afd::seal(state.to_bytes(), afd::checkpoint_kind);
  const auto path = temp.write("a.afd", bytes);
  CHECK(afd::read_checkpoint(path).to_bytes() == state.to_bytes());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    afd::Bytes damaged = bytes;
    damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ 0x10);
    const auto other = temp.write("b.afd", damaged);
    REQUIRE_THROWS_AS(static_cast<void>(afd::read_checkpoint(other)), afd::FormatError);
  }
  CHECK_THROWS_AS(static_cast<void>(afd::read_checkpoint(temp.path() / "none.afd")), afd::FileError);
}

TEST_CASE("a newer format is told apart from damage") {
  const afd_test::TempFolder temp;
  afd::StateDict state;
  state.set("epoch", std::int64_t{3});
  const auto path = temp.write("a.afd", afd::seal(state.to_bytes(), {"run", afd::checkpoint_kind.version + 1}));
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::read_checkpoint(path)), doctest::Contains("use a newer one"),
                       afd::VersionError);
}

TEST_SUITE_END();
