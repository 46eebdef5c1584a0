// SPDX-License-Identifier: MIT
#include <afd/network/network.hpp>
//
#include <array>
#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/nn.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

using torch::Tensor;

namespace {

struct Named : torch::nn::Module {
  afd::Outputs forward(Tensor inputs) { return {inputs * 2, inputs * 3}; }
};
struct PairedImpl : torch::nn::Module {
  std::pair<Tensor, Tensor> forward(const Tensor& inputs) const { return {inputs * 2, inputs * 3}; }
};
TORCH_MODULE(Paired);
struct Tupled : torch::nn::Module {
  virtual std::tuple<Tensor, Tensor> forward(const Tensor& inputs) { return {inputs * 2, inputs * 3}; }
};
struct Hidden : torch::nn::Module {
 private:
  afd::Outputs forward(const Tensor& inputs) { return {inputs, inputs}; }
};
struct NoModule {
  afd::Outputs forward(const Tensor& inputs) { return {inputs, inputs}; }
};
struct NoForward : torch::nn::Module {};

// What inputs may be.
struct Words {
  Tensor ids;
  Tensor mask;
};
struct Pixels {
  Tensor pixels;
};
struct Thirteen {
  Tensor a;
  int b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0, j = 0, k = 0, l = 0, m = 0;
};

/// What came in, so that it is seen how it came in.
struct WantsTwo : torch::nn::Module {
  Tensor forward(const Tensor& first, const Tensor& second) { return 10 * first + second; }
};
struct WantsOneOrTwo : torch::nn::Module {
  Tensor forward(const Tensor& first, const Tensor& second = torch::full({1}, 5)) { return 10 * first + second; }
};
struct WantsWords : torch::nn::Module {
  Tensor forward(const Words& words) { return words.ids - words.mask; }
};
struct WantsEither : torch::nn::Module {
  Tensor forward(const Words& words) { return words.ids - words.mask; }
  Tensor forward(const Tensor& first, const Tensor& second) { return 10 * first + second; }
};
struct WantsList : torch::nn::Module {
  Tensor forward(const std::vector<Tensor>& images) { return torch::stack(images).sum(); }
};
struct Template : torch::nn::Module {
  template <class T>
  T forward(const T& inputs) {
    return inputs;
  }
};
struct Lends : torch::nn::Module {
  const afd::Outputs& forward(const Tensor&) { return kept; }
  afd::Outputs kept{torch::ones({1}), torch::ones({1})};
};

/// A handle of a user's own that says how it runs.
struct Remote {
  std::shared_ptr<NoForward> inside = std::make_shared<NoForward>();
};

/// One that says so for words only; the module's own forward is for images.
struct Translated {
  std::shared_ptr<Named> inside = std::make_shared<Named>();
};

}  // namespace

template <>
struct afd::NetworkTraits<Remote> {
  using Module = NoForward;
  static NoForward& module(const Remote& remote) { return *remote.inside; }
  static Tensor run(const Remote&, const Tensor& first, const Tensor& second) { return 100 * first + second; }
};
template <>
struct afd::NetworkTraits<Translated> {
  using Module = Named;
  static Named& module(const Translated& handle) { return *handle.inside; }
  static Tensor run(const Translated&, const Words& words) { return words.ids * 7; }
};

// Anything with a module is a network; what it takes is another question.
static_assert(afd::Network<Named> && afd::Network<Named&> && afd::Network<Paired> && afd::Network<Tupled>);
static_assert(afd::Network<std::shared_ptr<Named>> && afd::Network<std::reference_wrapper<Tupled>>);
static_assert(afd::Network<Hidden> && afd::Network<NoForward> && afd::Network<Remote>);
static_assert(afd::Network<torch::nn::Linear> && afd::Network<torch::nn::Sequential>);
static_assert(!afd::Network<NoModule> && !afd::Network<int> && !afd::Network<std::shared_ptr<NoModule>>);

