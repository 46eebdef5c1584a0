// SPDX-License-Identifier: MIT
// needs: torch
// expect: a GAN loss needs torch::Tensor generator(const torch::Tensor& fake_scores) const
#include <string_view>

#include <afd/strategy/adversarial.hpp>

struct Mine {
  static constexpr std::string_view name = "mine";
  torch::Tensor discriminator(const torch::Tensor& real, const torch::Tensor& fake) const {
    return (fake - real).mean();
  }
#ifdef AFD_EXPECT_OK
  torch::Tensor generator(const torch::Tensor& fake) const { return -fake.mean(); }
#endif
};

afd::Adversarial<afd::ConvDiscriminator, Mine> term;
