// SPDX-License-Identifier: MIT
#include <afd/train/trainer_state.hpp>
//
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/checkpoint/checkpoint.hpp>
#include <afd/data/augmentation.hpp>
#include <afd/data/loader.hpp>
#include <afd/discriminator/mlp_discriminator.hpp>
#include <afd/discriminator/patch_discriminator.hpp>
#include <afd/loss/wasserstein.hpp>
#include <afd/network/ema.hpp>
#include <afd/optim/per_network.hpp>
#include <afd/optim/per_parameter.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/contrastive_distillation.hpp>
#include <afd/strategy/every.hpp>
#include <afd/strategy/over.hpp>
#include <afd/strategy/penalised.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/strategy/relational_kd.hpp>
#include <afd/strategy/scheduled.hpp>
#include <afd/strategy/weighted_edges.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/graph.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>
#include <afd/train/trainer.hpp>

#include "support/doctest.hpp"
#include "support/runs.hpp"
#include "support/temp_folder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("train");

namespace {

using afd_test::images;
using afd_test::outcome;
using afd_test::PairRecipe;
using afd_test::Quiet;
using afd_test::StopAfter;
using afd_test::test_source;
using afd_test::tiny_network;
using afd_test::ToDouble;
using afd_test::train_in;
using afd_test::train_source;
namespace fs = std::filesystem;

/// A history without its times.
std::vector<std::vector<double>> losses_and_scores(const afd::History& history) {
  std::vector<std::vector<double>> rows;
  for (const auto& row : history.rows()) {
    rows.push_back({row[0]});
    rows.back().insert(rows.back().end(), row.begin() + 3, row.end());
  }
  return rows;
}

/// Stopped after any step and started again in a new process's place, a training ends with the same bits.
template <class With>
void check_resume(const With& with) {
  const afd_test::TempFolder folder;
  Quiet quiet;
  const auto whole = train_in(with, quiet.options(folder.path() / "whole"), 0, 1);
  CHECK(whole.stop == afd::StopReason::finished);
  const afd::Bytes end = outcome(folder.path() / "whole");
  for (int stop = 1; stop < 12; ++stop) {
    CAPTURE(stop);
    const fs::path place = folder.path() / std::to_string(stop);
    const auto first = train_in(with, quiet.options(place), stop, 1);
    CHECK(first.stop == afd::StopReason::callback);
    quiet.said.clear();
    const auto second = train_in(with, quiet.options(place), 0, 99);
    REQUIRE(quiet.said.size() == 1);
    CHECK(quiet.said[0].find("going on from") != std::string::npos);
    CHECK(outcome(place) == end);
    CHECK(losses_and_scores(second.history) == losses_and_scores(whole.history));
    CHECK(second.best[0].epoch == whole.best[0].epoch);
    CHECK(second.last_ensemble.scores == whole.last_ensemble.scores);
  }
}

struct CycleRecipe {
  static constexpr std::size_t networks = 3;
  template <class Use>
  void operator()(const Use& use) const {
    auto a = tiny_network(), b = tiny_network({4, 5}), c = tiny_network();
    afd::Distiller distiller{
        afd::topology::Cycle<3>{},
        afd::Strategy{afd::CrossEntropy{}, afd::Every<3, afd::Adversarial<afd::PatchDiscriminator>>{}},
        afd::DistillerOptions{.logit = afd::Sgd{.lr = 0.05, .accumulate = 3}, .order = afd::DiscriminatorFirst{}},
        a,
        b,
        c};
    use(distiller);
  }
};
struct OfflineRecipe {
  static constexpr std::size_t networks = 2;
  template <class Use>
  void operator()(const Use& use) const {
    auto teacher = tiny_network(), student = tiny_network({4, 6});
    for (torch::Tensor& parameter : teacher->parameters()) torch::nn::init::constant_(parameter, 0.01);
    afd::Distiller distiller{afd::topology::OneWay{}, afd::DirectAlignmentWithKL{}, afd::frozen(teacher), student};
    use(distiller);
  }
};
struct JointRecipe {
  static constexpr std::size_t networks = 2;
  template <class Use>
  void operator()(const Use& use) const {
    auto a = tiny_network(), b = tiny_network();
    afd::Distiller distiller{afd::topology::Pair{}, afd::AttentionDistillation{},
                             afd::DistillerOptions{.logit = afd::AdamW{.lr = 1e-3}, .updates = afd::JointUpdate{}}, a,
                             b};
    use(distiller);
  }
};
/// Optimizers of networks and parameters, weights that change, memories, penalties that draw, averages.
struct FullRecipe {
  static constexpr std::size_t networks = 3;
  template <class Use>
  void operator()(const Use& use) const {
    using Edges = afd::topology::Graph<3, afd::Edge{0, 1}, afd::Edge{1, 0}>;
    using Critic = afd::Penalised<afd::Adversarial<afd::MlpDiscriminator, afd::Wasserstein>, afd::InterpolatedSlopes>;
    auto a = tiny_network(), b = tiny_network();
    auto average = afd::ema(a, {.decay = 0.9, .ramp = true, .buffers = afd::EmaBuffers::averaged});
    const afd::Strategy strategy{afd::CrossEntropy{}, afd::Scheduled<afd::MutualKL>{.weight = afd::Ramp{.epochs = 2}},
                                 afd::Over<Edges, afd::WeightedEdges<2, afd::ContrastiveDistillation>>{
                                     {}, {{1.0, 0.5}, {.dimension = 4, .memory = 7}}},
                                 afd::RelationalKD{}, afd::Over<Edges, Critic>{}};
    const afd::PerParameter careful{afd::Sgd{.lr = 0.05, .max_norm = 1.0, .accumulate = 2},
                                    {{.kind = afd::ParameterKind::vectors, .rate = 0.5, .weight_decay = 0.0}}};
    afd::Distiller distiller{
        afd::topology::Graph<3, afd::Edge{0, 1}, afd::Edge{1, 0}, afd::Edge{2, 0}>{},
        strategy,
        afd::DistillerOptions{.logit = afd::PerNetwork{careful, afd::AdamW{.lr = 1e-3}, afd::NoOptimizer{}}},
        a,
        b,
        average};
    use(distiller);
  }
};

}  // namespace

