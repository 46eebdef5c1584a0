// SPDX-License-Identifier: MIT
// A fuzz target: images are decoded or refused, and a box is cut out of what was decoded.
#include <cstddef>
#include <cstdint>
#include <span>

#include <afd/data/image_file.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const afd::RgbImage image = afd::decode_image({data, size}, "input");
    static_cast<void>(afd::cropped(
        image, afd::CenterCrop{.side = 4, .resize = 5}.box(image.width, image.height, afd::CounterRng(1, 0), 0)));
  } catch (const afd::FormatError&) {
  }
  return 0;
}
