// SPDX-License-Identifier: MIT
#pragma once

// The images of a folder that has one sub-folder per class, as ImageNet has. Torch-free.

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

struct LabelledFile {
  std::filesystem::path path;
  std::int64_t label = 0;  ///< place of its class in ImageListing::classes
};

/// Files class by class, sorted by name within each: the same list on every machine.
struct ImageListing {
  std::vector<std::string> classes;  ///< names of the sub-folders, sorted
  std::vector<LabelledFile> files;
};

namespace detail {

[[nodiscard]] inline bool is_image_name(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return ending == ".jpg" || ending == ".jpeg" || ending == ".png";
}

/// What `folder` holds and `wanted` takes, sorted.
template <class Wanted>
[[nodiscard]] std::vector<std::filesystem::path> sorted_entries(const std::filesystem::path& folder,
                                                                const Wanted& wanted) {
  std::vector<std::filesystem::path> entries;
  std::error_code problem;
  for (std::filesystem::directory_iterator entry(folder, problem), end; !problem && entry != end;
       entry.increment(problem)) {
    if (wanted(*entry)) entries.push_back(entry->path());
  }
  if (problem) throw FileError(concat("cannot list ", folder, ": ", problem.message()));
  std::sort(entries.begin(), entries.end());
  return entries;
}

}  // namespace detail

/// Files that end in .jpg, .jpeg or .png, in any case, directly in the sub-folders of `folder`; names that begin
/// with a dot are left out. Throws FileError for a folder that cannot be listed, DataError when there is no sub-folder
/// or one without images.
[[nodiscard]] inline ImageListing list_images(const std::filesystem::path& folder) {
  const auto visible = [](const std::filesystem::directory_entry& entry) {
    return !entry.path().filename().string().starts_with('.');
  };
  ImageListing listing;
  const auto folders = detail::sorted_entries(
      folder, [&](const std::filesystem::directory_entry& entry) { return visible(entry) && entry.is_directory(); });
  for (const std::filesystem::path& of_class : folders) {
    const auto label = static_cast<std::int64_t>(listing.classes.size());
    const auto images = detail::sorted_entries(of_class, [&](const std::filesystem::directory_entry& entry) {
      return visible(entry) && !entry.is_directory() && detail::is_image_name(entry.path());
    });
    if (images.empty()) {
      throw DataError(detail::concat("the folder ", of_class, " has no image (.jpg, .jpeg or .png); each ",
                                     "sub-folder of ", folder, " is a class"));
    }
    listing.classes.push_back(of_class.filename().string());
    for (const std::filesystem::path& image : images) listing.files.push_back({image, label});
  }
  if (listing.classes.empty()) {
    throw DataError(detail::concat("the folder ", folder, " has no sub-folder; images are expected in one sub-folder ",
                                   "for each class"));
  }
  return listing;
}

/// The same for images of known classes, for example those of a training folder. Throws DataError, too, for a class
/// that is not among them; one of them may be missing.
[[nodiscard]] inline ImageListing list_images(const std::filesystem::path& folder,
                                              const std::vector<std::string>& classes) {
  ImageListing listing = list_images(folder);
  std::vector<std::int64_t> labels;
  for (const std::string& name : listing.classes) {
    const auto known = std::find(classes.begin(), classes.end(), name);
    if (known == classes.end()) {
      throw DataError(detail::concat("the folder ", folder, " has a class ", name, " that is not among the ",
                                     classes.size(), " known ones"));
    }
    labels.push_back(known - classes.begin());
  }
  for (LabelledFile& file : listing.files) file.label = labels[static_cast<std::size_t>(file.label)];
  listing.classes = classes;
  return listing;
}

}  // namespace afd
