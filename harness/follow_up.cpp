#include "follow_up.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "format.h"
#include "text_file.h"
#include "text_layout.h"

namespace unaided {
namespace {

constexpr std::string_view kBold = "1";
constexpr std::size_t kAnswersBytesMax = 1'000'000;

std::filesystem::path answers_file(const SessionFolder& folder) {
  return folder.path / "answers.json";
}

std::vector<FollowUp> asked(const Session& session, const Kata& kata) {
  const bool over = session.phase == Phase::kFinished;
  if (!over || !format_row(session.created.format).asks_follow_ups) return {};
  std::vector<FollowUp> follow_ups = read_notes(kata).follow_ups;
  if (follow_ups.size() > kFollowUps) follow_ups.resize(kFollowUps);
  return follow_ups;
}

}  // namespace

std::vector<FollowUp> open_follow_ups(const SessionFolder& folder, const Session& session,
                                      const Kata& kata) {
  if (std::filesystem::exists(answers_file(folder))) return {};
  return asked(session, kata);
}

bool answer_follow_ups(const SessionFolder& folder, const Session& session, const Kata& kata,
                       const Answering& answering) {
  nlohmann::json answers = nlohmann::json::array();
  for (const FollowUp& one : open_follow_ups(folder, session, kata)) {
    const auto answer = answering(one.question);
    if (!answer) return false;
    answers.push_back({{"question", one.question}, {"answer", *answer}});
  }
  const auto replace = nlohmann::json::error_handler_t::replace;
  write_durably(answers_file(folder), answers.dump(1, ' ', false, replace) + "\n");
  return true;
}

std::string render_follow_ups(const SessionFolder& folder, const Session& session, const Kata& kata,
                              const Terminal& terminal) {
  const std::vector<FollowUp> questions = asked(session, kata);
  if (questions.empty()) return "";
  nlohmann::json answers;
  if (std::filesystem::exists(answers_file(folder))) {
    const std::string text = read_text_file(answers_file(folder), kAnswersBytesMax);
    answers = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  }
  std::string text = "\nAn interviewer would ask now:\n";
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const std::string question = wrap(questions[i].question, terminal.width - 2, /*indent=*/2);
    text += fmt::format("\n  {}\n", terminal.paint(kBold, question));
    if (!answers.is_array() || i >= answers.size()) continue;
    text += fmt::format("\n  You wrote:\n{}\n  A good answer:\n{}",
                        indented(answers[i].value("answer", ""), "    "),
                        indented(questions[i].answer, "    "));
  }
  if (!answers.is_array()) {
    text +=
        "\n  Answer them in writing (`debrief` in a terminal asks): model answers come after.\n";
  }
  return text;
}

}  // namespace unaided
