// SPDX-License-Identifier: MIT
// What trainings that go on must refuse, survive or tell.
#include <afd/train/trainer.hpp>
//
#include <filesystem>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/detail/atomic_file.hpp>
#include <afd/detail/folder_lock.hpp>
#include <afd/optim/optimizer.hpp>
#include <afd/optim/torch_optimizer.hpp>
#include <afd/state/envelope.hpp>

#include "support/doctest.hpp"
#include "support/runs.hpp"
#include "support/temp_folder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("train");

namespace {

using afd_test::outcome;
using afd_test::PairRecipe;
using afd_test::Quiet;
using afd_test::train_in;
namespace fs = std::filesystem;

std::vector<afd::detail::CheckpointFolder::File> files_in(const fs::path& folder) {
  return afd::detail::CheckpointFolder(folder).files();
}

/// Expects that going on in `folder` throws E with `message`, and that networks with weights of `seed` stay as they
/// are.
template <class E, class With>
void refuses(const With& with, const afd::CheckpointOptions& checkpoint, const char* message) {
  torch::manual_seed(77);
  with([&](auto& distiller) {
    const auto before = afd_test::state_of(*distiller.template network<0>());
    afd::Trainer trainer{
        distiller, afd::TrainerOptions{.epochs = 3, .logit_schedule = afd::MultiStep{}, .checkpoint = checkpoint}};
    CHECK_THROWS_WITH_AS(trainer.fit(afd_test::train_source(), afd_test::test_source()), doctest::Contains(message), E);
    CHECK(afd_test::same_state(*distiller.template network<0>(), before));
    CHECK_FALSE(distiller.is_built());
  });
}

/// Networks that are made by `make`, with any optimizer.
template <class Make, class Optimizer = afd::Sgd>
auto pair_of(const Make& make, const Optimizer& optimizer = {}) {
  // Made here, for clang forgets what braces with names say in a template: docs/compatibility.md.
  return [=, options = afd::DistillerOptions<Optimizer>{.logit = optimizer}](const auto& use) {
    auto a = make(), b = make();
    afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, options, a, b};
    use(distiller);
  };
}

/// As a Probe, with one more parameter if `has_more`, of shapes that fit all others.
struct GrownImpl : afd_test::ProbeImpl {
  explicit GrownImpl(bool has_more) {
    if (has_more) register_parameter("more", torch::zeros({2}, torch::kDouble));
  }
};
TORCH_MODULE(Grown);

}  // namespace

TEST_CASE("a checkpoint of a newer format is refused, not passed over as if it were damaged") {
  const afd_test::TempFolder folder;
  Quiet quiet;
  static_cast<void>(train_in(PairRecipe{}, quiet.options(folder.path()), 6, 1));
  const fs::path newest = files_in(folder.path()).at(0).path;
  const afd::Bytes newer =
      afd::seal(afd::read_checkpoint(newest).to_bytes(), {afd::checkpoint_kind.name, afd::checkpoint_kind.version + 1});
  afd::detail::write_file_atomically(newest, std::span(reinterpret_cast<const char*>(newer.data()), newer.size()));
  refuses<afd::VersionError>(PairRecipe{}, quiet.options(folder.path()), "use a newer one");
  CHECK(files_in(folder.path()).at(0).path == newest);
}

