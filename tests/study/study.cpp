// SPDX-License-Identifier: MIT
#include <afd/study/study.hpp>
//
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <torch/torch.h>
#include <nlohmann/json.hpp>

#include <afd/data/loader.hpp>
#include <afd/data/tensor_dataset.hpp>
#include <afd/network/frozen.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("study");

namespace {

namespace fs = std::filesystem;
using afd_test::TempFolder;
using namespace std::chrono_literals;

/// Images whose label is the quarter that is bright: little networks learn it within an epoch or two.
afd::TensorDataset quarters(std::int64_t count, std::int64_t seed) {
  torch::manual_seed(static_cast<std::uint64_t>(seed));
  const torch::Tensor labels = torch::randint(4, {count}, torch::kInt64);
  torch::Tensor images = torch::rand({count, 1, 8, 8}) * 0.6;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto label = labels[i].item<std::int64_t>();
    images[i][0].narrow(0, 4 * (label / 2), 4).narrow(1, 4 * (label % 2), 4) += 0.4;
  }
  return {(images * 255).to(torch::kUInt8), labels};
}

auto networks(std::uint64_t /*seed*/) {
  const afd::PlainCnnOptions options{.widths = {4, 8}, .classes = 4};
  return std::tuple{afd::PlainCnn(options), afd::PlainCnn(options)};
}

const afd::DistillerOptions slow{.logit = afd::Sgd{.lr = 0.02}};

auto alone() {
  return afd::recipe<"alone">(
      [](auto&... each) { return afd::Distiller{afd::topology::Pair{}, afd::Alone{}, slow, each...}; }, {.epochs = 2});
}
auto dml() {
  return afd::recipe<"dml">(
      [](auto&... each) { return afd::Distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, slow, each...}; },
      {.epochs = 2});
}

struct Data {
  afd::BatchLoader<> train{quarters(64, 1), {.batch_size = 16}};
  afd::BatchLoader<> validation{quarters(32, 2), {.batch_size = 32, .shuffle = false}};
  afd::BatchLoader<> test{quarters(40, 3), {.batch_size = 40, .shuffle = false}};
};

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

template <class Body>
std::string error_of(const Body& body) {
  try {
    body();
  } catch (const afd::Error& error) {
    return error.what();
  }
  return "no error";
}

/// Of networks 0 and 1: the second, trained alone before, teaches the first.
auto offline() {
  return afd::recipe<"kd">(
             [](auto& student, auto& teacher) {
               return afd::Distiller{afd::topology::OneWay{}, afd::DeepMutualLearning{}, slow, afd::frozen(teacher),
                                     student};
             },
             {.epochs = 2})
      .with_weights_of("alone", 1);
}

/// Sees how far apart the networks' weights are after each epoch.
template <class D>
struct Distance {
  D& distiller;
  std::vector<double> seen{};

  void on_epoch(const afd::EpochEvent<D>&) {
    const auto first = [](auto& network) { return afd::module_of(network).parameters()[0]; };
    seen.push_back((first(distiller.template network<0>()) - first(distiller.template network<1>()))
                       .norm()
                       .template item<double>());
  }
  [[nodiscard]] nlohmann::json json() const { return {{"distance", seen}}; }
};

/// The first `steps` batches of each epoch are good; then SIGINT comes, once.
struct Interrupting {
  afd::BatchLoader<> loader;
  std::shared_ptr<std::int64_t> left;

  struct Iterator {
    afd::BatchLoader<>::Iterator place;
    std::int64_t* left;
    decltype(auto) operator*() const {
      if (--*left == 0) std::raise(SIGINT);
      return *place;
    }
    void operator++() { ++place; }
    bool operator!=(const Iterator& other) const { return place != other.place; }
  };
  Iterator begin() { return {loader.begin(), left.get()}; }
  Iterator end() { return {loader.end(), left.get()}; }
  void start_epoch(std::int64_t epoch, std::int64_t first_batch = 0) { loader.start_epoch(epoch, first_batch); }
  [[nodiscard]] std::int64_t batch_count() const { return loader.batch_count(); }
  [[nodiscard]] std::int64_t fingerprint() const { return loader.fingerprint(); }
};

}  // namespace

