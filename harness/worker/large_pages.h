#pragma once

namespace unaided {

/// Makes the code and constants of the loaded libraries cheap to inherit: a forked child otherwise
/// meets each page of LibTorch's code again as a page fault, hundreds in every check. Large
/// mappings are copied onto large pages (about 250 MB); of small ones the page table is made part
/// of what fork copies. Once, when all libraries are loaded and nothing hostile is. Where the
/// kernel refuses, checks are slower and nothing else changes.
void make_libraries_cheap_to_inherit();

}  // namespace unaided
