// SPDX-License-Identifier: MIT
#pragma once

// The parameters and buffers of two modules of one shape, matched by name: what an average follows its student by.

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/device.hpp>
#include <afd/detail/libtorch.hpp>
#include <afd/error.hpp>
#include <afd/network/module_tree.hpp>
#include <afd/state/state_visitor.hpp>

namespace afd::detail {

/// Pairs of tensors, held by handle: a module that is moved or converted keeps its handles.
class MatchedTensors {
 public:
  /// Throws ConfigError if names, kinds or shapes differ, naming every difference, if the average shares memory with
  /// the student, or if one of its tensors cannot be written to. Nothing is changed.
  MatchedTensors(const torch::nn::Module& average, const torch::nn::Module& student)
      : of_average_(average), of_student_(student) {
    if (&average == &student) {
      throw ConfigError("the average of a student must be another module than the student itself; leave it out, and " +
                        std::string("it is cloned: afd::ema(student, options)"));
    }
    const Parts own = parts_of(average), theirs = parts_of(student);
    require_same_form(own, theirs);
    require_own_memory(own, theirs);
    std::set<const void*> seen;  // one that is shared inside the average moves once
    for (const auto& [name, part] : own) {
      require_writable(name, part.tensor);
      if (!seen.insert(part.tensor.unsafeGetTensorImpl()).second) continue;
      pairs_.push_back({name, part.tensor, theirs.at(name).tensor, part.is_buffer});
    }
  }

  /// Whether no module of either has been replaced since.
  [[nodiscard]] bool are_of(const torch::nn::Module& average, const torch::nn::Module& student) const {
    return of_average_.is_of(average) && of_student_.is_of(student);
  }

  /// The student's values, whatever dtype and device they have.
  void copy() const {
    const torch::NoGradGuard no_grad;
    for (const Pair& pair : pairs_) torch::Tensor(pair.own).copy_(pair.theirs);
  }

  /// Throws ConfigError, naming the tensor, if two of a pair are of other dtypes, devices or sizes.
  void require_alike() const {
    for (const Pair& pair : pairs_) {
      const torch::Tensor &own = pair.own, &theirs = pair.theirs;
      if (own.scalar_type() == theirs.scalar_type() && same_device(own.device(), theirs.device()) &&
          own.sizes() == theirs.sizes()) {
        continue;
      }
      throw ConfigError(concat("the average's ", pair.name, " is ", described(own), ", but its student's is ",
                               described(theirs), "; move and convert both networks alike"));
    }
  }

  /// average = decay * average + (1 - decay) * student, in a handful of operators; buffers too if `with_buffers`, else
  /// they are copied, and counters always are. They are alike.
  void move(double decay, bool with_buffers) const {
    const torch::NoGradGuard no_grad;
    std::vector<Group> groups;
    Group copied;
    for (const Pair& pair : pairs_) {
      const bool is_real = pair.own.is_floating_point() || pair.own.is_complex();
      const bool moves = !pair.is_buffer || (with_buffers && !pair.name.ends_with(counter));
      Group& group = is_real && moves ? group_of(groups, pair.own) : copied;
      group.own.push_back(pair.own);
      group.theirs.push_back(pair.theirs);
    }
    for (const Group& group : groups) {
      at::_foreach_mul_(group.own, decay);
      at::_foreach_add_(group.own, group.theirs, 1 - decay);
    }
    copy_list(copied.own, copied.theirs);
  }

 private:
  /// BatchNorm's, which a module's to(dtype) makes a number with fractions.
  static constexpr std::string_view counter = "num_batches_tracked";

  struct Part {
    torch::Tensor tensor;
    bool is_buffer;
  };
  using Parts = std::map<std::string, Part>;
  struct Pair {
    std::string name;
    torch::Tensor own, theirs;
    bool is_buffer;
  };
  /// Of one dtype on one device: operators over lists are slow for all of one if they differ.
  struct Group {
    std::vector<torch::Tensor> own, theirs;
  };

