// SPDX-License-Identifier: MIT
#include "support/pretend_device.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/stack.h>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/Storage.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/util/Exception.h>
#include <torch/library.h>
#include <torch/utils.h>
#include <torch/version.h>

// How a device has pinned memory differs between versions of LibTorch.
#define AFD_TORCH_HAS_HOOKS (TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 6))
#if AFD_TORCH_HAS_HOOKS
#include <ATen/detail/PrivateUse1HooksInterface.h>
#endif

namespace pretend {
namespace {

constexpr auto kind = c10::DeviceType::PrivateUse1;
constexpr int device_count = 2;

/// What each stream has done, and how far it knows the others to be.
using Clock = std::map<std::int64_t, std::int64_t>;

void merge(Clock& into, const Clock& from) {
  for (const auto& [stream, at] : from) into[stream] = std::max(into[stream], at);
}

struct State {
  std::recursive_mutex mutex;
  Counts counts;
  bool counts_now = false;
  Fault fault = Fault::none;
  std::int64_t fault_in = 0;
  std::string fault_name;
  std::int64_t next_stream = 1;
  std::map<std::int64_t, Clock> clocks;  // of streams
  Clock host;                            // what the host has waited for
  std::set<const void*> pinned;
};
State& state() {
  static State* const one = new State;  // tensors may outlive whatever is static
  return *one;
}
thread_local int current_device = 0;
thread_local std::array<std::int64_t, device_count> current_streams{};

/// Of a storage on the device: what holds its memory, and who used it when.
struct Block {
  c10::Storage memory;
  std::int64_t made_on = 0;
  std::pair<std::int64_t, std::int64_t> written{0, 0};  // stream and time
  Clock used;
  std::set<std::int64_t> recorded;
};

void note_hazard() {
  if (state().counts_now) ++state().counts.hazards;
}

/// The memory may be given away again, in the order of the stream that asked for it.
void free_block(void* context) {
  const std::lock_guard lock(state().mutex);
  auto* block = static_cast<Block*>(context);
  Clock& known = state().clocks[block->made_on];
  merge(known, state().host);
  for (const auto& [stream, at] : block->used) {
    if (stream != block->made_on && block->recorded.count(stream) == 0 && known[stream] < at) note_hazard();
  }
  delete block;
}

Block* block_of(const c10::Storage& storage) {
  return storage.data_ptr().get_deleter() == &free_block ? static_cast<Block*>(storage.data_ptr().get_context())
                                                         : nullptr;
}

c10::DataPtr held(const c10::Storage& memory, c10::Device device) {
  auto* block = new Block{memory, current_streams[static_cast<std::size_t>(device.index())], {0, 0}, {}, {}};
  return {memory.data_ptr().get(), block, &free_block, device};
}

bool is_ours(const at::Tensor& tensor) {
  return tensor.defined() && tensor.device().type() == kind;
}

at::Tensor tensor_of(c10::Storage storage, c10::DispatchKey key, const at::Tensor& like) {
  auto tensor = at::detail::make_tensor<c10::TensorImpl>(std::move(storage), c10::DispatchKeySet(key), like.dtype());
  tensor.unsafeGetTensorImpl()->set_sizes_and_strides(like.sizes(), like.strides());
  tensor.unsafeGetTensorImpl()->set_storage_offset(like.storage_offset());
  return tensor;
}

/// The same memory as a tensor of the CPU.
at::Tensor on_host(const at::Tensor& ours) {
  c10::DataPtr data{ours.storage().data_ptr().get(), new at::Tensor(ours),
                    [](void* kept) { delete static_cast<at::Tensor*>(kept); }, c10::Device(c10::DeviceType::CPU)};
  c10::Storage storage(c10::Storage::use_byte_size_t(), ours.storage().nbytes(), std::move(data),
                       c10::GetCPUAllocator(), /*resizable=*/true);
  return tensor_of(std::move(storage), c10::DispatchKey::CPU, ours);
}

/// What an operator of the CPU has made, as a tensor of the device.
at::Tensor on_device(const at::Tensor& host, c10::Device device) {
  c10::Storage storage(c10::Storage::use_byte_size_t(), host.storage().nbytes(), held(host.storage(), device),
                       c10::GetCPUAllocator(), /*resizable=*/true);
  return tensor_of(std::move(storage), c10::DispatchKey::PrivateUse1, host);
}

/// One run of an operator: its arguments on the host, then its results on the device.
class Call {
 public:
  explicit Call(const std::string& name) : name_(name) {}

