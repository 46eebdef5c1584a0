// SPDX-License-Identifier: MIT
#pragma once

// What a loss term or a score reads of what a network's forward returned. Nothing that nobody reads is required.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <torch/types.h>

#include <afd/data/tensors.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/network/outputs.hpp>

namespace afd {

namespace detail {

/// A tensor, or tokens.
template <class T>
concept FeatureTensor =
    std::same_as<std::remove_cvref_t<T>, torch::Tensor> || std::same_as<std::remove_cvref_t<T>, Tokens>;

template <class Out>
concept HasMemberLogits = requires(const Out& out) {
  { out.logits } -> std::convertible_to<const torch::Tensor&>;
};
template <class Out>
concept HasOneFeature = requires(const Out& out) {
  { out.features } -> FeatureTensor;
};
template <class Out>
concept HasFeatureList =
    requires(const Out& out) { requires std::tuple_size<std::remove_cvref_t<decltype(out.features)>>::value > 0; };
template <class Out>
concept HasTapList =
    requires(const Out& out) { requires std::tuple_size<std::remove_cvref_t<decltype(out.taps)>>::value > 0; };
/// A pair, tuple or array: features, stage after stage, and then the logits.
template <class Out>
concept IsUnnamed = requires { requires std::tuple_size<Out>::value >= 2; };
template <class Out>
concept HasLastTensor =
    IsUnnamed<Out> &&
    std::same_as<std::remove_cvref_t<std::tuple_element_t<std::tuple_size<Out>::value - 1, Out>>, torch::Tensor>;

/// How many features there are to tap.
template <class Out>
consteval std::size_t tap_count() {
  if constexpr (HasTapList<Out>) {
    return std::tuple_size<decltype(Out::taps)>::value;
  } else if constexpr (HasOneFeature<Out>) {
    return 1;
  } else if constexpr (HasFeatureList<Out>) {
    return std::tuple_size<decltype(Out::features)>::value;
  } else if constexpr (IsUnnamed<Out>) {
    return std::tuple_size<Out>::value - 1;
  } else {
    return 0;
  }
}

template <std::size_t I, class Out>
[[nodiscard]] const auto& tap_of(const Out& out) {
  if constexpr (HasTapList<Out>) {
    return std::get<I>(out.taps);
  } else if constexpr (HasOneFeature<Out>) {
    return out.features;
  } else if constexpr (HasFeatureList<Out>) {
    return std::get<I>(out.features);
  } else {
    return std::get<I>(out);
  }
}

template <std::size_t I, class Out>
consteval bool has_tap() {
  if constexpr (I < tap_count<Out>()) return FeatureTensor<decltype(tap_of<I>(std::declval<const Out&>()))>;
  return false;
}

[[nodiscard]] inline const torch::Tensor& values_of(const torch::Tensor& features) {
  return features;
}
[[nodiscard]] inline const torch::Tensor& values_of(const Tokens& features) {
  return features.values;
}

/// Throws ShapeError unless `tensor` is there and has a row for each sample.
inline void require_rows(const torch::Tensor& tensor, std::int64_t samples, std::int64_t least_rank,
                         std::string_view what, std::string_view shape) {
  if (!tensor.defined()) {
    throw ShapeError(concat("returned an undefined tensor as its ", what, "; its forward must set it"));
  }
  if (tensor.dim() >= least_rank && tensor.size(0) == samples) return;
  throw ShapeError(concat("returned ", what, " of shape ", tensor.sizes(), " for a batch of ", samples, "; ", what,
                          " must be [", samples, shape, "], with features returned before logits"));
}

}  // namespace detail

/// The class scores before a softmax, or whatever else a network predicts: a member `logits`; the last of a pair, tuple
/// or array; or all that a forward returns, if that is one tensor.
struct Logits {
  static constexpr std::string_view name = "logits";

  template <class Out>
  static constexpr bool given_by =
      std::same_as<Out, torch::Tensor> || detail::HasMemberLogits<Out> || detail::HasLastTensor<Out>;

  template <class Out>
  [[nodiscard]] static const torch::Tensor& of(const Out& out) {
    if constexpr (std::same_as<Out, torch::Tensor>) {
      return out;
    } else if constexpr (detail::HasMemberLogits<Out>) {
      return out.logits;
    } else {
      return std::get<std::tuple_size<Out>::value - 1>(out);
    }
  }

