// SPDX-License-Identifier: MIT
// needs: torch
// expect: the tensors of this type cannot be found
#include <tuple>

#include <afd/data/tensors.hpp>

class Mine {
 public:
  explicit Mine(torch::Tensor image) : image_(image) {}

 private:
  torch::Tensor image_;
#ifdef AFD_EXPECT_OK
 public:
  static constexpr auto tensors = std::tuple{&Mine::image_};
#endif
};

void use(const Mine& mine) {
  afd::for_each_tensor(mine, [](const torch::Tensor&) {});
}
