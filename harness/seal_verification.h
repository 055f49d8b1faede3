#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "installation.h"
#include "seal.h"
#include "seal_report.h"
#include "seat.h"

namespace unaided {

/// The plan of a seat with what this installation adds: the client, LibTorch's headers and
/// libraries, and what must not be seen: solutions, checks, timings and the home of the user.
SealPlan seal_plan(const Installation& installation, const std::filesystem::path& workspace,
                   const std::filesystem::path& home, const std::filesystem::path& host_socket);

/// What one trial of a plan came to: each escape outside and inside, and what was seen of the seat.
struct SealTrial {
  std::map<std::string, Escape> outside;
  std::map<std::string, Escape> inside;
  std::vector<SealFinding> findings;
};
/// Throws Fault, with bubblewrap's own words, when the seat cannot be made.
SealTrial try_seal(const SealPlan& plan);

/// Tries every channel outside and inside a fresh seat of this plan, and looks at that seat from
/// outside. It proves the recipe, not another seat made from it. Throws Fault as try_seal() does.
SealReport probe_seal(const SealPlan& plan, std::int64_t now_ms);

/// What can be seen of a running seat from outside, trusting nothing inside: namespaces, network
/// devices, mounts, capabilities, filters, the environment and the names of what runs. Only of a
/// seat that has started (seat_started()): before, bubblewrap is not done. No finding of a seat
/// that has ended holds.
std::vector<SealFinding> inspect_seat(const SeatInfo& seat, const SealPlan& plan);

}  // namespace unaided
