// SPDX-License-Identifier: MIT
#include <afd/state/safetensors_format.hpp>
//
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("state");

using afd::Bytes;
using afd::SafetensorsContent;
using afd::SafetensorsView;

namespace {

const Bytes elements{1, 0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24};

afd::SafetensorsDtype dtype(std::string_view name) {
  return afd::find_safetensors_dtype(name).value();
}

SafetensorsContent example() {
  const std::span<const std::uint8_t> all(elements);
  return {.tensors = {{"conv.weight", {dtype("F32"), {1, 2, 3}, all}},
                      {"steps", {dtype("I64"), {}, all.first(8)}},
                      {"mask", {dtype("BOOL"), {3}, all.first(3)}},
                      {"half \"quoted\"\n\xc3\xa9", {dtype("BF16"), {2}, all.first(4)}},
                      {"empty", {dtype("F64"), {0, 3}, {}}}},
          .metadata = {{"format", "pt"}, {"made by", "\"us\""}}};
}

Bytes flat(const SafetensorsView& tensor) {
  return {tensor.bytes.begin(), tensor.bytes.end()};
}

/// A file of this header, with so many bytes of elements behind it.
Bytes file(std::string_view header, std::size_t size = 0) {
  Bytes bytes;
  afd::detail::put_number(bytes, header.size(), 8);
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.resize(bytes.size() + size);
  return bytes;
}

SafetensorsContent parse(const Bytes& bytes) {
  return afd::parse_safetensors(bytes, "a.safetensors");
}

void refused(const Bytes& bytes, const char* message) {
  CHECK_THROWS_WITH_AS(static_cast<void>(parse(bytes)), doctest::Contains(message), afd::FormatError);
}

/// A header of one entry, "a".
std::string entry(std::string_view dtype, std::string_view shape, std::string_view offsets) {
  return afd::detail::concat(R"({"a":{"dtype":)", dtype, R"(,"shape":)", shape, R"(,"data_offsets":)", offsets, "}}");
}

}  // namespace

TEST_CASE("tensors and texts come back as they were") {
  const Bytes bytes = afd::format_safetensors(example());
  const SafetensorsContent content = parse(bytes);
  CHECK(content.metadata == example().metadata);
  REQUIRE(content.tensors.size() == 5);
  for (const auto& [name, tensor] : example().tensors) {
    CAPTURE(name);
    const SafetensorsView& read = content.tensors.at(name);
    CHECK(read.dtype == tensor.dtype);
    CHECK(read.sizes == tensor.sizes);
    CHECK(flat(read) == flat(tensor));
  }
  CHECK(afd::format_safetensors(content) == bytes);
  CHECK(parse(afd::format_safetensors({})).tensors.empty());
}

TEST_CASE("a file is what the format's description says") {
  const Bytes value{0, 0, 0x80, 0x3f};  // 1 as float32
  const Bytes bytes = afd::format_safetensors({.tensors = {{"w", {dtype("F32"), {1}, value}}}});
  const std::string header = R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  const std::string filled = header + std::string((8 - header.size() % 8) % 8, ' ');
  Bytes expected = file(filled);
  expected.insert(expected.end(), value.begin(), value.end());
  CHECK(bytes == expected);
}

TEST_CASE("elements lie at multiples of their size") {
  const Bytes bytes = afd::format_safetensors(example());
  for (const auto& [name, tensor] : parse(bytes).tensors) {
    if (tensor.bytes.empty()) continue;
    CAPTURE(name);
    CHECK(static_cast<std::size_t>(tensor.bytes.data() - bytes.data()) % (tensor.dtype.bits / 8) == 0);
  }
}

TEST_CASE("what other writers do is read: any order of keys, no alignment, spaces, escapes, sizes of 0, every dtype") {
  const auto content =
      parse(file("{ \"\\u0061\" : {\"data_offsets\":[2,6],\"dtype\":\"F32\",\"shape\":[1]},"
                 "\"b\":{\"shape\":[],\"data_offsets\":[0,2],\"dtype\":\"F16\"},"
                 "\"none\":{\"shape\":[4,0],\"data_offsets\":[6,6],\"dtype\":\"F16\"},"
                 "\"__metadata__\":{} }   ",
                 6));
  CHECK(content.tensors.at("a").sizes == std::vector<std::int64_t>{1});
  CHECK(content.tensors.at("b").sizes.empty());
  CHECK(content.tensors.at("none").bytes.empty());
  for (const afd::SafetensorsDtype& each : afd::safetensors_dtypes) {
    const std::string quoted = '"' + std::string(each.name) + '"';
    const auto of_each = parse(file(entry(quoted, "[8]", afd::detail::concat("[0,", each.bits, "]")), each.bits));
    CHECK(of_each.tensors.at("a").dtype == each);
  }
}

