// SPDX-License-Identifier: MIT
//
// TorchScript networks: as teachers, as students, with outputs of their own, and back to a file.
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

#include <torch/torch.h>

#include <afd/afd.hpp>
#include <afd/network/script.hpp>

#include "check.hpp"

/// Stands for a file that torch.jit.save wrote in Python: forward is `source`.
void export_script(const std::filesystem::path& path, const std::string& source) {
  torch::jit::Module net("Net");
  net.register_attribute("training", c10::BoolType::get(), true);
  net.register_parameter("weight", torch::randn({8, 3, 3, 3}).requires_grad_(), /*is_buffer=*/false);
  net.register_parameter("head", torch::randn({10, 8}).requires_grad_(), /*is_buffer=*/false);
  net.define(source);
  net.save(path.string());
}

struct Answer {
  torch::Tensor logits;
  torch::Tensor certainty;
};

int main() {
  torch::manual_seed(1);
  std::string name = (std::filesystem::temp_directory_path() / "afd_scripts_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return 1;
  const std::filesystem::path folder = name;
  const std::string features =
      "def forward(self, x):\n    f = torch.relu(torch.conv2d(x, self.weight, stride=2))\n"
      "    z = torch.linear(torch.dropout(f.mean([2, 3]), 0.5, self.training), self.head)\n";
  export_script(folder / "teacher.pt", features + "    return f, z\n");
  export_script(folder / "other.pt", features + "    return {'scores': z, 'certainty': z.softmax(1).amax(1)}\n");
  const afd::Batch batch{torch::randn({8, 3, 16, 16}), torch::randint(10, {8}, torch::kInt64)};

  auto teacher = afd::load_script<afd::Outputs>(folder / "teacher.pt");
  auto small = afd::resnet8();
  using Terms = afd::Strategy<afd::CrossEntropy, afd::MutualKL, afd::FeatureL2>;
  afd::Distiller distiller{afd::topology::OneWay{}, Terms{}, afd::frozen(teacher), small};
  check(distiller.step(batch).value("feature_l2", 0, 1) > 0, "a script teaches");
  check(!teacher->is_training(), "frozen, it is in eval mode, and its dropout does nothing");

  auto other = afd::load_script(folder / "other.pt", [](const c10::IValue& value) {
    const auto dict = value.toGenericDict();
    return Answer{dict.at("scores").toTensor(), dict.at("certainty").toTensor()};
  });
  check(other->forward(batch.inputs).certainty.sizes() == torch::IntArrayRef({8}), "outputs of one's own are read");

  auto student = afd::load_script<afd::Outputs>(folder / "teacher.pt");
  const torch::Tensor before = student->parameters()[0].detach().clone();
  afd::Distiller pair{afd::topology::Pair{}, afd::Strategy<afd::CrossEntropy, afd::MutualKL>{}, student, small};
  pair.step(batch);
  student->save_script(folder / "student.pt");
  auto again = afd::load_script<afd::Outputs>(folder / "student.pt");
  check(!torch::equal(again->parameters()[0], before), "a script learns, and leaves as a script");

  std::string problem;
  try {
    static_cast<void>(afd::load_script(folder / "teacher.pt")->forward(batch.inputs));
  } catch (const afd::ShapeError& error) {
    problem = error.what();
  }
  std::cout << problem << '\n';
  check(problem.find("load_script<afd::Outputs>") != std::string::npos, "outputs of another kind are told");
  for (const auto& file : std::filesystem::directory_iterator(folder)) std::filesystem::remove(file);
  std::filesystem::remove(folder);
  return failures;
}
