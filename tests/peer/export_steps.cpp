// SPDX-License-Identifier: MIT

// Runs a few steps of a recipe in double precision and writes what went in and what came out, for check_steps.py to
// compute again in PyTorch: export_steps <recipe> <file>. The file is one of safetensors.

#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include <afd/afd.hpp>
#include <afd/state/safetensors_file.hpp>

namespace {

constexpr std::int64_t batch_size = 8;
constexpr int steps = 3;

using Tensors = std::map<std::string, torch::Tensor>;

void put(Tensors& out, const std::string& name, const torch::Tensor& tensor) {
  out.emplace(name, tensor.detach().clone());
}

void put_state(Tensors& out, const std::string& prefix, const torch::nn::Module& module) {
  for (const auto& item : module.named_parameters()) put(out, prefix + item.key(), item.value());
  for (const auto& item : module.named_buffers()) put(out, prefix + item.key(), item.value());
}

afd::PlainCnn network(std::vector<std::int64_t> widths, std::int64_t stem_stride) {
  afd::PlainCnn made(
      afd::PlainCnnOptions{.widths = std::move(widths), .classes = 4, .in_channels = 1, .stem_stride = stem_stride});
  made->to(torch::kDouble);
  return made;
}

template <class Distiller, class... Networks>
void run(const std::string& file, Distiller& distiller, Networks&... networks) {
  Tensors out;
  const auto put_all = [&](const std::string& when) {
    int k = 0;
    (put_state(out, when + "/network" + std::to_string(k++) + "/", *networks), ...);
    int e = 0;
    for (const auto& module : distiller.cohort().edges().modules()) {
      put_state(out, when + "/edge" + std::to_string(e++) + "/", *module);
    }
  };
  std::vector<afd::Batch> batches;
  for (int i = 0; i < steps; ++i) {
    batches.push_back(
        {torch::randn({batch_size, 1, 12, 12}, torch::kDouble), torch::randint(4, {batch_size}, torch::kInt64)});
    put(out, "inputs" + std::to_string(i), batches.back().inputs);
    put(out, "targets" + std::to_string(i), batches.back().targets);
  }
  distiller.build(batches[0]);
  put_all("before");
  for (int i = 0; i < steps; ++i) {
    const auto report = distiller.step(batches[static_cast<std::size_t>(i)]);
    for (std::size_t j = 0; j < report.entries.size(); ++j) {
      put(out, "loss" + std::to_string(i) + "/" + report.entries[j].column(), report.losses[j]);
    }
  }
  put_all("after");
  afd::write_safetensors(out, file);
}

// Larger than the defaults, so that every update can be seen in the weights. The script uses the same.
template <class Order = afd::Simultaneous>
auto options(Order order = {}) {
  return afd::DistillerOptions{.logit = afd::Sgd{.lr = 0.05, .momentum = 0.9, .weight_decay = 1e-3},
                               .feature = afd::Adam{.lr = 1e-3, .weight_decay = 0.1},
                               .discriminator = afd::Adam{.lr = 2e-3, .weight_decay = 0.05},
                               .order = order};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string recipe = argv[1];
  const std::string file = argv[2];
  torch::manual_seed(11);
  // Channels, heights and widths differ, so that transfer layers convolve and pool.
  auto a = network({4, 6}, 1);
  auto b = network({5, 8}, 2);
  auto c = network({4, 6}, 1);
  if (recipe == "afd_pair") {
    afd::Distiller distiller{afd::topology::Pair{},
                             afd::Strategy{afd::CrossEntropy{}, afd::MutualKL{.temperature = 3},
                                           afd::Adversarial<>{.discriminator = {.width = 7}}},
                             options(), a, b};
    run(file, distiller, a, b);
  } else if (recipe == "afd_cycle") {
    // Logits over all pairs, features around the cycle, discriminators first.
    afd::Distiller distiller{
        afd::topology::Cycle<3>{},
        afd::Strategy{afd::CrossEntropy{},
                      afd::Over{afd::topology::AllPairs<3>{}, afd::MutualKL{.temperature = 2, .weight = 0.5}},
                      afd::Adversarial<>{.discriminator = {.width = 7}, .weight = 2}},
        options(afd::DiscriminatorFirst{}),
        a,
        b,
        c};
    run(file, distiller, a, b, c);
  } else if (recipe == "l1_frozen") {
    afd::Distiller distiller{afd::topology::OneWay{}, afd::DirectAlignmentWithKL{}, options(), afd::frozen(a), b};
    run(file, distiller, a, b);
  } else if (recipe == "l2_attention_all_pairs") {
    afd::Distiller distiller{
        afd::topology::AllPairs<3>{},
        afd::Strategy{afd::CrossEntropy{}, afd::FeatureL2{.weight = 0.7}, afd::AttentionTransfer{.weight = 10}},
        options(),
        a,
        b,
        c};
    run(file, distiller, a, b, c);
  } else {
    std::cerr << "export_steps: there is no recipe " << recipe << '\n';
    return 2;
  }
}
