// SPDX-License-Identifier: MIT
#include <afd/network/script.hpp>
//
#include <filesystem>
#include <string>

#include <afd/discriminator/conv_discriminator.hpp>
#include <afd/network/frozen.hpp>
#include <afd/network/save_network.hpp>
#include <afd/observe/evaluate.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/script.hpp"
#include "support/temp_folder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("network");

using afd_test::Probe;
using afd_test::script_probe;
using afd_test::TempFolder;
using afd_test::tiny_batch;
using torch::Tensor;

namespace {

afd::ScriptNetwork<afd::Outputs> saved_and_loaded(const TempFolder& folder, const torch::jit::Module& script) {
  script.save((folder.path() / "net.pt").string());
  return afd::load_script<afd::Outputs>(folder.path() / "net.pt");
}

Tensor dropped_twice(afd::Frozen<afd::ScriptNetwork<afd::Outputs>>& teacher, const Tensor& inputs) {
  return afd::run(teacher, inputs).logits - afd::run(teacher, inputs).logits;
}

}  // namespace

TEST_CASE("a script learns and teaches as the module that it was made from") {
  torch::manual_seed(0);
  const TempFolder folder;
  Probe one, two;
  auto script = saved_and_loaded(folder, script_probe(two));
  Probe partner_of_script;
  {
    const torch::NoGradGuard no_grad;
    for (const auto& item : one->named_parameters()) {
      partner_of_script->named_parameters()[item.key()].copy_(item.value());
    }
  }
  using Terms = afd::Strategy<afd::CrossEntropy, afd::MutualKL, afd::Adversarial<afd::ConvDiscriminator>>;
  const auto trained = [&](auto& first, auto& second) {
    torch::manual_seed(7);
    afd::Distiller distiller{afd::topology::Pair{}, Terms{}, first, second};
    for (int step = 0; step < 5; ++step) static_cast<void>(distiller.step(tiny_batch()));
  };
  trained(one, two);
  trained(partner_of_script, script);
  const auto expected = two->named_parameters();
  CHECK(script->parameters().size() == expected.size());
  for (const auto& item : script->named_parameters()) {
    CAPTURE(item.key());
    REQUIRE(expected.find(item.key()) != nullptr);
    CHECK(torch::allclose(item.value(), expected[item.key()], 1e-9, 1e-12));
  }
  for (const auto& item : script->named_buffers()) {
    CAPTURE(item.key());
    CHECK(torch::allclose(item.value(), two->named_buffers()[item.key()], 1e-9, 1e-12));
  }
  CHECK(script->named_buffers()["norm.num_batches_tracked"].item<std::int64_t>() > 4);
  for (const auto& item : one->named_parameters()) {
    CHECK(torch::allclose(item.value(), partner_of_script->named_parameters()[item.key()], 1e-9, 1e-12));
  }
}

TEST_CASE("train and eval mode reach the inside, and a frozen teacher with dropout says the same twice") {
  torch::manual_seed(0);
  const TempFolder folder;
  auto script = saved_and_loaded(folder, script_probe(Probe(), "features, logits", "0.5"));
  const Tensor inputs = tiny_batch().inputs;
  script->train();
  CHECK_FALSE(torch::equal(script->forward(inputs).logits, script->forward(inputs).logits));
  const Tensor mean = script->named_buffers()["norm.running_mean"].clone();
  script->eval();
  CHECK_FALSE(script->is_training());
  CHECK_FALSE(script->named_modules()["norm"]->is_training());
  CHECK(torch::equal(script->forward(inputs).logits, script->forward(inputs).logits));
  CHECK(torch::equal(script->named_buffers()["norm.running_mean"], mean));
  script->train();
  auto teacher = afd::frozen(script);
  CHECK(dropped_twice(teacher, inputs).abs().max().item<double>() == 0);
  script->train();  // as a train() on an enclosing module would
  CHECK(dropped_twice(teacher, inputs).abs().max().item<double>() == 0);

  // One part set apart stays so through an evaluation.
  script->train();
  script->named_modules()["norm"]->eval();
  {
    const afd::EvalMode eval(*script);
    CHECK_FALSE(script->is_training());
  }
  CHECK(script->is_training());
  CHECK_FALSE(script->named_modules()["norm"]->is_training());
}

