// SPDX-License-Identifier: MIT
#include <afd/step/distiller.hpp>
//
// Targets of any kind: against steps written by hand.
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <afd/data/loader.hpp>
#include <afd/data/mixup.hpp>
#include <afd/network/frozen.hpp>
#include <afd/strategy/binary_cross_entropy.hpp>
#include <afd/strategy/correct_teacher_kl.hpp>
#include <afd/strategy/mean_squared_error.hpp>
#include <afd/strategy/mutual_binary_kl.hpp>
#include <afd/strategy/mutual_mean_squared_error.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/notes.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using afd_test::check_close;
using afd_test::kl;
using afd_test::Notes;
using afd_test::Probe;
using afd_test::reference_gradients;
using afd_test::tiny_batch;
using torch::Tensor;

namespace {

constexpr std::int64_t classes = afd_test::tiny_classes;

/// A linear layer of the pixels, or of each pixel's channel: logits [N, out], or [N, out, 8, 8].
struct FlatImpl : torch::nn::Module {
  explicit FlatImpl(std::int64_t out) : layer(register_module("layer", torch::nn::Linear(64, out))) {
    to(torch::kDouble);
  }
  Tensor forward(const Tensor& images) { return layer(images.flatten(1)); }
  torch::nn::Linear layer;
};
TORCH_MODULE(Flat);
struct DenseImpl : torch::nn::Module {
  DenseImpl() : conv(register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, classes, 3).padding(1)))) {
    to(torch::kDouble);
  }
  Tensor forward(const Tensor& images) { return conv(images); }
  torch::nn::Conv2d conv;
};
TORCH_MODULE(Dense);

/// Counts how often its targets are looked at.
struct CountingTerm {
  static constexpr std::string_view name = "counting";
  static constexpr afd::Level level = afd::Level::logit;
  using Reads = afd::Logits;
  int* forms;
  int* values;
  double weight = 1.0;
  Tensor loss(const Tensor& logits, const Tensor& targets) const { return torch::cross_entropy_loss(logits, targets); }
  void check(const Tensor&, const Tensor&) const { ++*forms; }
  void check_values(const Tensor&, const Tensor&) const { ++*values; }
};

template <class Strategy, class Net, class Targets>
auto stepped(const Strategy& strategy, const Notes& notes, Net& a, Net& b, const Tensor& inputs,
             const Targets& targets) {
  afd::Distiller distiller{afd::topology::Pair{}, strategy, notes.options(), a, b};
  return distiller.step(afd::BasicBatch{inputs, targets});
}

}  // namespace

TEST_CASE("half the labels missing: cross entropy over the labelled, KL over all") {
  torch::manual_seed(1);
  Flat a(classes), b(classes);
  const Tensor images = torch::randn({8, 1, 8, 8}, torch::kDouble);
  const Tensor labels = torch::tensor({0, -100, 2, -100, 3, -100, 1, -100}, torch::kInt64);
  const Notes notes;
  stepped(afd::DeepMutualLearning{}, notes, a, b, images, labels);
  const Tensor own = a->forward(images), peer = b->forward(images);
  const Tensor rows = torch::tensor({0, 2, 4, 6}, torch::kInt64);
  const Tensor of_labels =
      torch::log_softmax(own, 1).index_select(0, rows).gather(1, labels.index_select(0, rows).unsqueeze(1));
  check_close(notes.logit[0].gradients, reference_gradients(-of_labels.mean() + kl(own, peer, 3), a->parameters()));

  // A batch that has no label at all.
  const afd::Strategy partly{afd::CrossEntropy{.partly_labelled = true}, afd::MutualKL{}};
  const Tensor none = torch::full({8}, -100, torch::kInt64);
  const Notes all_unlabelled;
  stepped(partly, all_unlabelled, a, b, images, none);
  check_close(all_unlabelled.logit[0].gradients, reference_gradients(kl(own, peer, 3), a->parameters()));
  CHECK_THROWS_WITH_AS(stepped(afd::DeepMutualLearning{}, notes, a, b, images, none),
                       doctest::Contains("partly_labelled"), afd::DataError);
}

TEST_CASE("mixed labels from a loader are soft ones") {
  torch::manual_seed(2);
  Flat a(classes), b(classes);
  const afd::Batch all = tiny_batch(8);
  afd::BatchLoader loader{afd::TensorDataset{all.inputs, all.targets},
                          {.batch_size = 8, .seed = 5},
                          afd::Mixup{.alpha = 1.0, .classes = classes}};
  const auto batch = *loader.begin();
  CHECK(batch.targets.sizes() == std::vector<std::int64_t>{8, classes});
  const Notes notes;
  stepped(afd::DeepMutualLearning{}, notes, a, b, batch.inputs, batch.targets);
  const Tensor own = a->forward(batch.inputs), peer = b->forward(batch.inputs);
  const Tensor loss = -(batch.targets * torch::log_softmax(own, 1)).sum(1).mean() + kl(own, peer, 3);
  check_close(notes.logit[0].gradients, reference_gradients(loss, a->parameters()));
}

