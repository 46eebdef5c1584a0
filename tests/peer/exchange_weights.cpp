// SPDX-License-Identifier: MIT

// Reads the networks that exchange_weights.py wrote, compares what they compute, and writes networks for it to read:
// exchange_weights <folder>.

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>

#include <torch/torch.h>

#include <afd/network/safetensors.hpp>
#include <afd/state/safetensors_file.hpp>
#include <afd/zoo/imagenet_resnet.hpp>
#include <afd/zoo/resnet.hpp>

namespace {

template <class N>
void exchange(const std::filesystem::path& folder, const std::string& name, bool convert, N theirs, N ours) {
  afd::load_safetensors(theirs, folder / (name + ".safetensors"), {.convert = convert});
  theirs->eval();
  auto data = afd::read_safetensors(folder / (name + ".outputs.safetensors"));
  const torch::NoGradGuard no_grad;
  const torch::Tensor logits = data.at("logits");
  const double most = logits.abs().max().template item<double>();
  const double worst = (theirs->forward(data.at("images")).logits - logits).abs().max().template item<double>();
  std::cout << name << " of PyTorch: logits up to " << most << " agree to " << worst << '\n';
  if (!(worst <= 1e-5 * std::max(1.0, most))) throw afd::Error(name + ": the logits differ");

  const torch::Tensor images = torch::randn_like(data.at("images"));
  for (torch::Tensor& parameter : ours->parameters()) {
    if (parameter.dim() == 1) parameter.uniform_(0.5, 1.5);  // else all that normalises would be the same
  }
  static_cast<void>(ours->forward(images));  // moves the running statistics
  ours->eval();
  afd::save_safetensors(ours, folder / (name + ".back.safetensors"));
  afd::write_safetensors({{"images", images}, {"logits", ours->forward(images).logits}},
                         folder / (name + ".back.outputs.safetensors"));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::filesystem::path folder = argv[1];
  torch::manual_seed(7);
  const auto narrow = [] { return afd::ImageNetResNet(afd::ImageNetResNetOptions{.classes = 5, .width = 8}); };
  try {
    exchange(folder, "resnet18", false, afd::resnet18(), afd::resnet18());
    exchange(folder, "resnet34", true, afd::resnet34(), afd::resnet34());
    exchange(folder, "narrow", true, narrow(), narrow());
    exchange(folder, "resnet20", false, afd::resnet20(), afd::resnet20());
  } catch (const afd::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
