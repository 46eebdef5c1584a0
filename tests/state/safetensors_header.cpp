// SPDX-License-Identifier: MIT
#include <afd/state/safetensors_header.hpp>
//
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("state");

namespace {

afd::detail::SafetensorsHeader read(std::string_view json) {
  afd::detail::SafetensorsHeader header("x.safetensors");
  nlohmann::json::sax_parse(json.begin(), json.end(), &header);
  return header;
}

}  // namespace

TEST_CASE("a header says what each tensor is and where") {
  const auto header = read(R"({"a":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]},"__metadata__":{"by":"me"}})");
  REQUIRE(header.entries.size() == 1);
  const auto& entry = header.entries.at("a");
  CHECK(entry.dtype == afd::find_safetensors_dtype("BF16"));
  CHECK(entry.sizes == std::vector<std::int64_t>{2, 3});
  CHECK(entry.offsets == std::vector<std::uint64_t>{0, 12});
  CHECK(header.metadata.at("by") == "me");
  CHECK_FALSE(afd::find_safetensors_dtype("F128").has_value());
}

TEST_CASE("what has no place there is named with its tensor") {
  const auto refused = [](const char* json, const char* says) {
    CHECK_THROWS_WITH_AS(read(json), doctest::Contains(says), afd::FormatError);
  };
  refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", "a has other than two data_offsets");
  refused(R"({"a":{"dtype":"F32","shape":[1]}})", "a lacks one of dtype, shape and data_offsets");
  refused(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "a has a negative number");
  refused(R"({"a":{"dtype":"F32","dtype":"F32"}})", "a has dtype twice");
  refused(R"({"a":[]})", "a has a list where none belongs");
  refused("{\"a\":", "is no JSON");
}

TEST_SUITE_END();
