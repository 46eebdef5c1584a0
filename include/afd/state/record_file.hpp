// SPDX-License-Identifier: MIT
#pragma once

// A file that grows by records, each found by its key and each with a checksum. A program may be killed at any time
// while it writes: what was written whole can be read, and the rest is written over. Torch-free; POSIX.
//
//     envelope of a header | envelope of a record | envelope of a record | ...
//     content of a record:  key (2 x uint64) | bytes

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <afd/data/bytes.hpp>
#include <afd/data/content_key.hpp>
#include <afd/detail/atomic_file.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/state/envelope.hpp>

namespace afd {

/// One program at a time writes, the first that opens the file; others read what was there when they opened it.
class RecordFile {
 public:
  /// Opens `path`, or makes it with the content `header`. Throws FileError if that cannot be done, FormatError for a
  /// file of another kind or with a damaged header, VersionError for a newer one. What a file holds is never thrown
  /// away here.
  RecordFile(std::filesystem::path path, std::span<const std::uint8_t> header, const ContentKind& kind)
      : path_(std::move(path)), file_(path_, O_RDWR | O_CREAT) {
    if (file_.get() < 0 && (errno == EACCES || errno == EROFS || errno == EPERM)) {
      file_ = detail::Descriptor(path_, O_RDONLY);
    } else {
      can_write_ = file_.get() >= 0 && ::flock(file_.get(), LOCK_EX | LOCK_NB) == 0;
    }
    if (file_.get() < 0) fail("open");
    begin(seal(header, kind));
    read_header(kind);
    find_records();
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// The header of the file, which may be another than the one given.
  [[nodiscard]] const Bytes& header() const { return header_; }
  /// Whether append() writes: false if another one does, or the file is for reading only.
  [[nodiscard]] bool can_write() const { return can_write_; }
  [[nodiscard]] std::size_t size() const { return places_.size(); }
  [[nodiscard]] bool contains(const ContentKey& key) const { return places_.contains(key); }
  /// How many bytes were passed over because they are no whole record, and records that were damaged.
  [[nodiscard]] std::uint64_t damaged_bytes() const { return damaged_; }

  [[nodiscard]] std::vector<ContentKey> keys() const {
    std::vector<ContentKey> all;
    for (const auto& [key, place] : places_) all.push_back(key);
    return all;
  }

  /// What was appended under `key`; nothing if there is no such record or it is damaged, and then it is forgotten.
  /// Throws FileError if it cannot be read.
  [[nodiscard]] std::optional<Bytes> read(const ContentKey& key) {
    const auto place = places_.find(key);
    if (place == places_.end()) return std::nullopt;
    const Bytes bytes = read_at(place->second.offset, place->second.size);
    try {
      const auto content = unseal(bytes, record_kind, path_.string());
      if (content.size() >= key_size && key_in(content) == key) {
        const auto own = content.subspan(key_size);
        return Bytes(own.begin(), own.end());
      }
    } catch (const FormatError&) {  // as if it were not there
    }
    damaged_ += place->second.size;
    places_.erase(place);
    return std::nullopt;
  }

  /// Writes a record at the end; one of the same key is found no more. Does nothing unless can_write(). Throws
  /// FileError if the disk does not take it; the file is then as it was.
  void append(const ContentKey& key, std::span<const std::uint8_t> content) {
    if (!can_write_) return;
    Bytes keyed;
    detail::put_number(keyed, key.first, 8);
    detail::put_number(keyed, key.second, 8);
    keyed.insert(keyed.end(), content.begin(), content.end());
    const Bytes record = seal(keyed, record_kind);
    // What a killed program left behind would make the record a part of its own.
    if (::ftruncate(file_.get(), static_cast<off_t>(end_)) != 0) fail("write");
    try {
      write_at(end_, record);
    } catch (const FileError&) {
      static_cast<void>(::ftruncate(file_.get(), static_cast<off_t>(end_)));
      throw;
    }
    places_[key] = {end_, record.size()};
    end_ += record.size();
  }

  /// Puts on the disk what was appended. Throws FileError.
  void sync() {
    if (can_write_ && ::fsync(file_.get()) != 0) fail("write");
  }

 private:
  static constexpr ContentKind record_kind{"record", 1};
  static constexpr std::size_t key_size = 16;

  struct Place {
    std::uint64_t offset;
    std::size_t size;
  };

  [[noreturn]] void fail(const char* what) const {
    throw FileError(detail::concat("cannot ", what, ' ', path_, ": ", std::generic_category().message(errno)));
  }

  [[nodiscard]] static ContentKey key_in(std::span<const std::uint8_t> content) {
    return {detail::get_number(content.subspan(0, 8)), detail::get_number(content.subspan(8, 8))};
  }

  [[nodiscard]] std::uint64_t file_size() const {
    struct stat status{};
    if (::fstat(file_.get(), &status) != 0) fail("read");
    return static_cast<std::uint64_t>(status.st_size);
  }

  /// As many bytes as there are, at most `size`.
  [[nodiscard]] Bytes read_at(std::uint64_t offset, std::size_t size) const {
    Bytes bytes(size);
    std::size_t done = 0;
    while (done < size) {
      const ssize_t got = ::pread(file_.get(), bytes.data() + done, size - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail("read");
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
  }

  void write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) const {
    while (!bytes.empty()) {
      const ssize_t put = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) fail("write");
      offset += static_cast<std::uint64_t>(put);
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
  }

  /// Writes the header of an empty file, or of one whose writer was killed amid just that.
  void begin(const Bytes& sealed) {
    if (!can_write_) return;
    const Bytes found = read_at(0, sealed.size());
    if (found.size() == sealed.size() || !std::equal(found.begin(), found.end(), sealed.begin())) return;
    write_at(0, sealed);
    if (::fsync(file_.get()) != 0 || !detail::sync_folder(path_.parent_path())) fail("write");
  }

  void read_header(const ContentKind& kind) {
    const Bytes start = read_at(0, detail::envelope_size);
    std::size_t size = start.size();
    if (size == detail::envelope_size && !start.empty()) {
      const std::uint64_t rest = file_size() - size;
      size += static_cast<std::size_t>(std::min(detail::get_number(std::span(start).subspan(24, 8)), rest));
    }
    const Bytes bytes = read_at(0, size);
    const auto content = unseal(bytes, kind, path_.string());
    header_.assign(content.begin(), content.end());
    end_ = size;
  }

  /// The size of the record that begins with `start`, if one does.
  [[nodiscard]] static std::optional<std::uint64_t> record_size(std::span<const std::uint8_t> start) {
    using detail::get_number;
    if (start.size() < detail::envelope_size + key_size ||
        !std::equal(detail::envelope_magic.begin(), detail::envelope_magic.end(), start.begin()) ||
        get_number(start.subspan(40, 8)) != detail::checksum(start.first(40)) ||
        detail::shown(start.subspan(8, 8)) != record_kind.name) {
      return std::nullopt;
    }
    return detail::envelope_size + get_number(start.subspan(24, 8));
  }

  /// Of records with one key the last counts. Contents are not looked at before they are read.
  void find_records() {
    const std::uint64_t size = file_size();
    std::uint64_t at = end_;
    while (at < size) {
      const Bytes start = read_at(at, detail::envelope_size + key_size);
      const auto length = record_size(start);
      if (length && *length <= size - at && *length >= detail::envelope_size + key_size) {
        places_[key_in(std::span(start).subspan(detail::envelope_size))] = {at, static_cast<std::size_t>(*length)};
        at = end_ = at + *length;
      } else {
        const std::uint64_t next = find_magic(at + 1, size);
        damaged_ += next - at;
        at = next;
      }
    }
  }

  /// Where something like a record begins; `size` if nowhere.
  [[nodiscard]] std::uint64_t find_magic(std::uint64_t at, std::uint64_t size) const {
    constexpr std::size_t piece = std::size_t{1} << 20U;
    const auto& magic = detail::envelope_magic;
    for (; at < size; at += piece) {
      const Bytes bytes = read_at(at, piece + magic.size() - 1);
      // By index and not by iterator: g++ 12 takes the difference for one of freed memory.
      for (std::size_t place = 0; place + magic.size() <= bytes.size(); ++place) {
        if (std::equal(magic.begin(), magic.end(), &bytes[place])) return at + place;
      }
    }
    return size;
  }

  std::filesystem::path path_;
  detail::Descriptor file_;
  bool can_write_ = false;
  Bytes header_;
  std::map<ContentKey, Place> places_;
  std::uint64_t end_ = 0;  // of the last whole record
  std::uint64_t damaged_ = 0;
};

}  // namespace afd