  /// Throws ShapeError unless they are [samples, ...].
  template <class Out>
  static void check(const Out& out, std::int64_t samples) {
    detail::require_rows(of(out), samples, 1, name, ", classes");
  }
};

/// Features of stage I, counted from 0 in the order of the forward: of a member `taps`, of a member `features` that is
/// an array or tuple, of a pair, tuple or array but for its last; tap 0 of a network with one map is that map.
template <std::size_t I>
struct Tap {
  static constexpr std::string_view name = "features";

  template <class Out>
  static constexpr bool given_by = detail::has_tap<I, Out>();

  /// A tensor or Tokens.
  template <class Out>
  [[nodiscard]] static const auto& of(const Out& out) {
    return detail::tap_of<I>(out);
  }

  /// Throws ShapeError unless they are [samples, ...], and for vectors in a pair or tuple, which could be logits.
  template <class Out>
  static void check(const Out& out, std::int64_t samples) {
    const torch::Tensor& values = detail::values_of(of(out));
    detail::require_rows(values, samples, 2, name, ", C, H, W] or [N, C");
    if constexpr (detail::IsUnnamed<Out>) {
      if (values.dim() == 2) {
        throw ShapeError(detail::concat("returned a pair or tuple whose features have shape ", values.sizes(),
                                        ", which logits could have, too; name them: return afd::Outputs{.features = "
                                        "..., .logits = ...}"));
      }
    }
  }
};

/// The features of the last stage.
struct Features {
  static constexpr std::string_view name = "features";

  template <class Out>
  static constexpr bool given_by = detail::has_tap<detail::tap_count<Out>() - 1, Out>();

  template <class Out>
  [[nodiscard]] static const auto& of(const Out& out) {
    return detail::tap_of<detail::tap_count<Out>() - 1>(out);
  }

  template <class Out>
  static void check(const Out& out, std::int64_t samples) {
    Tap<detail::tap_count<Out>() - 1>::check(out, samples);
  }
};

/// One member of a struct of the user's: Member<&Boxes::offsets>.
template <auto Pointer>
  requires std::is_member_object_pointer_v<decltype(Pointer)>
struct Member {
  static constexpr std::string_view name = "a member";

  template <class Out>
  static constexpr bool given_by = requires(const Out& out) { out.*Pointer; };

  template <class Out>
  [[nodiscard]] static const auto& of(const Out& out) {
    return out.*Pointer;
  }

  template <class Out>
  static void check(const Out& out, std::int64_t /*samples*/) {
    for_each_tensor(of(out), [](const torch::Tensor& tensor) {
      if (!tensor.defined()) throw ShapeError("returned an undefined tensor in a member that a term reads");
    });
  }
};

/// All of it, as the forward returned it: for terms that are written for a struct of the user's.
struct WholeOutputs {
  static constexpr std::string_view name = "outputs";

  template <class Out>
  static constexpr bool given_by = true;

  template <class Out>
  [[nodiscard]] static const Out& of(const Out& out) {
    return out;
  }

  template <class Out>
  static void check(const Out& /*out*/, std::int64_t /*samples*/) {}
};

/// A reader: `given_by<Out>` says whether a network that returns Out has it, `of(out)` is it, `check(out, samples)`
/// throws ShapeError where it cannot be what it should be. `name` is for messages. Write your own for outputs that are
/// neither members nor elements, and bind it to a term with afd::At.
template <class R>
concept Reader = std::copyable<R> && requires {
  { R::name } -> std::convertible_to<std::string_view>;
  { R::template given_by<Outputs> } -> std::convertible_to<bool>;
};

namespace detail {

/// What a term or a score reads: its `Reads`, or all of it.
template <class T>
struct ReadsOf {
  using type = WholeOutputs;
};
template <class T>
  requires requires { typename T::Reads; }
struct ReadsOf<T> {
  using type = typename T::Reads;
};

}  // namespace detail

static_assert(Reader<Logits> && Reader<Features> && Reader<Tap<0>> && Reader<WholeOutputs>);
static_assert(Logits::given_by<Outputs> && Features::given_by<Outputs> && !Tap<1>::given_by<Outputs>);
static_assert(Tap<2>::given_by<TappedOutputs<3>> && !Tap<3>::given_by<TappedOutputs<3>>);

}  // namespace afd
