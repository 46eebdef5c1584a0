// SPDX-License-Identifier: MIT
#include <afd/compute/buffer_snapshot.hpp>
//
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("compute");

using afd::detail::BufferSnapshot;
using afd::detail::BufferStore;
using torch::Tensor;

namespace {

/// Of several shapes and dtypes, mixed, one of them not contiguous.
std::vector<Tensor> some_buffers() {
  return {torch::randn({3}),
          torch::full({}, 5, torch::kInt64),
          torch::randn({2, 3}).t(),
          torch::randn({2}, torch::kDouble),
          torch::full({}, 7, torch::kInt64),
          torch::randn({1})};
}

void overwrite(std::vector<Tensor>& buffers) {
  for (Tensor& buffer : buffers) buffer.fill_(99);
}

}  // namespace

TEST_CASE("without keep() everything is put back, to the bit and in the same storage") {
  std::vector<Tensor> buffers = some_buffers();
  std::vector<Tensor> before;
  for (const Tensor& buffer : buffers) before.push_back(buffer.clone());
  BufferStore store(buffers);
  {
    const BufferSnapshot snapshot(store);
    overwrite(buffers);
  }
  for (std::size_t i = 0; i < buffers.size(); ++i) CHECK(torch::equal(buffers[i], before[i]));
  try {
    const BufferSnapshot snapshot(store);
    overwrite(buffers);
    throw 1;
  } catch (int) {
  }
  for (std::size_t i = 0; i < buffers.size(); ++i) CHECK(torch::equal(buffers[i], before[i]));
}

TEST_CASE("a store is used again and again, for what the buffers hold then") {
  std::vector<Tensor> buffers = some_buffers();
  BufferStore store(buffers);
  for (int round = 0; round < 3; ++round) {
    for (Tensor& buffer : buffers) buffer.fill_(round);
    {
      const BufferSnapshot snapshot(store);
      overwrite(buffers);
    }
    for (const Tensor& buffer : buffers) CHECK(buffer.eq(round).all().item<bool>());
  }
}

TEST_CASE("after keep() new values stay; no buffers are fine") {
  std::vector<Tensor> buffers = some_buffers();
  BufferStore store(buffers);
  {
    BufferSnapshot snapshot(store);
    overwrite(buffers);
    snapshot.keep();
  }
  for (const Tensor& buffer : buffers) CHECK(buffer.eq(99).all().item<bool>());
  BufferStore none;
  CHECK_NOTHROW(BufferSnapshot{none});
}

TEST_CASE("what is put back is put back once; keep() comes first") {
  torch::Tensor buffer = torch::ones({3});
  BufferStore store({buffer});
  {
    BufferSnapshot snapshot(store);
    buffer.fill_(2);
    snapshot.put_back();
    CHECK(torch::equal(buffer, torch::ones({3})));
    buffer.fill_(3);  // after that it is nobody's business
  }
  CHECK(torch::equal(buffer, torch::full({3}, 3.0)));
  {
    BufferSnapshot snapshot(store);
    buffer.fill_(4);
    snapshot.keep();
    snapshot.put_back();
  }
  CHECK(torch::equal(buffer, torch::full({3}, 4.0)));
}

TEST_CASE("a destructor that cannot put back says so where it is told to, and does not throw") {
  torch::Tensor buffer = torch::ones({3});
  BufferStore store({buffer});
  bool is_lost = false;
  {
    const BufferSnapshot snapshot(store, &is_lost);
    buffer.set_data(torch::ones({4}));  // more than was saved
  }
  CHECK(is_lost);

  torch::Tensor other = torch::ones({3});
  BufferStore of_other({other});
  BufferSnapshot snapshot(of_other);
  other.set_data(torch::ones({4}));
  CHECK_THROWS_AS(snapshot.put_back(), c10::Error);
}

TEST_SUITE_END();