  void take(c10::IValue& value, bool writes) {
    if (value.isTensor()) {
      value = taken(value.toTensor(), writes);
    } else if (value.isTensorList()) {
      lists_.emplace_back();
      c10::List<at::Tensor> list;
      for (const at::Tensor& tensor : value.toTensorVector()) {
        lists_.back().push_back(tensor);
        list.push_back(taken(tensor, writes));
      }
      value = list;
    } else if (value.isOptionalTensorList()) {
      c10::List<c10::optional<at::Tensor>> list;
      for (const auto& each : value.toOptionalTensorList().vec()) {
        list.push_back(each.has_value() ? c10::optional<at::Tensor>(taken(*each, writes)) : each);
      }
      value = list;
    } else if (value.isDevice() && value.toDevice().type() == kind) {
      const c10::Device asked = value.toDevice();
      use(asked.has_index() ? asked : c10::Device(kind, static_cast<c10::DeviceIndex>(current_device)));
      value = c10::Device(c10::DeviceType::CPU);
    }
  }

  void give(c10::IValue& value) const {
    if (value.isTensor()) {
      value = given(value.toTensor());
    } else if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(given(tensor));
      value = list;
    }
  }

  /// Out arguments that were resized are so on the device, too.
  void finish() const {
    for (const auto& [ours, host, writes] : pairs_) {
      if (!writes) continue;
      if (host.storage().data_ptr().get() != ours.storage().data_ptr().get()) {
        c10::Storage storage = ours.storage();
        storage.set_data_ptr_noswap(held(host.storage(), ours.device()));
        storage.set_nbytes(host.storage().nbytes());
      }
      if (host.sizes() != ours.sizes() || host.strides() != ours.strides()) {
        ours.unsafeGetTensorImpl()->set_sizes_and_strides(host.sizes(), host.strides());
      }
    }
  }

  /// The operator comes after those of its stream, and of others as far as this one has waited for them.
  void order() const {
    const c10::Device at = device();
    const std::int64_t stream = current_streams[static_cast<std::size_t>(at.index())];
    Clock& known = state().clocks[stream];
    merge(known, state().host);
    const std::int64_t now = ++known[stream];
    for (const auto& [ours, host, writes] : pairs_) {
      Block* block = block_of(ours.storage());
      if (block == nullptr) continue;
      if (block->written.first != stream && known[block->written.first] < block->written.second) note_hazard();
      if (writes) {
        for (const auto& [other, at_time] : block->used)
          if (other != stream && known[other] < at_time) note_hazard();
      }
      block->used[stream] = now;
      if (writes) block->written = {stream, now};
    }
    if (state().counts_now) ++state().counts.streams[stream];
  }

  /// What was made is made now.
  void mark(const at::Tensor& made) const {
    Block* block = block_of(made.storage());
    if (block == nullptr) return;
    const std::int64_t stream = current_streams[static_cast<std::size_t>(device().index())];
    block->written = {stream, state().clocks[stream][stream]};
    block->used[stream] = block->written.second;
  }

  [[nodiscard]] c10::Device device() const { return device_.value_or(c10::Device(kind, 0)); }
  [[nodiscard]] bool has_device() const { return device_.has_value(); }
  [[nodiscard]] std::int64_t host_operands() const { return host_operands_; }
  [[nodiscard]] const std::vector<std::vector<at::Tensor>>& lists() const { return lists_; }

  void require_one_device() const {
    const bool takes_both = name_ == "aten::copy_" || name_.rfind("aten::index", 0) == 0;
    TORCH_CHECK(other_.empty() || takes_both, "Expected all tensors to be on the same device, but found at least two ",
                "devices, ", device(), " and ", other_, "! (", name_, ")");
  }

 private:
  at::Tensor taken(const at::Tensor& tensor, bool writes) {
    if (!tensor.defined()) return tensor;
    if (!is_ours(tensor)) {
      if (!tensor.unsafeGetTensorImpl()->is_wrapped_number()) ++host_operands_;
      if (tensor.dim() > 0) other_ = "cpu";
      return tensor;
    }
    use(tensor.device());
    for (auto& known : pairs_) {
      if (!known.ours.is_same(tensor)) continue;
      known.writes = known.writes || writes;  // an operator in place takes it twice
      return known.host;
    }
    pairs_.push_back({tensor, on_host(tensor), writes});
    return pairs_.back().host;
  }

  [[nodiscard]] at::Tensor given(const at::Tensor& host) const {
    if (!host.defined()) return host;
    for (const auto& known : pairs_) {
      if (known.host.is_same(host)) return known.ours;
      const void* memory = known.host.storage().data_ptr().get();
      if (memory != nullptr && memory == host.storage().data_ptr().get()) {
        return tensor_of(c10::Storage(known.ours.storage()), c10::DispatchKey::PrivateUse1, host);
      }
    }
    const at::Tensor made = on_device(host, device());
    mark(made);
    return made;
  }

