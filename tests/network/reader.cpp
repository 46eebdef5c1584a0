// SPDX-License-Identifier: MIT
#include <afd/network/reader.hpp>
//
#include <array>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

using afd::Features;
using afd::Logits;
using afd::Tap;
using torch::Tensor;

namespace {

struct WithTokens {
  afd::Tokens features;
  Tensor logits;
};
struct WithArray {
  std::array<Tensor, 2> features;
  Tensor logits;
};
struct WithTuple {
  Tensor logits;  // where it stands does not matter
  std::tuple<Tensor, afd::Tokens> features;
};
struct WithBoth {
  Tensor features;
  std::array<Tensor, 2> taps;
};
struct Boxes {
  std::vector<Tensor> offsets;
  Tensor scores;
  int count = 0;
};
struct MoreBoxes : Boxes {
  Tensor masks;
};
struct LogitsAlone {
  Tensor logits;
};
struct FeaturesAlone {
  Tensor features;
};
struct Numbers {
  double features = 1;
  double logits = 2;
};
using OfLstm = std::tuple<Tensor, std::tuple<Tensor, Tensor>>;  // what torch::nn::LSTM returns

/// A reader of one's own.
struct FirstOffset {
  static constexpr std::string_view name = "the first offset";
  template <class Out>
  static constexpr bool given_by = std::is_base_of_v<Boxes, Out>;
  static const Tensor& of(const Boxes& boxes) { return boxes.offsets.front(); }
  static void check(const Boxes&, std::int64_t) {}
};
struct Nameless {
  template <class Out>
  static constexpr bool given_by = true;
};

static_assert(afd::Reader<FirstOffset> && afd::Reader<afd::Member<&Boxes::scores>>);
static_assert(!afd::Reader<Nameless> && !afd::Reader<Boxes> && !afd::Reader<int>);

// Who gives logits, and who features.
template <class Out>
constexpr bool gives_logits = Logits::given_by<Out>;
template <class Out>
constexpr std::size_t taps = [] {  // of which there must be no gap
  if (Tap<0>::given_by<Out> != Features::given_by<Out>) return std::size_t{100};
  return Tap<0>::given_by<Out> + Tap<1>::given_by<Out> + Tap<2>::given_by<Out> + std::size_t{Tap<3>::given_by<Out>};
}();
static_assert(gives_logits<afd::Outputs> && taps<afd::Outputs> == 1);
static_assert(gives_logits<afd::TappedOutputs<3>> && taps<afd::TappedOutputs<3>> == 3);
static_assert(gives_logits<WithTokens> && taps<WithTokens> == 1);
static_assert(gives_logits<WithArray> && taps<WithArray> == 2);
static_assert(gives_logits<WithTuple> && taps<WithTuple> == 2);
static_assert(!gives_logits<WithBoth> && taps<WithBoth> == 2);
static_assert(!gives_logits<Boxes> && taps<Boxes> == 0);
static_assert(gives_logits<LogitsAlone> && taps<LogitsAlone> == 0);
static_assert(!gives_logits<FeaturesAlone> && taps<FeaturesAlone> == 1);
static_assert(!gives_logits<Numbers> && taps<Numbers> == 0);
static_assert(gives_logits<Tensor> && taps<Tensor> == 0);
static_assert(gives_logits<std::pair<Tensor, Tensor>> && taps<std::pair<Tensor, Tensor>> == 1);
static_assert(gives_logits<std::tuple<Tensor, afd::Tokens, Tensor>> &&
              taps<std::tuple<Tensor, afd::Tokens, Tensor>> == 2);
static_assert(gives_logits<std::array<Tensor, 4>> && taps<std::array<Tensor, 4>> == 3);
static_assert(!gives_logits<std::tuple<Tensor>> && taps<std::tuple<Tensor>> == 0);
static_assert(!gives_logits<std::vector<Tensor>> && taps<std::vector<Tensor>> == 0);
static_assert(!gives_logits<OfLstm> && taps<OfLstm> == 1);
static_assert(gives_logits<std::pair<Boxes, Tensor>> && taps<std::pair<Boxes, Tensor>> == 0);

static_assert(afd::Member<&Boxes::scores>::given_by<Boxes> && afd::Member<&Boxes::scores>::given_by<MoreBoxes>);
static_assert(!afd::Member<&MoreBoxes::masks>::given_by<Boxes> && !afd::Member<&Boxes::scores>::given_by<Tensor>);
static_assert(afd::WholeOutputs::given_by<Boxes> && afd::WholeOutputs::given_by<Tensor>);

Tensor numbered(double number) {
  return torch::full({2, 3}, number);
}

/// Which of the numbered ones.
double number_of(const Tensor& tensor) {
  return tensor[0][0].item<double>();
}

}  // namespace

