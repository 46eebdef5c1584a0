// SPDX-License-Identifier: MIT
#include <afd/step/distiller.hpp>
//
// Inputs of any kind, and outputs of which only what somebody reads is asked for: against steps written by hand.
#include <array>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <afd/data/loader.hpp>
#include <afd/data/make_views.hpp>
#include <afd/data/tensor_dataset.hpp>
#include <afd/network/frozen.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/notes.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using afd_test::check_close;
using afd_test::kl;
using afd_test::Notes;
using afd_test::reference_gradients;
using afd_test::tiny_batch;
using torch::Tensor;

namespace {

constexpr std::int64_t classes = afd_test::tiny_classes;

/// forward(image, metadata), logits alone.
struct TwoInputsImpl : torch::nn::Module {
  TwoInputsImpl()
      : of_image(register_module("of_image", torch::nn::Linear(64, classes))),
        of_metadata(register_module("of_metadata", torch::nn::Linear(3, classes))) {
    to(torch::kDouble);
  }
  Tensor forward(const Tensor& image, const Tensor& metadata) {
    return of_image(image.flatten(1)) + of_metadata(metadata);
  }
  torch::nn::Linear of_image, of_metadata;
};
TORCH_MODULE(TwoInputs);

struct Patient {
  Tensor image;
  Tensor metadata;
};
/// A struct's members are the arguments, or it is taken whole.
struct TakesPatientImpl : TwoInputsImpl {
  Tensor forward(const Patient& patient) { return TwoInputsImpl::forward(patient.image, patient.metadata); }
};
TORCH_MODULE(TakesPatient);

/// Token ids, int64 [N, L], and a mask, bool [N, L].
struct TextImpl : torch::nn::Module {
  TextImpl()
      : table(register_module("table", torch::nn::Embedding(11, 6))),
        head(register_module("head", torch::nn::Linear(6, classes))) {
    to(torch::kDouble);
  }
  Tensor forward(const Tensor& ids, const Tensor& mask) {
    const Tensor weights = mask.to(torch::kDouble).unsqueeze(2);
    return head((table(ids) * weights).sum(1) / weights.sum(1).clamp_min(1));
  }
  torch::nn::Embedding table;
  torch::nn::Linear head;
};
TORCH_MODULE(Text);

/// A linear classifier of the mean of each channel of an image of any size; logits alone.
struct MeanNetImpl : torch::nn::Module {
  MeanNetImpl() : head(register_module("head", torch::nn::Linear(1, classes))) { to(torch::kDouble); }
  Tensor forward(const Tensor& images) { return head(images.mean({2, 3})); }
  torch::nn::Linear head;
};
TORCH_MODULE(MeanNet);

/// CE + KL with T = 3 of two networks' logits, as each network minimises it.
void check_mutual(const Notes& notes, const Tensor& first, const Tensor& second, const Tensor& targets,
                  const std::vector<Tensor>& of_first, const std::vector<Tensor>& of_second) {
  check_close(notes.logit[0].gradients,
              reference_gradients(torch::cross_entropy_loss(first, targets) + kl(first, second, 3), of_first));
  check_close(notes.logit[1].gradients,
              reference_gradients(torch::cross_entropy_loss(second, targets) + kl(second, first, 3), of_second));
}

}  // namespace

TEST_CASE("the elements of a tuple, pair or array and the members of a struct are a forward's arguments") {
  torch::manual_seed(1);
  const afd::Batch images = tiny_batch();
  const Tensor metadata = torch::randn({6, 3}, torch::kDouble);
  TwoInputs a, b;
  const auto check = [&](const auto& inputs) {
    const Notes notes;
    afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, notes.options(), a, b};
    distiller.step(afd::BasicBatch{inputs, images.targets});
    check_mutual(notes, a->forward(images.inputs, metadata), b->forward(images.inputs, metadata), images.targets,
                 a->parameters(), b->parameters());
  };
  check(std::tuple{images.inputs, metadata});
  check(std::pair{images.inputs, metadata});
  check(std::array{images.inputs, metadata});
  check(Patient{images.inputs, metadata});

  TakesPatient whole;
  const Notes notes;
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, notes.options(), whole, b};
  distiller.step(afd::BasicBatch{Patient{images.inputs, metadata}, images.targets});
  check_mutual(notes, whole->TwoInputsImpl::forward(images.inputs, metadata), b->forward(images.inputs, metadata),
               images.targets, whole->parameters(), b->parameters());
}

