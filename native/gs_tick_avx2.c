/* The arithmetic of Gray-Scott on machines with AVX2. */
#include "gs.h"

#ifdef GS_CHOOSES
#include <string.h>

#pragma GCC target("avx2")
#define LANES 8
#define KERNEL gs_avx2
#include "gs_tick.h"
#else
typedef int gs_nothing_to_compile;
#endif
