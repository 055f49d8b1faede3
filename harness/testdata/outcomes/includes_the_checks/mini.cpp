#include "checks_level1.cpp"

#include "../../reference/mini/mini.cpp"
