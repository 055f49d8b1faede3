#pragma once

namespace unaided {

/// Runs what attempts commonly call, once, on one thread, so that each forked child finds
/// LibTorch's dispatcher, allocator and autograd engine ready. Throws Fault when a second thread
/// appears: a child forked from a threaded worker can hang.
void warm_up();

/// In a forked child: as much of it as makes memory its own that checks commonly write to.
void touch_common_memory();

}  // namespace unaided
