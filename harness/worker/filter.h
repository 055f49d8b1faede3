#pragma once

namespace unaided {

/// What the filter lets a child reach. CUDA asks its driver by ioctl, opens its nodes for writing
/// and maps them; where that is allowed nobody looks at what the driver is asked.
enum class Reach { kNothing, kDevices };

/// Builds the system call filter of check children of that reach once, in the worker. With
/// kDevices, calls that would end the child fail instead, since CUDA tries some of them. Throws
/// Fault.
void prepare_child_filter(Reach reach = Reach::kNothing);

/// Installs what was built for that reach in a check child, for good. Allowed: threads, memory,
/// reading files. Killed with SIGSYS: new processes, exec, tracing, reading other processes,
/// signals to others, new sessions, sockets. Refused with an error: writing into the file tree,
/// kernel interfaces that go around the filter. Returns false when the kernel refuses; the child
/// must then not go on.
bool install_child_filter(Reach reach = Reach::kNothing);

}  // namespace unaided
