/* The arithmetic of Gray-Scott on the machines that the compiler was told to serve. */
#include "gs.h"

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX2__)
#define LANES 8
#else
#define LANES 4
#endif
#define KERNEL gs_plain
#include "gs_tick.h"
