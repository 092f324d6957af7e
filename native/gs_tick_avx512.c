/* The arithmetic of Gray-Scott on machines with AVX512. */
#include "gs.h"

#ifdef GS_CHOOSES
#include <string.h>

#pragma GCC target("avx512f")
#define LANES 16
#define KERNEL gs_avx512
#include "gs_tick.h"
#else
typedef int gs_nothing_to_compile;
#endif