using TwoTensors = std::tuple<Tensor, Tensor>;
static_assert(afd::NetworkTakes<Named, Tensor> && afd::NetworkTakes<const std::shared_ptr<Named>&, Tensor>);
static_assert(afd::NetworkTakes<torch::nn::Sequential, Tensor> && afd::NetworkTakes<torch::nn::Linear, Tensor>);
static_assert(!afd::NetworkTakes<Hidden, Tensor> && !afd::NetworkTakes<NoForward, Tensor>);
static_assert(!afd::NetworkTakes<NoModule, Tensor>);
static_assert(!afd::NetworkTakes<Named, TwoTensors> && !afd::NetworkTakes<Named, Words>);
static_assert(!afd::NetworkTakes<WantsTwo, Tensor> && !afd::NetworkTakes<WantsTwo, std::tuple<Tensor>>);
static_assert(!afd::NetworkTakes<WantsTwo, std::tuple<Tensor, Tensor, Tensor>>);
static_assert(!afd::NetworkTakes<WantsTwo, std::pair<Tensor, int>> && !afd::NetworkTakes<WantsTwo, Pixels>);
static_assert(!afd::NetworkTakes<WantsWords, TwoTensors>);  // elements are not put together
static_assert(afd::NetworkTakes<WantsList, std::vector<Tensor>> && !afd::NetworkTakes<Named, std::vector<Tensor>>);
static_assert(!afd::NetworkTakes<WantsTwo, Thirteen> && afd::NetworkTakes<Template, Thirteen>);
static_assert(afd::NetworkTakes<Remote, TwoTensors> && !afd::NetworkTakes<Remote, Tensor>);

static_assert(std::is_same_v<afd::OutputsOf<Named, Tensor>, afd::Outputs>);
static_assert(std::is_same_v<afd::OutputsOf<Paired, Tensor>, std::pair<Tensor, Tensor>>);
static_assert(std::is_same_v<afd::OutputsOf<WantsTwo&, Words>, Tensor>);
static_assert(std::is_same_v<afd::OutputsOf<Template, Words>, Words>);
static_assert(std::is_same_v<afd::OutputsOf<Lends, Tensor>, afd::Outputs>);  // a value, whatever is returned

TEST_CASE("run calls the module behind every kind of handle and returns what it returns") {
  const Tensor inputs = torch::ones({1, 1});
  Named plain;
  Paired holder;
  auto shared = std::make_shared<Tupled>();
  const std::reference_wrapper<Named> reference(plain);
  CHECK(afd::run(plain, inputs).features.item<float>() == 2);
  CHECK(afd::run(holder, inputs).second.item<float>() == 3);
  CHECK(std::get<0>(afd::run(shared, inputs)).item<float>() == 2);
  CHECK(afd::run(reference, inputs).logits.item<float>() == 3);

  torch::nn::Linear linear(1, 2);
  torch::nn::Sequential sequential(linear, torch::nn::ReLU());
  CHECK(afd::run(sequential, inputs).equal(torch::relu(linear->forward(inputs))));
}

TEST_CASE("elements of a tuple, a pair or an array are the arguments, one after the other") {
  const Tensor one = torch::full({1}, 1), two = torch::full({1}, 2);
  WantsTwo network;
  CHECK(afd::run(network, std::tuple{one, two}).item<int>() == 12);
  CHECK(afd::run(network, std::pair{two, one}).item<int>() == 21);
  CHECK(afd::run(network, std::array{one, two}).item<int>() == 12);
}

TEST_CASE("so are the members of a struct, unless the forward takes it whole") {
  const Tensor one = torch::full({1}, 1), two = torch::full({1}, 2);
  const Words words{one, two};
  WantsTwo parts;
  WantsWords whole;
  WantsEither either;
  CHECK(afd::run(parts, words).item<int>() == 12);
  CHECK(afd::run(whole, words).item<int>() == -1);
  CHECK(afd::run(either, words).item<int>() == -1);
  CHECK(afd::run(either, std::tuple{one, two}).item<int>() == 12);
  Named plain;
  CHECK(afd::run(plain, Pixels{two}).logits.item<int>() == 6);
}

TEST_CASE("arguments may have defaults") {
  const Tensor one = torch::full({1}, 1), two = torch::full({1}, 2);
  WantsOneOrTwo network;
  CHECK(afd::run(network, one).item<int>() == 15);
  CHECK(afd::run(network, std::tuple{one, two}).item<int>() == 12);
}

TEST_CASE("a list and what a template is given are taken as they are") {
  const Tensor one = torch::full({1}, 1), two = torch::full({1}, 2);
  WantsList list;
  CHECK(afd::run(list, std::vector{one, two, two}).item<int>() == 5);
  Template any;
  CHECK(afd::run(any, one).is_same(one));
  CHECK(afd::run(any, Words{one, two}).mask.is_same(two));
  CHECK(std::get<1>(afd::run(any, std::tuple{one, two})).is_same(two));
}

TEST_CASE("traits with a run of their own decide, and what they do not run the module's forward may") {
  const Tensor one = torch::full({1}, 1), two = torch::full({1}, 2);
  CHECK(afd::run(Remote{}, std::tuple{one, two}).item<int>() == 102);
  CHECK(afd::run(Remote{}, Words{two, one}).item<int>() == 201);
  CHECK(afd::run(Translated{}, Words{one, two}).item<int>() == 7);
  CHECK(afd::run(Translated{}, one).logits.item<int>() == 3);
}

TEST_SUITE_END();
