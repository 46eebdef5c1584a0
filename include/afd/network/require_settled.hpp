// SPDX-License-Identifier: MIT
#pragma once

// Whether a frozen network is as settled inside as it looks from outside: a part that eval() does not reach goes on
// dropping out, and normalising with the batch.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <c10/util/Exception.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <afd/data/samples.hpp>
#include <afd/data/tensors.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/device_error.hpp>
#include <afd/error.hpp>
#include <afd/network/batch_statistics.hpp>
#include <afd/network/compare_outputs.hpp>
#include <afd/network/frozen.hpp>
#include <afd/network/network.hpp>

namespace afd::detail {

/// How closely a network is looked at.
struct Settling {
  bool depends_on_batch = false;  ///< it is meant to: nothing is said of it
  double tolerance = 1e-2;        ///< of outputs of half a batch, as a part of the largest output
};

/// What fits a frozen network: halves are rounded more coarsely.
template <class N>
[[nodiscard]] Settling settling_of(const N& network) {
  Settling how;
  if constexpr (requires { network.options().statistics; }) {
    how.depends_on_batch = network.options().statistics == Statistics::of_batch;
  }
  if constexpr (requires { network.half_dtype(); }) {
    if (network.half_dtype()) how.tolerance = 5e-2;
  }
  return how;
}

/// Whether each tensor of the inputs, or their list, has a row for each sample.
template <class Inputs>
[[nodiscard]] bool has_rows_of_samples(const Inputs& inputs, std::int64_t samples) {
  if constexpr (TensorList<Inputs>) {
    return sample_count(inputs) == samples;
  } else {
    const std::vector<torch::Tensor> all = tensors_in(inputs);
    return !all.empty() && std::all_of(all.begin(), all.end(), [&](const torch::Tensor& tensor) {
      return tensor.defined() && tensor.dim() > 0 && tensor.size(0) == samples;
    });
  }
}

/// What run(inputs) returns; nothing if it cannot be run on them, as one that is made for batches of one size.
template <class Run, class Inputs>
[[nodiscard]] auto run_if_possible(const Run& run, const Inputs& inputs, const std::string& place)
    -> std::optional<std::remove_cvref_t<decltype(run(inputs))>> {
  try {
    return run(inputs);
  } catch (const DeviceError&) {
    throw;
  } catch (const c10::Error& error) {
    throw_if_of_device(error, place);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw_if_of_device(error.what(), place);
  }
  return std::nullopt;
}

/// `first` is what run(inputs) returned, `place` names the network: "network 1". Runs it once more, and on half of the
/// samples. Throws ConfigError if it says something else for the same inputs: on the CPU in any bit, elsewhere, where
/// kernels may add in another order, by more than a thousandth. Returns a sentence for a notice if what it says of a
/// sample depends on the others: a network may do so by design. Of outputs whose tensors cannot be found nothing is
/// said. The caller puts LibTorch's random numbers and the module's buffers back; those of what is not registered
/// cannot be.
template <class Out, class Run, class Inputs>
[[nodiscard]] std::optional<std::string> require_settled(const Out& first, const Run& run, const Inputs& inputs,
                                                         std::string_view place, const Settling& how = {}) {
  if constexpr (is_walkable<Out> && is_walkable<Inputs>) {
    const torch::NoGradGuard no_grad;
    const std::vector<torch::Tensor> once = tensors_in(first), again = tensors_in(run(inputs));
    const bool on_cpu = std::all_of(once.begin(), once.end(), [](const torch::Tensor& tensor) {
      return !tensor.defined() || tensor.device().is_cpu();
    });
    if (relative_difference(once, again) > (on_cpu ? 0 : 1e-3)) {
      throw ConfigError(concat(
          place, " is frozen, but gives two different outputs for the same inputs: something inside does not follow ",
          "eval(), such as a child that is a plain member, a TorchScript module inside a module, or a dropout with ",
          "training=true; register children with register_module, load scripts with afd::load_script, and give ",
          "functional dropout is_training()"));
    }
    const std::int64_t samples = sample_count(inputs);
    if (how.depends_on_batch || samples < 2 || !has_rows_of_samples(inputs, samples)) return std::nullopt;
    const torch::Tensor rows = torch::arange(samples / 2, torch::kInt64);
    const auto half = run_if_possible(run, samples_at(inputs, rows), std::string(place));
    if (!half) return std::nullopt;
    const std::vector<torch::Tensor> some = tensors_in(*half);
    for (std::size_t i = 0; i < std::min(once.size(), some.size()); ++i) {
      const bool has_rows = once[i].defined() && some[i].defined() && once[i].is_floating_point() &&
                            once[i].dim() > 0 && some[i].dim() > 0 && once[i].size(0) == samples &&
                            some[i].size(0) == samples / 2;
      if (!has_rows || relative_difference(once[i].narrow(0, 0, samples / 2), some[i]) <= how.tolerance) continue;
      return concat(place,
                    " is frozen, but what it says of a sample depends on the other samples of the batch: something "
                    "inside normalises with the batch, such as a BatchNorm in a child that is a plain member; register "
                    "it with register_module, or, if that is meant, let registered ones do so with "
                    "afd::frozen(network, {.statistics = afd::Statistics::of_batch})");
    }
  }
  return std::nullopt;
}

/// The same of a frozen network alone, which is run for it.
template <Network N, class Inputs>
  requires is_frozen<N>
[[nodiscard]] std::optional<std::string> require_settled(const N& network, const Inputs& inputs,
                                                         std::string_view place) {
  const auto run_it = [&](const auto& given) { return afd::run(network, given); };
  return require_settled(run_it(inputs), run_it, inputs, place, settling_of(network));
}

}  // namespace afd::detail
