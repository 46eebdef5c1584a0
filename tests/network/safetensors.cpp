// SPDX-License-Identifier: MIT
#include <afd/network/safetensors.hpp>
//
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <torch/torch.h>

#include <afd/network/extractor_head.hpp>
#include <afd/zoo/imagenet_resnet.hpp>
#include <afd/zoo/resnet.hpp>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("network");

using afd::SafetensorsOptions;
using torch::Tensor;

namespace {

using Tensors = std::map<std::string, Tensor>;

Tensors tensors_of(const torch::nn::Module& module) {
  return afd::detail::named_tensors(module);
}

/// A file of these tensors.
std::filesystem::path file_of(const afd_test::TempFolder& folder, const Tensors& tensors) {
  afd::write_safetensors(tensors, folder.path() / "file.safetensors");
  return folder.path() / "file.safetensors";
}

/// What is said of a file that must not be loaded; nothing may have changed then.
template <class E = afd::FormatError>
std::string refusal(auto& network, const std::filesystem::path& file, const SafetensorsOptions& options = {}) {
  const auto before = afd_test::state_of(*network);
  std::string said;
  try {
    afd::load_safetensors(network, file, options);
    FAIL_CHECK("it was loaded");
  } catch (const E& error) {
    said = error.what();
  }
  CHECK(afd_test::same_state(*network, before));
  return said;
}

bool says(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return true;
  MESSAGE(text);
  return false;
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

struct SmallImpl : torch::nn::Module {
  explicit SmallImpl(std::int64_t classes = 4)
      : conv(register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 5, 3)))),
        bn(register_module("bn", torch::nn::BatchNorm2d(5))),
        fc(register_module("fc", torch::nn::Linear(20, classes))) {}

  torch::nn::Conv2d conv;
  torch::nn::BatchNorm2d bn;
  torch::nn::Linear fc;
};
TORCH_MODULE(Small);

}  // namespace

TEST_CASE("a network read back gives the same logits to the bit") {
  torch::manual_seed(0);
  const afd_test::TempFolder folder;
  const auto round_trip = [&](auto network, auto other, const Tensor& inputs) {
    static_cast<void>(network->forward(inputs));  // moves the running statistics
    network->eval();
    other->eval();
    REQUIRE_FALSE(torch::equal(network->forward(inputs).logits, other->forward(inputs).logits));
    afd::save_safetensors(network, folder.path() / "a.safetensors");
    afd::load_safetensors(other, folder.path() / "a.safetensors");
    CHECK(torch::equal(network->forward(inputs).logits, other->forward(inputs).logits));
    CHECK(afd_test::same_state(*other, afd_test::state_of(*network)));
  };
  round_trip(afd::resnet8(10, 1), afd::resnet8(10, 1), torch::randn({4, 1, 8, 8}));
  round_trip(afd_test::tiny_network(), afd_test::tiny_network(), torch::randn({4, 1, 8, 8}, torch::kDouble));
  const afd::ImageNetResNetOptions narrow{.classes = 5, .width = 4};
  round_trip(afd::ImageNetResNet(narrow), afd::ImageNetResNet(narrow), torch::randn({2, 3, 64, 64}));
}

TEST_CASE("tensors are filled where they are: what else they are stays") {
  torch::manual_seed(0);
  const afd_test::TempFolder folder;
  const auto path = folder.path() / "a.safetensors";
  auto network = afd::resnet8(10, 1), other = afd::resnet8(10, 1);
  afd::save_safetensors(network, path);
  const torch::NoGradGuard no_grad;
  for (Tensor& parameter : other->parameters()) {
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
  }
  other->parameters()[3].set_requires_grad(false);
  const std::vector<Tensor> before = other->parameters();
  std::vector<const void*> places;
  std::vector<std::vector<std::int64_t>> strides;
  for (const Tensor& parameter : before) {
    places.push_back(parameter.data_ptr());
    strides.push_back(parameter.strides().vec());
  }
  afd::load_safetensors(other, path);
  const std::vector<Tensor> after = other->parameters();
  for (std::size_t i = 0; i < before.size(); ++i) {
    CHECK(after[i].is_same(before[i]));
    CHECK(after[i].data_ptr() == places[i]);
    CHECK(after[i].strides().vec() == strides[i]);
    CHECK(after[i].requires_grad() == (i != 3));
    CHECK(after[i].equal(network->parameters()[i]));
  }
}

