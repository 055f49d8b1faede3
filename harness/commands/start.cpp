#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <random>

#include "../compiler.h"
#include "../declared_editor.h"
#include "../device_choice.h"
#include "../fault.h"
#include "../format.h"
#include "../grader.h"
#include "../history.h"
#include "../planting.h"
#include "../practice.h"
#include "../sandbox.h"
#include "../screen.h"
#include "../session_begin.h"
#include "../session_status.h"
#include "commands.h"
#include "sitting.h"

namespace unaided {
namespace {

struct StartOptions {
  std::string kata;
  std::string format = "drill";
  std::optional<int> level;
  std::optional<double> minutes;
  int bugs = 1;
  std::string seal = "auto";
  bool no_clock = false;
  bool emulated = false;
  bool again = false;
  Sitting sitting;
};

/// The index is closed before anybody sits down.
std::vector<SessionSummary> sessions_of(const SessionStore& store, const std::string& kata) {
  const History history(store);
  print_remarks(history);
  return history.sessions({kata});
}

/// To hunt for bugs is to read a solution, so a level that was passed before is preferred.
int level_to_debug(const std::vector<SessionSummary>& sessions, const Kata& kata) {
  const std::set<int> done = passed_levels(sessions, kata.id);
  return done.empty() ? 1 : *done.rbegin();
}

int chosen_level(const StartOptions& options, const FormatRow& format, const Kata& kata,
                 const std::vector<SessionSummary>& sessions) {
  if (!options.level) {
    return format.plants_bugs ? level_to_debug(sessions, kata) : next_level(sessions, kata);
  }
  if (*options.level >= 1 && *options.level <= kata.level_count()) return *options.level;
  throw Fault(
      fmt::format("{} has levels 1 to {}, not {}", kata.id, kata.level_count(), *options.level));
}

LevelSpan chosen_levels(const StartOptions& options, const Kata& kata,
                        const std::vector<SessionSummary>& sessions) {
  const FormatRow& format = format_row(options.format);
  if (kata.level_count() < format.levels_min) {
    throw Fault(fmt::format("{} has {} levels and {} needs {}: take another kata or format",
                            kata.id, kata.level_count(), format.id, format.levels_min));
  }
  if (format.levels != LevelRule::kOne) {
    if (options.level) throw Fault(fmt::format("{} has all levels: leave --level out", format.id));
    return {1, kata.level_count()};
  }
  const int level = chosen_level(options, format, kata, sessions);
  return {level, level};
}

bool is_of(const SessionSummary& session, const StartOptions& options, LevelSpan levels) {
  return session.kata == options.kata && session.format == options.format &&
         LevelSpan{session.first_level, session.last_level} == levels;
}

/// The same that still has time: whoever starts it again means to go back to it.
std::optional<SessionFolder> under_way(const std::vector<SessionSummary>& sessions,
                                       const StartOptions& options, LevelSpan levels,
                                       const SessionStore& store) {
  const Moment now = SystemClock().now();
  for (const SessionSummary& summary : sessions) {
    if (summary.phase != Phase::kRunning || !is_of(summary, options, levels)) continue;
    const SessionFolder folder = store.find(summary.id);
    const auto left = time_left(folder.replay(), now);
    if (!left || left->ms > 0) return folder;
  }
  return std::nullopt;
}

/// Chooses bugs and proves that the hidden checks see them.
Planted plant(const Installation& installation, const Kata& kata, int level,
              const StartOptions& options) {
  Grader::Options grader_options;
  grader_options.emulated = options.emulated;
  Grader grader(installation, kata, grader_options);
  const auto judge = [&grader, level](const std::string& source) {
    GradeRequest request;
    request.source = source;
    request.first_level = request.last_level = level;
    request.of_record = true;
    return grader.grade(request, /*sink=*/nullptr, /*cancel=*/nullptr);
  };
  std::mt19937_64 random{std::random_device()()};
  return plant_bugs(read_kata_material(kata), level, options.bugs, judge, random);
}

SessionFolder begin(CommandContext& context, const StartOptions& options, const Kata& kata,
                    LevelSpan levels, const SessionStore& store) {
  const Installation& installation = context.installation();
  ensure_header_cache(installation, kata.headers);  // before the clock starts
  BeginRequest request;
  request.format = options.format;
  request.levels = levels;
  request.minutes = options.minutes;
  request.clock = !options.no_clock;
  request.emulated = options.emulated && !kata.device.empty();
  request.seal = {seal_mode(options.seal), has_seat(context, options.sitting),
                  !options.sitting.editor.empty(), environment_of_caller()};
  if (format_row(options.format).plants_bugs) {
    request.planted = plant(installation, kata, levels.first, options);
  }
  return begin_session(store, kata, installation, toolchain_of(installation), request,
                       SystemClock());
}

void refuse_unknown_program(const StartOptions& options) {
  const std::vector<std::string>& command = options.sitting.command;
  if (command.empty() || runnable(command[0])) return;
  throw Fault(fmt::format(
      "there is no program '{}' to sit down to (a level is chosen by --level N)", command[0]));
}

/// A sealed session has the distribution's programs only: said before the clock starts.
void refuse_editor_elsewhere(CommandContext& context, const StartOptions& options) {
  const std::vector<std::string> editor =
      options.sitting.command.empty() ? chosen_editor() : options.sitting.command;
  const bool sealed = seal_mode(options.seal) != SealMode::kOff && sandbox_support().available;
  if (!sealed || editor.empty() || !has_seat(context, options.sitting)) return;
  const std::filesystem::path place = program_place(editor[0]);
  if (place.empty() || is_of_distribution(place)) return;
  throw Fault(fmt::format(
      "{} lies at {}: a sealed session has only the distribution's programs, of /usr/bin. Choose "
      "another (EDITOR=vim), or begin with --seal off",
      editor[0], place.string()));
}

void refuse_missing_editor(const StartOptions& options) {
  const std::string& editor = options.sitting.editor;
  if (editor.empty() || runnable(editor)) return;
  throw Fault("--editor " + editor + ": it is not in $PATH");
}

void refuse_bugs_elsewhere(const StartOptions& options) {
  if (options.bugs == 1 || format_row(options.format).plants_bugs) return;
  throw Fault("--bugs belongs to --format debug: in other formats the bugs are your own");
}

std::string described_formats() {
  std::string text;
  for (const FormatRow& row : format_rows()) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", row.id, row.summary);
  }
  return text;
}

/// What the best passed session of the same kind took.
void print_time_to_beat(const std::vector<SessionSummary>& sessions, const StartOptions& options,
                        LevelSpan levels) {
  std::optional<std::int64_t> best_ms;
  for (const SessionSummary& session : sessions) {
    if (!is_of(session, options, levels) || !session.is_passed()) continue;
    best_ms = std::min(best_ms.value_or(session.duration_ms), session.duration_ms);
  }
  if (best_ms) fmt::print(stderr, "The time to beat: {}.\n", duration_text(*best_ms));
}

void start(CommandContext& context, const StartOptions& options) {
  refuse_unknown_program(options);
  refuse_bugs_elsewhere(options);
  refuse_missing_editor(options);
  const Kata kata = context.kata(options.kata);
  require_device(kata, options.emulated);
  const SessionStore store(state_folder());
  const std::vector<SessionSummary> sessions = sessions_of(store, kata.id);
  const LevelSpan levels = chosen_levels(options, kata, sessions);
  const auto earlier = options.again ? std::nullopt : under_way(sessions, options, levels, store);
  refuse_editor_elsewhere(context, options);
  if (earlier) {
    fmt::print(stderr, "{} is under way since {}: back to it ({} abandon ends it).\n",
               session_title(earlier->replay()), utc_text(earlier->replay().created.at.utc_ms),
               context.program);
  }
  if (!earlier && !options.sitting.json) print_time_to_beat(sessions, options, levels);
  const SessionFolder folder = earlier ? *earlier : begin(context, options, kata, levels, store);
  ensure_host(context, folder);
  sit_down(context, folder, options.sitting);
}

}  // namespace

