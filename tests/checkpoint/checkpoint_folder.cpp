// SPDX-License-Identifier: MIT
#include <afd/checkpoint/checkpoint_folder.hpp>
//
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("checkpoint");

using afd::detail::CheckpointFolder;

namespace {

void write(const std::filesystem::path& path) {
  std::ofstream(path) << "x";
}

void write_state(const std::filesystem::path& path, std::int64_t step) {
  afd::StateDict state;
  state.set("step", step);
  const afd::Bytes bytes = afd::seal(state.to_bytes(), afd::checkpoint_kind);
  afd::detail::write_file_atomically(path, std::span(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
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
  folder.prune(2, 1234);
  folder.remove_temporary();
  CHECK(folder.files().size() == 2);
  CHECK_FALSE(std::filesystem::exists(folder.path_of(7)));
  CHECK_FALSE(std::filesystem::exists(temp.path() / "step_000000000100.afd.77.tmp"));
  CHECK(std::filesystem::exists(temp.path() / "notes.txt"));
  CHECK(std::filesystem::exists(temp.path() / "best.afd"));
}

TEST_CASE("files after the newest one of this training do not count, and stay") {
  const afd_test::TempFolder temp;
  const CheckpointFolder folder(temp.path());
  for (const std::int64_t step : {10, 20, 30, 100}) write(folder.path_of(step));
  folder.prune(1, 30);
  const auto files = folder.files();
  REQUIRE(files.size() == 2);
  CHECK(files[0].step == 100);
  CHECK(files[1].step == 30);
}

TEST_CASE("a folder that cannot be listed is not an empty one") {
  const afd_test::TempFolder temp;
  write(temp.path() / "file");
  CHECK_THROWS_WITH_AS(static_cast<void>(CheckpointFolder(temp.path() / "file").files()),
                       doctest::Contains("cannot read the folder"), afd::FileError);
}

TEST_CASE("the newest whole file serves, then the best one; damaged ones are put aside") {
  const afd_test::TempFolder temp;
  const CheckpointFolder folder(temp.path());
  std::vector<std::string> said;
  const afd::CheckpointOptions options{.folder = temp.path(),
                                       .say = [&](const std::string& text) { said.push_back(text); }};
  const auto newest = [&] { return afd::detail::newest_checkpoint(options); };
  CHECK_FALSE(newest().has_value());
  write_state(folder.best_path(), 1);
  CHECK(newest()->state.get<std::int64_t>("step") == 1);
  write_state(folder.path_of(2), 2);
  write(folder.path_of(3));
  CHECK(newest()->path == folder.path_of(2));
  CHECK(said.size() == 1);
  CHECK(std::filesystem::exists(folder.path_of(3).string() + ".damaged"));
  CHECK(newest()->path == folder.path_of(2));
  CHECK(said.size() == 1);
  write(folder.path_of(2));
  write(folder.best_path());
  // As often as it is asked: were the files put aside, the next training would begin anew.
  for (int start = 0; start < 2; ++start) {
    CHECK_THROWS_WITH_AS(static_cast<void>(newest()), doctest::Contains("no checkpoint in"), afd::FormatError);
  }
  CHECK(std::filesystem::exists(folder.best_path()));
}

TEST_SUITE_END();
