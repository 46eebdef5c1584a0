// SPDX-License-Identifier: MIT
#pragma once

// A small TorchScript network without Python: a convolution, a batch norm, dropout if wanted, and a head, with the
// weights of a Probe.

#include <string>

#include <torch/csrc/jit/api/module.h>
#include <torch/torch.h>

#include "support/tiny.hpp"

namespace afd_test {

inline torch::jit::Module script_part(const std::string& name, const torch::nn::Module& from,
                                      const std::string& source) {
  torch::jit::Module part(name);
  part.register_attribute("training", c10::BoolType::get(), true);
  for (const auto& item : from.named_parameters(/*recurse=*/false)) {
    part.register_parameter(item.key(), item.value().detach().clone().requires_grad_(), /*is_buffer=*/false);
  }
  for (const auto& item : from.named_buffers(/*recurse=*/false)) {
    part.register_buffer(item.key(), item.value().detach().clone());
  }
  if (!source.empty()) part.define(source);
  return part;
}

/// What a Probe computes, with its weights. `tail` is what forward returns of `features` and `logits`.
inline torch::jit::Module script_probe(const Probe& probe, const std::string& tail = "features, logits",
                                       const std::string& drop = "0.0") {
  torch::jit::Module net = script_part("Net", *probe, "");
  net.register_module("conv", script_part("Conv", *probe->conv, R"(
def forward(self, x):
    return torch.conv2d(x, self.weight, self.bias, [2, 2], [1, 1])
)"));
  // As batch norms of PyTorch before 1.12 count: a new tensor each time.
  net.register_module("norm", script_part("Norm", *probe->norm, R"(
def forward(self, x):
    if self.training:
        self.num_batches_tracked = self.num_batches_tracked + 1
    mean, var = self.running_mean, self.running_var
    return torch.batch_norm(x, self.weight, self.bias, mean, var, self.training, 0.1, 1e-5, False)
)"));
  net.register_module("head", script_part("Head", *probe->head, R"(
def forward(self, x):
    return torch.linear(x, self.weight, self.bias)
)"));
  net.define(R"(
def forward(self, x):
    features = torch.relu(self.norm.forward(self.conv.forward(x)))
    pooled = torch.dropout(torch.mean(features, [2, 3]), )" +
             drop + R"(, self.training)
    logits = self.head.forward(pooled)
    return )" +
             tail + "\n");
  return net;
}

}  // namespace afd_test
