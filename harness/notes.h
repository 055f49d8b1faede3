#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kata.h"

namespace unaided {

/// What an interviewer asks once the code is there, with a model answer.
struct FollowUp {
  std::string question;
  std::string answer;
};

/// The parts of reference/<id>/notes.md that a session shows.
struct Notes {
  std::vector<std::string> walk_through;  // of level 1, 2, …: the paragraphs from "**Level K.**" on
  std::vector<FollowUp> follow_ups;
};

/// Pure. A part that the text does not have is empty.
Notes parse_notes(std::string_view text);

/// Throws Fault when the file cannot be read.
Notes read_notes(const Kata& kata);

}  // namespace unaided