TEST_CASE("what is no safetensors file is refused before its header is looked at") {
  refused({}, "a.safetensors is no safetensors file, or truncated: it ends after 0 bytes");
  refused({1, 2, 3}, "it ends after 3 bytes");
  refused(file(""), "its header does not begin with {");
  refused(file("[]"), "its header does not begin with {");
  refused(file(" {}"), "its header does not begin with {");
  refused({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, '{'}, "its header would have 18446744073709551615 bytes");
  Bytes cut = file(R"({"a":{"dtype":"F32")");
  cut.pop_back();
  refused(cut, "it has 18 bytes of a header of 19");
  refused({'P', 'K', 3, 4, 0, 0, 8, 8, 0, 0}, "as torch.save writes it");
  refused(afd::seal(Bytes{}, {"network", 1}), "afd::load_network reads it");
}

TEST_CASE("a header that is no JSON, or other JSON than the format's, is refused with its place or name") {
  for (const char* header :
       {"{", "{}}", "{} x", "{\"a\"}", "{\"a\":}", "{a:1}", "{'a':1}", "{\"\xff\":{}}", "{\"__metadata__\":{},}",
        "{/**/}", "{\"a\":{\"dtype\":\"F32\"", "{\"a\":{\"shape\":[01]}}", "{\"a\":{\"shape\":[1,]}}"}) {
    CAPTURE(header);
    refused(file(header), "its header is no JSON at byte ");
  }
  refused(file(R"({"a":1})"), "a has a number where none belongs");
  refused(file(R"({"a":[]})"), "a has a list where none belongs");
  refused(file(R"({"a":"F32"})"), "a has a text where none belongs");
  refused(file(R"({"a":null})"), "a has a null");
  refused(file(R"({"a":true})"), "a has a truth value");
  refused(file(R"({"a":{}})"), "a lacks one of dtype, shape and data_offsets");
  refused(file(R"({"a":{"dtype":"F32","shape":[]}})"), "a lacks one of");
  refused(file(R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"name":"a"}})", 4), "a has the unknown name");
  refused(file(R"({"a":{"dtype":{}}})"), "a has an object where none belongs");
  refused(file(entry("32", "[1]", "[0,4]"), 4), "a has a number where none belongs");
  refused(file(entry("\"F33\"", "[1]", "[0,4]"), 4), "a has the unknown dtype F33");
  refused(file(entry("\"f32\"", "[1]", "[0,4]"), 4), "a has the unknown dtype f32");
  refused(file(entry("\"F32\"", "1", "[0,4]"), 4), "a has a number where none belongs");
  refused(file(entry("\"F32\"", "[[1]]", "[0,4]"), 4), "a has a list where none belongs");
  refused(file(entry("\"F32\"", "[\"1\"]", "[0,4]"), 4), "a has a text where none belongs");
  refused(file(entry("\"F32\"", "[-1]", "[0,4]"), 4), "a has a negative number");
  refused(file(entry("\"F32\"", "[1.0]", "[0,4]"), 4), "a has a number that is not whole, or too large");
  refused(file(entry("\"F32\"", "[1]", "[0]"), 4), "a has other than two data_offsets");
  refused(file(entry("\"F32\"", "[1]", "[0,4,4]"), 4), "a has a number where none belongs");
  refused(file(entry("\"F32\"", "[1]", "[0,4e0]"), 4), "a has a number that is not whole");
  refused(file(R"({"__metadata__":"x"})"), "__metadata__ has a text where none belongs");
  refused(file(R"({"__metadata__":{"x":1}})"), "__metadata__ has a number where none belongs");
  refused(file(R"({"__metadata__":{"x":{}}})"), "__metadata__ has an object where none belongs");
  const std::string deep(100'000, '[');
  refused(file("{\"a\":" + deep), "a has a list where none belongs");
}

TEST_CASE("names that are there twice are refused, however they are written") {
  const std::string a = R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  refused(file("{\"a\":" + a + ",\"a\":" + a + "}", 4), "a is there twice");
  refused(file("{\"a\":" + a + ",\"\\u0061\":" + a + "}", 4), "a is there twice");
  refused(file(R"({"__metadata__":{},"__metadata__":{}})"), "__metadata__ is there twice");
  refused(file(R"({"__metadata__":{"x":"1","x":"2"}})"), "__metadata__ has x twice");
  refused(file(R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4), "a has dtype twice");
  refused(file(R"({"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}})", 4), "a has shape twice");
  refused(file(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"data_offsets":[0,4]}})", 4),
          "a has data_offsets twice");
}

