constexpr int endless() {
  for (;;) {
  }
}
static_assert(endless() == 0);