  void use(c10::Device device) {
    if (device_ && *device_ != device) other_ = device.str();
    if (!device_) device_ = device;
  }

  struct Pair {
    at::Tensor ours, host;
    bool writes;
  };

  std::string name_;
  std::vector<Pair> pairs_;
  std::vector<std::vector<at::Tensor>> lists_;
  c10::optional<c10::Device> device_;
  std::string other_;
  std::int64_t host_operands_ = 0;
};

/// The host waits for the stream.
void wait_for(std::int64_t stream, const std::string& why) {
  merge(state().host, state().clocks[stream]);
  if (state().counts_now) ++state().counts.waits[why];
}

void fail_if_told(const std::string& name) {
  State& s = state();
  if (s.fault == Fault::none || (!s.fault_name.empty() && s.fault_name != name && s.fault_in >= 0)) return;
  if (s.fault_in-- > 0) return;
  if (s.fault == Fault::broken) {
    TORCH_CHECK(false, "CUDA error: an illegal memory access was encountered (a pretend one)");
  }
  s.fault = Fault::none;
  TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA out of memory (pretended). Tried to allocate 20.00 MiB");
}

/// What CUDA's kernels of lists ask for; otherwise each tensor has a kernel of its own.
bool is_slow(const std::vector<std::vector<at::Tensor>>& lists) {
  for (const auto& list : lists) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const at::Tensor& first = lists.front().at(i);
      if (list[i].scalar_type() != lists.front().front().scalar_type() || list[i].sizes() != first.sizes() ||
          list[i].strides() != first.strides() || !list[i].is_non_overlapping_and_dense()) {
        return true;
      }
    }
  }
  return false;
}

/// Results of such a kernel lie as what it was given, which the CPU's do not where sizes of one leave a choice.
void lay_as(c10::IValue& results, const std::vector<at::Tensor>& given) {
  if (!results.isTensorList()) return;
  c10::List<at::Tensor> laid;
  for (const at::Tensor& result : results.toTensorVector()) {
    const at::Tensor& like = given.at(laid.size());
    const bool differs = result.sizes() == like.sizes() && result.strides() != like.strides();
    laid.push_back(differs ? at::empty_strided(like.sizes(), like.strides(), result.options()).copy_(result) : result);
  }
  results = laid;
}

/// Any operator.
void run(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  static const std::set<std::string> reads{"aten::_local_scalar_dense", "aten::equal",    "aten::nonzero",
                                           "aten::masked_select",       "aten::bincount", "aten::_unique2"};
  const at::AutoDispatchBelowADInplaceOrView below;
  const c10::FunctionSchema& schema = op.schema();
  const std::string name = schema.name();
  const std::size_t count = schema.arguments().size(), begin = stack->size() - count;
  const bool is_of_lists = name.rfind("aten::_foreach", 0) == 0;
  Call call(name);
  {
    const std::lock_guard lock(state().mutex);
    fail_if_told(name);
    for (std::size_t i = 0; i < count; ++i) {
      const auto* alias = schema.arguments()[i].alias_info();
      call.take((*stack)[begin + i], alias != nullptr && alias->isWrite());
    }
    call.require_one_device();
    call.order();
    Counts& counts = state().counts;
    if (state().counts_now) {
      ++counts.operators[name];
      if (name != "aten::copy_") counts.host_operands += call.host_operands();
      if (is_of_lists && !call.lists().empty() && is_slow(call.lists())) ++counts.slow_lists;
    }
    if (reads.count(name) > 0) {
      wait_for(current_streams[static_cast<std::size_t>(call.device().index())], name);
    }
  }
  op.callBoxed(stack);
  const std::lock_guard lock(state().mutex);
  call.finish();
  const std::size_t results = schema.returns().size();
  for (std::size_t i = stack->size() - results; i < stack->size(); ++i) {
    if (is_of_lists && !call.lists().empty()) lay_as((*stack)[i], call.lists().front());
    call.give((*stack)[i]);
  }
}

bool is_pinned(const at::Tensor& tensor) {
  const std::lock_guard lock(state().mutex);
  return tensor.device().is_cpu() && state().pinned.count(tensor.storage().data_ptr().get()) > 0;
}