TEST_CASE("token ids with a mask come from a data set in memory, and train an embedding") {
  torch::manual_seed(2);
  const Tensor ids = torch::randint(11, {10, 5}, torch::kInt64);
  const Tensor mask = torch::rand({10, 5}) < 0.7;
  const Tensor labels = torch::randint(classes, {10}, torch::kInt64);
  afd::BatchLoader loader{afd::tensor_dataset(std::tuple{ids, mask}, labels), {.batch_size = 5, .shuffle = false}};
  Text a, b;
  const Notes notes;
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, notes.options(), a, b};
  std::int64_t row = 0;
  for (const auto& batch : loader) {
    distiller.step(batch);
    const Tensor some = ids.narrow(0, row, 5), those = mask.narrow(0, row, 5);
    check_mutual(notes, a->forward(some, those), b->forward(some, those), labels.narrow(0, row, 5), a->parameters(),
                 b->parameters());
    row += 5;
  }
  CHECK(row == 10);
}

TEST_CASE("of views, network k takes the k-th, in training and in evaluation") {
  torch::manual_seed(3);
  const afd::Batch one = tiny_batch(), other = tiny_batch();
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network({4, 6});
  a->eval();
  const Notes notes;
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, notes.options(), a, b};
  const afd::BasicBatch batch{afd::Views{one.inputs, other.inputs}, one.targets};
  distiller.step(batch);
  check_mutual(notes, a->forward(one.inputs).logits, b->forward(other.inputs).logits, one.targets, a->parameters(),
               b->parameters());

  const std::vector<afd::BasicBatch<afd::Views<Tensor, Tensor>>> test{batch};
  const auto scores = distiller.evaluate(test);
  const std::vector<afd::Batch> first{{one.inputs, one.targets}}, second{{other.inputs, one.targets}};
  CHECK(scores.networks[0] == afd::evaluate(first, a).networks[0]);
  CHECK(scores.networks[1] == afd::evaluate(second, b).networks[0]);
  CHECK(scores.ensemble.samples == 6);
}

TEST_CASE("views of different resolutions are made by the loader's transform") {
  torch::manual_seed(4);
  const afd::Batch all = tiny_batch(8);
  struct Halved {
    Tensor operator()(const Tensor& inputs, const afd::CounterRng& /*rng*/) const {
      return torch::avg_pool2d(inputs, {2, 2});
    }
  };
  struct AsTheyAre {
    Tensor operator()(const Tensor& inputs, const afd::CounterRng& /*rng*/) const { return inputs; }
  };
  afd::BatchLoader loader{afd::TensorDataset{all.inputs, all.targets},
                          {.batch_size = 4, .shuffle = false},
                          afd::MakeViews{AsTheyAre{}, Halved{}}};
  MeanNet fine, coarse;
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, fine, coarse};
  for (const auto& batch : loader) {
    const auto& [large, small] = batch.inputs.each;
    CHECK(large.sizes() == std::vector<std::int64_t>{4, 1, 8, 8});
    CHECK(small.sizes() == std::vector<std::int64_t>{4, 1, 4, 4});
    CHECK(std::isfinite(distiller.step(batch).value("mutual_kl", 0, 1)));
  }
}

TEST_CASE("logits alone are enough for labels and probabilities, of batches that change their size") {
  torch::manual_seed(5);
  MeanNet a, b;
  const Notes notes;
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, notes.options(), a, b};
  for (const std::int64_t side : {8, 5, 12}) {
    const Tensor images = torch::randn({6, 1, side, side + 1}, torch::kDouble);
    const Tensor targets = torch::randint(classes, {6}, torch::kInt64);
    distiller.step({images, targets});
    check_mutual(notes, a->forward(images), b->forward(images), targets, a->parameters(), b->parameters());
  }
}

TEST_CASE("a torch::nn::Sequential is a network as it is") {
  torch::manual_seed(6);
  torch::nn::Sequential a(torch::nn::Flatten(), torch::nn::Linear(64, classes));
  torch::nn::Sequential b(torch::nn::Flatten(), torch::nn::Linear(64, 8), torch::nn::ReLU(),
                          torch::nn::Linear(8, classes));
  a->to(torch::kDouble);
  b->to(torch::kDouble);
  const afd::Batch batch = tiny_batch();
  const Notes notes;
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, notes.options(), a, b};
  distiller.step(batch);
  check_mutual(notes, a->forward(batch.inputs), b->forward(batch.inputs), batch.targets, a->parameters(),
               b->parameters());
}

