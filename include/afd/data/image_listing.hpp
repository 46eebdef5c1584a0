// SPDX-License-Identifier: MIT
#pragma once

// The images of a folder that has one sub-folder per class, as ImageNet has. Torch-free.

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
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
  /// Not among `files`, though not hidden: what is no image, and with LeftOut::counted images and folders, too.
  std::vector<std::filesystem::path> left_out = {};
};

/// What to do about images that a listing would leave out: those of other formats, in sub-folders of a class, or beside
/// the classes' folders.
enum class LeftOut {
  refused,  ///< DataError
  counted,  ///< ImageListing::left_out has them
};

struct ListingOptions {
  LeftOut left_out = LeftOut::refused;
};

namespace detail {

/// ".png" of "a/B.PNG".
[[nodiscard]] inline std::string lower_ending(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return ending;
}

[[nodiscard]] inline bool is_image_name(const std::filesystem::path& path) {
  const std::string ending = lower_ending(path);
  return ending == ".jpg" || ending == ".jpeg" || ending == ".png";
}

/// Whether it is an image by its name, of a format that is not read.
[[nodiscard]] inline bool is_other_image_name(const std::filesystem::path& path) {
  constexpr std::array<std::string_view, 24> endings{
      ".avif", ".bmp", ".dib", ".exr", ".gif", ".hdr", ".heic", ".heif", ".j2k", ".jfif", ".jp2",  ".jpe",
      ".jpx",  ".jxl", ".pbm", ".pgm", ".pnm", ".ppm", ".psd",  ".tga",  ".tif", ".tiff", ".webp", ".xbm"};
  return std::find(endings.begin(), endings.end(), lower_ending(path)) != endings.end();
}

/// What `folder` holds, but for names that begin with a dot, sorted.
[[nodiscard]] inline std::vector<std::filesystem::directory_entry> sorted_entries(const std::filesystem::path& folder) {
  std::vector<std::filesystem::directory_entry> entries;
  std::error_code problem;
  for (std::filesystem::directory_iterator entry(folder, problem), end; !problem && entry != end;
       entry.increment(problem)) {
    if (!entry->path().filename().string().starts_with('.')) entries.push_back(*entry);
  }
  if (problem) throw FileError(concat("cannot list ", folder, ": ", problem.message()));
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// What a listing takes, and what it leaves out.
class ImageLister {
 public:
  explicit ImageLister(std::filesystem::path folder) : folder_(std::move(folder)) {
    for (const std::filesystem::directory_entry& entry : sorted_entries(folder_)) {
      if (entry.is_directory()) {
        add_class(entry.path());
      } else {
        leave(entry.path(), is_image_name(entry.path()) || is_other_image_name(entry.path()) ? &loose_ : nullptr);
      }
    }
  }

  /// Throws DataError for what cannot be used, or was not to be left out.
  [[nodiscard]] ImageListing listing(const ListingOptions& options) && {
    if (listing_.classes.empty()) {
      throw DataError(concat("the folder ", folder_, " has no sub-folder; images are expected in one sub-folder for ",
                             "each class"));
    }
    if (options.left_out == LeftOut::refused) require_none_left();
    if (empty_class_) {
      throw DataError(concat("the folder ", *empty_class_, " has no image (.jpg, .jpeg or .png); each sub-folder of ",
                             folder_, " is a class"));
    }
    return std::move(listing_);
  }

 private:
  struct Kind {
    std::string_view one, many;
    std::int64_t count = 0;
  };

  void add_class(const std::filesystem::path& of_class) {
    const auto label = static_cast<std::int64_t>(listing_.classes.size());
    const std::size_t before = listing_.files.size();
    for (const std::filesystem::directory_entry& entry : sorted_entries(of_class)) {
      const std::filesystem::path& path = entry.path();
      if (entry.is_directory()) {
        leave(path, &folders_);
      } else if (is_image_name(path)) {
        listing_.files.push_back({path, label});
      } else {
        leave(path, is_other_image_name(path) ? &formats_ : nullptr);
      }
    }
    listing_.classes.push_back(of_class.filename().string());
    if (listing_.files.size() == before && !empty_class_) empty_class_ = of_class;
  }

  void leave(const std::filesystem::path& path, Kind* kind) {
    listing_.left_out.push_back(path);
    if (kind == nullptr) return;
    ++kind->count;
    if (first_.empty()) first_ = path;
  }

  void require_none_left() const {
    std::string counts;
    std::int64_t total = 0;
    for (const Kind* kind : {&formats_, &folders_, &loose_}) {
      if (kind->count == 0) continue;
      counts += concat(counts.empty() ? "" : ", ", kind->count, ' ', kind->count == 1 ? kind->one : kind->many);
      total += kind->count;
    }
    if (total == 0) return;
    throw DataError(concat("of the folder ", folder_, " ", counts, " would be left out, ", total == 1 ? "" : "first ",
                           first_, ": files that end in .jpg, .jpeg or .png are read, directly in one sub-folder for ",
                           "each class; convert them or move them there, or leave them out with ",
                           "afd::list_images(folder, {.left_out = afd::LeftOut::counted})"));
  }

  std::filesystem::path folder_;
  ImageListing listing_;
  std::optional<std::filesystem::path> empty_class_;  ///< the first
  Kind formats_{"image of another format", "images of other formats"};
  Kind folders_{"folder in that of a class", "folders in those of classes"};
  Kind loose_{"image beside the classes' folders", "images beside the classes' folders"};
  std::filesystem::path first_;  ///< of what may have to be refused
};

}  // namespace detail

/// Files that end in .jpg, .jpeg or .png, in any case, directly in the sub-folders of `folder`; names that begin with a
/// dot are passed over. Throws FileError for a folder that cannot be listed; DataError when there is no sub-folder or
/// one without images, and for images of other formats, folders in those of classes and images beside them, which would
/// otherwise be missing from a training without a word: see ListingOptions.
[[nodiscard]] inline ImageListing list_images(const std::filesystem::path& folder, const ListingOptions& options = {}) {
  return detail::ImageLister(folder).listing(options);
}

/// The same for images of known classes, for example those of a training folder. Throws DataError, too, for a class
/// that is not among them; one of them may be missing.
[[nodiscard]] inline ImageListing list_images(const std::filesystem::path& folder,
                                              const std::vector<std::string>& classes,
                                              const ListingOptions& options = {}) {
  ImageListing listing = list_images(folder, options);
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
