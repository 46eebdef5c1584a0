// SPDX-License-Identifier: MIT
#include <afd/network/network_handle.hpp>
//
#include <functional>
#include <memory>
#include <type_traits>

#include <torch/nn.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

namespace {

struct Plain : torch::nn::Module {};
struct HeldImpl : torch::nn::Module {};
TORCH_MODULE(Held);

/// A handle of a user's own.
struct Custom {
  std::shared_ptr<Plain> inside = std::make_shared<Plain>();
};

}  // namespace

template <>
struct afd::NetworkTraits<Custom> {
  using Module = Plain;
  static Plain& module(const Custom& custom) { return *custom.inside; }
};

static_assert(std::is_same_v<afd::NetworkModule<Held>, HeldImpl>);
static_assert(std::is_same_v<afd::NetworkModule<const std::shared_ptr<Plain>&>, Plain>);
static_assert(std::is_same_v<afd::NetworkHandle<Plain>, std::reference_wrapper<Plain>>);
static_assert(std::is_same_v<afd::NetworkHandle<Held>, Held>);
static_assert(afd::HasModule<Custom> && !afd::HasModule<int> && !afd::HasModule<std::shared_ptr<int>>);

TEST_CASE("every handle leads to its module") {
  Plain plain;
  Held holder;
  const auto shared = std::make_shared<Plain>();
  Custom custom;
  CHECK(&afd::module_of(plain) == &plain);
  CHECK(&afd::module_of(holder) == holder.ptr().get());
  CHECK(&afd::module_of(shared) == shared.get());
  CHECK(&afd::module_of(custom) == custom.inside.get());
}

TEST_CASE("a plain module is held by reference, others share ownership") {
  Plain plain;
  auto reference = afd::network_handle(plain);
  CHECK(&afd::module_of(reference) == &plain);
  auto shared = std::make_shared<Plain>();
  const auto kept = afd::network_handle(shared);
  CHECK(shared.use_count() == 2);
  Held holder;
  const auto also_kept = afd::network_handle(holder);
  CHECK(holder.ptr().use_count() >= 2);
}

TEST_CASE("an empty handle says so") {
  std::shared_ptr<Plain> nothing;
  Held empty{nullptr};
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::module_of(nothing)), doctest::Contains("empty"), afd::ConfigError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::module_of(empty)), doctest::Contains("empty"), afd::ConfigError);
}

TEST_SUITE_END();
