#pragma once

// The seam between the worker and a kata's checks, which are a shared library of their own: plain
// C, so that GoogleTest and the checks stay hidden inside it and an attempt can name neither.

extern "C" {

struct UnaidedCheck {
  int level;
  const char* behaviour;
  const char* name;
  bool example;
  bool slow;
};

struct UnaidedCheckLibrary {
  int count;
  const UnaidedCheck* checks;
  /// Runs one check in this process and calls `failed` for each of its failures. Returns how many
  /// checks ran: 1.
  int (*run)(int index, void (*failed)(void* context, const char* message), void* context);
};

/// The one symbol that a checks library exports.
const UnaidedCheckLibrary* unaided_check_library();
}
