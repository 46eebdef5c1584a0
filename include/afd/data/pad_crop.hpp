// SPDX-License-Identifier: MIT
#pragma once

// Random shifts: every image is padded on all sides and cropped back to its size at a random place.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include <torch/types.h>

#include <afd/data/batch_transform.hpp>
#include <afd/data/order.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/device.hpp>
#include <afd/error.hpp>

namespace afd {

/// What lies beyond the border: zeros, or the image mirrored in its outermost pixels (… c b | a b c d | c b
/// …).
enum class PadMode { zeros, reflect };

/// Crops [N, C, H, W] of any dtype at offsets uniform in {0, …, 2 padding}², one per image, after padding all
/// four sides. Put it before Normalize: bytes are the cheapest to move, and zeros are black only there. On an
/// accelerator, if the images are there. Throws ConfigError for a padding that is negative or not below min(H, W),
/// DataError for other inputs.
struct PadCrop {
  std::int64_t padding = 4;
  PadMode mode = PadMode::zeros;

  [[nodiscard]] torch::Tensor operator()(const torch::Tensor& inputs, const CounterRng& rng) const;
};

namespace detail {

/// Index `i` mirrored into [0, size), for i within (-size, 2 size - 1).
[[nodiscard]] constexpr std::int64_t reflect_index(std::int64_t i, std::int64_t size) {
  if (i < 0) return -i;
  return i < size ? i : 2 * (size - 1) - i;
}

/// One row of `width` pixels of `bytes` bytes each, moved left by `shift`.
inline void shift_row(const std::byte* from, std::byte* to, std::int64_t width, std::int64_t shift, std::int64_t bytes,
                      PadMode mode) {
  const std::int64_t first = std::max<std::int64_t>(0, -shift);
  const std::int64_t last = std::min(width, width - shift);
  const auto fill = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t x = begin; x < end; ++x) {
      if (mode == PadMode::zeros) {
        std::memset(to + x * bytes, 0, static_cast<std::size_t>(bytes));
      } else {
        std::memcpy(to + x * bytes, from + reflect_index(x + shift, width) * bytes, static_cast<std::size_t>(bytes));
      }
    }
  };
  fill(0, first);
  std::memcpy(to + first * bytes, from + (first + shift) * bytes, static_cast<std::size_t>((last - first) * bytes));
  fill(last, width);
}

/// Where each place of one side comes from, of each image: [N, size], moved by the image's `shifts`. Beyond the border
/// it is `size`, or a place within if it is mirrored.
[[nodiscard]] inline torch::Tensor shifted_places(const std::vector<std::int64_t>& shifts, std::int64_t size,
                                                  PadMode mode) {
  torch::Tensor places = torch::empty({static_cast<std::int64_t>(shifts.size()), size}, torch::kInt64);
  auto* to = places.data_ptr<std::int64_t>();
  for (const std::int64_t shift : shifts) {
    for (std::int64_t x = shift; x < size + shift; ++x, ++to) {
      *to = mode == PadMode::reflect ? reflect_index(x, size) : x < 0 || x >= size ? size : x;
    }
  }
  return places;
}

/// Images [N, C, H, W] on a device, each moved by its shifts; of bytes the same as on the CPU.
[[nodiscard]] inline torch::Tensor shifted_images(const torch::Tensor& images, const std::vector<std::int64_t>& down,
                                                  const std::vector<std::int64_t>& right, PadMode mode) {
  const std::int64_t count = images.size(0), channels = images.size(1), height = images.size(2), width = images.size(3);
  const auto place = [&](const std::vector<std::int64_t>& shifts, std::int64_t size) {
    return sent(shifted_places(shifts, size, mode), images.device());
  };
  const torch::Tensor rows = place(down, height).view({count, 1, height, 1}).expand({count, channels, height, width});
  const torch::Tensor columns = place(right, width).view({count, 1, 1, width});
  // One row and one column of zeros stand for all that is beyond the border.
  const torch::Tensor padded =
      mode == PadMode::reflect ? images : torch::constant_pad_nd(images, {0, 1, 0, 1}, torch::Scalar(0));
  const torch::Tensor flat = padded.reshape({count, channels, -1});
  const torch::Tensor index = (rows * padded.size(3) + columns).reshape({count, channels, -1});
  return flat.gather(2, index).view(images.sizes());
}

}  // namespace detail

inline torch::Tensor PadCrop::operator()(const torch::Tensor& inputs, const CounterRng& rng) const {
  if (inputs.dim() != 4) {
    throw DataError(detail::concat("PadCrop needs images [N, C, H, W], but got shape ", inputs.sizes()));
  }
  const std::int64_t channels = inputs.size(1), height = inputs.size(2), width = inputs.size(3);
  if (padding < 0 || padding >= std::min(height, width)) {
    throw ConfigError(detail::concat("PadCrop's padding is ", padding, "; for images of ", height, "x", width,
                                     " it must be 0 to ", std::min(height, width) - 1));
  }
  if (!inputs.device().is_cpu()) {
    std::vector<std::int64_t> down, right;
    for (std::int64_t image = 0; image < inputs.size(0); ++image) {
      down.push_back(rng.below(2 * padding + 1, image, 0) - padding);
      right.push_back(rng.below(2 * padding + 1, image, 1) - padding);
    }
    return detail::shifted_images(inputs, down, right, mode);
  }
  const torch::Tensor source = inputs.contiguous();
  torch::Tensor result = torch::empty_like(source);
  const std::int64_t bytes = source.element_size();
  const auto* from = static_cast<const std::byte*>(source.data_ptr());
  auto* to = static_cast<std::byte*>(result.data_ptr());
  const std::int64_t row = width * bytes, plane = height * row;
  for (std::int64_t image = 0; image < inputs.size(0); ++image) {
    const std::int64_t down = rng.below(2 * padding + 1, image, 0) - padding;
    const std::int64_t right = rng.below(2 * padding + 1, image, 1) - padding;
    for (std::int64_t channel = 0; channel < channels; ++channel, from += plane) {
      for (std::int64_t y = 0; y < height; ++y, to += row) {
        const std::int64_t source_y = y + down;
        if (mode == PadMode::zeros && (source_y < 0 || source_y >= height)) {
          std::memset(to, 0, static_cast<std::size_t>(row));
        } else {
          detail::shift_row(from + detail::reflect_index(source_y, height) * row, to, width, right, bytes, mode);
        }
      }
    }
  }
  return result;
}

static_assert(BatchTransform<PadCrop>);

}  // namespace afd