TEST_CASE("weights, dtype and files reach the inside") {
  torch::manual_seed(0);
  const TempFolder folder;
  const Tensor inputs = tiny_batch().inputs;
  Probe source, other;
  source->forward(inputs);  // statistics that are not the initial ones
  auto script = saved_and_loaded(folder, script_probe(source)), copy = saved_and_loaded(folder, script_probe(other));
  script->eval();
  copy->eval();
  const Tensor logits = script->forward(inputs).logits;
  CHECK(script->parameters()[0].requires_grad());
  CHECK_FALSE(torch::equal(copy->forward(inputs).logits, logits));

  afd::save_network(script, folder.path() / "net.afd");
  afd::load_network(copy, folder.path() / "net.afd");
  CHECK(torch::equal(copy->forward(inputs).logits, logits));
  source->eval();
  afd::load_network(source, folder.path() / "net.afd");  // the same names as the module's
  CHECK(torch::allclose(source->forward(inputs).logits, logits));

  script->save_script(folder.path() / "again.pt");
  CHECK(torch::equal(afd::load_script<afd::Outputs>(folder.path() / "again.pt")->forward(inputs).logits, logits));

  auto twin = afd::ScriptNetwork<afd::Outputs>(
      std::dynamic_pointer_cast<afd::ScriptNetworkImpl<afd::Outputs>>(script->clone()));
  CHECK(torch::equal(twin->forward(inputs).logits, logits));
  CHECK(twin->parameters()[0].requires_grad());
  CHECK(twin->parameters()[0].is_leaf());
  CHECK_FALSE(twin->is_training());
  {
    const torch::NoGradGuard no_grad;
    for (Tensor& parameter : script->parameters()) parameter.zero_();
  }
  CHECK(script->forward(inputs).logits.abs().max().item<double>() == 0);
  CHECK(torch::equal(twin->forward(inputs).logits, logits));
  twin->to(torch::kFloat);
  CHECK((twin->forward(inputs.to(torch::kFloat)).logits.scalar_type() == torch::kFloat));
}

TEST_CASE("a buffer that a script makes anew stays the one that others hold") {
  torch::manual_seed(0);
  const TempFolder folder;
  auto script = saved_and_loaded(folder, script_probe(Probe()));
  const Tensor count = script->named_buffers()["norm.num_batches_tracked"];
  script->train();
  for (int i = 0; i < 3; ++i) script->forward(tiny_batch().inputs);
  CHECK(count.item<std::int64_t>() == 3);
  {
    const torch::NoGradGuard no_grad;
    count.fill_(10);
  }
  script->forward(tiny_batch().inputs);
  CHECK(count.item<std::int64_t>() == 11);
}

TEST_CASE("a run over a script goes on from its state with the same bits") {
  const TempFolder folder;
  torch::manual_seed(0);
  const Probe weights;
  std::vector<afd::Batch> batches;
  for (int i = 0; i < 6; ++i) batches.push_back(tiny_batch());
  const auto trained = [&](bool is_stopped) {
    torch::manual_seed(1);
    auto script = saved_and_loaded(folder, script_probe(weights, "features, logits", "0.3"));
    Probe student;
    auto distiller =
        afd::Distiller{afd::topology::Pair{}, afd::Strategy<afd::CrossEntropy, afd::MutualKL>{}, student, script};
    for (int i = 0; i < 3; ++i) static_cast<void>(distiller.step(batches[static_cast<std::size_t>(i)]));
    if (is_stopped) {
      const afd::StateDict state = distiller.state();
      auto fresh = saved_and_loaded(folder, script_probe(Probe(), "features, logits", "0.3"));
      Probe fresh_student;
      auto again = afd::Distiller{afd::topology::Pair{}, afd::Strategy<afd::CrossEntropy, afd::MutualKL>{},
                                  fresh_student, fresh};
      again.load_state(state);
      for (std::size_t i = 3; i < 6; ++i) static_cast<void>(again.step(batches[i]));
      return afd_test::state_of(*fresh);
    }
    for (std::size_t i = 3; i < 6; ++i) static_cast<void>(distiller.step(batches[i]));
    return afd_test::state_of(*script);
  };
  const auto whole = trained(false), parts = trained(true);
  REQUIRE(whole.size() == parts.size());
  for (std::size_t i = 0; i < whole.size(); ++i) CHECK(torch::equal(whole[i], parts[i]));
}

