#include "kata.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <span>

#include "fault.h"
#include "spelling.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kManifestBytesMax = 64 * 1024;
constexpr std::size_t kIdLengthMax = 32;
constexpr std::size_t kTitleLengthMax = 80;
constexpr std::size_t kSummaryLengthMax = 300;
constexpr std::size_t kForbiddenCountMax = 100;
constexpr std::size_t kTopicCountMax = 12;
constexpr std::size_t kFileCountMax = 8;
constexpr std::size_t kTextLengthMax = 100;
constexpr std::size_t kLevelCountMax = 4;
constexpr std::int64_t kParMinutesMax = 240;

struct LimitKey {
  std::string_view key;
  std::int64_t Limits::*member;
  std::int64_t max;
};

constexpr LimitKey kLimitKeys[] = {
    {"wall_ms", &Limits::wall_ms, 600'000},    {"cpu_ms", &Limits::cpu_ms, 600'000},
    {"memory_mb", &Limits::memory_mb, 65'536}, {"output_kb", &Limits::output_kb, 65'536},
    {"file_mb", &Limits::file_mb, 1'024},
};

/// One kata.toml being read. Every complaint names file, line and key.
class Manifest {
 public:
  explicit Manifest(fs::path file) : file_(std::move(file)) {}

  Kata read(const fs::path& root, const std::string& id) const;

 private:
  [[noreturn]] void refuse(const toml::source_region& where, std::string_view key,
                           std::string_view why) const;
  toml::table parse() const;
  void refuse_unknown_keys(const toml::table& table, std::string_view prefix,
                           const std::vector<std::string>& known) const;
  const toml::node& require(const toml::table& table, std::string_view key,
                            std::string_view prefix) const;
  std::string text(const toml::node& node, std::string_view key, std::size_t length_max) const;
  std::int64_t number(const toml::node& node, std::string_view key, std::int64_t max) const;
  Limits limits(const toml::table& table) const;
  std::string choice(const toml::node& node, std::string_view key,
                     std::span<const std::string_view> choices) const;
  std::vector<std::string> file_names(const toml::node& node) const;
  std::vector<std::string> texts(const toml::node& node, std::string_view key,
                                 std::size_t count_max) const;
  std::vector<Level> levels(const toml::node& node) const;

  fs::path file_;
};

Kata Manifest::read(const fs::path& root, const std::string& id) const {
  const toml::table table = parse();
  refuse_unknown_keys(
      table, "",
      {"title", "summary", "topics", "headers", "device", "files", "forbidden", "limits", "level"});
  Kata kata;
  kata.id = id;
  kata.root = root;
  kata.title = text(require(table, "title", ""), "title", kTitleLengthMax);
  kata.summary = text(require(table, "summary", ""), "summary", kSummaryLengthMax);
  if (const toml::node* node = table.get("topics")) {
    kata.topics = texts(*node, "topics", kTopicCountMax);
  }
  if (const toml::node* node = table.get("headers")) {
    kata.headers = choice(*node, "headers", kHeaderSets);
  }
  if (const toml::node* node = table.get("device")) {
    if (table.contains("headers")) refuse(node->source(), "device", "brings its own headers");
    kata.device = kata.headers = choice(*node, "device", kDevices);
  }
  if (const toml::node* node = table.get("files")) kata.files = file_names(*node);
  if (const toml::node* node = table.get("forbidden")) {
    kata.forbidden = texts(*node, "forbidden", kForbiddenCountMax);
  }
  if (const toml::node* node = table.get("limits")) {
    if (!node->is_table()) refuse(node->source(), "limits", "must be a table, [limits]");
    kata.limits = limits(*node->as_table());
  }
  kata.levels = levels(require(table, "level", ""));
  return kata;
}

void Manifest::refuse(const toml::source_region& where, std::string_view key,
                      std::string_view why) const {
  throw Fault(fmt::format("{}:{}: {}: {}", file_.string(), where.begin.line, key, why));
}

toml::table Manifest::parse() const {
  try {
    return toml::parse(read_text_file(file_, kManifestBytesMax));
  } catch (const toml::parse_error& error) {
    throw Fault(fmt::format("{}:{}: not TOML: {}", file_.string(), error.source().begin.line,
                            error.description()));
  }
}

void Manifest::refuse_unknown_keys(const toml::table& table, std::string_view prefix,
                                   const std::vector<std::string>& known) const {
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    refuse(key.source(), fmt::format("{}{}", prefix, name),
           "unknown key" + did_you_mean(name, known));
  }
}

const toml::node& Manifest::require(const toml::table& table, std::string_view key,
                                    std::string_view prefix) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) refuse(table.source(), fmt::format("{}{}", prefix, key), "missing");
  return *node;
}

std::string Manifest::text(const toml::node& node, std::string_view key,
                           std::size_t length_max) const {
  const std::optional<std::string> value = node.value_exact<std::string>();
  if (!value) refuse(node.source(), key, "must be text in quotes");
  if (value->empty()) refuse(node.source(), key, "must not be empty");
  if (value->size() > length_max) {
    refuse(node.source(), key,
           fmt::format("is {} bytes long, at most {} may be", value->size(), length_max));
  }
  const auto is_control = [](unsigned char byte) { return std::iscntrl(byte) != 0; };
  if (std::any_of(value->begin(), value->end(), is_control)) {
    refuse(node.source(), key, "must be one line without control characters");
  }
  return *value;
}

std::int64_t Manifest::number(const toml::node& node, std::string_view key,
                              std::int64_t max) const {
  const std::optional<std::int64_t> value = node.value_exact<std::int64_t>();
  if (!value) refuse(node.source(), key, "must be a whole number");
  if (*value < 1 || *value > max) {
    refuse(node.source(), key, fmt::format("is {}, must be from 1 to {}", *value, max));
  }
  return *value;
}