/// Between host and device, and on the device.
void copy(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const std::size_t begin = stack->size() - 3;
  const at::Tensor to = (*stack)[begin].toTensor(), from = (*stack)[begin + 1].toTensor();
  const bool non_blocking = (*stack)[begin + 2].toBool();
  const bool comes_in = is_ours(to) && !is_ours(from), goes_out = !is_ours(to) && is_ours(from);
  run(op, stack);
  if (!goes_out && !comes_in) return;
  const std::lock_guard lock(state().mutex);
  const torch::Device at = comes_in ? to.device() : from.device();
  if (state().counts_now) {
    ++(comes_in ? state().counts.copies_in : state().counts.copies_out);
    if (comes_in) state().counts.bytes_in += static_cast<std::int64_t>(from.nbytes());
  }
  if (non_blocking && is_pinned(comes_in ? from : to)) return;
  wait_for(current_streams[static_cast<std::size_t>(at.index())], comes_in ? "copy in" : "copy out");
}

/// So that a module can be moved there and back.
bool can_take_data(const at::Tensor& self, const at::Tensor& from) {
  const auto fits = [](const at::Tensor& tensor) { return tensor.device().is_cpu() || is_ours(tensor); };
  return fits(self) && fits(from);
}

/// Memory of the host that the device could read by itself.
class PinnedMemory final : public c10::Allocator {
 public:
#if AFD_TORCH_HAS_HOOKS
  c10::DataPtr allocate(std::size_t bytes) override { return allocated(bytes); }
  void copy_data(void* to, const void* from, std::size_t bytes) const override { default_copy_data(to, from, bytes); }
#else
  c10::DataPtr allocate(std::size_t bytes) const override { return allocated(bytes); }
#endif

 private:
  static c10::DataPtr allocated(std::size_t bytes) {
    auto* kept = new c10::DataPtr(c10::GetCPUAllocator()->allocate(bytes));
    const std::lock_guard lock(state().mutex);
    state().pinned.insert(kept->get());
    if (state().counts_now) ++state().counts.pinned;
    return {kept->get(), kept, &let_go, c10::Device(c10::DeviceType::CPU)};
  }
  static void let_go(void* context) {
    const std::lock_guard lock(state().mutex);
    auto* kept = static_cast<c10::DataPtr*>(context);
    state().pinned.erase(kept->get());
    delete kept;
  }
};
PinnedMemory pinned_memory;

#if AFD_TORCH_HAS_HOOKS
struct Hooks final : at::PrivateUse1HooksInterface {
  bool isPinnedPtr(const void* data) const override {
    const std::lock_guard lock(state().mutex);
    return state().pinned.count(data) > 0;
  }
  c10::Allocator* getPinnedMemoryAllocator() const override { return &pinned_memory; }
  bool hasPrimaryContext(c10::DeviceIndex /*index*/) const override { return true; }
};
#else
bool pinned_kernel(const at::Tensor& self, c10::optional<c10::Device> /*device*/) {
  return is_pinned(self);
}

at::Tensor pin_kernel(const at::Tensor& self, c10::optional<c10::Device> /*device*/) {
  const at::Tensor like = at::empty_like(self);
  const std::size_t bytes = like.storage().nbytes();
  c10::Storage storage(c10::Storage::use_byte_size_t(), bytes, pinned_memory.allocate(bytes), &pinned_memory, false);
  return tensor_of(std::move(storage), c10::DispatchKey::CPU, like).copy_(self);
}
#endif

struct Guard final : c10::impl::DeviceGuardImplInterface {
  using Device = c10::Device;
  using Stream = c10::Stream;

  c10::DeviceType type() const override { return kind; }
  Device exchangeDevice(Device device) const override {
    return Device(kind, static_cast<c10::DeviceIndex>(std::exchange(current_device, device.index())));
  }
  Device getDevice() const override { return Device(kind, static_cast<c10::DeviceIndex>(current_device)); }
  void setDevice(Device device) const override { uncheckedSetDevice(device); }
  void uncheckedSetDevice(Device device) const noexcept override {
    if (device.has_index()) current_device = device.index();
  }
  Stream getStream(Device device) const noexcept override {
    return Stream(Stream::UNSAFE, with_index(device), current_streams[index(device)]);
  }
  Stream getDefaultStream(Device device) const override { return Stream(Stream::DEFAULT, with_index(device)); }
  Stream getStreamFromGlobalPool(Device device, bool /*high_priority*/ = false) const override {
    const std::lock_guard lock(state().mutex);
    return Stream(Stream::UNSAFE, with_index(device), state().next_stream++);
  }
  Stream exchangeStream(Stream stream) const noexcept override {
    std::int64_t& current = current_streams[static_cast<std::size_t>(stream.device_index())];
    return Stream(Stream::UNSAFE, stream.device(), std::exchange(current, stream.id()));
  }
  c10::DeviceIndex deviceCount() const noexcept override { return device_count; }