TEST_CASE("offsets and sizes that do not fit each other or the file are refused") {
  refused(file(entry("\"F32\"", "[1]", "[4,0]"), 4), "a ends at 0, before it begins, at 4");
  refused(file(entry("\"F32\"", "[1]", "[0,4]"), 3), "a ends at 4, but the file's elements at 3");
  refused(file(entry("\"F32\"", "[1]", "[0,4]"), 5), "something after its end: its tensors have 4 bytes of 5");
  refused(file(entry("\"F32\"", "[1]", "[1,5]"), 5), "no tensor has the bytes 0 to 1 before a");
  refused(file(entry("\"F32\"", "[2]", "[0,4]"), 4), "a has 4 bytes where its sizes need 8");
  refused(file(entry("\"F32\"", "[]", "[0,0]")), "a has 0 bytes where its sizes need 4");
  refused(file(entry("\"F4\"", "[3]", "[0,2]"), 2), "a has sizes that no memory holds, or that end within a byte");
  refused(file(entry("\"F32\"", "[18446744073709551615]", "[0,4]"), 4), "a is too large");
  refused(file(entry("\"F32\"", "[18446744073709551616]", "[0,4]"), 4), "not whole, or too large");
  refused(file(entry("\"F32\"", "[4294967296,4294967296]", "[0,0]")), "sizes that no memory holds");
  refused(file(entry("\"F32\"", "[4294967296,4294967296,0]", "[0,0]")), "sizes that no memory holds");
  refused(file(entry("\"F32\"", "[0,4294967296,4294967296]", "[0,0]")), "sizes that no memory holds");
  std::string many = "[1";
  for (std::size_t i = 0; i < afd::max_safetensors_rank; ++i) many += ",1";
  refused(file(entry("\"F32\"", many + ']', "[0,4]"), 4), "a has more than 64 sizes");

  const auto two = [](std::string_view first, std::string_view second, std::size_t size) {
    return file(afd::detail::concat(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)", first,
                                    R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)", second, "}}"),
                size);
  };
  CHECK(parse(two("[4,8]", "[0,4]", 8)).tensors.size() == 2);
  refused(two("[0,4]", "[0,4]", 4), "a and b overlap");
  refused(two("[3,7]", "[0,4]", 7), "b and a overlap");
  refused(two("[0,4]", "[5,9]", 9), "no tensor has the bytes 4 to 5 before b");
}

TEST_CASE("truth values are 0 or 1") {
  Bytes bytes = file(entry("\"BOOL\"", "[2]", "[0,2]"), 2);
  CHECK(parse(bytes).tensors.size() == 1);
  bytes.back() = 2;
  refused(bytes, "a has truth values other than 0 and 1");
}

TEST_CASE("names from a file cannot write to a terminal or fill it") {
  refused(file(R"({"\u001b[2J":1})"), "in its header, ?[2J has a number");
  refused(file("{\"" + std::string(100'000, 'x') + "\":1}"), "xxx... has a number");
}

TEST_CASE("truncated anywhere it is refused; changed anywhere it is refused or read, but never past its end") {
  const Bytes bytes = afd::format_safetensors(example());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    REQUIRE_THROWS_AS(static_cast<void>(afd::parse_safetensors(std::span(bytes).first(length), "file")),
                      afd::FormatError);
  }
  std::size_t read = 0, other = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      Bytes damaged = bytes;
      damaged[at] = static_cast<std::uint8_t>(value);
      try {
        for (const auto& [name, tensor] : parse(damaged).tensors) {
          const auto first = static_cast<std::size_t>(tensor.bytes.data() - damaged.data());
          REQUIRE((tensor.bytes.empty() || first + tensor.bytes.size() <= damaged.size()));
        }
        ++read;
      } catch (const afd::FormatError&) {
        ++other;
      }
    }
  }
  CHECK(read > bytes.size());  // the bytes as they were, and changes of elements and names, which are nobody's to tell
  CHECK(other > read);
}

TEST_CASE("what the format cannot hold is not written") {
  const auto refuses = [](const SafetensorsContent& content, const char* message) {
    CHECK_THROWS_WITH_AS(static_cast<void>(afd::format_safetensors(content)), doctest::Contains(message),
                         afd::DataError);
  };
  const std::span<const std::uint8_t> all(elements);
  refuses({.tensors = {{"__metadata__", {dtype("U8"), {1}, all.first(1)}}}}, "the name is taken by the format");
  refuses({.tensors = {{"a\xff", {dtype("U8"), {1}, all.first(1)}}}}, "is not UTF-8");
  refuses({.tensors = {}, .metadata = {{"a", "\xff"}}}, "is not UTF-8");
  refuses({.tensors = {{"a", {{"F33", 33}, {1}, all.first(1)}}}},
          "cannot write a as safetensors: the format has no such");
  refuses({.tensors = {{"a", {{"F32", 8}, {1}, all.first(1)}}}}, "has no such dtype");
  refuses({.tensors = {{"a", {dtype("U8"), {2}, all.first(1)}}}}, "its bytes do not match its sizes");
  refuses({.tensors = {{"a", {dtype("U8"), {-1}, {}}}}}, "its bytes do not match its sizes");
  refuses({.tensors = {{"a", {dtype("U8"), std::vector<std::int64_t>(65, 1), all.first(1)}}}}, "too many sizes");
}

TEST_SUITE_END();
