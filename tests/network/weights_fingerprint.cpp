// SPDX-License-Identifier: MIT
#include <afd/network/weights_fingerprint.hpp>
//
#include <cmath>
#include <set>

#include <torch/torch.h>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("network");

using afd::detail::weights_fingerprint;

TEST_CASE("a change of one bit of one weight, of a name, a dtype or a buffer gives another fingerprint") {
  torch::manual_seed(0);
  const torch::NoGradGuard no_grad;
  afd_test::Probe probe;
  const auto first = weights_fingerprint(*probe);
  CHECK(weights_fingerprint(*probe) == first);
  probe->eval();
  for (torch::Tensor& parameter : probe->parameters()) parameter.requires_grad_(false);
  CHECK(weights_fingerprint(*probe) == first);  // neither mode nor flags are weights
  const auto last = probe->head->bias.data_ptr<double>() + 3;
  const double was = *last;
  *last = std::nextafter(was, 2 * was);
  const auto changed = weights_fingerprint(*probe);
  *last = was;
  CHECK(weights_fingerprint(*probe) == first);
  probe->norm->num_batches_tracked += 1;
  const auto counted = weights_fingerprint(*probe);
  probe->norm->num_batches_tracked -= 1;
  probe->to(torch::kFloat);
  const auto converted = weights_fingerprint(*probe);
  const torch::nn::Linear layer(2, 2);
  torch::nn::Sequential named, other;
  const torch::nn::Linear linear(2, 2);
  named->push_back("a", linear);
  other->push_back("b", linear);
  CHECK(std::set{first, changed, counted, converted}.size() == 4);
  CHECK(weights_fingerprint(*named) != weights_fingerprint(*other));
}

TEST_CASE("how elements lie in memory does not matter") {
  const torch::NoGradGuard no_grad;
  torch::nn::Conv2d conv(3, 4, 3);
  const auto first = weights_fingerprint(*conv);
  conv->weight.set_data(conv->weight.contiguous(torch::MemoryFormat::ChannelsLast));
  CHECK(weights_fingerprint(*conv) == first);
}

TEST_SUITE_END();