  void record(void** event, const Stream& stream, c10::DeviceIndex /*index*/, c10::EventFlag /*flag*/) const override {
    const std::lock_guard lock(state().mutex);
    if (*event == nullptr) *event = new Clock;
    *static_cast<Clock*>(*event) = state().clocks[stream.id()];
  }
  void block(void* event, const Stream& stream) const override {
    const std::lock_guard lock(state().mutex);
    if (event != nullptr) merge(state().clocks[stream.id()], *static_cast<Clock*>(event));
    if (state().counts_now) ++state().counts.stream_waits;
  }
  bool queryEvent(void* /*event*/) const override { return true; }
  void destroyEvent(void* event, c10::DeviceIndex /*index*/) const noexcept override {
    delete static_cast<Clock*>(event);
  }
  bool queryStream(const Stream& /*stream*/) const override { return true; }
  void synchronizeStream(const Stream& stream) const override {
    const std::lock_guard lock(state().mutex);
    wait_for(stream.id(), "stream");
  }
  void recordDataPtrOnStream(const c10::DataPtr& data, const Stream& stream) const override {
    const std::lock_guard lock(state().mutex);
    if (data.get_deleter() == &free_block) static_cast<Block*>(data.get_context())->recorded.insert(stream.id());
  }

 private:
  static Device with_index(Device device) {
    return device.has_index() ? device : Device(kind, static_cast<c10::DeviceIndex>(current_device));
  }
  static std::size_t index(Device device) { return static_cast<std::size_t>(with_index(device).index()); }
};

const c10::impl::DeviceGuardImplRegistrar registered(kind, new Guard);
#if AFD_TORCH_HAS_HOOKS
const bool has_hooks = [] {
  c10::register_privateuse1_backend("privateuseone");  // only so it is an accelerator
  at::RegisterPrivateUse1HooksInterface(new Hooks);
  return true;
}();
#endif

}  // namespace

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&run>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("copy_", torch::CppFunction::makeFromBoxedFunction<&copy>());
  // LibTorch would ask which library computes them.
  m.impl("convolution", torch::CppFunction::makeFromBoxedFunction<&run>());
  m.impl("convolution_backward", torch::CppFunction::makeFromBoxedFunction<&run>());
  // Later versions of LibTorch would make operators of single tensors of them.
  for (const c10::OperatorName& op : c10::Dispatcher::singleton().getAllOpNames()) {
    if (op.name.rfind("aten::_foreach_", 0) != 0) continue;
    const std::string name = op.name + (op.overload_name.empty() ? "" : "." + op.overload_name);
    m.impl(name.c_str(), torch::CppFunction::makeFromBoxedFunction<&run>());
  }
#if !AFD_TORCH_HAS_HOOKS
  m.impl("is_pinned", pinned_kernel);
  m.impl("_pin_memory", pin_kernel);
#endif
}

#if AFD_TORCH_HAS_HOOKS  // nothing is computed in half, as on a device that does not know autocast
TORCH_LIBRARY_IMPL(_, AutocastPrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFallthrough());
}
#endif

TORCH_LIBRARY_IMPL(aten, AutogradPrivateUse1, m) {
  m.impl("_has_compatible_shallow_copy_type", can_take_data);
}

torch::Device device(int index) {
  return {kind, static_cast<c10::DeviceIndex>(index)};
}

std::int64_t Counts::wait_total() const {
  std::int64_t total = 0;
  for (const auto& [why, count] : waits) total += count;
  return total;
}

std::int64_t Counts::operator_total() const {
  std::int64_t total = 0;
  for (const auto& [name, count] : operators) total += count;
  return total;
}

Counts counted(const std::function<void()>& body) {
  {
    const std::lock_guard lock(state().mutex);
    state().counts = {};
    state().counts_now = true;
  }
  body();
  const std::lock_guard lock(state().mutex);
  state().counts_now = false;
  return std::exchange(state().counts, {});
}

Failing::Failing(Fault fault, std::int64_t after, std::string name) {
  const std::lock_guard lock(state().mutex);
  state().fault = fault;
  state().fault_in = after;
  state().fault_name = std::move(name);
}

Failing::~Failing() {
  const std::lock_guard lock(state().mutex);
  state().fault = Fault::none;
}

c10::Stream side_stream(int index) {
  return Guard().getStreamFromGlobalPool(device(index));
}

}  // namespace pretend
