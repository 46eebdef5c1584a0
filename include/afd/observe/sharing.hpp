// SPDX-License-Identifier: MIT
#pragma once

// What scores of several processes, each of its own samples, come to together.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/data/shard.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/observe/running_sum.hpp>

namespace afd {

/// Of an evaluation that is not shared.
struct NoSharing {};

/// Given to `share(sharing)` of a score: it names all that it has gathered. `add` is for sums and counts over samples,
/// of which an undefined tensor is none yet, `append` for tensors [N, ...] of samples.
class Sharing {
 public:
  void add(torch::Tensor& sum) {
    parts_.push_back({form_of(sum), [&sum] { return sum; }, setter(sum)});
  }
  void add(detail::RunningSum& sum) { add(sum.tensor()); }
  template <class Number>
    requires std::is_arithmetic_v<Number>
  void add(Number& number) {
    const auto get = [&number] { return torch::tensor(static_cast<double>(number), torch::kFloat64); };
    const auto set = [&number](const torch::Tensor& sum) { number = static_cast<Number>(sum.item<double>()); };
    parts_.push_back({form_of(get()), get, set});
  }

  void append(std::vector<torch::Tensor>& rows) {
    if (!rows.empty()) rows = {torch::cat(rows)};
    Part part{form_of(rows.empty() ? torch::Tensor() : rows.front()),
              [&rows] { return rows.empty() ? torch::Tensor() : rows.front(); },
              [&rows](const torch::Tensor& all) { rows = {all}; }};
    part.appends = true;
    parts_.push_back(std::move(part));
  }

  /// `gather` gives what every process says, by rank, `sum` makes a float64 tensor the sum over all. Throws DataError
  /// for tensors of different forms.
  template <class Gather, class Sum>
  void share(std::int64_t rank, const Gather& gather, const Sum& sum) {
    const torch::NoGradGuard no_grad;
    std::string forms;
    for (const Part& part : parts_) forms += part.form + '\n';
    std::vector<std::istringstream> words;
    for (const std::string& text : gather(forms)) words.emplace_back(text);
    std::vector<torch::Tensor> pieces;
    for (Part& part : parts_) {
      std::vector<Form> all;
      for (std::istringstream& word : words) {
        std::string line;
        std::getline(word, line);
        all.push_back(parsed(line));
      }
      settle(part, all, static_cast<std::size_t>(rank));
      torch::Tensor piece = torch::zeros({part.rows * part.width}, torch::kFloat64);
      const torch::Tensor own = part.get();
      if (own.defined()) piece.narrow(0, part.first * part.width, own.numel()).copy_(own.reshape(-1));
      pieces.push_back(piece);
    }
    if (pieces.empty()) return;
    torch::Tensor flat = torch::cat(pieces);
    sum(flat);
    std::int64_t place = 0;
    for (Part& part : parts_) {
      const std::int64_t count = part.rows * part.width;
      if (part.is_there) part.set(flat.narrow(0, place, count).view(part.sizes).to(part.dtype));
      place += count;
    }
  }

 private:
  struct Form {
    bool is_there = false;
    std::int64_t dtype = 0;
    std::vector<std::int64_t> sizes{};
  };
  struct Part {
    std::string form;
    std::function<torch::Tensor()> get;
    std::function<void(const torch::Tensor&)> set;
    bool appends = false;
    // Of all processes together:
    bool is_there = false;
    torch::ScalarType dtype = torch::kFloat64;
    std::vector<std::int64_t> sizes{};
    std::int64_t rows = 1;   // where they are appended
    std::int64_t width = 0;  // elements of each
    std::int64_t first = 0;  // of the rows: this process's
  };

  static std::function<void(const torch::Tensor&)> setter(torch::Tensor& sum) {
    return [&sum](const torch::Tensor& all) { sum = all; };
  }

  [[nodiscard]] static std::string form_of(const torch::Tensor& tensor) {
    if (!tensor.defined()) return "-";
    std::string text = detail::concat(static_cast<int>(tensor.scalar_type()));
    for (const std::int64_t size : tensor.sizes()) text += detail::concat(' ', size);
    return text;
  }
  [[nodiscard]] static Form parsed(const std::string& line) {
    Form form;
    std::istringstream words(line);
    if (line == "-" || !(words >> form.dtype)) return form;
    form.is_there = true;
    for (std::int64_t size = 0; words >> size;) form.sizes.push_back(size);
    return form;
  }

  static void settle(Part& part, const std::vector<Form>& all, std::size_t rank) {
    std::int64_t rows = 0;
    for (std::size_t r = 0; r < all.size(); ++r) {
      if (r == rank) part.first = rows;
      if (!all[r].is_there) continue;
      std::vector<std::int64_t> sizes = all[r].sizes;
      if (part.appends) {
        rows += sizes.at(0);
        sizes[0] = part.is_there ? part.sizes[0] : 0;
      }
      if (part.is_there && sizes != part.sizes) {
        throw DataError(detail::concat("scores of several processes cannot be joined: what they have gathered is of ",
                                       "shapes ", torch::IntArrayRef(part.sizes), " and ", torch::IntArrayRef(sizes)));
      }
      part.is_there = true;
      part.sizes = sizes;
      part.dtype = static_cast<torch::ScalarType>(all[r].dtype);
    }
    if (!part.is_there) return;
    part.width = 1;
    for (std::size_t d = part.appends ? 1 : 0; d < part.sizes.size(); ++d) part.width *= part.sizes[d];
    if (!part.appends) return;
    part.rows = part.sizes[0] = rows;
  }

  std::vector<Part> parts_;
};

namespace detail {

template <class S>
concept ScoreShares = requires(S& score, Sharing& sharing) { score.share(sharing); };

template <class S>
consteval bool require_score_shares() {
  constexpr bool shares = ScoreShares<S>;
  static_assert(shares,
                "afd: this score is asked for over several processes, each of which has a part of the samples: it "
                "needs void share(afd::Sharing& sharing) { sharing.add(sum); ... }, which names all that it gathers; "
                "see afd/observe/sharing.hpp");
  return shares;
}

/// Whether an evaluation on this source is of a part of the samples. Throws ConfigError for a part of another number
/// of processes than there are.
template <class Exchange, class Source>
[[nodiscard]] bool is_part_of(const Exchange& exchange, const Source& source) {
  const Shard shard = shard_of(source);
  if (shard.count == 1) return false;
  if (shard.count == exchange.size() && shard.index == exchange.rank()) return true;
  throw ConfigError(concat("the source gives part ", shard.index, " of ", shard.count, " of the samples, but this is ",
                           "process ", exchange.rank(), " of ", exchange.size(), "; give it .shard = world.shard()"));
}

}  // namespace detail
}  // namespace afd