  static Parts parts_of(const torch::nn::Module& module) {
    Parts parts;
    for (const auto& item : module.named_parameters()) parts.emplace(item.key(), Part{item.value(), false});
    for (const auto& item : module.named_buffers()) {
      if (item.value().defined()) parts.emplace(item.key(), Part{item.value(), true});
    }
    return parts;
  }

  static std::string described(const torch::Tensor& tensor) {
    return concat(tensor.scalar_type(), ' ', tensor.sizes(), " on ", tensor.device());
  }
  static std::string described(const Part& part) {
    return concat(part.is_buffer ? "a buffer " : "a parameter ", part.tensor.sizes());
  }

  static void require_same_form(const Parts& own, const Parts& theirs) {
    std::string lines;
    const auto line = [&](const std::string& name, const std::string& here, const std::string& there) {
      lines += concat("\n  ", name, ": ", here, " in the average, ", there, " in the student");
    };
    for (const auto& [name, part] : own) {
      const auto fellow = theirs.find(name);
      if (fellow == theirs.end()) {
        line(name, described(part), "nothing");
      } else if (part.is_buffer != fellow->second.is_buffer || part.tensor.sizes() != fellow->second.tensor.sizes()) {
        line(name, described(part), described(fellow->second));
      }
    }
    for (const auto& [name, part] : theirs)
      if (!own.contains(name)) line(name, "nothing", described(part));
    lines += ties(own, theirs);
    if (lines.empty()) return;
    throw ConfigError("the average must have the parameters and buffers of its student, but:" + lines +
                      "\nmake both of one class with the same options");
  }

  /// A tensor that is one in the average cannot follow two.
  static std::string ties(const Parts& own, const Parts& theirs) {
    std::string lines;
    std::map<const void*, std::string> first;
    for (const auto& [name, part] : own) {
      const auto [place, is_new] = first.try_emplace(part.tensor.unsafeGetTensorImpl(), name);
      const auto a = theirs.find(place->second), b = theirs.find(name);
      if (is_new || a == theirs.end() || b == theirs.end() || a->second.tensor.is_same(b->second.tensor)) continue;
      lines += concat("\n  ", place->second, " and ", name, ": one tensor in the average, two in the student");
    }
    return lines;
  }

  static void require_own_memory(const Parts& own, const Parts& theirs) {
    std::map<const void*, std::string> of_student;
    const auto memory_of = [](const torch::Tensor& tensor) -> const void* {
      if (tensor.has_storage() && tensor.storage().nbytes() > 0) return tensor.storage().unsafeGetStorageImpl();
      return tensor.unsafeGetTensorImpl();
    };
    for (const auto& [name, part] : theirs) of_student.emplace(memory_of(part.tensor), name);
    for (const auto& [name, part] : own) {
      const auto shared = of_student.find(memory_of(part.tensor));
      if (shared == of_student.end()) continue;
      throw ConfigError(concat("the average's ", name, " is in the same memory as the student's ", shared->second,
                               ", so it would not be an average; make the average a module of its own"));
    }
  }

  static void require_writable(const std::string& name, const torch::Tensor& tensor) {
    require_own_elements("the average's " + name, tensor);
    if (!tensor.is_inference()) return;
    throw ConfigError(
        concat("the average's ", name,
               " was made under c10::InferenceMode, so it cannot be updated; make the average outside of ", "it"));
  }

  static Group& group_of(std::vector<Group>& groups, const torch::Tensor& like) {
    for (Group& group : groups) {
      const torch::Tensor& member = group.own.front();
      if (member.scalar_type() == like.scalar_type() && member.device() == like.device()) return group;
    }
    return groups.emplace_back();
  }

  ModuleTree of_average_, of_student_;
  std::vector<Pair> pairs_;
};

}  // namespace afd::detail
