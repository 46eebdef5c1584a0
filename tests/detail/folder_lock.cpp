// SPDX-License-Identifier: MIT
#include <afd/detail/folder_lock.hpp>
//
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("detail");

TEST_CASE("a folder is for one at a time, and free again afterwards") {
  const afd_test::TempFolder folder;
  {
    const afd::detail::FolderLock first(folder.path());
    CHECK_THROWS_WITH_AS(afd::detail::FolderLock(folder.path()), doctest::Contains("another training is at work"),
                         afd::ConfigError);
  }
  CHECK_NOTHROW(afd::detail::FolderLock(folder.path()));
}

TEST_CASE("who waits for a folder has it when the other is done") {
  using afd::detail::FolderLock;
  const afd_test::TempFolder folder;
  std::atomic<bool> is_given_back = false, was_early = false;
  std::optional<FolderLock> first(folder.path());
  std::thread second([&] {
    const FolderLock waited(folder.path(), FolderLock::WhenHeld::wait);
    was_early = !is_given_back;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  is_given_back = true;
  first.reset();
  second.join();
  CHECK_FALSE(was_early);
}

TEST_CASE("a lock knows when its folder has been moved away or made anew") {
  const afd_test::TempFolder folder;
  const std::filesystem::path place = folder.path() / "run";
  std::filesystem::create_directory(place);
  const afd::detail::FolderLock first(place);
  CHECK(first.is_in_place());
  std::filesystem::rename(place, folder.path() / "elsewhere");
  CHECK_FALSE(first.is_in_place());
  std::filesystem::create_directory(place);
  CHECK_FALSE(first.is_in_place());
  const afd::detail::FolderLock second(place);
  CHECK(second.is_in_place());
  CHECK_FALSE(first.is_in_place());
}

TEST_CASE("a folder that is not there cannot be locked") {
  const afd_test::TempFolder folder;
  CHECK_THROWS_WITH_AS(afd::detail::FolderLock(folder.path() / "none"), doctest::Contains("No such file"),
                       afd::FileError);
}

TEST_SUITE_END();