TEST_CASE("a pair's training resumes to the bit from every step") {
  check_resume(PairRecipe{});
}
TEST_CASE("a cycle's training resumes to the bit from every step") {
  check_resume(CycleRecipe{});
}
TEST_CASE("offline training resumes to the bit from every step") {
  check_resume(OfflineRecipe{});
}
TEST_CASE("training with one optimizer resumes to the bit from every step") {
  check_resume(JointRecipe{});
}

TEST_CASE("training with all that remembers, changes or draws resumes to the bit from every step") {
  check_resume(FullRecipe{});
}

TEST_CASE("a training that is over is not trained again, and one with more epochs goes on") {
  const afd_test::TempFolder folder;
  Quiet quiet;
  const auto checkpoint = quiet.options(folder.path());
  const auto first = train_in(PairRecipe{}, checkpoint, 0, 1);
  const afd::Bytes end = outcome(folder.path());
  const auto again = train_in(PairRecipe{}, checkpoint, 0, 2);
  CHECK(again.epochs == 3);
  CHECK(losses_and_scores(again.history) == losses_and_scores(first.history));
  CHECK(outcome(folder.path()) == end);
  torch::manual_seed(3);
  PairRecipe{}([&](auto& distiller) {
    const auto longer =
        afd::Trainer{distiller,
                     afd::TrainerOptions{.epochs = 5, .logit_schedule = afd::MultiStep{}, .checkpoint = checkpoint}}
            .fit(train_source(), test_source());
    CHECK(longer.epochs == 5);
    CHECK(longer.history.rows().size() == 5);
  });
}

TEST_CASE("SIGTERM and SIGINT end a training after its step, with a checkpoint; the old handlers are back then") {
  for (const int signal : {SIGTERM, SIGINT}) {
    const afd_test::TempFolder folder;
    Quiet quiet;
    const auto handler = [](int) {};
    const auto old = std::signal(signal, handler);
    torch::manual_seed(1);
    PairRecipe{}([&](auto& distiller) {
      struct Raise {
        int signal;
        int steps = 0;
        void on_step(const afd::StepEvent<std::remove_reference_t<decltype(distiller)>>& /*event*/) {
          if (++steps == 6) std::raise(signal);
        }
      };
      Raise raise{signal};
      const auto result =
          afd::Trainer{distiller, afd::TrainerOptions{.epochs = 3, .checkpoint = quiet.options(folder.path())}}.fit(
              train_source(), raise);
      CHECK(result.stop == afd::StopReason::signal);
      CHECK(raise.steps == 6);
    });
    CHECK(afd::detail::CheckpointFolder(folder.path()).files().at(0).step == 6);
    CHECK((std::signal(signal, old) == static_cast<void (*)(int)>(handler)));
  }
}

