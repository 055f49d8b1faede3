#pragma once

#include <cstdint>
#include <string>
#include <vector>

// What the worker tells the probes of reference/support/probe.h, and asks them afterwards.
// All state lives in the process and is copied by fork: a check child starts with what its parent
// set and nothing seen.
namespace unaided::probe {

/// Registers the operator observer with LibTorch. Once, at start-up, while there is one thread.
void install();

/// What support::seed() returns from now on.
void set_seed(std::uint64_t seed);

/// Globs over operator names without namespace ("scaled_dot_product*") that an attempt must not
/// call. Before checks run, while there is one thread.
void set_forbidden(std::vector<std::string> globs);

/// The first forbidden operator that ran in this process ("aten::scaled_dot_product_attention"), or
/// empty.
std::string forbidden_call_seen();

/// The largest heap allocation that was refused in this process, in bytes; 0 if none was. Tells a
/// memory limit from other causes of std::bad_alloc.
std::int64_t refused_allocation_bytes();

}  // namespace unaided::probe
