// SPDX-License-Identifier: MIT

// Reads the TorchScript networks that exchange_scripts.py wrote, compares what they compute, trains one of them with
// the others as teachers, and writes it: exchange_scripts <folder>.

#include <filesystem>
#include <iostream>
#include <string>

#include <torch/torch.h>

#include <afd/data/batch.hpp>
#include <afd/network/frozen.hpp>
#include <afd/network/script.hpp>
#include <afd/state/safetensors_file.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/graph.hpp>

namespace {

void require(bool holds, const std::string& what) {
  if (!holds) throw afd::Error(what);
  std::cout << what << ": yes\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::filesystem::path folder = argv[1];
  try {
    const auto expected = afd::read_safetensors(folder / "outputs.safetensors");
    const torch::Tensor& images = expected.at("images");
    auto student = afd::load_script<afd::Outputs>(folder / "scripted.pt");
    auto traced = afd::load_script(folder / "traced.pt");
    auto baked = afd::load_script(folder / "frozen.pt");
    const auto agrees = [&](const torch::Tensor& logits) {
      return torch::allclose(logits, expected.at("logits"), 1e-5, 1e-5);
    };
    {
      const torch::NoGradGuard no_grad;
      require(student->is_training(), "saved in train mode, it is in train mode");
      require(!agrees(student->forward(images).logits), "in train mode the scripted network drops");
      student = afd::load_script<afd::Outputs>(folder / "scripted.pt");  // whose statistics have not moved
      student->eval();
      const afd::Outputs outputs = student->forward(images);
      require(agrees(outputs.logits), "the scripted network's logits are Python's");
      require(torch::allclose(outputs.features, expected.at("features"), 1e-5, 1e-5), "its features are, too");
      require(agrees(traced->forward(images)), "the traced network's logits are Python's");
      require(agrees(baked->forward(images)), "the frozen network's logits are Python's");
    }
    torch::manual_seed(5);
    const auto before = afd::run(student, images).logits.detach().clone();
    afd::Distiller distiller{afd::topology::Graph<3, afd::Edge{1, 0}, afd::Edge{2, 0}>{},
                             afd::Strategy<afd::CrossEntropy, afd::MutualKL>{}, student, afd::frozen(traced),
                             afd::frozen(baked)};
    for (int step = 0; step < 3; ++step) {
      static_cast<void>(distiller.step({images, torch::randint(5, {6}, torch::kInt64)}));
    }
    const torch::NoGradGuard no_grad;
    student->eval();
    const torch::Tensor logits = student->forward(images).logits;
    require(!torch::allclose(logits, before), "training moved it");
    require(agrees(traced->forward(images)), "the teachers stayed");
    student->save_script(folder / "trained.pt");
    afd::write_safetensors({{"images", images}, {"logits", logits}}, folder / "trained.safetensors");
  } catch (const afd::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
