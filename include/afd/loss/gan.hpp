// SPDX-License-Identifier: MIT
#pragma once

// What a discriminator and the network it judges minimise. Every objective takes raw scores s, before any
// sigmoid, of any shape; "real" is the teacher's map, "fake" the student's. Below, D = sigmoid(s).

#include <concepts>
#include <string_view>

#include <torch/types.h>

namespace afd {

/// 1. The objective is a value that can be copied; what tunes it, if anything, is a member.
template <class G>
concept GanLossIsValue = std::copyable<G>;

/// 2. It has a name for reports: `static constexpr std::string_view name`.
template <class G>
concept GanLossHasName = requires {
  { G::name } -> std::convertible_to<std::string_view>;
};

/// 3. `discriminator(real_scores, fake_scores)` is the scalar that the discriminator minimises.
template <class G>
concept GanLossForDiscriminator = requires(const G& objective, const torch::Tensor& scores) {
  { objective.discriminator(scores, scores) } -> std::same_as<torch::Tensor>;
};

/// 4. `generator(fake_scores)` is the scalar that the judged network minimises.
template <class G>
concept GanLossForGenerator = requires(const G& objective, const torch::Tensor& scores) {
  { objective.generator(scores) } -> std::same_as<torch::Tensor>;
};

/// A GAN objective. Not required: a base class, a default constructor, state, that real and fake scores agree
/// in shape, that the loss is bounded, or that it is zero-sum. It never detaches and never calls backward.
template <class G>
concept GanLoss = GanLossIsValue<G> && GanLossHasName<G> && GanLossForDiscriminator<G> && GanLossForGenerator<G>;

namespace detail {

/// Fails to compile with one sentence that says what G lacks.
template <class G>
consteval bool require_gan_loss() {
  constexpr bool has_name = GanLossHasName<G>, has_d = GanLossForDiscriminator<G>, has_g = GanLossForGenerator<G>;
  static_assert(has_name, "afd: a GAN loss needs a name: static constexpr std::string_view name = \"my_gan\";");
  static_assert(has_d,
                "afd: a GAN loss needs torch::Tensor discriminator(const torch::Tensor& real_scores, const "
                "torch::Tensor& fake_scores) const; see afd/loss/gan.hpp");
  static_assert(has_g,
                "afd: a GAN loss needs torch::Tensor generator(const torch::Tensor& fake_scores) const; see "
                "afd/loss/gan.hpp");
  return has_name && has_d && has_g;
}

}  // namespace detail

/// Least squares on D, the form the method was published with:
///     L_D = mean (1 - D(real))^2 + mean D(fake)^2,     L_G = mean (1 - D(fake))^2.
/// Bounded, so one hopeless edge cannot drown the others; but the gradient vanishes where D saturates.
/// Source: Chung et al., ICML 2020 (arXiv 2002.01775); after Mao et al., 2017 (arXiv 1611.04076), who use
/// unbounded scores instead of D.
struct LeastSquares {
  static constexpr std::string_view name = "least-squares";

  // 1 - sigmoid(s) is written sigmoid(-s): no cancellation when D is close to 1.
  [[nodiscard]] torch::Tensor discriminator(const torch::Tensor& real_scores, const torch::Tensor& fake_scores) const {
    return torch::sigmoid(-real_scores).square().mean() + torch::sigmoid(fake_scores).square().mean();
  }

  [[nodiscard]] torch::Tensor generator(const torch::Tensor& fake_scores) const {
    return torch::sigmoid(-fake_scores).square().mean();
  }
};

/// Binary cross entropy with the non-saturating generator:
///     L_D = -mean log D(real) - mean log(1 - D(fake)),     L_G = -mean log D(fake).
/// The generator's gradient stays alive where the discriminator wins clearly.
/// Source: Goodfellow et al., 2014 (arXiv 1406.2661), section 3.
struct NonSaturating {
  static constexpr std::string_view name = "non-saturating";

  [[nodiscard]] torch::Tensor discriminator(const torch::Tensor& real_scores, const torch::Tensor& fake_scores) const {
    return -(torch::log_sigmoid(real_scores).mean() + torch::log_sigmoid(-fake_scores).mean());
  }

  [[nodiscard]] torch::Tensor generator(const torch::Tensor& fake_scores) const {
    return -torch::log_sigmoid(fake_scores).mean();
  }
};

/// Hinge on the raw scores:
///     L_D = mean max(0, 1 - s_real) + mean max(0, 1 + s_fake),     L_G = -mean s_fake.
/// Unbounded below for the generator: give it a discriminator of bounded slope (a spectral-normalised one).
/// Source: Lim and Ye, 2017 (arXiv 1705.02894); Miyato et al., 2018 (arXiv 1802.05957).
struct Hinge {
  static constexpr std::string_view name = "hinge";

  [[nodiscard]] torch::Tensor discriminator(const torch::Tensor& real_scores, const torch::Tensor& fake_scores) const {
    return torch::relu(1 - real_scores).mean() + torch::relu(1 + fake_scores).mean();
  }

  [[nodiscard]] torch::Tensor generator(const torch::Tensor& fake_scores) const { return -fake_scores.mean(); }
};

static_assert(GanLoss<LeastSquares>);
static_assert(GanLoss<NonSaturating>);
static_assert(GanLoss<Hinge>);

}  // namespace afd
