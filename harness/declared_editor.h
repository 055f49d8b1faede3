#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "session_store.h"

// VS Code cannot run in the seat. It gets a profile of its own with every AI setting off, which can
// be read again but not enforced: such a session is *declared*.
namespace unaided {

inline constexpr char kDeclaredEditor[] = "code";

/// Makes the session's profile: settings, and of the user's extensions clangd alone.
void make_declared_profile(const SessionFolder& folder);

/// The command that opens the workspace with it.
std::vector<std::string> declared_editor_command(const SessionFolder& folder,
                                                 const std::filesystem::path& program);

/// What in the profile is no longer as it was made, now or at an earlier look, a sentence each;
/// empty when all of it is. Remembers what it saw.
std::vector<std::string> declared_violations(const SessionFolder& folder);

}  // namespace unaided
