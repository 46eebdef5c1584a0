// SPDX-License-Identifier: MIT
#pragma once

// Structs of several kinds that tests take apart.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace afd_test {

struct Inner {
  double rate = 0.1;
  bool on = true;
};
struct Empty {};
enum class Kind { first, second };
struct Outer {
  std::int64_t count = 3;
  Inner inner{};
  Empty empty{};
  std::vector<double> steps{0.5, 0.75};
  std::array<int, 2> pair{7, 8};
  Kind kind = Kind::second;
  std::string word = "w";
};
/// Its member cannot be seen.
class Closed {
 public:
  explicit Closed(int number) : number_(number) {}
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};
struct WithClosed {
  Closed closed{1};
  double after = 2;
};

}  // namespace afd_test
