// SPDX-License-Identifier: MIT
//
// Teachers: frozen ones, the average of a student, and one whose outputs are kept in a file.
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/afd.hpp>

#include "check.hpp"

int main() {
  torch::manual_seed(1);
  std::string name = (std::filesystem::temp_directory_path() / "afd_teachers_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return 1;
  const std::filesystem::path folder = name;
  const afd::TensorDataset data{torch::randn({32, 3, 16, 16}), torch::randint(10, {32}, torch::kInt64)};
  afd::BatchLoader loader{data, {.batch_size = 8}, afd::Compose{afd::PadCrop{}, afd::HorizontalFlip{}}};

  // Mean teacher: the average of the student's weights over the steps teaches it, and is scored beside it.
  afd::ResNet student = afd::resnet8();
  auto average = afd::ema(student, {.decay = 0.99, .ramp = true});
  afd::Distiller mean_teacher{afd::topology::OneWay{}, afd::KnowledgeDistillation{}, average, student};
  for (const afd::Batch& batch : loader) mean_teacher.step(batch);
  check(!average.network()->parameters()[0].equal(student->parameters()[0]),
        "the average moves, and is not the student");
  check(!average.network()->is_training(), "the average only teaches");

  // A teacher whose BatchNorms normalise with the batch, as in its own training.
  afd::ResNet teacher = afd::resnet8();
  const auto of_batch = afd::frozen(teacher, {.statistics = afd::Statistics::of_batch});
  check(!afd::run(of_batch, data.inputs).logits.equal(afd::run(afd::frozen(teacher), data.inputs).logits),
        "statistics of the batch give other outputs");

  // A teacher that is run once for each batch, for whatever students.
  const afd::TeacherCache cache{folder / "teacher.outputs", teacher};
  auto with_outputs = afd::with_cached<0, 2>(loader, cache);  // network 0 of 2 is the teacher
  with_outputs.fill(/*epochs=*/2);                            // else they are computed when they are first needed
  afd::ResNet taught = afd::resnet8();
  afd::Distiller cached{afd::topology::OneWay{}, afd::KnowledgeDistillation{}, afd::Cached{}, taught};
  const auto result = afd::Trainer{cached, {.epochs = 2}}.fit(with_outputs);
  check(result.epochs == 2 && cache.counts().computed == 8 && cache.counts().found == 8, "each batch is computed once");

  for (const auto& file : std::filesystem::directory_iterator(folder)) std::filesystem::remove(file);
  std::filesystem::remove(folder);
  return failures;
}
