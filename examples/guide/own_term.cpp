// SPDX-License-Identifier: MIT
//
// Terms of one's own: of each network, of each edge, and of each edge with layers.
#include <cmath>
#include <string_view>

#include <torch/torch.h>

#include <afd/afd.hpp>

#include "check.hpp"

/// Of each network: loss(read, targets), or without targets. It has no view.
struct Entropy {
  static constexpr std::string_view name = "entropy";
  static constexpr afd::Level level = afd::Level::logit;
  using Reads = afd::Logits;
  double weight = 0.1;

  torch::Tensor loss(const torch::Tensor& logits) const {
    const torch::Tensor log_p = torch::log_softmax(logits, 1);
    return -(log_p.exp() * log_p).sum(1).mean();
  }
};

/// Of each edge: view(read), once for each network, and loss(student_view, teacher_view), with targets if it takes any.
struct CosineOfLogits {
  static constexpr std::string_view name = "cosine_of_logits";
  static constexpr afd::Level level = afd::Level::logit;
  using Reads = afd::Logits;
  double weight = 1.0;

  torch::Tensor view(const torch::Tensor& logits) const { return logits / logits.norm(2, {1}, true); }
  torch::Tensor loss(const torch::Tensor& student, const torch::Tensor& teacher) const {
    return 1 - (student * teacher).sum(1).mean();
  }
};

/// The same of features, through layers of the edge's own, which are trained with the student.
struct CosineOfFeatures {
  static constexpr std::string_view name = "cosine_of_features";
  static constexpr afd::Level level = afd::Level::feature;
  using Reads = afd::Features;
  double weight = 1.0;

  struct Edge {
    afd::TransferPair transfer;
  };
  Edge make_edge(afd::FeatureShape student, afd::FeatureShape teacher) const {
    return {afd::StudentConv{}.make(student, teacher)};
  }
  torch::Tensor view(const torch::Tensor& map) const { return map; }
  torch::Tensor loss(Edge& edge, const torch::Tensor& student, const torch::Tensor& teacher) const {
    const torch::Tensor own = edge.transfer->student(student), theirs = edge.transfer->teacher(teacher);
    return 1 - torch::cosine_similarity(own.flatten(1), theirs.flatten(1), 1).mean();
  }
};

int main() {
  torch::manual_seed(1);
  afd::PlainCnn small(afd::PlainCnnOptions{.widths = {4, 6}, .classes = 4});
  afd::PlainCnn large(afd::PlainCnnOptions{.widths = {8, 12}, .classes = 4});
  const afd::Batch batch{torch::randn({16, 1, 8, 8}), torch::randint(4, {16}, torch::kInt64)};
  const afd::Strategy recipe{afd::CrossEntropy{}, Entropy{}, CosineOfLogits{.weight = 0.5}, CosineOfFeatures{}};
  afd::Distiller distiller{afd::topology::Pair{}, recipe, small, large};
  const auto report = distiller.step(batch);
  check(report.value("entropy", 0) > 0 && report.value("entropy", 0) <= std::log(4.0), "a loss of each network");
  check(report.value("cosine_of_logits", 0, 1) > 0 && report.value("cosine_of_features", 1, 0) > 0, "and of each edge");
  return failures;
}