TEST_CASE("recipes are trained from the same weights on the same batches, and compared seed by seed") {
  const TempFolder temp;
  Data data;
  std::ostringstream progress;
  afd::Study study{{.seeds = 2, .folder = temp.path() / "study", .networks = {"left", "right"}, .progress = &progress}};
  const auto result = study.compare(networks, data.train, data.validation, data.test, alone(), dml());
  CHECK(result.is_finished);
  REQUIRE(result.cells.size() == 4);
  const afd::Cell& first = result.cells[0];
  CHECK(first.recipe == "alone");
  CHECK(first.from.at("networks") == result.cells[1].from.at("networks"));
  CHECK(first.from.at("train") == result.cells[1].from.at("train"));
  CHECK(first.from.at("networks") != result.cells[2].from.at("networks"));
  CHECK(first.from.at("train") != result.cells[2].from.at("train"));
  CHECK(first.from.at("recipe") != result.cells[1].from.at("recipe"));
  CHECK(first.epochs == std::vector<std::int64_t>{1, 2});
  REQUIRE(first.networks.size() == 2);
  CHECK(first.networks[1].is_trained);
  CHECK(first.networks[1].curve.size() == 2);
  CHECK(first.networks[1].last.at("top1") >= 0);
  CHECK(first.seconds_per_step > 0);
  CHECK(first.step_multiply_adds > 0);

  // The same numbers as a training by hand gives.
  torch::manual_seed(2);
  auto [left, right] = networks(2);
  torch::manual_seed(2 + 1000003);
  afd::Distiller by_hand{afd::topology::Pair{}, afd::Alone{}, slow, left, right};
  auto train = data.train.with_seed(2);
  afd::Trainer{by_hand, {.epochs = 2}}.fit(train, data.validation);
  const auto scores = by_hand.evaluate(data.test);
  CHECK(result.cells[2].networks[0].last.at("loss") == scores.networks[0].loss);
  CHECK(result.cells[2].networks[1].last.at("top1") == scores.networks[1].top1);
  auto [saved, other] = networks(1);
  afd::load_network(saved, temp.path() / "study/networks/alone-seed2-0.afd");
  CHECK(afd::evaluate(data.test, saved).networks[0].loss == scores.networks[0].loss);

  REQUIRE(result.comparison.recipes.size() == 2);
  const auto& outcome = result.comparison.recipes[1].networks[0];
  REQUIRE(outcome.differences.size() == 2);
  CHECK(outcome.differences[1].second == doctest::Approx(100 * (result.cells[3].networks[0].last.at("top1") -
                                                                result.cells[2].networks[0].last.at("top1"))));
  CHECK(result.text().find("dml ") != std::string::npos);
  CHECK(text_of(temp.path() / "study/report.md") == result.text());
  const std::string page = text_of(temp.path() / "study/index.html");
  CHECK(page.find("left") != std::string::npos);
  CHECK(page.find("</html>") != std::string::npos);
  CHECK(progress.str().find("cell 4/4  dml-seed2") != std::string::npos);
  CHECK(fs::is_empty(temp.path() / "study/running"));

  // All is there: nothing is trained again.
  const std::string before = text_of(temp.path() / "study/cells.jsonl");
  CHECK(study.compare(networks, data.train, data.validation, data.test, alone(), dml()).is_finished);
  CHECK(text_of(temp.path() / "study/cells.jsonl") == before);
}

TEST_CASE("a study that was stopped goes on, to the same numbers") {
  const TempFolder temp;
  Data data;
  const auto study = [&](const char* folder, std::int64_t steps) {
    const auto left = std::make_shared<std::int64_t>(steps);
    const auto train = [&](std::uint64_t seed) { return Interrupting{data.train.with_seed(seed), left}; };
    afd::Study all{{.seeds = 1, .folder = temp.path() / folder, .progress = nullptr}};
    return all.compare(networks, train, data.validation, data.test, alone(), dml());
  };
  const auto whole = study("whole", -1);
  CHECK(whole.is_finished);
  // Amid the second epoch of the second cell, as each epoch has 4 batches.
  const auto stopped = study("stopped", 8 + 6);
  CHECK(!stopped.is_finished);
  CHECK(stopped.cells.size() == 1);
  CHECK(!fs::is_empty(temp.path() / "stopped/running"));
  CHECK(text_of(temp.path() / "stopped/index.html").find("not finished") != std::string::npos);
  const auto resumed = study("stopped", -1);
  CHECK(resumed.is_finished);
  REQUIRE(resumed.cells.size() == 2);
  CHECK(resumed.cells[1].networks[0].last == whole.cells[1].networks[0].last);
  CHECK(resumed.cells[1].networks[1].best == whole.cells[1].networks[1].best);
  CHECK(resumed.cells[1].networks[0].curve == whole.cells[1].networks[0].curve);
  CHECK(resumed.cells[1].step_multiply_adds == whole.cells[1].step_multiply_adds);
}

