// SPDX-License-Identifier: MIT
#pragma once

// Named numbers, texts and tensors as bytes: what checkpoints and saved networks consist of. Byte level: checks
// everything, copies no tensor. Torch-free.
//
//     count (uint64) | count x entry
//     entry:  length of the key (uint32) | key | type (1 byte) | value
//     value:  integer, real: 8 bytes | text: length (uint64), bytes
//             tensor: element type (1 byte) | rank (1 byte) | rank x size (int64) | length (uint64) | elements,
//             row-major
//
// Numbers are little-endian, reals as IEEE 754; keys are unique. Elements have the byte order of the machine, which
// must be little-endian.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <afd/data/bytes.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/state/envelope.hpp>

namespace afd {

/// Elements of a tensor. The values are those of the file.
enum class StateElement : std::uint8_t {
  uint8 = 1,
  int8 = 2,
  int16 = 3,
  int32 = 4,
  int64 = 5,
  float16 = 6,
  float32 = 7,
  float64 = 8,
  boolean = 9,
  bfloat16 = 10,
};

/// Bytes of one element; 0 for a value that is none of these.
[[nodiscard]] constexpr std::size_t element_size(StateElement element) {
  switch (element) {
    case StateElement::uint8:
    case StateElement::int8:
    case StateElement::boolean:
      return 1;
    case StateElement::int16:
    case StateElement::float16:
    case StateElement::bfloat16:
      return 2;
    case StateElement::int32:
    case StateElement::float32:
      return 4;
    case StateElement::int64:
    case StateElement::float64:
      return 8;
  }
  return 0;
}

/// A tensor whose elements lie elsewhere: keep them alive.
struct TensorView {
  StateElement element = StateElement::float32;
  std::vector<std::int64_t> sizes;
  std::span<const std::uint8_t> bytes;  ///< row-major
};

using StateValue = std::variant<std::int64_t, double, std::string, TensorView>;

/// Sorted by key.
using StateView = std::map<std::string, StateValue, std::less<>>;

inline constexpr std::size_t max_state_rank = 16;

namespace detail {

static_assert(std::endian::native == std::endian::little,
              "afd: state files are written on little-endian machines only");

inline void put_text(Bytes& bytes, std::string_view text, std::size_t length_size) {
  put_number(bytes, text.size(), length_size);
  bytes.insert(bytes.end(), text.begin(), text.end());
}

inline void put_value(Bytes& bytes, const StateValue& value) {
  put_number(bytes, value.index(), 1);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    put_number(bytes, static_cast<std::uint64_t>(*integer), 8);
  } else if (const auto* real = std::get_if<double>(&value)) {
    put_number(bytes, std::bit_cast<std::uint64_t>(*real), 8);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    put_text(bytes, *text, 8);
  } else {
    const auto& tensor = std::get<TensorView>(value);
    put_number(bytes, static_cast<std::uint64_t>(tensor.element), 1);
    put_number(bytes, tensor.sizes.size(), 1);
    for (const std::int64_t size : tensor.sizes) put_number(bytes, static_cast<std::uint64_t>(size), 8);
    put_number(bytes, tensor.bytes.size(), 8);
    bytes.insert(bytes.end(), tensor.bytes.begin(), tensor.bytes.end());
  }
}

/// Reads from the front; throws FormatError where the bytes end too early.
class StateReader {
 public:
  StateReader(std::span<const std::uint8_t> bytes, std::string_view name)
      : all_(bytes.size()), bytes_(bytes), name_(name) {}

  [[nodiscard]] std::uint64_t number(std::size_t size) { return get_number(take(size)); }
  [[nodiscard]] std::string text(std::size_t length_size) {
    const auto letters = take(number(length_size));
    return {letters.begin(), letters.end()};
  }
  [[nodiscard]] StateValue value() {
    switch (const std::uint64_t type = number(1)) {
      case 0:
        return static_cast<std::int64_t>(number(8));
      case 1:
        return std::bit_cast<double>(number(8));
      case 2:
        return text(8);
      case 3:
        return tensor();
      default:
        fail(concat("an entry has the unknown type ", type));
    }
  }
  [[nodiscard]] bool is_at_end() const { return bytes_.empty(); }
  [[noreturn]] void fail(const std::string& what) const {
    throw FormatError(concat(name_, " is damaged: ", what, " before byte ", all_ - bytes_.size(), " of its content"));
  }

 private:
  [[nodiscard]] std::span<const std::uint8_t> take(std::uint64_t size) {
    if (size > bytes_.size()) fail(concat("it ends inside an entry: ", size, " bytes are needed"));
    const auto taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }

  [[nodiscard]] TensorView tensor() {
    TensorView view;
    view.element = static_cast<StateElement>(number(1));
    std::uint64_t expected = element_size(view.element);
    if (expected == 0) fail("a tensor has elements of an unknown type");
    const std::uint64_t rank = number(1);
    if (rank > max_state_rank) fail(concat("a tensor has ", rank, " dimensions"));
    for (std::uint64_t i = 0; i < rank; ++i) {
      const std::uint64_t size = number(8);
      constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
      if (size > most || (size > 0 && expected > most / size)) fail("a tensor is larger than any memory");
      expected *= size;
      view.sizes.push_back(static_cast<std::int64_t>(size));
    }
    const std::uint64_t length = number(8);
    if (length != expected) fail(concat("a tensor has ", length, " bytes where its sizes need ", expected));
    view.bytes = take(length);
    return view;
  }

  std::size_t all_;
  std::span<const std::uint8_t> bytes_;
  std::string_view name_;
};

}  // namespace detail

/// The bytes of a state.
[[nodiscard]] inline Bytes format_state(const StateView& state) {
  Bytes bytes;
  detail::put_number(bytes, state.size(), 8);
  for (const auto& [key, value] : state) {
    detail::put_text(bytes, key, 4);
    detail::put_value(bytes, value);
  }
  return bytes;
}

/// The state in `bytes`, into which its tensors point. Throws FormatError, naming the file `name`, for anything that
/// format_state does not write.
[[nodiscard]] inline StateView parse_state(std::span<const std::uint8_t> bytes, std::string_view name) {
  detail::StateReader reader(bytes, name);
  StateView state;
  const std::uint64_t count = reader.number(8);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::string key = reader.text(4);
    if (!state.empty() && state.rbegin()->first >= key) {
      reader.fail(detail::concat(
          "the entry ", detail::shown(std::span(reinterpret_cast<const std::uint8_t*>(key.data()), key.size())),
          " is out of order"));
    }
    StateValue value = reader.value();
    state.emplace_hint(state.end(), std::move(key), std::move(value));
  }
  if (!reader.is_at_end()) reader.fail("something follows its last entry");
  return state;
}

}  // namespace afd