TEST_CASE("a damaged newest checkpoint is told, and the one before it is used") {
  const afd_test::TempFolder folder;
  Quiet quiet;
  const auto whole = train_in(PairRecipe{}, quiet.options(folder.path() / "whole"), 0, 1);
  static_cast<void>(train_in(PairRecipe{}, quiet.options(folder.path() / "parts"), 10, 1));
  const auto files = afd::detail::CheckpointFolder(folder.path() / "parts").files();
  REQUIRE(files.size() == 2);
  CHECK(files[0].step == 10);
  CHECK(files[1].step == 8);
  fs::resize_file(files[0].path, fs::file_size(files[0].path) / 2);
  quiet.said.clear();
  static_cast<void>(train_in(PairRecipe{}, quiet.options(folder.path() / "parts"), 0, 9));
  REQUIRE(quiet.said.size() == 2);
  CHECK(quiet.said[0].find("is truncated") != std::string::npos);
  CHECK(quiet.said[1].find("epoch 3, after step 0") != std::string::npos);
  CHECK(outcome(folder.path() / "parts") == outcome(folder.path() / "whole"));

  CHECK(fs::exists(files[0].path.string() + ".damaged"));

  // Without any other, the best one serves; without that, nothing is begun anew.
  const auto damage_all = [&] {
    for (const auto& file : afd::detail::CheckpointFolder(folder.path() / "parts").files()) {
      std::ofstream(file.path, std::ios::trunc) << "nothing";
    }
  };
  damage_all();
  static_cast<void>(train_in(PairRecipe{}, quiet.options(folder.path() / "parts"), 0, 9));
  CHECK(quiet.said.back().find("best.afd") != std::string::npos);
  CHECK(outcome(folder.path() / "parts") == outcome(folder.path() / "whole"));
  damage_all();
  fs::resize_file(folder.path() / "parts" / "best.afd", 30);
  for (int start = 0; start < 2; ++start) {
    CHECK_THROWS_WITH_AS(static_cast<void>(train_in(PairRecipe{}, quiet.options(folder.path() / "parts"), 0, 9)),
                         doctest::Contains("no checkpoint in"), afd::FormatError);
  }
}

TEST_CASE("other schedules, another source or another recipe cannot go on, and say so") {
  const afd_test::TempFolder folder;
  Quiet quiet;
  const auto checkpoint = quiet.options(folder.path());
  static_cast<void>(train_in(PairRecipe{}, checkpoint, 5, 1));
  PairRecipe{}([&](auto& distiller) {
    afd::Trainer constant{distiller, afd::TrainerOptions{.epochs = 3, .checkpoint = checkpoint}};
    CHECK_THROWS_WITH_AS(constant.fit(train_source(), test_source()), doctest::Contains("logit schedule"),
                         afd::ConfigError);
    afd::Trainer trainer{
        distiller, afd::TrainerOptions{.epochs = 3, .logit_schedule = afd::MultiStep{}, .checkpoint = checkpoint}};
    auto other = afd::BatchLoader(images(22), {.batch_size = 6, .seed = 5}, ToDouble{});
    CHECK_THROWS_WITH_AS(trainer.fit(other, test_source()), doctest::Contains("fingerprint of the source"),
                         afd::FormatError);
    CHECK_FALSE(distiller.is_built());
  });
  CHECK_THROWS_WITH_AS(static_cast<void>(train_in(JointRecipe{}, checkpoint, 0, 1)),
                       doctest::Contains("another recipe"), afd::ConfigError);
}

TEST_CASE("sources that cannot be entered half-way are walked to the place") {
  const afd_test::TempFolder folder;
  Quiet quiet;
  torch::manual_seed(6);
  const std::vector<afd::Batch> batches{afd_test::tiny_batch(), afd_test::tiny_batch(), afd_test::tiny_batch()};
  const auto train = [&](const fs::path& place, int stop) {
    torch::manual_seed(1);
    PairRecipe{}([&](auto& distiller) {
      afd::Trainer{distiller, afd::TrainerOptions{.epochs = 2, .checkpoint = quiet.options(place)}}.fit(
          batches, StopAfter{stop});
    });
    return outcome(place);
  };
  const afd::Bytes whole = train(folder.path() / "whole", 0);
  CHECK(train(folder.path() / "parts", 5) != whole);
  CHECK(train(folder.path() / "parts", 0) == whole);
}

TEST_SUITE_END();
