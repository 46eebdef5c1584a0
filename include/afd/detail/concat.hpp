// SPDX-License-Identifier: MIT
#pragma once

// Builds error messages: concat("got ", 3, " of ", 5). Torch-free; only ever runs on a failing path.

#include <initializer_list>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>

namespace afd::detail {

/// A value and how it is written, its type forgotten: the text of a message is then put together by one function for
/// all programs and places, which is what they cost to compile.
class MessagePart {
 public:
  template <class T>
  explicit MessagePart(const T& value)
      : value_(static_cast<const void*>(std::addressof(value))),
        write_([](std::ostream& out, const void* of) { out << *static_cast<const T*>(of); }) {}
  explicit MessagePart(const char* text)
      : value_(text), write_([](std::ostream& out, const void* of) { out << static_cast<const char*>(of); }) {}

  void write(std::ostream& out) const { write_(out, value_); }

 private:
  const void* value_;
  void (*write_)(std::ostream&, const void*);
};

[[nodiscard]] inline std::string joined(std::initializer_list<MessagePart> parts) {
  std::ostringstream text;
  for (const MessagePart& part : parts) part.write(text);
  return std::move(text).str();
}

template <class... Parts>
[[nodiscard]] std::string concat(const Parts&... parts) {
  return joined({MessagePart(parts)...});
}

}  // namespace afd::detail
