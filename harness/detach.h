#pragma once

#include <filesystem>
#include <functional>

namespace unaided {

/// Runs `body` in a process of its own that outlives this one, its terminal and its shell: own
/// session, empty stdin and stdout, stderr to `log`, no other descriptors. Returns once `body` has
/// called `ready`. Throws Fault with the words of `body`'s exception if that came first. Call it
/// before any thread is started.
void run_detached(const std::filesystem::path& log,
                  const std::function<void(const std::function<void()>& ready)>& body);

}  // namespace unaided
