#pragma once

namespace unaided {

/// Makes what a check child inherits cheap to fork and to tear down. The code and constants of the
/// loaded libraries: a child otherwise meets each page of LibTorch's code again as a page fault,
/// hundreds in every check; large mappings are copied onto large pages (about 250 MB), of small
/// ones the page table is made part of what fork copies. And the heap, 50 MB with LibTorch's
/// operators, whose page table is otherwise copied and taken apart 4 KB at a time. Once, when all
/// libraries are loaded and nothing hostile is. Where the kernel refuses, checks are slower and
/// nothing else changes.
void make_memory_cheap_to_inherit();

}  // namespace unaided