TEST_CASE("a teacher of features needs no logits, and its head is neither asked for nor scored") {
  struct FeaturesAlone {
    Tensor features;
  };
  struct TeacherImpl : torch::nn::Module {
    TeacherImpl() : inner(register_module("inner", afd_test::tiny_network())) {}
    FeaturesAlone forward(const Tensor& images) { return {inner->forward(images).features}; }
    afd::PlainCnn inner;
  };
  torch::manual_seed(7);
  auto teacher = std::make_shared<TeacherImpl>();
  auto student = afd_test::tiny_network();
  const Notes notes;
  afd::Distiller distiller{afd::topology::OneWay{}, afd::DirectAlignmentL2{}, notes.options(), afd::frozen(teacher),
                           student};
  const afd::Batch batch = tiny_batch();
  const auto report = distiller.step(batch);
  const Tensor theirs = teacher->forward(batch.inputs).features.detach();  // the step left it in eval mode
  const Tensor distance = (student->forward(batch.inputs).features - theirs).square().mean();
  CHECK(report.value("feature_l2", 0, 1) == doctest::Approx(distance.item<double>()).epsilon(1e-12));
  check_close(notes.feature[0].gradients, reference_gradients(distance, student->parameters()));

  const std::vector<afd::Batch> test{batch};
  const auto scores = distiller.evaluate(test);
  CHECK(scores.networks[0].samples == 0);
  CHECK(std::isnan(scores.networks[0].top1));
  CHECK(scores.networks[1] == afd::evaluate(test, student).networks[0]);
  CHECK(scores.ensemble == scores.networks[1]);
}

TEST_CASE("a teacher with other classes teaches features, and is not scored by labels that are not its own") {
  torch::manual_seed(8);
  afd_test::Probe teacher(9), student;
  afd::Distiller distiller{afd::topology::OneWay{}, afd::DirectAlignment{}, afd::frozen(teacher), student};
  const std::vector<afd::Batch> batches{tiny_batch()};
  CHECK_NOTHROW(distiller.step(batches[0]));
  const auto scores = distiller.evaluate(batches);
  CHECK(scores.networks[0].samples == 0);
  CHECK(scores.networks[1].samples == 6);
}

TEST_CASE("a frozen network that no term reads is not run") {
  afd_test::Probe teacher, student;
  afd::Distiller distiller{afd::topology::OneWay{}, afd::Alone{}, afd::frozen(teacher), student};
  distiller.step(tiny_batch());
  CHECK(teacher->seen.forwards == 0);
  CHECK(student->seen.forwards == 2);  // one of them to see what it returns
}

TEST_CASE("outputs that a term cannot read are told with the network's number, before any weight changes") {
  struct BadImpl : torch::nn::Module {
    BadImpl() : head(register_module("head", torch::nn::Linear(64, classes))) { to(torch::kDouble); }
    afd::Outputs forward(const Tensor& images) {
      const Tensor logits = head(images.flatten(1));
      return {Tensor(), mode == 1 ? logits.narrow(0, 0, 2) : mode == 2 ? Tensor() : logits};
    }
    torch::nn::Linear head;
    int mode = 0;
  };
  BadImpl bad;
  auto good = afd_test::tiny_network();
  const auto before = afd_test::state_of(*good);
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, good, bad};
  bad.mode = 1;
  CHECK_THROWS_WITH_AS(distiller.step(tiny_batch()), doctest::Contains("network 1: returned logits of shape [2, 4]"),
                       afd::ShapeError);
  bad.mode = 2;
  CHECK_THROWS_WITH_AS(distiller.step(tiny_batch()), doctest::Contains("network 1: returned an undefined tensor"),
                       afd::ShapeError);
  CHECK(afd_test::same_state(*good, before));
  bad.mode = 0;
  CHECK_NOTHROW(distiller.step(tiny_batch()));  // features that nobody reads may be undefined
  afd::Distiller reads{afd::topology::Pair{}, afd::AttentionDistillation{}, good, bad};
  CHECK_THROWS_WITH_AS(reads.step(tiny_batch()), doctest::Contains("undefined tensor as its features"),
                       afd::ShapeError);
}

TEST_SUITE_END();
