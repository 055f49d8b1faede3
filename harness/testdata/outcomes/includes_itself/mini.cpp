#include "mini.cpp"
