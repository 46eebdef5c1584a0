// SPDX-License-Identifier: MIT
#pragma once

// A picture of where networks look: class activation maps (Zhou et al., CVPR 2016) of the same images.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <torch/torch.h>

#include <afd/detail/say.hpp>
#include <afd/network/any_network.hpp>
#include <afd/network/eval_mode.hpp>
#include <afd/network/save_network.hpp>
#include <afd/study/gnuplot.hpp>
#include <afd/study/pictures.hpp>

#include "run.hpp"

namespace experiments {

namespace activation_details {

/// So many images of different classes, and their labels.
struct Images {
  torch::Tensor inputs, labels;
};
[[nodiscard]] inline Images some_images(afd::AnySource source, std::int64_t count) {
  for (const afd::Batch& batch : source) {
    std::vector<std::int64_t> chosen, classes;
    for (std::int64_t i = 0; i < batch.targets.size(0) && std::ssize(chosen) < count; ++i) {
      const auto label = batch.targets[i].item<std::int64_t>();
      if (std::find(classes.begin(), classes.end(), label) != classes.end()) continue;
      classes.push_back(label);
      chosen.push_back(i);
    }
    const torch::Tensor index = torch::tensor(chosen, torch::kInt64);
    return {batch.inputs.index_select(0, index), batch.targets.index_select(0, index)};
  }
  return {};
}

/// sum_c W[label, c] f_c: what of the logit of an image's class comes from which place, [N, H, W] between 0 and 1.
[[nodiscard]] inline torch::Tensor activation(const afd::AnyNetwork& network, const Images& images) {
  const torch::NoGradGuard no_grad;
  const afd::EvalMode mode(*network);
  const torch::Tensor maps = network.run(images.inputs).features;
  const auto parameters = network->named_parameters();
  const std::string head = parameters.contains("fc.weight") ? "fc.weight" : "head.weight";
  const torch::Tensor weights = parameters[head].index_select(0, images.labels);
  const torch::Tensor activations = (maps * weights.unsqueeze(-1).unsqueeze(-1)).sum(1);
  const torch::Tensor least = activations.amin({1, 2}, true), most = activations.amax({1, 2}, true);
  return (activations - least) / (most - least).clamp_min(1e-12);
}

/// One image, of colours or grey, scaled to what can be shown.
[[nodiscard]] inline std::string image_plot(const torch::Tensor& image) {
  const torch::Tensor shown = (255 * (image - image.min()) / (image.max() - image.min()).clamp_min(1e-12))
                                  .to(torch::kInt64)
                                  .expand({3, image.size(1), image.size(2)})
                                  .contiguous();
  const auto at = shown.accessor<std::int64_t, 3>();
  std::string text = "plot '-' using 1:2:3:4:5 with rgbimage notitle\n";
  for (std::int64_t y = 0; y < at.size(1); ++y) {
    for (std::int64_t x = 0; x < at.size(2); ++x) {
      text += fmt::format("{} {} {} {} {}\n", x, -y, at[0][y][x], at[1][y][x], at[2][y][x]);
    }
  }
  return text + "e\n";
}
[[nodiscard]] inline std::string map_plot(const torch::Tensor& map) {
  const torch::Tensor values = map.to(torch::kFloat64).contiguous();
  const auto at = values.accessor<double, 2>();
  std::string text = "plot '-' using 1:2:3 with image notitle\n";
  for (std::int64_t y = 0; y < at.size(0); ++y) {
    for (std::int64_t x = 0; x < at.size(1); ++x) text += fmt::format("{} {} {:.3f}\n", x, -y, at[y][x]);
  }
  return text + "e\n";
}

}  // namespace activation_details

/// Writes <folder>/activation.png, and the script that draws it: a column for each image, a row for each network of
/// some recipes, with the first seed's weights. The logits of all networks here are made by one layer from the mean of
/// their maps.
inline void draw_activations(const Run& run, const afd::StudyResult& result) {
  using namespace activation_details;
  constexpr std::int64_t columns = 8;
  const std::string seed = fmt::format("-seed{}-", run.settings.first_seed);
  const Images images = some_images(run.data.scored, columns);
  std::string rows;
  int row_count = 1;
  for (const char* recipe : {"alone", "dml", "l1-kl", "afd-maps", "afd"}) {
    const auto is_it = [&](const afd::RecipeSummary& summary) { return summary.name == recipe; };
    const auto& recipes = result.comparison.recipes;
    if (std::none_of(recipes.begin(), recipes.end(), is_it)) continue;
    for (std::size_t k = 0; k < run.settings.networks.size(); ++k) {
      const auto path = run.options.folder / "networks" / fmt::format("{}{}{}.afd", recipe, seed, k);
      if (!std::filesystem::exists(path)) continue;  // it failed
      afd::AnyNetwork network = make_network(run.settings.networks[k], run.data.shape, 0);
      afd::load_network(network, path);
      const torch::Tensor maps = activation(network, images);
      for (std::int64_t i = 0; i < maps.size(0); ++i) {
        rows += fmt::format("set ylabel {}\n",
                            i == 0 ? afd::detail::script_text(fmt::format("{} {}", recipe, k + 1)) : "''");
        rows += map_plot(maps[i]);
      }
      ++row_count;
    }
  }
  std::string script = fmt::format("set encoding utf8\nset term pngcairo size {},{} font 'sans,9' noenhanced\n",
                                   90 * images.inputs.size(0) + 40, 90 * row_count);
  script += fmt::format(
      "set output {}\nset multiplot layout {},{} margins 0.07,0.99,0.01,0.99 spacing 0.005,0.005\nunset tics\n"
      "unset colorbox\nset size ratio -1\nset palette defined (0 '#1a2a6c', 0.5 '#b21f1f', 1 '#fdbb2d')\n"
      "set cbrange [0:1]\n",
      afd::detail::script_text((run.options.folder / "activation.png").string()), row_count, images.inputs.size(0));
  for (std::int64_t i = 0; i < images.inputs.size(0); ++i) {
    script += fmt::format("set ylabel '{}'\n", i == 0 ? "image" : "") + image_plot(images.inputs[i]);
  }
  if (!afd::detail::draw(script + rows + "unset multiplot\n", run.options.folder / "activation.gp")) {
    afd::detail::tell(run.options.say, "activation.png was not drawn: is gnuplot installed?");
  }
}

}  // namespace experiments
