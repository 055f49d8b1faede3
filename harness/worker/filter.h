#pragma once

namespace unaided {

/// Builds the system call filter of check children once, in the worker. Throws Fault.
void prepare_child_filter();

/// Installs it in a check child, for good. Allowed: threads, memory, reading files. Killed with
/// SIGSYS: new processes, exec, tracing, reading other processes, signals to others, new sessions,
/// sockets. Refused with an error: writing into the file tree, kernel interfaces that go around the
/// filter. Returns false when the kernel refuses; the child must then not go on.
bool install_child_filter();

}  // namespace unaided
