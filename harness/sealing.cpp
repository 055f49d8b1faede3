#include "sealing.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "declared_editor.h"
#include "dotfiles.h"
#include "fault.h"
#include "seal_verification.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kReportBytesMax = 256 * 1024;
constexpr char kDeclaredLabel[] = "AI off: declared";
constexpr char kNoSeat[] = "nobody sits down to a terminal of ours";
constexpr char kTerminal[] = "TERM=screen-256color";

/// What a shell inside begins with: the client's requests as words of their own.
constexpr char kBashrc[] = R"(PS1='\[\e[1m\]unaided\[\e[0m\]\$ '
u() { /run/kata/unaided "$@"; }
for word in check run submit unlock finish hint api status; do alias "$word=u $word"; done
alias left='u time'
# What the session sits down to, as a job of this shell: Ctrl-Z and fg work on it.
if [ -n "$UNAIDED_FIRST" ]; then
  PROMPT_COMMAND='first=$UNAIDED_FIRST; unset UNAIDED_FIRST PROMPT_COMMAND; eval "$first"'
fi
)";

SealPlan plan_for(const SessionFolder& folder, const Installation& installation,
                  const SealRequest& request) {
  SealPlan plan = seal_plan(installation, folder.workspace(), folder.home(), folder.host_socket());
  plan.environment = allowed_environment(request.environment);
  std::erase_if(plan.environment,
                [](const std::string& entry) { return entry.starts_with("TERM="); });
  plan.environment.insert(
      plan.environment.end(),
      {kTerminal, fmt::format("UNAIDED_SOCKET={}", kSeatSocket), "UNAIDED_COMMAND=./u",
       "UNAIDED_LIBTORCH_INCLUDE=" + installation.libtorch_include.at(0).string()});
  plan.dotfiles = allowed_dotfiles();
  return plan;
}

/// The probe comes before the host: its plan has no socket yet.
SealReport try_plan(SealPlan plan, std::int64_t now_ms) {
  plan.host_socket.clear();
  SealReport report = probe_seal(plan, now_ms);
  for (const SealPlan::Dotfile& dotfile : plan.dotfiles) report.dotfiles.push_back(dotfile.name);
  return report;
}

Sealing unsealed(const std::string& reason) {
  const SealDecision off = decide_seal(SealMode::kOff, sandbox_support(), nullptr);
  return {/*sealed=*/false, /*declared=*/false, off.label, reason};
}

Sealing declared(const SessionFolder& folder, const SealRequest& request) {
  if (request.mode == SealMode::kRequired) {
    throw Fault(
        "the seal is required, but VS Code cannot run in it: take an editor of the terminal");
  }
  make_declared_profile(folder);
  return {/*sealed=*/false, /*declared=*/true, kDeclaredLabel,
          "VS Code runs outside; its settings are read again at each look"};
}

}  // namespace

SealMode seal_mode(const std::string& word) {
  if (word == "required") return SealMode::kRequired;
  if (word == "auto") return SealMode::kAuto;
  if (word == "off") return SealMode::kOff;
  throw Fault("there is no --seal " + word + ": it is required, auto or off");
}

Sealing seal_session(const SessionFolder& folder, const Installation& installation,
                     const SealRequest& request, std::int64_t now_ms) {
  fs::create_directories(folder.home());
  if (request.declared) return declared(folder, request);
  if (!request.seated && request.mode == SealMode::kRequired) {
    throw Fault(fmt::format(
        "the seal is required, but {}: start it in a terminal, or with `-- CMD`", kNoSeat));
  }
  if (!request.seated) return unsealed(kNoSeat);
  std::optional<SealReport> report;
  if (request.mode != SealMode::kOff && sandbox_support().available) {
    write_text_file(folder.home() / ".bashrc", kBashrc);
    const SealPlan plan = plan_for(folder, installation, request);
    write_durably(folder.seal_plan(), nlohmann::json(plan).dump(1) + "\n");
    report = try_plan(plan, now_ms);
    write_seal_report(folder, *report);
  }
  const SealDecision decision =
      decide_seal(request.mode, sandbox_support(), report ? &*report : nullptr);
  if (decision.refused) {
    throw Fault(fmt::format("the seal is required and cannot be had: {}\n{}", decision.reason,
                            seal_mend(decision.reason)));
  }
  return {decision.sealed, /*declared=*/false, decision.label, decision.reason};
}

std::optional<SealReport> read_seal_report(const SessionFolder& folder) {
  if (!fs::exists(folder.seal_report())) return std::nullopt;
  const std::string text = read_text_file(folder.seal_report(), kReportBytesMax);
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) throw Fault(folder.seal_report().string() + " is damaged");
  return json.get<SealReport>();
}

void write_seal_report(const SessionFolder& folder, const SealReport& report) {
  write_durably(folder.seal_report(), nlohmann::json(report).dump(1) + "\n");
}

std::string seal_label(const SessionFolder& folder, const Session& session) {
  const Sealing& sealing = session.created.sealing;
  if (sealing.declared) {
    const std::vector<std::string> violations = declared_violations(folder);
    if (!violations.empty()) {
      return fmt::format("{}, BROKEN ({})", sealing.label, fmt::join(violations, "; "));
    }
  }
  if (!sealing.sealed) return fmt::format("{} ({})", sealing.label, sealing.reason);
  const auto report = read_seal_report(folder);
  if (report && report->enforced()) return sealing.label;
  return fmt::format("BROKEN SEAL ({})",
                     report ? "open: " + report->open_channels() : "its report is gone");
}

}  // namespace unaided
