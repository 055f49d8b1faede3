#include "seal_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "clock.h"
#include "fault.h"

namespace unaided {
namespace {

using nlohmann::json;

struct StatusRow {
  SealStatus status;
  const char* name;
  const char* heading;
};

constexpr std::size_t kTimeAt = 11;  // "22:06:12" in what utc_text() writes
constexpr std::size_t kTimeBytes = 8;
constexpr StatusRow kStatuses[] = {
    {SealStatus::kEnforced, "enforced", "enforced"},
    {SealStatus::kVerified, "verified", "verified"},
    {SealStatus::kOpen, "open", "OPEN"},
    {SealStatus::kNotProvable, "not provable", "not provable here"},
    {SealStatus::kNotVerifiable, "not verifiable", "not verifiable"},
};

/// In the order in which they matter to a reader.
constexpr SealStatus kShown[] = {SealStatus::kOpen, SealStatus::kEnforced, SealStatus::kVerified,
                                 SealStatus::kNotProvable, SealStatus::kNotVerifiable};

constexpr const char* kSealedLabel = "AI off: enforced";
constexpr const char* kUnsealedLabel = "UNSEALED";
constexpr std::size_t kIndent = 4;

struct Mend {
  const char* output;
  const char* advice;
};

constexpr const char* kAppArmorAdvice =
    "Ubuntu's AppArmor keeps bubblewrap from making user namespaces. As root:\n"
    "  apt-get install apparmor-profiles\n"
    "  cp /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/\n"
    "  apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict\n";

constexpr Mend kMends[] = {
    {"setting up uid map: Permission denied", kAppArmorAdvice},
    {"RTM_NEWADDR", kAppArmorAdvice},
    {"No permissions to create",
     "User namespaces are switched off. As root:\n"
     "  sysctl kernel.unprivileged_userns_clone=1\n"},
    {"No space left on device",
     "No further user namespaces are allowed. As root:\n"
     "  sysctl user.max_user_namespaces=10000\n"},
    {"Can't mount proc",
     "This container covers parts of /proc, so none can be mounted in it. "
     "Start it with --security-opt systempaths=unconfined.\n"},
    {"Unknown option", "This bubblewrap is too old; 0.8.0 is tried.\n"},
    {"not installed", "Install bubblewrap: ./unaided setup\n"},
};

SealReportRow judge(const SealRow& row, const std::map<std::string, Escape>& outside,
                    const std::map<std::string, Escape>& inside, std::int64_t now_ms) {
  SealReportRow result{row.channel, SealStatus::kNotVerifiable, row.left, now_ms};
  if (row.kind == SealKind::kNotVerifiable) return result;
  const auto control = outside.find(row.id);
  const auto escape = inside.find(row.id);
  if (control == outside.end() && escape == inside.end()) {
    result.status = SealStatus::kNotProvable;
    result.how = row.verified_by;
  } else if (control == outside.end() || escape == inside.end()) {
    result.status = SealStatus::kOpen;
    result.how = "the probe did not say";
  } else if (escape->second.succeeded) {
    result.status = SealStatus::kOpen;
    result.how = escape->second.how;
  } else if (!control->second.succeeded) {
    result.status = SealStatus::kNotProvable;
    result.how = "not possible outside either: " + control->second.how;
  } else {
    const bool enforced = row.kind == SealKind::kEnforced;
    result.status = enforced ? SealStatus::kEnforced : SealStatus::kVerified;
    result.how = fmt::format("outside: {}; inside: {}", control->second.how, escape->second.how);
  }
  return result;
}

/// `text` broken at spaces, each line indented.
std::string wrapped(const std::string& text, std::size_t columns) {
  std::string result;
  std::string line;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (!line.empty() && kIndent + line.size() + 1 + word.size() > columns) {
      result += std::string(kIndent, ' ') + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  return result + std::string(kIndent, ' ') + line + "\n";
}

}  // namespace

const char* seal_status_name(SealStatus status) {
  return kStatuses[static_cast<std::size_t>(status)].name;
}

bool SealReport::enforced() const {
  return !rows.empty() && std::none_of(rows.begin(), rows.end(), [](const SealReportRow& row) {
    return row.status == SealStatus::kOpen;
  });
}

std::string SealReport::open_channels() const {
  std::string names;
  for (const SealReportRow& row : rows) {
    if (row.status != SealStatus::kOpen) continue;
    names +=
        fmt::format("{}{} ({})", names.empty() ? "" : ", ", seal_row(row.channel).name, row.how);
  }
  return names;
}

void to_json(json& object, const SealReport& report) {
  json rows = json::array();
  for (const SealReportRow& row : report.rows) {
    const SealRow& channel = seal_row(row.channel);
    rows.push_back({{"channel", channel.id},
                    {"name", channel.name},
                    {"status", seal_status_name(row.status)},
                    {"closed_by", channel.closed_by},
                    {"how", row.how},
                    {"left", channel.left},
                    {"at_ms", row.at_ms}});
  }
  object = {
      {"enforced", report.enforced()}, {"dotfiles", report.dotfiles}, {"rows", std::move(rows)}};
}

void from_json(const json& object, SealReport& report) {
  try {
    object.at("dotfiles").get_to(report.dotfiles);
    for (const json& entry : object.at("rows")) {
      const auto name = entry.at("status").get<std::string>();
      const auto status = std::find_if(std::begin(kStatuses), std::end(kStatuses),
                                       [&name](const StatusRow& row) { return row.name == name; });
      if (status == std::end(kStatuses)) throw Fault("a seal's report has the status " + name);
      report.rows.push_back({seal_channel(entry.at("channel")), status->status,
                             entry.at("how").get<std::string>(),
                             entry.at("at_ms").get<std::int64_t>()});
    }
  } catch (const json::exception& error) {
    throw Fault(std::string("a seal's report cannot be read: ") + error.what());
  }
}

SealReport judge_escapes(const std::map<std::string, Escape>& outside,
                         const std::map<std::string, Escape>& inside, std::int64_t now_ms) {
  SealReport report;
  for (const SealRow& row : seal_rows()) {
    report.rows.push_back(judge(row, outside, inside, now_ms));
  }
  return report;
}

void add_findings(SealReport& report, const std::vector<SealFinding>& findings,
                  std::int64_t now_ms) {
  for (const SealFinding& finding : findings) {
    SealReportRow& row = report.rows.at(static_cast<std::size_t>(finding.channel));
    row.at_ms = now_ms;
    if (finding.held) continue;
    row.status = SealStatus::kOpen;
    row.how = finding.how;
  }
}

void add_probe(SealReport& report, const SealReport& later) {
  for (std::size_t i = 0; i < report.rows.size() && i < later.rows.size(); ++i) {
    SealReportRow& row = report.rows[i];
    if (row.status == SealStatus::kOpen) continue;
    row = later.rows[i];
  }
}

std::string render_seal(const SealReport& report, std::size_t columns) {
  std::string text;
  for (const SealStatus status : kShown) {
    bool headed = false;
    for (const SealReportRow& row : report.rows) {
      if (row.status != status) continue;
      if (!headed) text += std::string(kStatuses[static_cast<std::size_t>(status)].heading) + "\n";
      headed = true;
      const SealRow& channel = seal_row(row.channel);
      const bool looked = status != SealStatus::kNotVerifiable && row.at_ms > 0;
      const std::string when =
          looked ? fmt::format(" ({} UTC)", utc_text(row.at_ms).substr(kTimeAt, kTimeBytes)) : "";
      text += fmt::format("  {}{}\n", channel.name, when) + wrapped(row.how, columns);
      const bool more = status != SealStatus::kNotVerifiable && std::string(channel.left) != "none";
      if (more) text += wrapped(fmt::format("left: {}", channel.left), columns);
    }
  }
  for (const std::string& name : report.dotfiles)
    text += "your file, readable inside: " + name + "\n";
  return text;
}

SealDecision decide_seal(SealMode mode, const SandboxSupport& support, const SealReport* report) {
  SealDecision decision;
  decision.label = kUnsealedLabel;
  if (mode == SealMode::kOff) {
    decision.reason = "switched off (--seal off)";
    return decision;
  }
  if (!support.available) {
    decision.reason = support.reason;
  } else if (report == nullptr) {
    decision.reason = "the seal could not be tried";
  } else if (!report->enforced()) {
    decision.reason = "open: " + report->open_channels();
  } else {
    decision.sealed = true;
    decision.label = kSealedLabel;
  }
  decision.refused = mode == SealMode::kRequired && !decision.sealed;
  return decision;
}

std::string seal_mend(const std::string& output) {
  for (const Mend& mend : kMends) {
    if (output.find(mend.output) != std::string::npos) return mend.advice;
  }
  return "";
}

}  // namespace unaided
