// SPDX-License-Identifier: MIT
#include <afd/network/safetensors_options.hpp>
//
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

using afd::SafetensorsOptions;
using afd::detail::SafetensorsNames;

namespace {

const std::vector<std::string_view> entries{"backbone.conv.weight", "backbone.fc.weight", "extra"};
const std::vector<std::string_view> tensors{"conv.weight", "fc.weight", "fc2.weight"};

/// The names in the network of all entries; "-" for one that is ignored.
std::vector<std::string> names(const SafetensorsOptions& options) {
  SafetensorsNames all(options);
  std::vector<std::string> result;
  for (const std::string_view entry : entries) result.push_back(all.in_network(std::string(entry)).value_or("-"));
  return result;
}

/// Why the options are for nothing; empty if they are not.
std::string complaint(const SafetensorsOptions& options) {
  SafetensorsNames all(options);
  for (const std::string_view entry : entries) static_cast<void>(all.in_network(std::string(entry)));
  for (const std::string_view tensor : tensors) static_cast<void>(all.is_left_out(tensor));
  try {
    all.require_all_used("a.safetensors", entries, tensors);
  } catch (const afd::ConfigError& error) {
    return error.what();
  }
  return {};
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a part is a name, or what is in it") {
  using afd::detail::is_in;
  CHECK(is_in("fc", "fc"));
  CHECK(is_in("fc.weight", "fc"));
  CHECK(is_in("fc.weight", "fc."));
  CHECK(is_in("layer1.0.conv1.weight", "layer1.0"));
  CHECK_FALSE(is_in("fc2.weight", "fc"));
  CHECK_FALSE(is_in("fc", "fc.weight"));
  CHECK_FALSE(is_in("layer1.0.conv1.weight", "conv1"));
  CHECK_FALSE(is_in("fc.weight", ""));
  CHECK_FALSE(is_in("fc.weight", "."));
}

TEST_CASE("names are changed by the table, else by the longest prefix, else by the function, else not") {
  CHECK(names({}) == Names{"backbone.conv.weight", "backbone.fc.weight", "extra"});
  CHECK(names({.rename = {{"extra", "scale"}}}) == Names{"backbone.conv.weight", "backbone.fc.weight", "scale"});
  CHECK(names({.rename_prefix = {{"backbone.", ""}}}) == Names{"conv.weight", "fc.weight", "extra"});
  CHECK(names({.rename_prefix = {{"", "net."}}}).back() == "net.extra");
  CHECK(names({.rename = {{"extra", "scale"}},
               .rename_prefix = {{"backbone.", ""}, {"backbone.fc.", "head."}, {"b", "c"}},
               .rename_by = [](std::string_view name) { return "by " + std::string(name); }}) ==
        Names{"conv.weight", "head.weight", "scale"});
  CHECK(names({.rename_prefix = {{"backbone.", ""}}, .rename_by = [](std::string_view name) {
                 return "by " + std::string(name);
               }}) == Names{"conv.weight", "fc.weight", "by extra"});
}

TEST_CASE("entries are ignored by their names in the file, and left out by their names in the network") {
  CHECK(names({.ignore = {"extra"}}) == Names{"backbone.conv.weight", "backbone.fc.weight", "-"});
  CHECK(names({.ignore = {"backbone.fc", "extra"}}) == Names{"backbone.conv.weight", "-", "-"});
  const SafetensorsOptions options{.rename_prefix = {{"backbone.", ""}}, .leave_out = {"fc"}};
  CHECK(names(options) == Names{"conv.weight", "-", "extra"});
  SafetensorsNames all(options);
  CHECK(all.is_left_out("fc.weight"));
  CHECK_FALSE(all.is_left_out("fc2.weight"));
}

TEST_CASE("an option that is for nothing is named, with the nearest name") {
  CHECK(complaint({}).empty());
  CHECK(complaint({.rename = {{"extra", "scale"}},
                   .rename_prefix = {{"backbone.", ""}},
                   .leave_out = {"fc", "fc.weight"},
                   .ignore = {"backbone.fc.weight"}})
            .empty());
  CHECK(complaint({.rename_by = [](std::string_view name) { return std::string(name); }}).empty());
  CHECK(complaint({.rename = {{"extr", "scale"}}}) ==
        "SafetensorsOptions.rename has \"extr\", but a.safetensors has no such entry; the nearest is extra");
  CHECK(complaint({.rename_prefix = {{"backbon.", ""}}}).find("rename_prefix has \"backbon.\"") != std::string::npos);
  CHECK(complaint({.rename_prefix = {{"backbone.", ""}, {"b", "c"}}}).find("has \"b\"") != std::string::npos);
  CHECK(
      complaint({.rename = {{"extra", "scale"}}, .ignore = {"extra"}}).find("has no such entry that is not ignored") !=
      std::string::npos);
  CHECK(complaint({.ignore = {"conv"}}).find("ignore has \"conv\", but a.safetensors has no such part") !=
        std::string::npos);
  CHECK(complaint({.leave_out = {"fc3"}}) ==
        "SafetensorsOptions.leave_out has \"fc3\", but the network has no such part; the nearest is fc.weight");
  CHECK(complaint({.leave_out = {"extra"}}).find("the network has no such part") != std::string::npos);
  CHECK_FALSE(complaint({.leave_out = {""}}).empty());
}

TEST_SUITE_END();
