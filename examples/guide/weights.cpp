// SPDX-License-Identifier: MIT
//
// Weights from Python and to it: the same names, other names, a new head, other dtypes, and what does not fit.
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

#include <torch/torch.h>

#include <afd/afd.hpp>
#include <afd/network/safetensors.hpp>

#include "check.hpp"
namespace nn = torch::nn;

/// A file as a training in Python might leave it: wrapped in a DataParallel, in half precision, with more than weights.
void write_as_python(const afd::ResNet& network, const std::filesystem::path& path) {
  std::map<std::string, torch::Tensor> tensors{{"ema.decay", torch::tensor(0.99)}};
  for (const auto& item : network->named_parameters()) {
    tensors.emplace("module." + item.key(), item.value().detach().to(torch::kHalf));
  }
  for (const auto& item : network->named_buffers()) {
    const torch::Tensor& buffer = item.value();
    tensors.emplace("module." + item.key(), buffer.is_floating_point() ? buffer.to(torch::kHalf) : buffer);
  }
  afd::write_safetensors(tensors, path);
}

int main() {
  torch::manual_seed(1);
  std::string name = (std::filesystem::temp_directory_path() / "afd_weights_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return 1;
  const std::filesystem::path folder = name;
  const torch::Tensor images = torch::randn({2, 3, 32, 32});

  // To a file and back.
  afd::ResNet network = afd::resnet20(), copy = afd::resnet20();
  afd::save_safetensors(network, folder / "resnet20.safetensors");
  afd::load_safetensors(copy, folder / "resnet20.safetensors");
  check(torch::equal(copy->forward(images).logits, network->forward(images).logits), "weights come back to the bit");

  // A trained network for another task.
  afd::ResNet other = afd::resnet20(/*classes=*/4);
  afd::load_safetensors(other, folder / "resnet20.safetensors", {.leave_out = {"fc"}});
  check(torch::equal(other->forward(images).features, network->forward(images).features), "a new head on old features");

  // Names, dtypes and extras of a training in Python.
  write_as_python(network, folder / "half.safetensors");
  afd::load_safetensors(copy, folder / "half.safetensors",
                        {.rename_prefix = {{"module.", ""}}, .ignore = {"ema"}, .convert = true});
  check(torch::allclose(copy->parameters()[0], network->parameters()[0], 1e-2), "half precision, on request");
  const auto without_module = [](std::string_view entry) {
    return std::string(entry.starts_with("module.") ? entry.substr(7) : entry);
  };
  afd::load_safetensors(copy, folder / "half.safetensors",
                        {.rename_by = without_module, .ignore = {"ema"}, .convert = true});

  // A backbone and a classifier put together here: the longest prefix counts.
  auto net = afd::extractor_head(nn::Sequential(nn::Conv2d(3, 16, 3), nn::ReLU()), nn::Linear(16, 10));
  afd::write_safetensors({{"0.weight", torch::zeros({16, 3, 3, 3})},
                          {"0.bias", torch::ones({16})},
                          {"classifier.weight", torch::full({10, 16}, 2.0F)},
                          {"classifier.bias", torch::zeros({10})}},
                         folder / "parts.safetensors");
  afd::load_safetensors(net, folder / "parts.safetensors",
                        {.rename_prefix = {{"", "extractor."}, {"classifier.", "head."}}});
  check(is_near(afd::run(net, images).logits[0][0].item<double>(), 32), "each part has found its place");

  // What does not fit is listed at once, and nothing is loaded.
  std::string problem;
  try {
    afd::load_safetensors(other, folder / "resnet20.safetensors");
  } catch (const afd::FormatError& error) {
    problem = error.what();
  }
  std::cout << problem << '\n';
  check(problem.find("shape: fc.weight is [10, 64] in the file, but [4, 64] here") != std::string::npos,
        "a file of another network is told");
  for (const auto& file : std::filesystem::directory_iterator(folder)) std::filesystem::remove(file);
  std::filesystem::remove(folder);
  return failures;
}