TEST_CASE("a teacher begins with the weights of a recipe before, and is not compared") {
  const TempFolder temp;
  Data data;
  afd::Study study{{.seeds = 1, .folder = temp.path(), .progress = nullptr}};
  const auto result = study.compare(networks, data.train, data.validation, data.test, alone(), offline());
  REQUIRE(result.cells.size() == 2);
  const afd::Cell& taught = result.cells[1];
  CHECK(taught.networks[0].is_trained);
  CHECK(!taught.networks[1].is_trained);
  CHECK(taught.networks[1].last == result.cells[0].networks[1].last);
  CHECK(result.comparison.recipes[1].networks[0].difference.count == 1);
  CHECK(result.comparison.recipes[1].networks[1].difference.count == 0);

  const auto refused = [&](const auto&... recipes) {
    return error_of(
        [&] { static_cast<void>(study.compare(networks, data.train, data.validation, data.test, recipes...)); });
  };
  CHECK(refused(offline(), alone()) == "recipe kd begins with weights of alone, which must be a recipe before it");
  CHECK(refused(alone(), alone()) == "two recipes of a study are called alone");
  afd::Study forgetful{{.seeds = 1, .folder = temp.path() / "b", .save_networks = false, .progress = nullptr}};
  CHECK(error_of([&] {
          static_cast<void>(forgetful.compare(networks, data.train, data.validation, data.test, alone(), offline()));
        }).find("cannot go without save_networks") != std::string::npos);
}

TEST_CASE("cells of something else than would be trained now are refused, and it is said what differs") {
  const TempFolder temp;
  Data data;
  const afd::StudyOptions options{.seeds = 1, .folder = temp.path(), .progress = nullptr};
  const auto compare = [&](auto& train, const auto& recipe) {
    return error_of(
        [&] { static_cast<void>(afd::Study{options}.compare(networks, train, data.validation, data.test, recipe)); });
  };
  CHECK(compare(data.train, alone()) == "no error");
  auto longer = alone();
  longer.training.epochs = 3;
  CHECK(compare(data.train, longer).find("has alone, seed 1, of another training than here") != std::string::npos);
  afd::BatchLoader<> other{quarters(64, 9), {.batch_size = 16}};
  CHECK(compare(other, alone()).find("of another train than here") != std::string::npos);
  const auto faster = afd::recipe<"alone">(
      [](auto&... each) { return afd::Distiller{afd::topology::Pair{}, afd::Alone{}, each...}; }, {.epochs = 2});
  CHECK(compare(data.train, faster).find("of another recipe than here") != std::string::npos);
}

TEST_CASE("a training that diverges is written down as failed, and the others go on") {
  const TempFolder temp;
  Data data;
  const auto diverges = afd::recipe<"wild">(
      [](auto&... each) {
        return afd::Distiller{afd::topology::Pair{}, afd::Alone{}, afd::DistillerOptions{.logit = afd::Sgd{.lr = 1e30}},
                              each...};
      },
      {.epochs = 2});
  afd::Study study{{.seeds = 2, .folder = temp.path(), .progress = nullptr}};
  const auto result = study.compare(networks, data.train, data.validation, data.test, alone(), diverges);
  CHECK(result.is_finished);
  REQUIRE(result.cells.size() == 4);
  CHECK(!result.cells[1].failure.empty());
  CHECK(result.comparison.recipes[1].seeds == 0);
  CHECK(result.text().find("wild failed with seed 1: ") != std::string::npos);

  // What would begin with its weights fails for that reason.
  const auto after = dml().with_weights_of("wild", 0);
  const auto more = study.compare(networks, data.train, data.validation, data.test, alone(), diverges, after);
  CHECK(more.is_finished);
  CHECK(more.text().find("dml failed with seed 2: wild, whose weights it begins with, failed") != std::string::npos);
}