TEST_CASE("dtypes are converted on request only") {
  torch::manual_seed(0);
  const afd_test::TempFolder folder;
  for (const torch::ScalarType there : {torch::kFloat16, torch::kBFloat16, torch::kFloat64, torch::kFloat32}) {
    for (const torch::ScalarType here : {torch::kFloat16, torch::kBFloat16, torch::kFloat64, torch::kFloat32}) {
      if (there == here) continue;
      torch::nn::Linear source(3, 2), network(3, 2);
      source->to(there);
      network->to(here);
      const auto file = file_of(folder, tensors_of(*source));
      const std::string said = refusal(network, file);
      CHECK(says(said, "(dtype: 2)"));
      CHECK(says(said, afd::detail::concat("dtype: weight is ", there, " in the file, but ", here,
                                           " here; .convert = true converts it")));
      afd::load_safetensors(network, file, {.convert = true});
      CHECK((network->weight.scalar_type() == here));
      CHECK(network->weight.equal(source->weight.to(here)));
    }
  }
}

TEST_CASE("a conversion may round, but not overflow, wrap around or cut") {
  const afd_test::TempFolder folder;
  torch::nn::Linear network(1, 1);
  network->to(torch::kFloat16);
  const auto with = [&](const Tensor& weight) {
    return file_of(folder, {{"weight", weight.reshape({1, 1})}, {"bias", torch::zeros({1}, torch::kFloat16)}});
  };
  const SafetensorsOptions convert{.convert = true};
  CHECK(says(refusal(network, with(torch::tensor(70'000.0)), convert),
             "value: weight has numbers that Half cannot hold"));
  afd::load_safetensors(network, with(torch::tensor(0.1)), convert);
  CHECK(network->weight.item<double>() == doctest::Approx(0.1).epsilon(1e-3));
  const double infinity = std::numeric_limits<double>::infinity();
  afd::load_safetensors(network, with(torch::tensor(infinity)), convert);  // as it was
  CHECK(network->weight.item<double>() == infinity);
  CHECK(says(refusal(network, with(torch::tensor(1, torch::kInt64)), convert), "it cannot be converted"));
  CHECK(says(refusal(network, with(torch::tensor(true)), convert), "it cannot be converted"));

  torch::nn::Module counter;
  const Tensor count = counter.register_buffer("count", torch::zeros({2}, torch::kInt8));
  const std::reference_wrapper<torch::nn::Module> handle(counter);
  const auto file = [&](const Tensor& numbers) { return file_of(folder, {{"count", numbers}}); };
  CHECK_THROWS_WITH_AS(afd::load_safetensors(handle, file(torch::tensor({1, 200}, torch::kUInt8)), convert),
                       doctest::Contains("value: count has numbers that Char cannot hold"), afd::FormatError);
  CHECK_THROWS_AS(afd::load_safetensors(handle, file(torch::tensor({1.0, 2.0})), convert), afd::FormatError);
  CHECK(count.eq(0).all().item<bool>());
  afd::load_safetensors(handle, file(torch::tensor({-3, 100}, torch::kInt64)), convert);
  CHECK(count[1].item<int>() == 100);
}

TEST_CASE("dtypes that LibTorch does not have are refused by name, unless nobody asks for them") {
  const afd_test::TempFolder folder;
  torch::nn::Linear network(torch::nn::LinearOptions(1, 1).bias(false));
  const afd::Bytes zeros(8);
  const std::span all(zeros);
  const auto file =
      folder.write("f8.safetensors",
                   afd::format_safetensors(
                       {.tensors = {{"weight", {*afd::find_safetensors_dtype("F8_E4M3"), {1, 1}, all.first(1)}}}}));
  const std::string said = refusal(network, file, {.convert = true});
  CHECK(says(said, "dtype: weight is F8_E4M3 in the file, but Float here; it cannot be read"));
  afd::load_safetensors(network, file, {.leave_out = {"weight"}});
}

TEST_CASE("names are mapped by a table, prefixes or a function") {
  torch::manual_seed(0);
  const afd_test::TempFolder folder;
  Small source, network;
  Tensors renamed;
  for (const auto& [name, tensor] : tensors_of(*source)) renamed.emplace("module." + name, tensor);
  const auto file = file_of(folder, renamed);
  const auto loads = [&](const SafetensorsOptions& options) {
    Small other;
    afd::load_safetensors(other, file, options);
    return afd_test::same_state(*other, afd_test::state_of(*source));
  };
  CHECK(loads({.rename_prefix = {{"module.", ""}}}));
  CHECK(loads({.rename_by = [](std::string_view name) { return std::string(name.substr(7)); }}));
  SafetensorsOptions table;
  for (const auto& [name, tensor] : tensors_of(*source)) table.rename.emplace("module." + name, name);
  CHECK(loads(table));
  CHECK(says(refusal(network, file),
             "missing: fc.weight, Float [4, 20]; the nearest is module.fc.weight, Float [4, 20]"));
  CHECK(says(refusal<afd::ConfigError>(network, file, {.rename_prefix = {{"modul.", ""}}}),
             "rename_prefix has \"modul.\""));
  CHECK(says(refusal<afd::ConfigError>(
                 network, file, {.rename = {{"module.fc.bias", "fc.weight"}}, .rename_prefix = {{"module.", ""}}}),
             "gives module.fc.bias and module.fc.weight of"));
  CHECK(says(refusal(network, file, {.rename_prefix = {{"module.conv.", "conv."}}}),
             "missing: fc.bias, Float [4]; the nearest is module.fc.bias, Float [4]"));
  CHECK(says(refusal(network, file, {.rename_prefix = {{"module.fc", "head"}, {"module.", ""}}}),
             "unexpected: head.bias (module.fc.bias in the file), Float [4]"));
}

TEST_CASE("parts are left out, and keep their values") {
  torch::manual_seed(0);
  const afd_test::TempFolder folder;
  Small source(10), network(4);
  const auto file = file_of(folder, tensors_of(*source));
  const Tensor head = network->fc->weight.detach().clone();
  CHECK(says(refusal(network, file), "shape: fc.weight is [10, 20] in the file, but [4, 20] here"));
  afd::load_safetensors(network, file, {.leave_out = {"fc"}});
  const Tensors now = tensors_of(*network), then = tensors_of(*source);
  CHECK(now.at("fc.weight").equal(head));
  CHECK(now.at("conv.weight").equal(then.at("conv.weight")));
  CHECK(now.at("bn.running_mean").equal(then.at("bn.running_mean")));

  Tensors bare = then;
  bare.erase("fc.weight");
  bare.erase("fc.bias");
  Small other(4);
  afd::load_safetensors(other, file_of(folder, bare), {.leave_out = {"fc."}});  // the file need not have the part
  CHECK(tensors_of(*other).at("conv.bias").equal(then.at("conv.bias")));
  CHECK(says(refusal<afd::ConfigError>(network, file, {.leave_out = {"head"}}), "leave_out has \"head\""));

  Tensors more = then;
  more.emplace("ema.decay", torch::zeros({1}));
  Small last(10);
  CHECK(says(refusal(last, file_of(folder, more)), "unexpected: ema.decay, Float [1]"));
  afd::load_safetensors(last, file_of(folder, more), {.ignore = {"ema"}});
  CHECK(afd_test::same_state(*last, afd_test::state_of(*source)));
  CHECK(says(refusal<afd::ConfigError>(last, file_of(folder, then), {.ignore = {"ema"}}), "ignore has \"ema\""));
}

TEST_CASE("every entry that does not fit is listed at once") {
  torch::manual_seed(0);
  const afd_test::TempFolder folder;
  Small network;
  Tensors tensors = tensors_of(*network);
  tensors["convolution.weight"] = tensors.at("conv.weight");
  tensors.erase("conv.weight");
  tensors["classifier.bias"] = tensors.at("fc.bias");
  tensors.erase("fc.bias");
  tensors["bn.bias"] = torch::zeros({6});
  tensors["bn.weight"] = torch::zeros({5}, torch::kHalf);
  tensors["fc.weight"] = torch::zeros({20, 4}, torch::kDouble);
  const std::string said = refusal(network, file_of(folder, tensors));
  CHECK(says(said,
             "file.safetensors holds another network, and nothing was loaded (missing: 2, unexpected: 2, shape: 2, "
             "dtype: 2)"));
  CHECK(says(said,
             "\n  missing: conv.weight, Float [5, 3, 3, 3]; the nearest is convolution.weight, "
             "Float [5, 3, 3, 3]"));
  CHECK(says(said, "\n  missing: fc.bias, Float [4]; the nearest is classifier.bias, Float [4]"));
  CHECK(says(said, "\n  unexpected: convolution.weight, Float [5, 3, 3, 3]"));
  CHECK(says(said, "\n  unexpected: classifier.bias, Float [4]"));
  CHECK(says(said, "\n  shape: bn.bias is [6] in the file, but [5] here"));
  CHECK(says(said, "\n  shape: fc.weight is [20, 4] in the file, but [4, 20] here"));
  CHECK(says(said, "\n  dtype: bn.weight is Half in the file, but Float here; .convert = true converts it"));
  CHECK(says(said, "\n  dtype: fc.weight is Double in the file"));
  CHECK(says(said, "\nSafetensorsOptions can rename, leave_out, ignore and convert"));
  CHECK(lines(said) == 9);

  auto wide = afd::ResNet(afd::ResNetOptions{.width = 20});
  auto narrow = afd::resnet20();
  const std::string all = refusal(wide, file_of(folder, tensors_of(*narrow)));
  CHECK(lines(all) == 1 + afd_test::state_of(*wide).size() - 19 - 1);  // but for the counts and the bias of classes
}

TEST_CASE("a file without any count of batches is whole, one that lacks some is not") {
  torch::manual_seed(0);
  const afd_test::TempFolder folder;
  auto source = afd::resnet8(), network = afd::resnet8();
  static_cast<void>(network->forward(torch::randn({2, 3, 8, 8})));
  Tensors tensors = tensors_of(*source);
  tensors.erase("layer1.0.bn1.num_batches_tracked");
  CHECK(says(refusal(network, file_of(folder, tensors)), "missing: layer1.0.bn1.num_batches_tracked, Long []"));
  std::erase_if(tensors, [](const auto& item) { return item.first.ends_with("num_batches_tracked"); });
  afd::load_safetensors(network, file_of(folder, tensors));
  CHECK(tensors_of(*network).at("bn1.running_var").equal(tensors_of(*source).at("bn1.running_var")));
  CHECK(tensors_of(*network).at("bn1.num_batches_tracked").item<int>() == 1);
}

TEST_CASE("a tensor that has two names needs one of them, and one value") {
  torch::manual_seed(0);
  const afd_test::TempFolder folder;
  const auto tied = [] {
    torch::nn::Linear linear(torch::nn::LinearOptions(2, 2).bias(false));
    linear->register_parameter("again", linear->weight);
    return linear;
  };
  auto source = tied(), network = tied();
  afd::load_safetensors(network, file_of(folder, tensors_of(*source)));
  CHECK(network->weight.equal(source->weight));
  for (const char* name : {"weight", "again"}) {
    auto other = tied();
    afd::load_safetensors(other, file_of(folder, {{name, source->weight}}));
    CHECK(other->weight.equal(source->weight));
  }
  CHECK(says(refusal(network, file_of(folder, {{"weight", source->weight}, {"again", source->weight + 1}})),
             "value: again and weight are the same here, but differ in the file"));
  CHECK(says(refusal<afd::ConfigError>(network, file_of(folder, tensors_of(*source)), {.leave_out = {"again"}}),
             "leave_out keeps again, but it is the same tensor as weight, which is loaded"));
}

TEST_CASE("a training goes on with what was loaded: optimizers have the same tensors") {
  torch::manual_seed(0);
  const afd_test::TempFolder folder;
  torch::nn::Linear network(2, 1), other(2, 1);
  torch::optim::SGD optimizer(network->parameters(), torch::optim::SGDOptions(0.1));
  afd::save_safetensors(other, folder.path() / "a.safetensors");
  afd::load_safetensors(network, folder.path() / "a.safetensors");
  network->forward(torch::ones({1, 2})).sum().backward();
  optimizer.step();
  CHECK(network->weight.allclose(other->weight - 0.1));
}

TEST_CASE("whatever byte of a file is changed, it is refused or loaded, and a refused one changes nothing") {
  torch::manual_seed(0);
  const afd_test::TempFolder folder;
  torch::nn::Linear network(2, 2), other(2, 2);
  afd::save_safetensors(network, folder.path() / "a.safetensors");
  const afd::Bytes bytes = afd::detail::read_raw(folder.path() / "a.safetensors");
  auto before = afd_test::state_of(*other);
  std::size_t loaded = 0;
  const auto survives = [&](const afd::Bytes& damaged) {
    try {
      afd::load_safetensors(other, folder.write("damaged.safetensors", damaged));
      before = afd_test::state_of(*other);
      ++loaded;
    } catch (const afd::FormatError&) {
      REQUIRE(afd_test::same_state(*other, before));
    }
  };
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int change : {0x01, 0x02, 0x10, 0x40, 0xff}) {
      afd::Bytes damaged = bytes;
      damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ change);
      survives(damaged);
    }
    const std::size_t so_far = loaded;
    survives({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at)});
    REQUIRE(loaded == so_far);
  }
  CHECK(loaded >= 6 * 4 * 5);  // of changed elements nobody can tell
  CHECK(loaded < bytes.size() * 5);
}

