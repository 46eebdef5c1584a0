// SPDX-License-Identifier: MIT
#include <afd/data/policy_text.hpp>
//
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <torch/torch.h>

#include <afd/data/augmentation.hpp>
#include <afd/data/make_views.hpp>
#include <afd/data/on_input.hpp>

#include "support/doctest.hpp"
#include "support/structs.hpp"

namespace policy_text_test {

struct Noise {
  double scale = 0.5;
  std::vector<int> channels{1, 2};
};
struct Shift {
  torch::Tensor by = torch::ones({2});
  int times = 1;
};
struct WithArray {
  double mean[3] = {1, 2, 3};  // NOLINT: by purpose
  int after = 4;
};
struct Renamed : Noise {};
using afd_test::Closed;
struct Mixed {
  Closed closed{1};
  std::optional<double> rate = 0.25;
  std::optional<double> none{};
  std::variant<int, Noise> either = Noise{};
  std::function<int(int)> function{};
  std::pair<int, torch::Tensor> pair{7, torch::zeros({2})};
};
/// What cannot be looked into must not keep a program from compiling.
struct Derived : Noise {
  int more = 3;
};
struct Thirteen {
  int a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9, j = 10, k = 11, l = 12, m = 13;
};
struct Holding {
  Derived derived{};
  Thirteen thirteen{};
  std::filesystem::path path = "a/b";
  const char* text = nullptr;
  int number = 1;
};

}  // namespace policy_text_test

TEST_SUITE_BEGIN("data");

using namespace policy_text_test;
using Texts = std::map<std::string, std::string>;

namespace {

template <class T>
Texts texts(const T& policy) {
  Texts all;
  afd::detail::add_policy(policy, "p", [&](const std::string& key, const std::string& text) {
    CHECK_MESSAGE(all.emplace(key, text).second, key);
  });
  return all;
}

}  // namespace

TEST_CASE("a policy's type and numbers are told") {
  CHECK(texts(Noise{}) == Texts{{"p type", "policy_text_test::Noise"},
                                {"p.scale", "0.5"},
                                {"p.channels[0]", "1"},
                                {"p.channels[1]", "2"},
                                {"p.channels length", "2"}});
  CHECK(texts(Renamed{}).at("p.scale") == "0.5");
  CHECK(texts(WithArray{}).at("p.mean[2]") == "3");
  CHECK(texts(WithArray{}).at("p.after") == "4");
  CHECK(texts(afd::PadCrop{.padding = 3, .mode = afd::PadMode::reflect}).at("p.padding") == "3");
}

TEST_CASE("tensors in a policy count, and so do its alternatives and what is not there") {
  const std::string ones = texts(Shift{}).at("p.by");
  CHECK(texts(Shift{}).at("p.by") == ones);
  CHECK(texts(Shift{.by = torch::zeros({2})}).at("p.by") != ones);
  CHECK(texts(Shift{.by = torch::ones({1})}).at("p.by") != ones);
  const Texts mixed = texts(Mixed{});
  CHECK(mixed.at("p.rate") == "0.25");
  CHECK(mixed.at("p.rate is there") == "1");
  CHECK(mixed.at("p.none is there") == "0");
  CHECK(mixed.at("p.either alternative") == "1");
  CHECK(mixed.at("p.either.scale") == "0.5");
  CHECK(mixed.at("p.pair.0") == "7");
  CHECK(mixed.at("p.pair.1") == texts(Shift{.by = torch::zeros({2})}).at("p.by"));
}

TEST_CASE("what cannot be looked into is passed over") {
  CHECK(texts(Closed{7}) == Texts{{"p type", "afd_test::Closed"}});
  CHECK(texts(Derived{}) == Texts{{"p type", "policy_text_test::Derived"}});
  CHECK(texts(Thirteen{}) == Texts{{"p type", "policy_text_test::Thirteen"}});
  CHECK(texts(Holding{}) ==
        Texts{{"p type", "policy_text_test::Holding"}, {"p.path", "a/b"}, {"p.text", "none"}, {"p.number", "1"}});
}

TEST_CASE("a lambda has no name") {
  const auto twice = [](const torch::Tensor& inputs, const afd::CounterRng&) { return inputs * 2; };
  CHECK(texts(twice).at("p type").find("lambda(") == std::string::npos);
  const Texts both = texts(afd::Compose{afd::PadCrop{}, twice});
  CHECK(both.at("p type") == "afd::Compose<afd::PadCrop with a lambda");
  CHECK(both.at("p.0 type") == "afd::PadCrop");
}

TEST_CASE("the transforms in Compose, MakeViews and OnInput are told, each by its place") {
  const afd::Compose compose{afd::PadCrop{.padding = 3}, afd::Normalize{.mean = {0.5}, .stddev = {0.25}}, Shift{}};
  const Texts of_compose = texts(compose);
  CHECK(of_compose.at("p.0 type") == "afd::PadCrop");
  CHECK(of_compose.at("p.0.padding") == "3");
  CHECK(of_compose.at("p.1.stddev[0]") == "0.25");
  CHECK(of_compose.at("p.2.by") == texts(Shift{}).at("p.by"));
  const Texts of_views = texts(afd::MakeViews{compose, afd::PadCrop{.padding = 5}});
  CHECK(of_views.at("p.0.0.padding") == "3");
  CHECK(of_views.at("p.1.padding") == "5");
  CHECK(texts(afd::OnInput<0, afd::Compose<afd::PadCrop, afd::Normalize, Shift>>{compose})
            .at("p.transform.1.stddev[0]") == "0.25");
  CHECK(texts(afd::OnInput<0, afd::PadCrop>{{.padding = 6}}).at("p.transform.padding") == "6");
}

TEST_SUITE_END();
