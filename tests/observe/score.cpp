// SPDX-License-Identifier: MIT
#include <afd/observe/score.hpp>
//
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <afd/network/outputs.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("observe");

using torch::Tensor;

namespace {

struct Moments {
  double mean = 0;
  double spread = 0;
  std::int64_t samples = 0;
  friend bool operator==(const Moments&, const Moments&) = default;
};

/// All that is asked, and nothing else: no default constructor, no view, no check, no ensemble, no Reads.
struct Least {
  using Result = Moments;
  static constexpr std::array<afd::ScoreColumn<Result>, 2> columns{
      {{"mean", &Result::mean}, {"spread", &Result::spread, "spread %", 100}}};
  static constexpr std::size_t watched = 1;
  static constexpr afd::Better better = afd::Better::lower;
  explicit Least(int) {}
  void add(const Tensor&, const Tensor&) {}
  [[nodiscard]] Result result() const { return {}; }
};
static_assert(afd::Score<Least>);

// Each lacks one thing.
struct NoResult {
  [[nodiscard]] Moments result() const { return {}; }
};
static_assert(!afd::ScoreHasResult<NoResult> && !afd::Score<NoResult>);

struct Uncounted : Least {
  struct Result {
    double mean = 0;
    friend bool operator==(const Result&, const Result&) = default;
  };
};
static_assert(!afd::ScoreHasResult<Uncounted> && !afd::Score<Uncounted>);

struct Incomparable : Least {
  struct Result {
    double mean = 0;
    std::int64_t samples = 0;
  };
};
static_assert(!afd::ScoreHasResult<Incomparable> && !afd::Score<Incomparable>);

struct CountedInInts : Least {
  struct Result {
    double mean = 0;
    int samples = 0;
    friend bool operator==(const Result&, const Result&) = default;
  };
};
static_assert(!afd::ScoreHasResult<CountedInInts>);

struct NoColumn : Least {
  static constexpr std::array<afd::ScoreColumn<Result>, 0> columns{};
};
static_assert(!afd::ScoreHasColumns<NoColumn> && !afd::Score<NoColumn>);

struct ColumnsOfAnother : Least {
  struct Result : Moments {};
};
static_assert(afd::ScoreHasColumns<Least> && !afd::ScoreGathers<ColumnsOfAnother>);

struct WatchesNothing : Least {
  static constexpr std::size_t watched = 2;
};
static_assert(!afd::ScoreIsWatched<WatchesNothing> && !afd::Score<WatchesNothing>);

struct BetterSomehow : Least {
  static constexpr bool better = true;
};
static_assert(!afd::ScoreIsWatched<BetterSomehow> && !afd::Score<BetterSomehow>);

struct Moved : Least {
  Moved(Moved&&) = default;
  Moved& operator=(Moved&&) = default;
};
static_assert(!afd::ScoreGathers<Moved> && !afd::Score<Moved>);

struct ChangesAtTheEnd : Least {
  Result result() { return {}; }
};
static_assert(!afd::ScoreGathers<ChangesAtTheEnd> && !afd::Score<ChangesAtTheEnd>);
static_assert(!afd::Score<int> && !afd::Score<Tensor>);

/// With all that may be.
struct Most : Least {
  using Reads = afd::Logits;
  using Least::Least;
  [[nodiscard]] std::string view(const Tensor& logits) const { return std::to_string(logits.dim()); }
  void add(const std::string&, const Tensor&) {}
  void check(const Tensor&, const Tensor&) const {}
  [[nodiscard]] static std::string ensemble(const std::vector<std::string>& views) { return views.front(); }
};
static_assert(afd::Score<Most>);

/// Its view cannot be called with the logits.
struct ViewOfInts : Most {
  using Most::Most;
  [[nodiscard]] int view(int logits) const { return logits; }
};

using afd::detail::ScoreAdds;
using afd::detail::ScoreChecks;
using afd::detail::ScoreHasEnsemble;
using afd::detail::ScoreRead;
using afd::detail::ScoreView;
using afd::detail::ScoreViews;

}  // namespace

TEST_CASE("what a score reads and is given") {
  // All that a network returns, if it does not say what.
  static_assert(std::is_same_v<ScoreRead<Least, afd::Outputs>, afd::Outputs>);
  static_assert(std::is_same_v<ScoreRead<Most, afd::Outputs>, Tensor>);
  static_assert(std::is_void_v<ScoreRead<Most, Moments>>);
  static_assert(std::is_same_v<ScoreView<Least, Tensor>, Tensor>);
  static_assert(std::is_same_v<ScoreView<Most, Tensor>, std::string>);
  static_assert(ScoreViews<Most, Tensor> && !ScoreViews<Least, Tensor> && !ScoreViews<ViewOfInts, Tensor>);
  static_assert(ScoreAdds<Least, Tensor, Tensor> && !ScoreAdds<Least, afd::Outputs, Tensor>);
  static_assert(ScoreAdds<Most, Tensor, Tensor> && !ScoreAdds<Most, Tensor, int> && !ScoreAdds<Most, void, Tensor>);
  static_assert(!ScoreAdds<ViewOfInts, Tensor, Tensor>);
  static_assert(ScoreChecks<Most, Tensor, Tensor> && !ScoreChecks<Most, Tensor, int> &&
                !ScoreChecks<Least, Tensor, Tensor>);
  static_assert(ScoreHasEnsemble<Most, std::string> && !ScoreHasEnsemble<Most, Tensor> &&
                !ScoreHasEnsemble<Least, Tensor>);
  CHECK(afd::detail::score_view(Most(0), torch::zeros({2, 3})) == "2");
  const Tensor read = torch::zeros({1});
  CHECK(&afd::detail::score_view(Least(0), read) == &read);
}

TEST_CASE("the result of nothing, and which of two is better") {
  const Moments nothing = afd::detail::not_scored<Least>();
  CHECK(nothing.samples == 0);
  CHECK(std::isnan(nothing.mean));
  CHECK(std::isnan(nothing.spread));
  using afd::detail::merit;
  CHECK(merit<Least>({.mean = 9, .spread = 1}) > merit<Least>({.mean = 0, .spread = 2}));
  CHECK(merit<Least>(nothing) == -std::numeric_limits<double>::infinity());
}

TEST_SUITE_END();