TEST_CASE("named outputs are read by their names") {
  const afd::Outputs outputs{numbered(1), numbered(2)};
  CHECK(Features::of(outputs).is_same(outputs.features));
  CHECK(Tap<0>::of(outputs).is_same(outputs.features));
  CHECK(Logits::of(outputs).is_same(outputs.logits));

  const afd::TappedOutputs<3> tapped{{numbered(1), numbered(2), numbered(3)}, numbered(4)};
  CHECK(number_of(Tap<0>::of(tapped)) == 1);
  CHECK(number_of(Tap<1>::of(tapped)) == 2);
  CHECK(number_of(Tap<2>::of(tapped)) == 3);
  CHECK(number_of(Features::of(tapped)) == 3);
  CHECK(number_of(Logits::of(tapped)) == 4);
}

TEST_CASE("so are the members of a struct of one's own: a tensor, tokens, an array or tuple of them") {
  WithTokens tokens;  // g++ 16 sees LibTorch use what is not set where all is given at once
  tokens.features = {numbered(1), 3, 1};
  tokens.logits = numbered(2);
  CHECK(&Features::of(tokens) == &tokens.features);
  CHECK(&Tap<0>::of(tokens) == &tokens.features);
  CHECK(number_of(Logits::of(tokens)) == 2);

  const WithArray array{{numbered(1), numbered(2)}, numbered(3)};
  CHECK(number_of(Tap<0>::of(array)) == 1);
  CHECK(number_of(Features::of(array)) == 2);
  CHECK(number_of(Logits::of(array)) == 3);

  const WithTuple tuple{numbered(1), {numbered(2), afd::Tokens{numbered(3)}}};
  CHECK(number_of(Logits::of(tuple)) == 1);
  CHECK(number_of(Tap<0>::of(tuple)) == 2);
  CHECK(number_of(Features::of(tuple).values) == 3);

  const WithBoth both{numbered(1), {numbered(2), numbered(3)}};
  CHECK(number_of(Tap<0>::of(both)) == 2);
  CHECK(number_of(Features::of(both)) == 3);

  CHECK(number_of(Features::of(FeaturesAlone{numbered(5)})) == 5);
  CHECK(number_of(Logits::of(LogitsAlone{numbered(6)})) == 6);
}

TEST_CASE("of a pair, a tuple or an array the last are the logits; of one tensor all is") {
  const std::pair<Tensor, Tensor> pair{numbered(1), numbered(2)};
  CHECK(number_of(Features::of(pair)) == 1);
  CHECK(number_of(Logits::of(pair)) == 2);

  const std::tuple<Tensor, afd::Tokens, Tensor> tuple{numbered(1), afd::Tokens{numbered(2)}, numbered(3)};
  CHECK(number_of(Tap<0>::of(tuple)) == 1);
  CHECK(number_of(Tap<1>::of(tuple).values) == 2);
  CHECK(&Features::of(tuple) == &std::get<1>(tuple));
  CHECK(number_of(Logits::of(tuple)) == 3);

  const std::array<Tensor, 4> array{numbered(1), numbered(2), numbered(3), numbered(4)};
  CHECK(number_of(Tap<1>::of(array)) == 2);
  CHECK(number_of(Features::of(array)) == 3);
  CHECK(number_of(Logits::of(array)) == 4);

  const Tensor alone = numbered(7);
  CHECK(&Logits::of(alone) == &alone);
}

TEST_CASE("a member is given as it is, and the whole too") {
  MoreBoxes boxes;
  boxes.offsets = {numbered(1)};
  boxes.count = 3;
  CHECK(&afd::Member<&Boxes::offsets>::of(boxes) == &boxes.offsets);
  CHECK(afd::Member<&Boxes::count>::of(boxes) == 3);
  CHECK(&afd::WholeOutputs::of(boxes) == &boxes);
  CHECK(number_of(FirstOffset::of(boxes)) == 1);
}

TEST_CASE("logits must be there and have a row for each sample, in whatever form") {
  const auto logits = [](std::vector<std::int64_t> sizes) { return afd::Outputs{{}, torch::zeros(sizes)}; };
  CHECK_NOTHROW(Logits::check(logits({4}), 4));
  CHECK_NOTHROW(Logits::check(logits({4, 10}), 4));
  CHECK_NOTHROW(Logits::check(logits({4, 10, 8, 8}), 4));
  CHECK_NOTHROW(Logits::check(torch::zeros({4, 10}), 4));
  CHECK_THROWS_WITH_AS(Logits::check(logits({3, 10}), 4),
                       "returned logits of shape [3, 10] for a batch of 4; logits must be [4, classes], with features "
                       "returned before logits",
                       afd::ShapeError);
  CHECK_THROWS_AS(Logits::check(logits({}), 1), afd::ShapeError);
  CHECK_THROWS_WITH_AS(Logits::check(afd::Outputs{torch::zeros({4, 2}), {}}, 4),
                       "returned an undefined tensor as its logits; its forward must set it", afd::ShapeError);
  CHECK_THROWS_AS(Logits::check(Tensor(), 4), afd::ShapeError);
  CHECK_THROWS_AS(Logits::check(std::pair{torch::zeros({4, 2}), torch::zeros({5, 2})}, 4), afd::ShapeError);
}

