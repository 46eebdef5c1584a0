// SPDX-License-Identifier: MIT
#include <afd/train/checkpoint.hpp>
//
#include <fstream>

#include <torch/torch.h>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("train");

using afd::detail::CheckpointFolder;

namespace {

void write(const std::filesystem::path& path) {
  std::ofstream(path) << "x";
}

}  // namespace

TEST_CASE("files are found by their steps, the newest first, and others are left alone") {
  const afd_test::TempFolder temp;
  const CheckpointFolder folder(temp.path());
  CHECK(CheckpointFolder(temp.path() / "none").files().empty());
  CHECK(folder.path_of(1234).filename() == "step_000000001234.afd");
  for (const std::int64_t step : {7, 1234, 99}) write(folder.path_of(step));
  for (const char* name : {"best.afd", "step_.afd", "step_12x.afd", "step_99999999999999999999.afd", "notes.txt"}) {
    write(temp.path() / name);
  }
  const auto files = folder.files();
  REQUIRE(files.size() == 3);
  CHECK(files[0].step == 1234);
  CHECK(files[2].step == 7);
  write(temp.path() / "step_000000000100.afd.77.tmp");
  folder.prune(2);
  CHECK(folder.files().size() == 2);
  CHECK_FALSE(std::filesystem::exists(folder.path_of(7)));
  CHECK_FALSE(std::filesystem::exists(temp.path() / "step_000000000100.afd.77.tmp"));
  CHECK(std::filesystem::exists(temp.path() / "notes.txt"));
  CHECK(std::filesystem::exists(temp.path() / "best.afd"));
}

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

TEST_SUITE_END();
