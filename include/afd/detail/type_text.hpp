// SPDX-License-Identifier: MIT
#pragma once

// The name of a type as text in a file, which another compiler's program must know again. Torch-free.

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace afd::detail {

/// "afd::MutualKL", template arguments included; compilers spell some of these differently.
template <class T>
[[nodiscard]] constexpr std::string_view type_name() {
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("T = ") + 4);
  // g++ goes on with "; std::string_view = ...", clang does not.
  return text.substr(0, std::min(text.rfind(']'), text.find("; std::string_view")));
}

inline void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

[[nodiscard]] inline bool is_of_name(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_';
}

/// Erases the names before `end`, "n::outer::", and with them a function's that a local type is in.
inline std::size_t erase_scope(std::string& text, std::size_t end) {
  std::size_t begin = end;
  while (begin > 0 && (is_of_name(text[begin - 1]) || text[begin - 1] == ':')) --begin;
  text.erase(begin, end - begin);
  return begin;
}

/// What g++ and clang spell differently, spelt in one way: g++ says "{anonymous}::A<long int, B<n::E{1}> >" and
/// "main()::Local" where clang says "(anonymous namespace)::A<long, B<E{1}>>" and "Local".
[[nodiscard]] inline std::string common_spelling(std::string text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 13> spellings{{
      {", ", ","},  // in again at the end
      {"{anonymous}", "(anonymous namespace)"},
      {"__cxx11::", ""},
      {"__1::", ""},
      {"long long unsigned int", "unsigned long long"},
      {"long unsigned int", "unsigned long"},
      {"short unsigned int", "unsigned short"},
      {"long long int", "long long"},
      {"long int", "long"},
      {"short int", "short"},
      {" >", ">"},
      {" *", "*"},
      {" &", "&"},
  }};
  for (const auto& [from, to] : spellings) replace_all(text, from, to);
  for (std::size_t at = text.find('{'); at != std::string::npos; at = text.find('{', at + 1)) {
    // Of a value of a class: the class without its scope.
    std::size_t name = at;
    int depth = 0;
    while (name > 0 && (depth > 0 || is_of_name(text[name - 1]) || text[name - 1] == '>')) {
      --name;
      if (text[name] == '>') ++depth;
      if (text[name] == '<') --depth;
    }
    at = at - name + erase_scope(text, name);
  }
  for (std::size_t at = text.find(")::"); at != std::string::npos; at = text.find(")::", at)) {
    // Of a local class: without the function and its arguments.
    std::size_t open = at;
    for (int depth = 1; open > 0 && depth > 0;) {
      --open;
      if (text[open] == ')') ++depth;
      if (text[open] == '(') --depth;
    }
    if (text.compare(open, at - open + 1, "(anonymous namespace)") == 0) {
      at += 3;
      continue;
    }
    text.erase(open, at + 3 - open);
    at = erase_scope(text, open);
  }
  replace_all(text, " (", "(");
  const auto is_digit = [](char letter) { return std::isdigit(static_cast<unsigned char>(letter)) != 0; };
  for (std::size_t i = 0; i < text.size(); ++i) {  // "4UL" is 4, but "L2Loss" is a name
    if (!is_digit(text[i]) || (i > 0 && is_of_name(text[i - 1]))) continue;
    while (i < text.size() && is_digit(text[i])) ++i;
    while (i < text.size() && (text[i] == 'U' || text[i] == 'L')) text.erase(i, 1);
  }
  replace_all(text, ",", ", ");
  return text;
}

/// The type's name, template arguments included, the same whatever compiler made the program. (Not so: lambdas, which
/// have no names, and numbers with a decimal point in template arguments.)
template <class T>
[[nodiscard]] std::string type_text() {
  return common_spelling(std::string(type_name<T>()));
}

}  // namespace afd::detail
