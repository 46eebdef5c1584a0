// SPDX-License-Identifier: MIT
#include <afd/data/gzip.hpp>
#include <afd/data/image_folder.hpp>
#include <afd/distributed/world.hpp>
#include <afd/loss/alignment.hpp>
#include <afd/state/safetensors_format.hpp>
#include <afd/study/estimate.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/version.hpp>

static_assert(afd::edge_count<afd::topology::Cycle<3>> == 3);
static_assert(afd::FileReader<afd::GzipFiles>);

int main() {
  const afd::RgbImage image{1, 1, {1, 2, 3}};
  if (afd::cropped(image, {0, 0, 1, 1}).pixels != image.pixels) return 1;
  if (!afd::parse_safetensors(afd::format_safetensors({}), "bytes").tensors.empty()) return 1;
  if (afd::estimate(std::vector{1.0, 3.0}).mean != 2) return 1;
  torch::Tensor ones = torch::ones({2, 2});
  afd::World({.launch = {}}).all_reduce(ones);
  return afd::loss::l1(ones, ones + 1).item<float>() == 1.0F ? 0 : 1;
}
