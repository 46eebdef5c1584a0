// SPDX-License-Identifier: MIT

// The quickstart's pair, trained by several processes: scripts/launch.sh 2 distributed_pair [IMAGES [EPOCHS]]. What
// there is more than in one process is marked with (1), (2) and (3).

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include <torch/torch.h>

#include <afd/afd.hpp>
#include <afd/data/gzip.hpp>
#include <afd/distributed/data_parallel.hpp>

namespace {

/// Ten labelled images of each class, so often that a batch has about as many of them as of the others.
afd::TensorDataset partly_labelled(const afd::TensorDataset& all, std::int64_t images) {
  const afd::TensorDataset few = all.take_per_class(10, /*seed=*/1), many = all.take(images, /*seed=*/1);
  const std::int64_t times = std::max<std::int64_t>(1, images / few.size());
  return {torch::cat({few.inputs.repeat({times, 1, 1, 1}), many.inputs}),
          torch::cat({few.targets.repeat({times}), torch::full({many.size()}, -100, torch::kInt64)})};
}

void train(std::int64_t images, std::int64_t epochs) {
  afd::World world;  // (1) waits for all processes
  torch::manual_seed(1);
  if (const char* threads = std::getenv("OMP_NUM_THREADS")) torch::set_num_threads(std::max(1, std::atoi(threads)));
  const std::string folder = "/usr/share/datasets/fashion-mnist";
  const auto data = afd::load_mnist(folder, afd::Split::train, afd::GzipFiles{}).split(5000, /*seed=*/1);
  const afd::Normalize normalize = afd::channel_statistics(data.train);
  // (2) each process has its part of every batch
  afd::BatchLoader train{partly_labelled(data.train, images),
                         {.batch_size = 64, .seed = 1, .min_batch = 1, .shard = world.shard()},
                         afd::Compose{afd::PadCrop{.padding = 2}, afd::HorizontalFlip{}, normalize}};
  afd::BatchLoader test{afd::load_mnist(folder, afd::Split::test, afd::GzipFiles{}),
                        {.batch_size = 500, .shuffle = false, .shard = world.shard()},
                        normalize};

  afd::ResNet small(afd::ResNetOptions{.depth = 8, .in_channels = 1, .width = 8, .stem_stride = 2});
  afd::ResNet large(afd::ResNetOptions{.depth = 14, .in_channels = 1, .width = 16, .stem_stride = 2});
  const afd::Adam slow{.lr = 2e-5, .weight_decay = 0.1};
  const afd::DistillerOptions options{
      .logit = afd::Sgd{.lr = 0.05, .nesterov = true},
      .feature = slow,
      .discriminator = slow,
      .exchange = afd::DataParallel{world, {.norms = afd::Norms::synchronised}}};  // (3) gradients are those of all
  afd::Distiller distiller{
      afd::topology::Pair{},
      afd::Strategy{afd::CrossEntropy{.partly_labelled = true}, afd::MutualKL{.temperature = 3}, afd::Adversarial<>{}},
      options, small, large};
  std::ostream nowhere(nullptr);
  const auto result =
      afd::Trainer{distiller,
                   {.epochs = epochs, .logit_schedule = afd::LinearWarmup{.epochs = 0.5, .then = afd::Cosine{}}}}
          .fit(train, test, afd::ProgressLine{world.is_first() ? std::cout : nowhere});
  if (!world.is_first()) return;
  for (const auto& last : result.last) {
    std::cout << "top-1 % " << 100 * last.scores.top1 << ", loss " << last.scores.loss << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    train(argc > 1 ? std::atoll(argv[1]) : 1000, argc > 2 ? std::atoll(argv[2]) : 10);
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return EXIT_FAILURE;
  }
}