void start_session(CommandContext& context, const std::string& kata, const std::string& format,
                   std::optional<int> level) {
  StartOptions options;
  options.kata = kata;
  options.format = format;
  options.level = level;
  start(context, options);
}

void add_start(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<StartOptions>();
  CLI::App* command = app.add_subcommand("start", "sit down to a kata");
  command->group(kPractiseGroup);
  command->add_option("kata", options->kata, "its id, as 'list' has it")->required();
  command->add_option("--format", options->format, described_formats())->capture_default_str();
  command->add_option("--level", options->level,
                      "which one (default: the first not yet passed; to debug, the last passed)");
  command
      ->add_option("--minutes", options->minutes,
                   "time allowed (default: the level's par x 1.5; to debug, 15)")
      ->check(CLI::Range(0.01, 1440.0));
  command->add_option("--bugs", options->bugs, "to debug: how many are planted")
      ->check(CLI::Range(1, kPlantedBugsMax))
      ->capture_default_str();
  command->add_flag("--json", options->sitting.json,
                    "make the session and describe it, for programs");
  command
      ->add_option("--seal", options->seal,
                   "keep AI assists out: required (or do not begin), auto, off")
      ->capture_default_str();
  command
      ->add_option("--editor", options->sitting.editor,
                   "code: VS Code outside the sandbox, its AI settings off; declared, not enforced")
      ->check(CLI::IsMember({kDeclaredEditor}));
  command->add_flag("--no-clock", options->no_clock, "hide the time until it is short");
  add_emulated_flag(*command, options->emulated);
  command->add_flag("--plain", options->sitting.plain, "without the screen");
  command->add_flag("--again", options->again, "anew, though the same session is under way");
  command->add_option("command", options->sitting.command,
                      "after --: a program to sit down to instead of $EDITOR");
  command->callback([options, &context] { start(context, *options); });
}

}  // namespace unaided