TEST_CASE("files that are none, and networks that are none, are told") {
  const afd_test::TempFolder folder;
  auto network = afd_test::tiny_network();
  CHECK(says(refusal<afd::FileError>(network, folder.path() / "no.safetensors"), "there is no such file"));
  CHECK(says(refusal(network, folder.write("a.pt", {'P', 'K', 3, 4, 0, 0, 0, 0, 0})), "as torch.save writes it"));
  CHECK_THROWS_AS(afd::save_safetensors(network, folder.path() / "no" / "a.safetensors"), afd::FileError);
  torch::nn::Linear empty(nullptr);
  CHECK_THROWS_AS(afd::save_safetensors(empty, folder.path() / "a.safetensors"), afd::ConfigError);
  network->to(torch::kComplexDouble);
  CHECK_THROWS_AS(afd::save_safetensors(network, folder.path() / "a.safetensors"), afd::DataError);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "a.safetensors"));
}

TEST_CASE("parts may be put in: a backbone and a head for extractor_head") {
  torch::manual_seed(0);
  const afd_test::TempFolder folder;
  const auto make = [] {
    return afd::extractor_head(torch::nn::Sequential(torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 2, 3))),
                               torch::nn::Linear(2, 3));
  };
  auto source = make(), network = make();
  Tensors tensors;
  for (const auto& [name, tensor] : tensors_of(*source)) {
    tensors.emplace(name.starts_with("head.") ? "fc." + name.substr(5) : name.substr(10), tensor);
  }
  afd::load_safetensors(network, file_of(folder, tensors), {.rename_prefix = {{"fc.", "head."}, {"", "extractor."}}});
  CHECK(afd_test::same_state(*network, afd_test::state_of(*source)));
}

TEST_SUITE_END();