TEST_CASE("what a recipe's observer saw is written with the cell, and discriminators are watched") {
  const TempFolder temp;
  Data data;
  const auto watched =
      afd::recipe<"afd">(
          [](auto&... each) {
            return afd::Distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, slow, each...};
          },
          {.epochs = 2})
          .observed_by([]<class D>(D& distiller) { return Distance<D>{distiller}; });
  afd::Study study{{.seeds = 1, .folder = temp.path(), .weights = afd::ComparedWeights::best, .progress = nullptr}};
  const auto result = study.compare(networks, data.train, data.validation, data.test, watched);
  REQUIRE(result.cells.size() == 1);
  const afd::Cell cell = afd::CellsFile(temp.path() / "cells.jsonl").read().at(0);
  CHECK(cell.observed.at("distance").size() == 2);
  REQUIRE(cell.games.size() == 2);
  CHECK(cell.games[0].real.size() == 2);
  CHECK(cell.edge_parameters > 0);
}

TEST_CASE("several studies in one folder share the work") {
  const TempFolder temp;
  Data data;
  afd::Study first{{.seeds = 1, .folder = temp.path(), .progress = nullptr}};
  // Another one is at the first cell, and will not end before this one has looked.
  fs::create_directories(temp.path() / "running/alone-seed1");
  auto held = std::make_unique<afd::detail::FolderLock>(temp.path() / "running/alone-seed1");
  std::thread other([&] {
    while (afd::CellsFile(temp.path() / "cells.jsonl").read().empty()) std::this_thread::sleep_for(10ms);
    held.reset();
  });
  const auto result = first.compare(networks, data.train, data.validation, data.test, alone(), dml());
  other.join();
  CHECK(result.is_finished);
  REQUIRE(result.cells.size() == 2);
  CHECK(result.cells[0].recipe == "dml");
}

TEST_CASE("a folder that cannot be made is refused by name") {
  const TempFolder temp;
  std::ofstream(temp.path() / "file") << "in the way";
  Data data;
  afd::Study study{{.seeds = 1, .folder = temp.path() / "file" / "study", .progress = nullptr}};
  CHECK_THROWS_WITH_AS(study.compare(networks, data.train, data.validation, data.test, alone()),
                       doctest::Contains("cannot make the folder"), afd::FileError);
}

TEST_CASE("a part of the recipes can be trained first, and others later") {
  const TempFolder temp;
  Data data;
  const auto compare = [&](std::vector<std::string> recipes) {
    afd::Study study{{.seeds = 1, .folder = temp.path() / "study", .recipes = std::move(recipes), .progress = nullptr}};
    return study.compare(networks, data.train, data.validation, data.test, alone(), dml());
  };
  const auto part = compare({"dml"});
  REQUIRE(part.cells.size() == 1);
  CHECK(part.comparison.recipes.at(0).name == "dml");
  const auto whole = compare({});
  REQUIRE(whole.cells.size() == 2);
  CHECK(whole.comparison.recipes.at(0).name == "alone");
  CHECK(whole.cells[0].networks[0].last == part.cells[0].networks[0].last);
  CHECK(error_of([&] { static_cast<void>(compare({"afd"})); }) ==
        "a study has no recipe called afd; there are alone and dml");
}

TEST_CASE("options that cannot work are refused") {
  const TempFolder temp;
  Data data;
  CHECK(error_of([] { afd::Study{{}}; }).find("needs a folder") != std::string::npos);
  CHECK(error_of([&] { afd::Study({.seeds = 0, .folder = temp.path()}); }).find("at least 1 seed") !=
        std::string::npos);
  afd::Study named{{.seeds = 1, .folder = temp.path(), .networks = {"one"}, .progress = nullptr}};
  CHECK(error_of([&] {
          static_cast<void>(named.compare(networks, data.train, data.validation, data.test, alone()));
        }) == "a study has names for 1 networks, but make_networks() returns 2");
  auto own = alone();
  own.training.checkpoint.folder = temp.path() / "own";
  afd::Study study{{.seeds = 1, .folder = temp.path() / "c", .progress = nullptr}};
  CHECK(error_of([&] {
          static_cast<void>(study.compare(networks, data.train, data.validation, data.test, own));
        }).find("has a checkpoint folder of its own") != std::string::npos);
}

TEST_SUITE_END();