Limits Manifest::limits(const toml::table& table) const {
  std::vector<std::string> known;
  for (const LimitKey& row : kLimitKeys) known.emplace_back(row.key);
  refuse_unknown_keys(table, "limits.", known);
  Limits limits;
  for (const LimitKey& row : kLimitKeys) {
    const toml::node* node = table.get(row.key);
    if (node == nullptr) continue;
    limits.*row.member = number(*node, fmt::format("limits.{}", row.key), row.max);
  }
  return limits;
}

std::string Manifest::choice(const toml::node& node, std::string_view key,
                             std::span<const std::string_view> choices) const {
  const std::string name = text(node, key, kTitleLengthMax);
  const std::vector<std::string> known(choices.begin(), choices.end());
  if (std::find(known.begin(), known.end(), name) != known.end()) return name;
  refuse(node.source(), key,
         fmt::format("must be one of {}{}", fmt::join(known, ", "), did_you_mean(name, known)));
}

std::vector<std::string> Manifest::file_names(const toml::node& node) const {
  std::vector<std::string> names = texts(node, "files", kFileCountMax);
  for (const std::string& name : names) {
    const bool plain = name.find('/') == std::string::npos && name[0] != '.';
    if (!plain) refuse(node.source(), "files", fmt::format("'{}' must be a plain name", name));
    if (fs::is_regular_file(file_.parent_path() / name)) continue;
    refuse(node.source(), "files", fmt::format("there is no '{}' beside kata.toml", name));
  }
  return names;
}

std::vector<std::string> Manifest::texts(const toml::node& node, std::string_view key,
                                         std::size_t count_max) const {
  const toml::array* array = node.as_array();
  if (array == nullptr) refuse(node.source(), key, "must be a list of texts in quotes");
  if (array->size() > count_max) {
    refuse(node.source(), key, fmt::format("at most {} may be named", count_max));
  }
  std::vector<std::string> names;
  for (const toml::node& entry : *array) names.push_back(text(entry, key, kTextLengthMax));
  return names;
}

std::vector<Level> Manifest::levels(const toml::node& node) const {
  const toml::array* array = node.as_array();
  const bool tables = array != nullptr && array->is_homogeneous<toml::table>();
  if (!tables) refuse(node.source(), "level", "must be one [[level]] table for each level");
  if (array->size() > kLevelCountMax) {
    refuse(node.source(), "level", fmt::format("a kata has at most {} levels", kLevelCountMax));
  }
  std::vector<Level> levels;
  for (const toml::node& entry : *array) {
    const toml::table& table = *entry.as_table();
    refuse_unknown_keys(table, "level.", {"title", "par_minutes"});
    Level level;
    level.number = static_cast<int>(levels.size()) + 1;
    level.title = text(require(table, "title", "level."), "level.title", kTitleLengthMax);
    const toml::node& par = require(table, "par_minutes", "level.");
    level.par_minutes = static_cast<int>(number(par, "level.par_minutes", kParMinutesMax));
    levels.push_back(level);
  }
  return levels;
}

void require_file(const fs::path& file, const std::string& id) {
  if (fs::is_regular_file(file)) return;
  throw Fault(fmt::format("kata '{}' lacks {}: put the checkout right (git status shows how)", id,
                          file.string()));
}

}  // namespace

Kata load_kata(const fs::path& root, const std::string& id) {
  const fs::path manifest = root / "katas" / id / "kata.toml";
  if (!is_kata_id(id) || !fs::exists(manifest)) {
    const std::string suggestion = did_you_mean(id, kata_ids(root));
    const std::string shown = id.substr(0, 2 * kIdLengthMax);
    throw Fault(fmt::format("there is no kata '{}'{} ('list' shows them all)", shown, suggestion));
  }
  Kata kata = Manifest(manifest).read(root, id);
  require_file(kata.starter(), id);
  for (const Level& level : kata.levels) {
    require_file(kata.statement(level.number), id);
    require_file(kata.contract(level.number), id);
  }
  return kata;
}

bool is_kata_id(const std::string& id) {
  if (id.empty() || id.size() > kIdLengthMax || !(id[0] >= 'a' && id[0] <= 'z')) return false;
  return id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
}

std::vector<std::string> kata_ids(const fs::path& root) {
  std::vector<std::string> ids;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(root / "katas", error)) {
    const std::string id = entry.path().filename().string();
    if (is_kata_id(id) && fs::exists(entry.path() / "kata.toml")) ids.push_back(id);
  }
  if (error) {
    throw Fault(fmt::format("cannot list {}: {}", (root / "katas").string(), error.message()));
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

fs::path Kata::folder() const {
  return root / "katas" / id;
}
fs::path Kata::statement(int level) const {
  return folder() / fmt::format("level{}.md", level);
}
fs::path Kata::contract(int level) const {
  return folder() / fmt::format("level{}.h", level);
}
std::vector<fs::path> Kata::contracts() const {
  std::vector<fs::path> paths;
  for (const Level& level : levels) paths.push_back(contract(level.number));
  return paths;
}
fs::path Kata::starter() const {
  return folder() / attempt_name();
}
fs::path Kata::reference_folder() const {
  return root / "reference" / id;
}
fs::path Kata::reference() const {
  return reference_folder() / attempt_name();
}
fs::path Kata::checks(int level) const {
  return reference_folder() / fmt::format("checks_level{}.cpp", level);
}
std::string Kata::source_extension() const {
  return device.empty() ? ".cpp" : ".cu";
}
std::string Kata::attempt_name() const {
  return id + source_extension();
}

}  // namespace unaided
