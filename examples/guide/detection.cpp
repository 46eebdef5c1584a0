// SPDX-License-Identifier: MIT
//
// A task that the library knows nothing of: objects in images, with outputs, targets, terms and a score of one's own.
#include <array>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include <torch/torch.h>

#include <afd/afd.hpp>

#include "check.hpp"
namespace nn = torch::nn;

constexpr std::int64_t queries = 16, kinds = 2;  // class 2 is that of queries without an object

struct Detections {
  torch::Tensor features;  // [N, C, 4, 4]
  torch::Tensor classes;   // [N, queries, kinds + 1]
  torch::Tensor boxes;     // [N, queries, 4]: left, top, right, bottom, from 0 to 1
};

/// Of one image.
struct Objects {
  torch::Tensor kinds;  // int64 [M]
  torch::Tensor boxes;  // [M, 4]
};
using Truth = std::vector<Objects>;  // of a batch

struct Detector : nn::Module {
  explicit Detector(std::int64_t width)
      : near(register_module("near", nn::Conv2d(nn::Conv2dOptions(1, width, 4).stride(4)))),
        wide(register_module("wide", nn::Conv2d(nn::Conv2dOptions(width, width, 3).padding(1)))),
        head(register_module("head", nn::Conv2d(nn::Conv2dOptions(width, kinds + 5, 1)))) {}

  Detections forward(torch::Tensor images) {
    const torch::Tensor features = torch::relu(wide(torch::relu(near(images))));
    const torch::Tensor each = head(features).flatten(2).transpose(1, 2);  // [N, queries, kinds + 5]
    const torch::Tensor place = torch::arange(4) / 4.0 + 0.125;            // a query for each place of the map
    const torch::Tensor grid = torch::stack({place.repeat(4), place.repeat_interleave(4)}, 1);
    const torch::Tensor centre = grid + 0.5 * torch::tanh(each.slice(2, kinds + 1, kinds + 3));
    const torch::Tensor half = 0.5 * torch::sigmoid(each.slice(2, kinds + 3));
    return {features, each.slice(2, 0, kinds + 1), torch::cat({centre - half, centre + half}, 2)};
  }

  nn::Conv2d near, wide, head;
};

/// The queries of image `i` that its objects are assigned to, one after the other: the free one that fits best.
torch::Tensor assigned(const Detections& found, std::int64_t i, const Objects& objects) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor sure = torch::softmax(found.classes[i], 1).index_select(1, objects.kinds).t();
  const torch::Tensor cost = torch::cdist(objects.boxes, found.boxes[i], 1) - sure;  // [M, queries]
  torch::Tensor query = torch::empty_like(objects.kinds);
  for (std::int64_t m = 0; m < query.size(0); ++m) {
    query[m] = cost[m].argmin();
    cost.select(1, query[m].item<std::int64_t>()).fill_(std::numeric_limits<float>::infinity());
  }
  return query;
}

/// The mean of loss(i, objects of image i).
template <class Loss>
torch::Tensor mean_over_images(const Truth& truth, const Loss& loss) {
  torch::Tensor sum = torch::zeros({});
  for (std::int64_t i = 0; const Objects& objects : truth) sum = sum + loss(i++, objects);
  return sum / static_cast<double>(truth.size());
}

/// A term of each network: the classes of all queries, and the boxes of those that have an object.
struct SetLoss {
  static constexpr std::string_view name = "set_loss";
  static constexpr afd::Level level = afd::Level::logit;
  double weight = 1.0;
  double of_boxes = 5.0;

  torch::Tensor loss(const Detections& found, const Truth& truth) const {
    return mean_over_images(truth, [&](std::int64_t i, const Objects& objects) {
      const torch::Tensor query = assigned(found, i, objects);
      const torch::Tensor wanted = torch::full({queries}, kinds, torch::kInt64).index_copy(0, query, objects.kinds);
      return torch::cross_entropy_loss(found.classes[i], wanted) +
             of_boxes * torch::l1_loss(found.boxes[i].index_select(0, query), objects.boxes);
    });
  }
};

/// A term of each edge, which reads targets: the student's query of an object says what the teacher's says.
struct ObjectImitation {
  static constexpr std::string_view name = "object_imitation";
  static constexpr afd::Level level = afd::Level::logit;
  double weight = 1.0;

