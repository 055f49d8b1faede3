#include <algorithm>
#include <string_view>

#include "fault.h"
#include "seal.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kAllowedNames[] = {"TERM", "COLORTERM", "LANG",   "LANGUAGE",
                                              "TZ",   "EDITOR",    "VISUAL", "NO_COLOR"};
constexpr std::string_view kAllowedPrefix = "LC_";

std::vector<std::string> texts(const std::vector<fs::path>& paths) {
  return {paths.begin(), paths.end()};
}

std::vector<fs::path> paths(const json& object) {
  const auto names = object.get<std::vector<std::string>>();
  return {names.begin(), names.end()};
}

fs::path path(const json& object, const char* key) {
  return object.at(key).get<std::string>();
}

}  // namespace

void to_json(json& object, const SealPlan& plan) {
  json dotfiles = json::array();
  for (const auto& dotfile : plan.dotfiles) {
    dotfiles.push_back({{"source", dotfile.source.string()}, {"name", dotfile.name}});
  }
  json hidden = json::array();
  for (const auto& [channel, place] : plan.hidden) {
    hidden.push_back({{"channel", seal_row(channel).id}, {"path", place.string()}});
  }
  json weakened = json::array();
  for (const Channel channel : plan.weakened) weakened.push_back(seal_row(channel).id);
  object = {{"workspace", plan.workspace.string()},
            {"home", plan.home.string()},
            {"host_socket", plan.host_socket.string()},
            {"client", plan.client.string()},
            {"read_only", texts(plan.read_only)},
            {"dotfiles", std::move(dotfiles)},
            {"environment", plan.environment},
            {"hidden", std::move(hidden)},
            {"scratch_mb", plan.scratch_mb},
            {"weakened", std::move(weakened)}};
}

void from_json(const json& object, SealPlan& plan) {
  try {
    plan.workspace = path(object, "workspace");
    plan.home = path(object, "home");
    plan.host_socket = path(object, "host_socket");
    plan.client = path(object, "client");
    plan.read_only = paths(object.at("read_only"));
    plan.environment = object.at("environment").get<std::vector<std::string>>();
    plan.scratch_mb = object.at("scratch_mb").get<std::int64_t>();
    for (const json& entry : object.at("dotfiles")) {
      plan.dotfiles.push_back({path(entry, "source"), entry.at("name").get<std::string>()});
    }
    for (const json& entry : object.at("hidden")) {
      plan.hidden.push_back({seal_channel(entry.at("channel")), path(entry, "path")});
    }
    for (const json& entry : object.at("weakened")) plan.weakened.insert(seal_channel(entry));
  } catch (const json::exception& error) {
    throw Fault(std::string("a seal's plan cannot be read: ") + error.what());
  }
}

std::vector<std::string> allowed_environment(const std::vector<std::string>& environment) {
  std::vector<std::string> allowed;
  for (const std::string& entry : environment) {
    const std::string_view name = std::string_view(entry).substr(0, entry.find('='));
    const bool listed = std::find(std::begin(kAllowedNames), std::end(kAllowedNames), name) !=
                        std::end(kAllowedNames);
    if (listed || name.starts_with(kAllowedPrefix)) allowed.push_back(entry);
  }
  return allowed;
}

}  // namespace unaided
