// SPDX-License-Identifier: MIT
#include <afd/checkpoint/checkpoint_writer.hpp>
//
#include <fstream>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("checkpoint");

namespace {

afd::StateDict state_of(std::int64_t step) {
  afd::StateDict state;
  state.set("step", step);
  state.set("weights", torch::full({1000}, static_cast<double>(step)));
  return state;
}

}  // namespace

TEST_CASE("the newest stay, and the best one; at once or on a thread") {
  for (const bool asynchronous : {false, true}) {
    CAPTURE(asynchronous);
    const afd_test::TempFolder temp;
    std::vector<std::string> said;
    const afd::CheckpointOptions options{.folder = temp.path() / "new" / "folder",
                                         .keep_last = 3,
                                         .asynchronous = asynchronous,
                                         .say = [&](const std::string& text) { said.push_back(text); }};
    {
      afd::detail::CheckpointWriter writer(options);
      for (std::int64_t step = 1; step <= 8; ++step) writer.write(state_of(step), step, step == 4);
    }
    const auto files = afd::detail::CheckpointFolder(options.folder).files();
    REQUIRE(files.size() == 3);
    CHECK(files[0].step == 8);
    CHECK(files[2].step == 6);
    CHECK(afd::read_checkpoint(files[0].path).to_bytes() == state_of(8).to_bytes());
    CHECK(afd::read_checkpoint(options.folder / "best.afd").get<std::int64_t>("step") == 4);
    CHECK(said.empty());
  }
}

TEST_CASE("a best state that could not be written is written with the next one; old files go all the same") {
  for (const bool asynchronous : {false, true}) {
    const afd_test::TempFolder temp;
    std::vector<std::string> said;
    const afd::CheckpointOptions options{
        .folder = temp.path(), .keep_last = 1, .asynchronous = asynchronous, .say = [&](const std::string& text) {
          said.push_back(text);
        }};
    std::filesystem::create_directories(temp.path() / "best.afd" / "in the way");
    afd::detail::CheckpointWriter writer(options);
    writer.write(state_of(1), 1, false);
    writer.write(state_of(2), 2, true);
    writer.finish();
    REQUIRE(said.size() == 1);
    CHECK(said[0].find("best.afd is not that of the best epoch") != std::string::npos);
    CHECK(afd::detail::CheckpointFolder(temp.path()).files().size() == 1);
    std::filesystem::remove_all(temp.path() / "best.afd");
    writer.write(state_of(3), 3, false);
    writer.finish();
    CHECK(afd::read_checkpoint(temp.path() / "best.afd").get<std::int64_t>("step") == 2);
    CHECK(said.size() == 1);
  }
}

TEST_CASE("what a killed process left is cleared away first, and nobody else may write") {
  const afd_test::TempFolder temp;
  std::ofstream(temp.path() / "step_000000000100.afd.77_0.tmp") << "half";
  const afd::CheckpointOptions options{.folder = temp.path()};
  const afd::detail::CheckpointWriter writer(options);
  CHECK_FALSE(std::filesystem::exists(temp.path() / "step_000000000100.afd.77_0.tmp"));
  CHECK_THROWS_AS(afd::detail::CheckpointWriter{options}, afd::ConfigError);
}

TEST_CASE(
    "a folder that another training has taken meanwhile is left to it; one that was only removed is locked again") {
  for (const bool asynchronous : {false, true}) {
    const afd_test::TempFolder temp;
    std::vector<std::string> said;
    const afd::CheckpointOptions options{.folder = temp.path() / "run",
                                         .asynchronous = asynchronous,
                                         .say = [&](const std::string& text) { said.push_back(text); }};
    afd::detail::CheckpointWriter writer(options);
    std::filesystem::remove_all(options.folder);
    writer.write(state_of(1), 1, false);
    writer.finish();
    CHECK(writer.is_written());
    CHECK(said.empty());
    CHECK_THROWS_AS(afd::detail::CheckpointWriter{options}, afd::ConfigError);

    std::filesystem::rename(options.folder, temp.path() / "moved");
    {
      const afd::detail::CheckpointWriter other(options);
      writer.write(state_of(2), 2, false);
      writer.finish();
      CHECK_FALSE(writer.is_written());
      REQUIRE(said.size() == 1);
      CHECK(said[0].find("another training is at work") != std::string::npos);
      CHECK(afd::detail::CheckpointFolder(options.folder).files().empty());
    }
    writer.write(state_of(3), 3, false);
    writer.finish();
    CHECK(writer.is_written());
    CHECK(afd::detail::CheckpointFolder(options.folder).files().size() == 1);
  }
}

TEST_CASE("a folder that could not be locked at first is locked with the first file, and not touched before") {
  const afd_test::TempFolder temp;
  std::vector<std::string> said;
  const afd::CheckpointOptions options{.folder = temp.path(),
                                       .say = [&](const std::string& text) { said.push_back(text); }};
  std::filesystem::create_directory(temp.path() / "lock");  // in the way
  std::ofstream(temp.path() / "step_000000000100.afd.77_0.tmp") << "perhaps another's";
  afd::detail::CheckpointWriter writer(options);
  CHECK(said.size() == 1);
  CHECK(std::filesystem::exists(temp.path() / "step_000000000100.afd.77_0.tmp"));
  std::filesystem::remove(temp.path() / "lock");
  writer.write(state_of(1), 1, false);
  CHECK(writer.is_written());
  CHECK_THROWS_AS(afd::detail::CheckpointWriter{options}, afd::ConfigError);
}

TEST_CASE("where there are no locks, it is told once, and files are written") {
  const afd_test::TempFolder temp;
  std::vector<std::string> said;
  const afd::CheckpointOptions options{.folder = temp.path(),
                                       .say = [&](const std::string& text) { said.push_back(text); }};
  std::filesystem::create_directory(temp.path() / "lock");
  afd::detail::CheckpointWriter writer(options);
  for (int step = 1; step <= 3; ++step) writer.write(state_of(step), step, false);
  CHECK(writer.is_written());
  CHECK(said.size() == 1);
  CHECK(afd::detail::CheckpointFolder(temp.path()).files().at(0).step == 3);
}

TEST_CASE("what cannot be written is told, and nothing is thrown") {
  for (const bool asynchronous : {false, true}) {
    const afd_test::TempFolder temp;
    std::ofstream(temp.path() / "file") << "in the way";
    std::vector<std::string> said;
    const afd::CheckpointOptions options{.folder = temp.path() / "file",
                                         .asynchronous = asynchronous,
                                         .say = [&](const std::string& text) { said.push_back(text); }};
    afd::detail::CheckpointWriter writer(options);
    REQUIRE(!said.empty());
    CHECK(said[0].find("cannot make the folder") != std::string::npos);
    said.clear();
    writer.write(state_of(5), 5, false);
    writer.finish();
    REQUIRE(said.size() == 1);
    CHECK(said[0].find("no checkpoint after step 5") != std::string::npos);
    CHECK(said[0].find("the training goes on") != std::string::npos);
    afd::StateDict bad;
    bad.set("complex", torch::zeros({1}, torch::kComplexFloat));
    writer.write(bad, 6, false);
    CHECK(said.size() == 2);
  }
}

TEST_SUITE_END();