TEST_CASE("smoothed labels and weighted classes") {
  torch::manual_seed(3);
  Flat a(classes), b(classes);
  const afd::Batch batch = tiny_batch();
  const Notes notes;
  const std::vector<double> weights{1, 2, 3, 4};
  stepped(afd::Strategy{afd::CrossEntropy{.label_smoothing = 0.1, .class_weights = weights}}, notes, a, b, batch.inputs,
          batch.targets);
  const Tensor log_p = torch::log_softmax(a->forward(batch.inputs), 1);
  const Tensor w = torch::tensor(weights, torch::kDouble);
  const Tensor of_rows = w.index_select(0, batch.targets);
  const Tensor hard = -(of_rows * log_p.gather(1, batch.targets.unsqueeze(1)).squeeze(1)).sum() / of_rows.sum();
  const Tensor smooth = -(log_p * w).sum() / of_rows.sum();
  check_close(notes.logit[0].gradients,
              reference_gradients(0.9 * hard + 0.1 / static_cast<double>(classes) * smooth, a->parameters()));
}

TEST_CASE("labels of every pixel, some of them ignored, and KL of every pixel") {
  torch::manual_seed(4);
  Dense a, b;
  const Tensor images = torch::randn({3, 1, 8, 8}, torch::kDouble);
  Tensor labels = torch::randint(classes, {3, 8, 8}, torch::kInt64);
  labels.narrow(1, 0, 2).fill_(255);
  const Notes notes;
  stepped(afd::Strategy{afd::CrossEntropy{.ignore_index = 255}, afd::MutualKL{.temperature = 2}}, notes, a, b, images,
          labels);
  const Tensor own = a->forward(images), peer = b->forward(images);
  const auto by_pixel = [](const Tensor& logits) { return logits.permute({0, 2, 3, 1}).reshape({-1, classes}); };
  const Tensor rows = (labels.flatten() != 255).nonzero().squeeze(1);
  const Tensor kept = by_pixel(own).index_select(0, rows);
  const Tensor ce = torch::cross_entropy_loss(kept, labels.flatten().index_select(0, rows));
  check_close(notes.logit[0].gradients,
              reference_gradients(ce + kl(by_pixel(own), by_pixel(peer), 2), a->parameters()));
}

TEST_CASE("several labels of a sample: binary cross entropy and KL of independent probabilities") {
  torch::manual_seed(5);
  Flat a(3), b(3);
  const Tensor images = torch::randn({5, 1, 8, 8}, torch::kDouble);
  const Tensor targets = (torch::rand({5, 3}) < 0.5).to(torch::kDouble);
  const Notes notes;
  stepped(afd::Strategy<afd::BinaryCrossEntropy, afd::MutualBinaryKL>{}, notes, a, b, images, targets);
  const Tensor p = torch::sigmoid(a->forward(images)), q = torch::sigmoid(b->forward(images)).detach();
  const Tensor bce = -(targets * p.log() + (1 - targets) * (1 - p).log()).mean();
  const Tensor divergence = (q * (q / p).log() + (1 - q) * ((1 - q) / (1 - p)).log()).sum() / 5;
  check_close(notes.logit[0].gradients, reference_gradients(bce + divergence, a->parameters()));
}

TEST_CASE("regression: squared errors of targets and of predictions") {
  torch::manual_seed(6);
  Flat a(2), b(2);
  const Tensor images = torch::randn({5, 1, 8, 8}, torch::kDouble), targets = torch::randn({5, 2}, torch::kDouble);
  const Notes notes;
  stepped(afd::Strategy<afd::MeanSquaredError, afd::MutualMeanSquaredError>{}, notes, a, b, images, targets);
  const Tensor own = a->forward(images), peer = b->forward(images).detach();
  check_close(notes.logit[0].gradients,
              reference_gradients((own - targets).square().mean() + (own - peer).square().mean(), a->parameters()));
  CHECK_THROWS_WITH_AS(stepped(afd::Strategy<afd::MeanSquaredError>{}, notes, a, b, images, targets.select(1, 0)),
                       doctest::Contains("network 0, term mean_squared_error"), afd::DataError);
}

TEST_CASE("no targets at all, for terms that need none") {
  torch::manual_seed(7);
  auto teacher = afd_test::tiny_network(), student = afd_test::tiny_network();
  const Notes notes;
  afd::Distiller distiller{afd::topology::OneWay{}, afd::Strategy<afd::MutualKL, afd::FeatureL2>{}, notes.options(),
                           afd::frozen(teacher), student};
  const Tensor images = tiny_batch().inputs;
  distiller.step(afd::BasicBatch{images, afd::NoTargets{}});
  const auto own = student->forward(images), theirs = teacher->forward(images);
  check_close(notes.logit[0].gradients, reference_gradients(kl(own.logits, theirs.logits, 3), student->parameters()));
  distiller.step({images, Tensor()});  // or an undefined tensor
  struct Unlabelled {
    Tensor inputs;
  };
  distiller.step(Unlabelled{images});
  // Cross entropy says what it lacks.
  afd::Distiller needs{afd::topology::OneWay{}, afd::KnowledgeDistillation{}, afd::frozen(teacher), student};
  CHECK_THROWS_WITH_AS(needs.step({images, Tensor()}), doctest::Contains("network 1, term cross_entropy"),
                       afd::DataError);
}

