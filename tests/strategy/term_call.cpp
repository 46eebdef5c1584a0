// SPDX-License-Identifier: MIT
#include <afd/strategy/term_call.hpp>
//
#include <span>
#include <string_view>
#include <vector>

#include <torch/nn.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

using afd::detail::loss_of_edge;
using afd::detail::loss_of_group;
using afd::detail::loss_of_network;
using torch::Tensor;

namespace {

struct Labels {
  double value = 0;
};
struct NoLayers {};

struct Basics {
  static constexpr std::string_view name = "x";
  static constexpr afd::Level level = afd::Level::feature;
  double weight = 1;
};

struct OfNetworks : Basics {
  Tensor loss(const Tensor& read) const { return read; }
};
struct WithLabels : Basics {
  Tensor loss(const Tensor& read, const Labels& labels) const { return read + labels.value; }
};
/// Labels where there are any.
struct Both : OfNetworks {
  using OfNetworks::loss;
  Tensor loss(const Tensor& read, const Labels& labels) const { return read + labels.value; }
};

struct OfGroup : Basics {
  Tensor view(const Tensor& read) const { return read; }
  Tensor group_loss(const Tensor& student, std::span<const Tensor> group) const {
    return 100 * student + 10 * group.front() + group.back();
  }
};
struct OfGroupWithLabels : OfGroup {
  using OfGroup::group_loss;
  Tensor group_loss(const Tensor& student, std::span<const Tensor> group, const Labels& labels) const {
    return group_loss(student, group) + labels.value;
  }
};

struct OfEdges : Basics {
  Tensor view(const Tensor& read) const { return read; }
  Tensor loss(const Tensor& student, const Tensor& teacher) const { return 10 * student + teacher; }
};
struct OfEdgesWithLabels : OfEdges {
  using OfEdges::loss;
  Tensor loss(const Tensor& student, const Tensor& teacher, const Labels& labels) const {
    return loss(student, teacher) + labels.value;
  }
};
struct Layered : Basics {
  struct Edge {
    torch::nn::Linear transfer{nullptr};
    double factor = 1;
  };
  Edge make_edge(afd::FeatureShape, afd::FeatureShape) const { return {}; }
  Tensor view(const Tensor& read) const { return read; }
  Tensor loss(Edge& edge, const Tensor& student, const Tensor& teacher) const {
    return 10 * edge.factor * student + teacher;
  }
};
struct LayeredWithLabels : Layered {
  using Layered::loss;
  Tensor loss(Edge& edge, const Tensor& student, const Tensor& teacher, const Labels& labels) const {
    return loss(edge, student, teacher) + labels.value;
  }
};

Tensor number(double value) {
  return torch::full({}, value, torch::kDouble);
}

}  // namespace

TEST_CASE("a term of networks gets targets if it takes such") {
  const Labels labels{0.5};
  CHECK(loss_of_network(OfNetworks{}, number(3), labels).item<double>() == 3);
  CHECK(loss_of_network(WithLabels{}, number(3), labels).item<double>() == 3.5);
  CHECK(loss_of_network(Both{}, number(3), labels).item<double>() == 3.5);
  CHECK(loss_of_network(Both{}, number(3), number(7)).item<double>() == 3);  // others than it takes
}

TEST_CASE("a term of a group gets the student, all the group in its order, and targets if it takes such") {
  const Labels labels{0.5};
  const std::vector<Tensor> group{number(2), number(7), number(3)};
  CHECK(loss_of_group(OfGroup{}, number(1), group, labels).item<double>() == 123);
  CHECK(loss_of_group(OfGroupWithLabels{}, number(1), group, labels).item<double>() == 123.5);
  CHECK(loss_of_group(OfGroupWithLabels{}, number(1), group, number(7)).item<double>() == 123);
}

TEST_CASE("a term of edges gets its layers, both views, and targets if it takes such") {
  const Labels labels{0.5};
  NoLayers none;
  CHECK(loss_of_edge(OfEdges{}, none, number(1), number(2), labels).item<double>() == 12);
  CHECK(loss_of_edge(OfEdgesWithLabels{}, none, number(1), number(2), labels).item<double>() == 12.5);
  CHECK(loss_of_edge(OfEdgesWithLabels{}, none, number(1), number(2), number(7)).item<double>() == 12);
  Layered::Edge edge{.transfer = nullptr, .factor = 3};
  CHECK(loss_of_edge(Layered{}, edge, number(1), number(2), labels).item<double>() == 32);
  CHECK(loss_of_edge(LayeredWithLabels{}, edge, number(1), number(2), labels).item<double>() == 32.5);
  CHECK(loss_of_edge(LayeredWithLabels{}, edge, number(1), number(2), number(7)).item<double>() == 32);
}

TEST_SUITE_END();
