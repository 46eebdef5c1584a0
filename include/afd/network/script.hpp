// SPDX-License-Identifier: MIT
#pragma once

// TorchScript networks, exported from Python, as teachers or students. Not in afd.hpp: LibTorch's interpreter takes
// its time to compile.

#include <array>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <ATen/core/ivalue.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <afd/data/bytes.hpp>
#include <afd/detail/atomic_file.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/device_error.hpp>
#include <afd/error.hpp>
#include <afd/network/network.hpp>
#include <afd/network/script_outputs.hpp>

namespace afd {

namespace detail {

/// One module of a script, as a module of LibTorch: parameters and buffers are the script's own tensors by their names
/// in Python, and the mode is the script's own.
class ScriptPart : public torch::nn::Module {
 public:
  explicit ScriptPart(torch::jit::Module script)
      : script_(std::move(script)), mode_(script_.type()->findAttributeSlot("training")) {
    for (const auto& item : script_.named_parameters(/*recurse=*/false)) {
      register_parameter(item.name, item.value, item.value.requires_grad());
    }
    for (const auto& item : script_.named_buffers(/*recurse=*/false)) {
      buffers_.push_back({*script_.type()->findAttributeSlot(item.name), register_buffer(item.name, item.value)});
    }
    for (const auto& item : script_.named_children()) {
      children_.push_back(register_module(item.name, std::make_shared<ScriptPart>(item.value)));
    }
  }

  [[nodiscard]] bool is_training() const noexcept override {
    return mode_ && script_._ivalue()->slots()[*mode_].toBool();
  }

  /// Throws ConfigError for train mode of a script that was frozen in Python, before anything changes.
  void train(bool on = true) override {
    if (on) require_modes();
    Module::train(on);
    if (mode_) script_._ivalue()->setSlot(*mode_, on);
  }

 protected:
  [[nodiscard]] const torch::jit::Module& script() const { return script_; }

  /// A script may give a buffer a new tensor, as older batch norms do in each step. Whoever holds the registered one
  /// (checkpoints, snapshots) must see its values.
  void keep_buffers() {
    for (Buffer& buffer : buffers_) {
      const c10::IValue& now = script_._ivalue()->slots()[buffer.slot];
      if (!now.isTensor() || now.toTensor().is_same(buffer.tensor)) continue;
      buffer.tensor.set_data(now.toTensor());
      script_._ivalue()->setSlot(buffer.slot, buffer.tensor);
    }
    for (const auto& child : children_) child->keep_buffers();
  }

 private:
  struct Buffer {
    std::size_t slot;
    torch::Tensor tensor;
  };

  void require_modes() const {
    if (!mode_) {
      throw ConfigError(
          "a TorchScript module without a train mode cannot be trained, for torch.jit.freeze or optimize_for_inference "
          "took it away; export it without them, or wrap the network in afd::frozen(...) so that it only teaches");
    }
    for (const auto& child : children_) child->require_modes();
  }

  torch::jit::Module script_;
  c10::optional<std::size_t> mode_;
  std::vector<Buffer> buffers_;
  std::vector<std::shared_ptr<ScriptPart>> children_;
};

}  // namespace detail

/// The module behind ScriptNetwork<Out>.
template <class Out>
class ScriptNetworkImpl : public detail::ScriptPart {
 public:
  using Convert = std::function<Out(const c10::IValue&)>;

  ScriptNetworkImpl(torch::jit::Module script, Convert convert)
      : ScriptPart(std::move(script)), convert_(std::move(convert)) {}

  /// The script's forward, then what terms read of it. Throws ShapeError with the script's own message where it fails.
  template <class... Inputs>
    requires(std::is_constructible_v<c10::IValue, const Inputs&> && ...)
  Out forward(const Inputs&... inputs) {
    torch::jit::Module script = this->script();  // a handle; forward is not const
    const c10::IValue outputs = [&] {
      try {
        return script.forward({c10::IValue(inputs)...});
      } catch (...) {
        keep_buffers();  // whoever puts statistics back must find them
        rethrow_of_script();
      }
    }();
    keep_buffers();
    return convert_(outputs);
  }

  /// A deep copy.
  std::shared_ptr<Module> clone(const c10::optional<torch::Device>& device = c10::nullopt) const override {
    const torch::NoGradGuard no_grad;
    auto copy = std::make_shared<ScriptNetworkImpl>(script().deepcopy(), convert_);
    const std::vector<torch::Tensor> from = parameters(), to = copy->parameters();
    for (std::size_t i = 0; i < from.size(); ++i) to[i].set_requires_grad(from[i].requires_grad());
    if (device) copy->to(*device);
    return copy;
  }

  /// Writes a TorchScript file with the weights as they are now, whole or not at all. Throws FileError.
  void save_script(const std::filesystem::path& path) const {
    std::ostringstream stream;
    script().save(stream);
    const std::string bytes = std::move(stream).str();
    detail::write_file_atomically(path, bytes);
  }

 private:
  /// The interpreter throws all that operators say as std::runtime_error.
  [[noreturn]] static void rethrow_of_script() {
    try {
      throw;
    } catch (const c10::Error&) {
      throw;  // named by whoever runs the network
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      detail::throw_if_of_device(error.what(), "its TorchScript");
      throw ShapeError(detail::concat("its TorchScript says: ", error.what()));
    }
  }

  Convert convert_;
};

/// A TorchScript module as a network that returns Out. Training, eval mode, devices, files and checkpoints reach the
/// inside; names are those that Python gave.
template <class Out>
using ScriptNetwork = torch::nn::ModuleHolder<ScriptNetworkImpl<Out>>;

/// The script in `path`, its outputs read by `convert`: Out from a c10::IValue. Give the device here: to() moves
/// parameters and buffers, but not constants, which a trace or torch.jit.freeze makes of what is in their way. Throws
/// FileError for a file that cannot be read, FormatError for one that is no TorchScript, or needs operators that this
/// LibTorch lacks.
template <class Convert>
  requires std::invocable<const Convert&, const c10::IValue&>
[[nodiscard]] auto load_script(const std::filesystem::path& path, Convert convert, torch::Device device = torch::kCPU) {
  using Out = std::remove_cvref_t<std::invoke_result_t<const Convert&, const c10::IValue&>>;
  const Bytes bytes = detail::read_raw(path);
  std::istringstream stream(std::string(bytes.begin(), bytes.end()));
  const auto refuse = [&](const char* said) {
    detail::throw_if_of_device(said, detail::concat("reading ", path));
    throw FormatError(
        detail::concat(path, " cannot be read as TorchScript (what torch.jit.save writes): LibTorch says: ", said));
  };
  c10::optional<torch::jit::Module> script;
  try {
    script = torch::jit::load(stream, device);
  } catch (const c10::Error& error) {
    refuse(error.what_without_backtrace());
  } catch (const std::bad_alloc& error) {
    detail::throw_of_memory(error, detail::concat("reading ", path));
  } catch (const std::exception& error) {
    refuse(error.what());
  }
  return ScriptNetwork<Out>(std::move(*script), std::move(convert));
}

/// The script in `path` as a network that returns Out: torch::Tensor for logits alone, Outputs for a pair (features,
/// logits), TappedOutputs<N> for N features and logits.
template <class Out = torch::Tensor>
[[nodiscard]] ScriptNetwork<Out> load_script(const std::filesystem::path& path, torch::Device device = torch::kCPU) {
  return load_script(path, ScriptOutputs<Out>{}, device);
}

}  // namespace afd