  Detections view(const Detections& found) const { return found; }

  torch::Tensor loss(const Detections& student, const Detections& teacher, const Truth& truth) const {
    return mean_over_images(truth, [&](std::int64_t i, const Objects& objects) {
      const torch::Tensor own = assigned(student, i, objects), theirs = assigned(teacher, i, objects);
      const torch::Tensor p = torch::softmax(teacher.classes[i].index_select(0, theirs), 1);
      return torch::cross_entropy_loss(student.classes[i].index_select(0, own), p) +
             torch::l1_loss(student.boxes[i].index_select(0, own), teacher.boxes[i].index_select(0, theirs));
    });
  }
};

/// A score: the share of objects whose query has their kind, and their box to a pixel.
struct Found {
  struct Result {
    double found = 0;
    std::int64_t samples = 0;
    friend bool operator==(const Result&, const Result&) = default;
  };
  static constexpr std::array<afd::ScoreColumn<Result>, 1> columns{{{"found", &Result::found, "found %", 100}}};
  static constexpr std::size_t watched = 0;
  static constexpr afd::Better better = afd::Better::higher;

  double hits = 0, objects = 0;
  std::int64_t samples = 0;

  void add(const Detections& found, const Truth& truth) {
    for (std::int64_t i = 0; const Objects& each : truth) {
      const torch::Tensor query = assigned(found, i, each);
      const torch::Tensor off = (found.boxes[i].index_select(0, query) - each.boxes).abs().mean(1);
      const torch::Tensor kind = found.classes[i].index_select(0, query).argmax(1);
      hits += kind.eq(each.kinds).logical_and(off < 1.0 / 16).sum().item<double>();
      objects += static_cast<double>(each.kinds.size(0));
      ++i, ++samples;
    }
  }
  Result result() const {
    if (samples == 0) throw afd::DataError("there is nothing to score");
    return {hits / objects, samples};
  }
};

/// Noise with one or two squares of 5 x 5 pixels, bright or dark.
auto images_with_squares(std::int64_t count) {
  torch::Tensor images = 0.2 * torch::randn({count, 1, 16, 16});
  Truth truth;
  for (std::int64_t i = 0; i < count; ++i) {
    const torch::Tensor kind = torch::randint(kinds, {1 + i % 2}, torch::kInt64);
    const torch::Tensor corner = torch::randint(12, {kind.size(0), 2}, torch::kInt64);
    for (std::int64_t m = 0; m < kind.size(0); ++m) {
      const auto x = corner[m][0].item<std::int64_t>(), y = corner[m][1].item<std::int64_t>();
      images[i][0].slice(0, y, y + 5).slice(1, x, x + 5) = kind[m].item<std::int64_t>() == 0 ? 1.0 : -1.0;
    }
    truth.push_back({kind, torch::cat({corner, corner + 5}, 1) / 16.0});
  }
  return afd::tensor_dataset(images, truth);  // a list of targets: one for each image
}

int main() {
  torch::manual_seed(1);
  afd::BatchLoader train{images_with_squares(128), {.batch_size = 16}};
  afd::BatchLoader test{images_with_squares(64), {.shuffle = false}};
  const afd::DistillerOptions options{.logit = afd::Adam{.lr = 1e-2, .weight_decay = 0}};
  const afd::TrainerOptions training{.epochs = 25, .score = Found{}};

  Detector teacher(48), student(8);
  afd::Distiller alone{afd::topology::Single{}, afd::Strategy<SetLoss>{}, options, teacher};
  const auto first = afd::Trainer{alone, training}.fit(train, test);
  std::cout << "the teacher finds " << first.last[0].scores.found << '\n';
  check(first.last[0].scores.found > 0.5, "a term of one's own trains a network");

  using Recipe = afd::Strategy<SetLoss, ObjectImitation, afd::Adversarial<>>;
  afd::Distiller distiller{afd::topology::OneWay{}, Recipe{}, options, afd::frozen(teacher), student};
  const auto second = afd::Trainer{distiller, training}.fit(train, test);
  std::cout << "the student finds " << second.last[1].scores.found << '\n';
  check(second.last[1].scores.found > 0.5, "and one of edges another, beside a discriminator of its features");
  return failures;
}
