#include "session_ladder.h"

#include <fmt/format.h>

#include "fault.h"
#include "ladder.h"
#include "text_file.h"

namespace unaided {
namespace {

constexpr std::size_t kLadderBytesMax = std::size_t{64} << 20;

const LadderRow* own_row(const Ladder& ladder) {
  for (const LadderRow& row : ladder.rows) {
    if (row.timed && row.rung->name == kAttemptRung) return &row;
  }
  return nullptr;
}

}  // namespace

void keep_ladder(const SessionFolder& folder, const BenchReport& report) {
  write_durably(folder.ladder(), ladder_document(report));
}

KeptLadder kept_ladder(const SessionFolder& folder) {
  if (!std::filesystem::exists(folder.ladder())) return {};
  try {
    const std::string text = read_text_file(folder.ladder(), kLadderBytesMax);
    const auto document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    return {bench_report_from_json(document), ""};
  } catch (const Fault& fault) {
    return {std::nullopt, fmt::format("{} cannot be read ({}): `debrief --bench {}` measures again",
                                      folder.ladder().string(), fault.what(), folder.id())};
  }
}

std::vector<OwnTime> own_times(const BenchReport& report) {
  std::vector<OwnTime> times;
  for (const Ladder& ladder : make_ladders(report)) {
    const LadderRow* row = own_row(ladder);
    if (row == nullptr) continue;
    const BenchProblem& problem = *ladder.problem;
    const Interval& speed = row->comparison.speed;
    times.push_back({problem.kernel,
                     fmt::format("{} {}, {}", problem.shape, problem.dtype, ladder.series->name),
                     machine_text(report.fingerprint), row->time_s, speed.median, speed.low,
                     speed.high, std::string(standing_name(row->comparison.standing))});
  }
  return times;
}

std::string machine_text(const Fingerprint& fingerprint) {
  return fmt::format("{}, cores: {}, threads: {}, LibTorch {}", fingerprint.fact("cpu"),
                     fingerprint.fact("cores"), fingerprint.fact("threads"),
                     fingerprint.fact("LibTorch"));
}

}  // namespace unaided