TEST_CASE("networks with fewer or more parts, or of another dtype, cannot go on") {
  const afd_test::TempFolder folder;
  Quiet quiet;
  const auto make = [](bool has_more) { return pair_of([=] { return Grown(has_more); }); };
  const auto save = [&](const auto& with, const char* place) {
    torch::manual_seed(1);
    with([&](auto& distiller) {
      afd::Trainer{distiller, afd::TrainerOptions{.epochs = 3,
                                                  .logit_schedule = afd::MultiStep{},
                                                  .checkpoint = quiet.options(folder.path() / place)}}
          .fit(afd_test::train_source(), afd_test::StopAfter{3});
    });
  };
  save(make(true), "more");
  refuses<afd::FormatError>(make(false), quiet.options(folder.path() / "more"), "more is in the file, but not here");
  save(make(false), "less");
  refuses<afd::FormatError>(make(true), quiet.options(folder.path() / "less"), "has no network 0/more");

  save(PairRecipe{}, "double");
  afd::StateDict state = afd::read_checkpoint(files_in(folder.path() / "double").at(0).path);
  afd::StateDict other;
  for (const auto& [key, value] : state.values()) {
    const auto* tensor = std::get_if<torch::Tensor>(&value);
    if (tensor != nullptr && key == "network 1/head.weight") {
      other.set(key, tensor->to(torch::kFloat32));
    } else {
      other.set(key, value);
    }
  }
  const afd::Bytes bytes = afd::seal(other.to_bytes(), afd::checkpoint_kind);
  afd::detail::write_file_atomically(files_in(folder.path() / "double").at(0).path,
                                     std::span(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  refuses<afd::FormatError>(PairRecipe{}, quiet.options(folder.path() / "double"), "network 1/head.weight is Float");
}

TEST_CASE("options of LibTorch's optimizers are part of the recipe") {
  const afd_test::TempFolder folder;
  Quiet quiet;
  using Rms = afd::TorchOptimizer<torch::optim::RMSprop, torch::optim::RMSpropOptions>;
  const auto with = [](const torch::optim::RMSpropOptions& options) {
    return pair_of([] { return afd_test::tiny_network(); }, Rms{options});
  };
  const auto train = [&](const auto& recipe, int stop) {
    recipe([&](auto& distiller) {
      afd::Trainer{distiller,
                   afd::TrainerOptions{
                       .epochs = 3, .logit_schedule = afd::MultiStep{}, .checkpoint = quiet.options(folder.path())}}
          .fit(afd_test::train_source(), afd_test::test_source(), afd_test::StopAfter{stop});
    });
  };
  train(with(torch::optim::RMSpropOptions(1e-3).momentum(0.5)), 5);
  refuses<afd::ConfigError>(with(torch::optim::RMSpropOptions(2e-3).momentum(0.5)), quiet.options(folder.path()),
                            "logit optimizer.lr: 0.001 in the file, 0.002 here");
  refuses<afd::ConfigError>(with(torch::optim::RMSpropOptions(1e-3).momentum(0.9)), quiet.options(folder.path()),
                            "logit optimizer.momentum: 0.5 in the file, 0.9 here");
  train(with(torch::optim::RMSpropOptions(1e-3).momentum(0.5)), 0);
}

TEST_CASE("two trainings do not share a folder") {
  const afd_test::TempFolder folder;
  Quiet quiet;
  const afd::detail::FolderLock other(folder.path());
  refuses<afd::ConfigError>(PairRecipe{}, quiet.options(folder.path()), "another training is at work");
}

TEST_CASE("a file that cannot be read is passed over, and what is written then is not pruned away") {
  const afd_test::TempFolder folder;
  Quiet quiet;
  const auto whole = train_in(PairRecipe{}, quiet.options(folder.path() / "whole"), 0, 1);
  afd::CheckpointOptions parts = quiet.options(folder.path() / "parts");
  static_cast<void>(train_in(PairRecipe{}, parts, 6, 1));
  fs::create_directory(folder.path() / "parts" / "step_000000000900.afd");
  parts.keep_last = 1;
  quiet.said.clear();
  static_cast<void>(train_in(PairRecipe{}, parts, 0, 9));
  REQUIRE(quiet.said.size() == 2);
  CHECK(quiet.said[0].find("looking for an older") != std::string::npos);
  CHECK(quiet.said[1].find("after step 2 of it") != std::string::npos);
  fs::remove(folder.path() / "parts" / "step_000000000900.afd");
  REQUIRE(files_in(folder.path() / "parts").size() == 1);
  CHECK(outcome(folder.path() / "parts") == outcome(folder.path() / "whole"));
}

TEST_CASE("messages that throw, or are not wanted, do not end a training") {
  const afd_test::TempFolder folder;
  std::ofstream(folder.path() / "file") << "in the way";
  for (const bool throws : {true, false}) {
    afd::CheckpointOptions checkpoint{.folder = folder.path() / (throws ? "a" : "b"), .keep_best = false};
    checkpoint.say = nullptr;
    if (throws) checkpoint.say = [](const std::string&) { throw std::runtime_error("no"); };
    // A folder in the way of each checkpoint.
    for (const int step : {4, 8, 12}) {
      fs::create_directories(afd::detail::CheckpointFolder(checkpoint.folder).path_of(step) / "inside");
    }
    torch::manual_seed(1);
    PairRecipe{}([&](auto& distiller) {
      afd::CheckpointOptions elsewhere = checkpoint;
      fs::rename(checkpoint.folder, folder.path() / "aside");
      afd::Trainer trainer{distiller, afd::TrainerOptions{.epochs = 1, .checkpoint = elsewhere}};
      struct Obstruct {
        fs::path from, to;
        bool done = false;
        void on_step(const afd::StepEvent<std::remove_reference_t<decltype(distiller)>>& /*event*/) {
          if (!done) {
            fs::remove_all(to);
            fs::rename(from, to);
          }
          done = true;
        }
      };
      CHECK(trainer.fit(afd_test::train_source(), Obstruct{folder.path() / "aside", checkpoint.folder}).stop ==
            afd::StopReason::finished);
    });
  }
}

TEST_CASE("a bad batch ends a training with what was trained before it in a file") {
  const afd_test::TempFolder folder;
  Quiet quiet;
  torch::manual_seed(6);
  std::vector<afd::Batch> batches{afd_test::tiny_batch(), afd_test::tiny_batch(), afd_test::tiny_batch(2)};
  const auto train = [&](const std::vector<afd::Batch>& source, const fs::path& place, std::uint64_t seed) {
    torch::manual_seed(seed);
    PairRecipe{}([&](auto& distiller) {
      afd::Trainer{distiller, afd::TrainerOptions{.epochs = 2, .checkpoint = quiet.options(place)}}.fit(source);
    });
  };
  train(batches, folder.path() / "whole", 1);
  std::vector<afd::Batch> bad = batches;
  bad[2].targets = torch::full_like(bad[2].targets, 99);
  CHECK_THROWS_AS(train(bad, folder.path() / "parts", 1), afd::DataError);
  CHECK(files_in(folder.path() / "parts").at(0).step == 2);
  train(batches, folder.path() / "parts", 9);  // mended
  CHECK(outcome(folder.path() / "parts") == outcome(folder.path() / "whole"));
}

TEST_CASE("whatever ends a training, what was trained before it is in a file, and goes on to the same bits") {
  const afd_test::TempFolder folder;
  Quiet quiet;
  struct Fault {
    std::string name;
    std::int64_t step;     ///< of the newest file then
    int bad_walk = 0;      ///< which walk through the evaluation's images meets a bad one
    int bad_batch = 0;     ///< which batch of the training is bad
    int bad_callback = 0;  ///< after which step a callback throws
    int bad_epoch = 0;     ///< after which epoch
  };
  // Draws noise for each batch from LibTorch's generator, and cannot be entered half-way.
  struct Noisy {
    std::vector<afd::Batch> batches;
    int bad = 0;
    struct Iterator {
      Noisy* source;
      std::size_t place;
      afd::Batch operator*() const {
        afd::Batch batch = source->batches[place];
        batch.inputs = batch.inputs + 0.1 * torch::rand_like(batch.inputs);
        if (--source->bad == 0) batch.inputs = torch::zeros({6, 1, 9, 9}, torch::kDouble);
        return batch;
      }
      Iterator& operator++() {
        ++place;
        return *this;
      }
      bool operator==(const Iterator& other) const { return place == other.place; }
    };
    Iterator begin() { return {this, 0}; }
    Iterator end() { return {this, batches.size()}; }
  };
  struct Evaluation {
    decltype(afd_test::test_source()) source = afd_test::test_source();
    int bad = 0;
    auto begin() {
      static_cast<void>(torch::randperm(9));
      if (--bad == 0) throw std::runtime_error("the disk with the images is gone");
      return source.begin();
    }
    auto end() { return source.end(); }
  };
  torch::manual_seed(6);
  const std::vector<afd::Batch> batches{afd_test::tiny_batch(), afd_test::tiny_batch(), afd_test::tiny_batch()};
  const auto train = [&](const Fault& fault, const fs::path& place, std::uint64_t seed) {
    torch::manual_seed(seed);
    PairRecipe{}([&](auto& distiller) {
      using D = std::remove_reference_t<decltype(distiller)>;
      struct Callback {
        int bad_step, bad_epoch;
        void on_step(const afd::StepEvent<D>& /*event*/) {
          static_cast<void>(torch::rand({2}));  // as one that looks at some images would
          if (--bad_step == 0) throw std::runtime_error("a callback's own error");
        }
        void on_epoch(const afd::EpochEvent<D>& /*event*/) {
          static_cast<void>(torch::rand({3}));
          if (--bad_epoch == 0) throw std::runtime_error("a callback's own error");
        }
      };
      Noisy source{batches, fault.bad_batch};
      Evaluation evaluation{.bad = fault.bad_walk};
      afd::Trainer{distiller, afd::TrainerOptions{.epochs = 3, .checkpoint = quiet.options(place)}}.fit(
          source, evaluation, Callback{fault.bad_callback, fault.bad_epoch});
    });
  };
  train({}, folder.path() / "whole", 1);
  const std::vector<Fault> faults{{.name = "first evaluation", .step = 3, .bad_walk = 1},
                                  {.name = "second evaluation", .step = 6, .bad_walk = 2},
                                  {.name = "shape", .step = 4, .bad_batch = 5},
                                  {.name = "callback of a step", .step = 5, .bad_callback = 5},
                                  {.name = "callback of an epoch", .step = 6, .bad_epoch = 2}};
  for (const Fault& fault : faults) {
    CAPTURE(fault.name);
    const fs::path place = folder.path() / fault.name;
    CHECK_THROWS(train(fault, place, 1));
    REQUIRE(!files_in(place).empty());
    CHECK(files_in(place).at(0).step == fault.step);
    train({}, place, 9);
    // What a callback draws in the step that it ends is drawn by nobody.
    if (fault.bad_callback == 0 && fault.bad_epoch == 0) {
      CHECK(outcome(place) == outcome(folder.path() / "whole"));
    }
    const auto best_step = [](const fs::path& of) {
      return afd::read_checkpoint(of / "best.afd").get<std::int64_t>("trainer/steps");
    };
    CHECK(best_step(place) == best_step(folder.path() / "whole"));
  }
}

TEST_CASE("without a look at labels, a bad one ends a training with the last file that is right") {
  const afd_test::TempFolder folder;
  Quiet quiet;
  torch::manual_seed(6);
  const std::vector<afd::Batch> batches{afd_test::tiny_batch(), afd_test::tiny_batch(), afd_test::tiny_batch()};
  const auto train = [&](int bad, const fs::path& place, std::uint64_t seed) {
    torch::manual_seed(seed);
    auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
    afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{},
                             afd::DistillerOptions{.non_finite = afd::DeferNonFinite{}}, a, b};
    struct Source {
      std::vector<afd::Batch> all;
      int epochs = 0, bad = 0;
      auto begin() {
        if (++epochs == bad) all[1].targets = torch::full_like(all[1].targets, 99);
        return all.begin();
      }
      auto end() { return all.end(); }
    };
    afd::Trainer{distiller, afd::TrainerOptions{.epochs = 3, .checkpoint = quiet.options(place)}}.fit(
        Source{.all = batches, .bad = bad});
  };
  train(0, folder.path() / "whole", 1);
  CHECK_THROWS(train(2, folder.path() / "parts", 1));
  CHECK(files_in(folder.path() / "parts").at(0).step == 3);
  train(0, folder.path() / "parts", 9);
  CHECK(outcome(folder.path() / "parts") == outcome(folder.path() / "whole"));
}

TEST_CASE("a last checkpoint that could not be written is tried once more") {
  for (const bool asynchronous : {false, true}) {
    const afd_test::TempFolder folder;
    const fs::path last = afd::detail::CheckpointFolder(folder.path()).path_of(8);
    std::vector<std::string> said;
    afd::CheckpointOptions checkpoint{.folder = folder.path(), .keep_best = false, .asynchronous = asynchronous};
    checkpoint.say = [&](const std::string& text) {
      said.push_back(text);
      fs::remove_all(last);
    };
    PairRecipe{}([&](auto& distiller) {
      const auto obstruct = [&](const auto& event) {
        if (event.epoch == 1) fs::create_directories(last / "in the way");
      };
      afd::Trainer{distiller, afd::TrainerOptions{.epochs = 2, .checkpoint = checkpoint}}.fit(
          afd_test::train_source(), afd_test::test_source(), obstruct);
    });
    CHECK(said.size() == 1);
    CHECK(fs::is_regular_file(last));
  }
}

TEST_CASE("an early end is remembered, and with more patience the training goes on") {
  const afd_test::TempFolder folder;
  Quiet quiet;
  const auto train = [&](std::int64_t patience, const fs::path& place, int stop, std::uint64_t seed) {
    torch::manual_seed(seed);
    afd::TrainResult<2> result;
    PairRecipe{}([&](auto& distiller) {
      distiller.scale_rates({.logit = 1e-9, .feature = 1e-9, .discriminator = 1e-9});
      struct Still {  // no progress: rates are as good as nothing
        double operator()(const afd::TrainingProgress& /*progress*/) const { return 1e-9; }
      };
      result = afd::Trainer{distiller, afd::TrainerOptions{.epochs = 8,
                                                           .logit_schedule = Still{},
                                                           .feature_schedule = Still{},
                                                           .discriminator_schedule = Still{},
                                                           .patience = patience,
                                                           .checkpoint = quiet.options(place)}}
                   .fit(afd_test::train_source(), afd_test::train_source(), afd_test::StopAfter{stop});
    });
    return result;
  };
  const auto whole = train(2, folder.path() / "whole", 0, 1);
  CHECK(whole.stop == afd::StopReason::early_stopping);
  CHECK(whole.epochs < 8);
  static_cast<void>(train(2, folder.path() / "parts", 7, 1));
  const auto parts = train(2, folder.path() / "parts", 0, 9);
  CHECK(parts.stop == afd::StopReason::early_stopping);
  CHECK(parts.epochs == whole.epochs);
  CHECK(outcome(folder.path() / "parts") == outcome(folder.path() / "whole"));
  CHECK(train(2, folder.path() / "whole", 0, 9).stop == afd::StopReason::early_stopping);
  CHECK(train(3, folder.path() / "whole", 0, 9).epochs == whole.epochs + 1);
}

TEST_CASE("losses that are looked at later end a training before a state with them is saved") {
  const afd_test::TempFolder folder;
  Quiet quiet;
  torch::manual_seed(1);
  afd_test::Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
                           afd::DistillerOptions{.non_finite = afd::DeferNonFinite{.every = 3}}, a, b};
  std::vector<afd::Batch> batches;
  for (int i = 0; i < 8; ++i) batches.push_back(afd_test::tiny_batch());
  struct Poison {
    afd_test::Probe& network;
    int steps = 0;
    void on_step(const afd::StepEvent<decltype(distiller)>& /*event*/) {
      if (++steps == 4) network->scale = std::numeric_limits<double>::infinity();
    }
  };
  afd::CheckpointOptions checkpoint = quiet.options(folder.path());
  checkpoint.every_steps = 1;
  Poison poison{a};
  CHECK_THROWS_WITH_AS(
      (afd::Trainer{distiller, afd::TrainerOptions{.epochs = 1, .checkpoint = checkpoint}}.fit(batches, poison)),
      doctest::Contains("network 0: the loss cross_entropy was not finite in one of the last 1 steps"),
      afd::NonFiniteError);
  CHECK(poison.steps == 5);
  CHECK(files_in(folder.path()).at(0).step == 4);
  const afd::StateDict state = afd::read_checkpoint(files_in(folder.path()).at(0).path);
  CHECK(state.get<torch::Tensor>("network 0/head.weight").isfinite().all().item<bool>());
}

TEST_SUITE_END();
