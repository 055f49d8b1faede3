#include "verification_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "render.h"

namespace unaided {
namespace {

using Kind = Trial::Kind;
using nlohmann::json;

constexpr char kSurvived = '.';
constexpr char kNotRunMark = ' ';

struct Mark {
  Outcome outcome;
  char letter;
};

/// How a check ended, in one column.
constexpr Mark kMarks[] = {
    {Outcome::kPassed, kSurvived},     {Outcome::kWrong, 'w'},       {Outcome::kTimeLimit, 't'},
    {Outcome::kCpuLimit, 't'},         {Outcome::kMemoryLimit, 'm'}, {Outcome::kOutputLimit, 'o'},
    {Outcome::kFileLimit, 'o'},        {Outcome::kCrashed, 'c'},     {Outcome::kForbiddenCall, 'f'},
    {Outcome::kIncompleteReport, 'i'}, {Outcome::kFault, '!'},
};

constexpr char kLegend[] =
    "w wrong, t time, m memory, c crashed, f forbidden, o output, i incomplete, . survived; "
    "(b) blind";

char letter(Outcome outcome) {
  for (const Mark& mark : kMarks) {
    if (mark.outcome == outcome) return mark.letter;
  }
  return kNotRunMark;
}

std::vector<const TrialResult*> mutants_of(const Verification& verification, int level) {
  std::vector<const TrialResult*> mutants;
  for (const TrialResult& result : verification.results) {
    const Trial& trial = result.trial;
    if (trial.kind == Kind::kMutant && trial.levels.first == level) mutants.push_back(&result);
  }
  return mutants;
}

std::vector<CheckName> checks_of(const Verification& verification, int level) {
  std::vector<CheckName> checks;
  for (const CheckName& check : verification.checks) {
    if (check.level == level) checks.push_back(check);
  }
  return checks;
}

Outcome outcome_of(const GradeReport& report, const CheckName& check) {
  for (const CheckVerdict& verdict : report.checks) {
    if (verdict.check == check) return verdict.outcome;
  }
  return report.checks.empty() ? report.outcome : Outcome::kNotRun;
}

int kill_count(const Verification& verification, const CheckName& check) {
  int count = 0;
  for (const TrialResult* mutant : mutants_of(verification, check.level)) {
    const std::vector<CheckVerdict> killers = kills(*mutant);
    count += static_cast<int>(
        std::count_if(killers.begin(), killers.end(),
                      [&check](const CheckVerdict& kill) { return kill.check == check; }));
  }
  return count;
}

/// Two lines that number the columns: tens where they begin, then units.
std::string column_numbers(std::size_t count) {
  std::string tens;
  std::string units;
  for (std::size_t i = 1; i <= count; ++i) {
    tens += i % 10 == 0 ? static_cast<char>('0' + i / 10 % 10) : ' ';
    units += static_cast<char>('0' + i % 10);
  }
  return count < 10 ? units : tens + "\n" + units;
}

std::string mutant_row(const TrialResult& mutant, const std::vector<CheckName>& checks,
                       std::size_t name_width) {
  std::string marks;
  for (const CheckName& check : checks) marks += letter(outcome_of(mutant.report, check));
  const std::string name = mutant.trial.name + (mutant.trial.blind ? " (b)" : "");
  return fmt::format("  {:{}} {} {:>3}\n", name, name_width, marks, kills(mutant).size());
}

std::string matrix(const Verification& verification, int level, const Terminal& terminal) {
  const std::vector<const TrialResult*> mutants = mutants_of(verification, level);
  const std::vector<CheckName> checks = checks_of(verification, level);
  std::size_t name_width = 12;
  for (const TrialResult* mutant : mutants) {
    name_width = std::max(name_width, mutant->trial.name.size() + (mutant->trial.blind ? 4 : 0));
  }
  const std::string title =
      fmt::format("level {}: {} mutants, {} checks", level, mutants.size(), checks.size());
  std::string text = fmt::format("\n{}\n", terminal.paint("1", title));
  const std::string margin(name_width + 3, ' ');
  std::string numbers = column_numbers(checks.size());
  if (const std::size_t newline = numbers.find('\n'); newline != std::string::npos) {
    numbers.insert(newline + 1, margin);
  }
  if (!mutants.empty()) text += fmt::format("{}{}\n", margin, numbers);
  for (const TrialResult* mutant : mutants) text += mutant_row(*mutant, checks, name_width);
  for (std::size_t i = 0; i < checks.size(); ++i) {
    text += fmt::format("  {:>3} {}.{}{}{}: {} killed\n", i + 1, checks[i].behaviour,
                        checks[i].name, checks[i].example ? " (example)" : "",
                        checks[i].slow ? " (slow)" : "", kill_count(verification, checks[i]));
  }
  return text;
}

/// "124 of 125 mutants killed, 8 of 8 of them blind".
std::string totals(const Verification& verification) {
  int killed[2] = {0, 0};  // informed, blind
  int total[2] = {0, 0};
  int solutions = 0;
  for (const TrialResult& result : verification.results) {
    const bool solution = result.trial.kind == Kind::kAlternate && exit_code(result.report) == 0;
    solutions += solution ? 1 : 0;
    if (result.trial.kind != Kind::kMutant) continue;
    ++total[result.trial.blind];
    killed[result.trial.blind] += killed_properly(result) ? 1 : 0;
  }
  return fmt::format(
      "{} checks; killed: {} of {} mutants written from the bug list, {} of {} written blind; {} "
      "alternates accepted",
      verification.checks.size(), killed[false], total[false], killed[true], total[true],
      solutions);
}

/// "… on the card: 9 solutions accepted; 20 of 21 mutants killed; by the emulated device alone: …".
std::string card_line(const Verification& verification) {
  int solutions = 0, mutants = 0, killed = 0;
  std::string alive;
  for (const TrialResult& result : verification.on_card) {
    const bool accepted = is_solution(result.trial.kind) && exit_code(result.report) == 0;
    solutions += accepted ? 1 : 0;
    if (result.trial.kind != Kind::kMutant) continue;
    ++mutants;
    if (killed_properly(result)) {
      ++killed;
    } else {
      alive += (alive.empty() ? "; by the emulated device alone: " : ", ") + result.trial.name;
    }
  }
  return fmt::format("{}: on the card: {} solutions accepted; {} of {} mutants killed{}\n",
                     verification.kata, solutions, killed, mutants, alive);
}

json mutant_to_json(const TrialResult& result) {
  json killed_by = json::array();
  for (const CheckVerdict& kill : kills(result)) {
    killed_by.push_back({{"behaviour", kill.check.behaviour},
                         {"check", kill.check.name},
                         {"outcome", outcome_row(kill.outcome).id}});
  }
  return {{"name", result.trial.name},
          {"level", result.trial.levels.first},
          {"blind", result.trial.blind},
          {"description", result.trial.description},
          {"outcome", outcome_row(result.report.outcome).id},
          {"killed", killed_properly(result)},
          {"killed_by", killed_by}};
}

json attempt_to_json(const TrialResult& result) {
  return {{"name", result.trial.name},
          {"first_level", result.trial.levels.first},
          {"last_level", result.trial.levels.last},
          {"passed", result.report.passed_count()},
          {"total", result.report.checks.size()}};
}

}  // namespace

std::string render_verification(const Verification& verification, const Terminal& terminal) {
  std::string text = terminal.paint("1", verification.kata) + "\n";
  for (int level = verification.levels.first; level <= verification.levels.last; ++level) {
    text += matrix(verification, level, terminal);
  }
  text += fmt::format("\n{}\n", kLegend);
  text += fmt::format("{}: {}\n", verification.kata, totals(verification));
  if (!verification.on_card.empty()) {
    text += card_line(verification);
  } else if (verification.device == kEmulatedDevice) {
    text += fmt::format("{}: emulated (no GPU here): skipped on a device\n", verification.kata);
  }
  const bool proven = verification.problems.empty();
  const OutcomeRow& row = outcome_row(proven ? Outcome::kPassed : Outcome::kWrong);
  for (const Problem& problem : verification.problems) {
    text += fmt::format("  {} {}\n", terminal.paint(row.colour, problem.id + ":"),
                        printable(problem.message));
  }
  const std::string verdict =
      proven ? "proven"
             : fmt::format("not proven: {} problem{}", verification.problems.size(),
                           verification.problems.size() == 1 ? "" : "s");
  return text + fmt::format("{} {}\n", verification.kata, terminal.paint(row.colour, verdict));
}

json verification_to_json(const Verification& verification) {
  json object = {{"kata", verification.kata},
                 {"proven", verification.problems.empty()},
                 {"first_level", verification.levels.first},
                 {"last_level", verification.levels.last},
                 {"problems", json::array()},
                 {"checks", json::array()},
                 {"mutants", json::array()},
                 {"attempts", json::array()}};
  if (!verification.device.empty()) object["device"] = verification.device;
  for (const Problem& problem : verification.problems) {
    object["problems"].push_back({{"id", problem.id}, {"message", problem.message}});
  }
  for (const CheckName& check : verification.checks) {
    object["checks"].push_back({{"level", check.level},
                                {"behaviour", check.behaviour},
                                {"check", check.name},
                                {"example", check.example},
                                {"slow", check.slow},
                                {"kills", kill_count(verification, check)}});
  }
  for (const TrialResult& result : verification.results) {
    const bool mutant = result.trial.kind == Kind::kMutant;
    object[mutant ? "mutants" : "attempts"].push_back(mutant ? mutant_to_json(result)
                                                             : attempt_to_json(result));
  }
  for (const TrialResult& result : verification.on_card) {
    object["on_card"].push_back(
        {{"name", result.trial.name}, {"outcome", outcome_row(result.report.outcome).id}});
  }
  return object;
}

}  // namespace unaided