TEST_CASE("features must be there and have a row for each sample, and so must tokens") {
  const auto features = [](std::vector<std::int64_t> sizes) { return afd::Outputs{torch::zeros(sizes), {}}; };
  CHECK_NOTHROW(Features::check(features({4, 2}), 4));  // they have a name, so vectors are well
  CHECK_NOTHROW(Features::check(features({4, 2, 3, 3}), 4));
  CHECK_THROWS_WITH_AS(Features::check(features({3, 2, 5, 5}), 4),
                       "returned features of shape [3, 2, 5, 5] for a batch of 4; features must be [4, C, H, W] or "
                       "[N, C], with features returned before logits",
                       afd::ShapeError);
  CHECK_THROWS_AS(Features::check(features({4}), 4), afd::ShapeError);
  CHECK_THROWS_WITH_AS(Features::check(afd::Outputs{{}, torch::zeros({4, 2})}, 4),
                       "returned an undefined tensor as its features; its forward must set it", afd::ShapeError);

  CHECK_NOTHROW(Features::check(WithTokens{{torch::zeros({4, 9, 2})}, {}}, 4));
  CHECK_THROWS_WITH_AS(Features::check(WithTokens{{torch::zeros({9, 4, 2})}, {}}, 4),
                       doctest::Contains("returned features of shape [9, 4, 2] for a batch of 4"), afd::ShapeError);
  CHECK_THROWS_AS(Features::check(WithTokens{}, 4), afd::ShapeError);
}

TEST_CASE("only the tap that is read is looked at") {
  const afd::TappedOutputs<2> outputs{{torch::zeros({3, 2}), torch::zeros({4, 2})}, {}};
  CHECK_NOTHROW(Tap<1>::check(outputs, 4));
  CHECK_NOTHROW(Features::check(outputs, 4));
  CHECK_THROWS_WITH_AS(Tap<0>::check(outputs, 4), doctest::Contains("features of shape [3, 2] for a batch of 4"),
                       afd::ShapeError);
}

TEST_CASE("vectors without a name could be logits, and are refused as features") {
  const Tensor vectors = torch::zeros({4, 6}), maps = torch::zeros({4, 6, 2, 2}), logits = torch::zeros({4, 10});
  CHECK_NOTHROW(Features::check(std::pair{maps, logits}, 4));
  CHECK_NOTHROW(Features::check(std::pair{torch::zeros({4, 6, 5}), logits}, 4));
  CHECK_THROWS_WITH_AS(Features::check(std::pair{vectors, logits}, 4),
                       "returned a pair or tuple whose features have shape [4, 6], which logits could have, too; name "
                       "them: return afd::Outputs{.features = ..., .logits = ...}",
                       afd::ShapeError);
  CHECK_THROWS_AS(Features::check(std::pair{logits, maps}, 4), afd::ShapeError);  // the wrong way round
  CHECK_THROWS_AS(Tap<1>::check(std::tuple{maps, vectors, logits}, 4), afd::ShapeError);
  CHECK_NOTHROW(Tap<0>::check(std::tuple{maps, vectors, logits}, 4));
  CHECK_THROWS_AS(Features::check(std::array{vectors, logits}, 4), afd::ShapeError);
  CHECK_NOTHROW(Logits::check(std::pair{vectors, logits}, 4));
}

TEST_CASE("tensors of a member must be there; how many rows they have is its own affair") {
  using Offsets = afd::Member<&Boxes::offsets>;
  Boxes boxes;
  boxes.offsets = {torch::zeros({7, 4}), torch::zeros({0, 4})};
  CHECK_NOTHROW(Offsets::check(boxes, 2));
  CHECK_THROWS_WITH_AS(afd::Member<&Boxes::scores>::check(boxes, 2),
                       "returned an undefined tensor in a member that a term reads", afd::ShapeError);
  boxes.offsets.emplace_back();
  CHECK_THROWS_AS(Offsets::check(boxes, 2), afd::ShapeError);
  CHECK_NOTHROW(afd::Member<&Boxes::count>::check(boxes, 2));
  CHECK_NOTHROW(afd::WholeOutputs::check(boxes, 2));
}

TEST_SUITE_END();