TEST_CASE("an edge term reads targets: KL only where the teacher is right") {
  torch::manual_seed(8);
  Flat a(classes), b(classes);
  const Tensor images = tiny_batch(8).inputs;
  const Tensor own = a->forward(images), peer = b->forward(images).detach();
  Tensor labels = peer.argmax(1);  // the teacher is right about the first three
  labels.narrow(0, 3, 5).add_(1).remainder_(classes);
  const Tensor right = torch::arange(8).lt(3).to(torch::kDouble);
  const Notes notes;
  stepped(afd::Strategy{afd::CorrectTeacherKL{.temperature = 2}}, notes, a, b, images, labels);
  const Tensor p = torch::softmax(peer / 2, 1);
  const Tensor rows = (p * (p.log() - torch::log_softmax(own / 2, 1))).sum(1);
  check_close(notes.logit[0].gradients, reference_gradients(4 * (rows * right).sum() / 8, a->parameters()));
}

TEST_CASE("each term is given its part of the targets") {
  struct Truth {
    Tensor labels;
    Tensor position;
  };
  struct Both {
    Tensor logits;
    Tensor position;
  };
  struct TwoHeadsImpl : torch::nn::Module {
    TwoHeadsImpl()
        : what(register_module("what", torch::nn::Linear(64, classes))),
          where(register_module("where", torch::nn::Linear(64, 2))) {
      to(torch::kDouble);
    }
    Both forward(const Tensor& images) { return {what(images.flatten(1)), where(images.flatten(1))}; }
    torch::nn::Linear what, where;
  };
  torch::manual_seed(9);
  TwoHeadsImpl a, b;
  const afd::Batch batch = tiny_batch();
  const Tensor position = torch::randn({6, 2}, torch::kDouble);
  const auto loss = [&] {
    const Both out = a.forward(batch.inputs);
    return torch::cross_entropy_loss(out.logits, batch.targets) + 3 * (out.position - position).square().mean();
  };
  {
    using Where = afd::At<&Both::position, afd::Against<&Truth::position, afd::MeanSquaredError>>;
    const Notes notes;
    stepped(afd::Strategy{afd::Against<&Truth::labels, afd::CrossEntropy>{}, Where{{{.weight = 3}}}}, notes, a, b,
            batch.inputs, Truth{batch.targets, position});
    check_close(notes.logit[0].gradients, reference_gradients(loss(), a.parameters()));
  }
  using Where = afd::Against<1, afd::At<&Both::position, afd::MeanSquaredError>>;
  const Notes notes;
  stepped(afd::Strategy{afd::Against<0, afd::CrossEntropy>{}, Where{{{.weight = 3}}}}, notes, a, b, batch.inputs,
          std::tuple{batch.targets, position});
  check_close(notes.logit[0].gradients, reference_gradients(loss(), a.parameters()));
}

TEST_CASE("targets that a term cannot use are refused before any weight changes, with the advice that mends them") {
  torch::manual_seed(10);
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  const afd::Batch good = tiny_batch();
  distiller.step(good);
  const auto state_a = afd_test::state_of(*a), state_b = afd_test::state_of(*b);
  const auto refuses = [&](const Tensor& targets, const char* advice) {
    CAPTURE(advice);
    CHECK_THROWS_WITH_AS(distiller.step({good.inputs, targets}), doctest::Contains(advice), afd::DataError);
    CHECK(afd_test::same_state(*a, state_a));
    CHECK(afd_test::same_state(*b, state_b));
  };
  refuses(good.targets.unsqueeze(1), "targets.squeeze(1)");
  refuses(good.targets.to(torch::kInt32), ".to(torch::kInt64)");
  refuses(torch::one_hot(good.targets, classes), "argmax(1)");
  refuses(torch::rand({6, classes}, torch::kDouble) + 1, "network 0, term cross_entropy");
  refuses(torch::softmax(torch::rand({6, classes + 1}, torch::kDouble), 1), "network 0, term cross_entropy");
  Tensor soft = torch::softmax(torch::rand({6, classes}, torch::kDouble), 1);
  CHECK_NOTHROW(distiller.step({good.inputs, soft}));
}

TEST_CASE("values of targets are looked at once for networks that are alike, and not at all where nothing is") {
  Probe a, b;
  int forms = 0, values = 0;
  const afd::Strategy strategy{CountingTerm{&forms, &values}};
  afd::Distiller distiller{afd::topology::Pair{}, strategy, a, b};
  distiller.build(tiny_batch());
  forms = values = 0;
  distiller.step(tiny_batch());
  CHECK(forms == 2);
  CHECK(values == 1);
  afd::Distiller unchecked{afd::topology::Pair{}, strategy, afd::DistillerOptions{.non_finite = afd::UncheckedLosses{}},
                           a, b};
  forms = values = 0;
  unchecked.step(tiny_batch());
  CHECK(forms == 4);  // two before the first step
  CHECK(values == 0);
}

TEST_SUITE_END();