TEST_CASE("a frozen script teaches, and nothing of it changes") {
  torch::manual_seed(0);
  const TempFolder folder;
  auto script = saved_and_loaded(folder, script_probe(Probe(), "features, logits", "0.5"));
  Probe student;
  const auto before = afd_test::state_of(*script), student_before = afd_test::state_of(*student);
  afd::Distiller distiller{afd::topology::OneWay{}, afd::Strategy<afd::CrossEntropy, afd::MutualKL>{},
                           afd::frozen(script), student};
  for (int i = 0; i < 3; ++i) static_cast<void>(distiller.step(tiny_batch()));
  CHECK(afd_test::same_state(*script, before));
  CHECK_FALSE(afd_test::same_state(*student, student_before));
}

TEST_CASE("outputs of one's own are read by a function") {
  struct Answer {
    Tensor logits;
    std::int64_t samples;
  };
  torch::manual_seed(0);
  const TempFolder folder;
  script_probe(Probe(), "{'scores': logits}").save((folder.path() / "net.pt").string());
  auto network = afd::load_script(folder.path() / "net.pt", [](const c10::IValue& value) {
    const Tensor scores = value.toGenericDict().at("scores").toTensor();
    return Answer{scores, scores.size(0)};
  });
  CHECK(network->forward(tiny_batch(3).inputs).samples == 3);
  Probe student;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy<afd::CrossEntropy, afd::MutualKL>{}, student, network};
  CHECK_NOTHROW(static_cast<void>(distiller.step(tiny_batch())));
}

TEST_CASE("what cannot be is said in a sentence") {
  torch::manual_seed(0);
  const TempFolder folder;
  const auto path = folder.path() / "net.pt";
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::load_script(path)), doctest::Contains("there is no such file"),
                       afd::FileError);
  const auto text = folder.write("text.pt", {'n', 'o'});
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::load_script(text)), doctest::Contains("cannot be read as TorchScript"),
                       afd::FormatError);

  // A mistake of the script's own is named with the network.
  auto script = saved_and_loaded(folder, script_probe(Probe()));
  Probe student;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy<afd::CrossEntropy>{}, student, script};
  afd::Batch batch = tiny_batch();
  auto narrow = saved_and_loaded(folder, script_probe(Probe(), "features[:2], logits[:2]"));
  afd::Distiller shrunk{afd::topology::Pair{}, afd::Strategy<afd::CrossEntropy>{}, student, narrow};
  CHECK_THROWS_WITH_AS(static_cast<void>(shrunk.step(batch)), doctest::Contains("network 1"), afd::ShapeError);
  auto raising = saved_and_loaded(folder, script_probe(Probe(), "features.view(7, 7, 7), logits"));
  afd::Distiller failing{afd::topology::Pair{}, afd::Strategy<afd::CrossEntropy>{}, student, raising};
  CHECK_THROWS_WITH_AS(static_cast<void>(failing.step(batch)), doctest::Contains("network 1: its TorchScript says: "),
                       afd::ShapeError);

  // What it counted before it failed is put back with the other statistics.
  const Tensor count = raising->named_buffers()["norm.num_batches_tracked"];
  CHECK(count.item<std::int64_t>() == 0);
  CHECK_THROWS_AS(static_cast<void>(raising->forward(batch.inputs)), afd::ShapeError);
  CHECK(count.item<std::int64_t>() == 1);

  // Memory that is full is no matter of shapes.
  auto greedy = saved_and_loaded(folder, script_probe(Probe(), "features + torch.zeros([1 << 50]), logits"));
  CHECK_THROWS_AS(static_cast<void>(greedy->forward(batch.inputs)), afd::OutOfMemoryError);

  // Frozen in Python: no train mode, no parameters.
  torch::jit::Module bare("Bare");
  bare.define("def forward(self, x):\n    return x.flatten(1)\n");
  bare.save(path.string());
  auto teacher = afd::load_script(path);
  CHECK_FALSE(teacher->is_training());
  teacher->eval();
  CHECK_THROWS_WITH_AS(teacher->train(), doctest::Contains("torch.jit.freeze"), afd::ConfigError);
  CHECK(afd::run(afd::frozen(teacher), batch.inputs).sizes() == torch::IntArrayRef({6, 64}));
}

TEST_SUITE_END();
