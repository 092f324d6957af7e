/* Recurrent cells in float32 on machines with AVX2. */
#include "cell.h"

#ifdef CELL_CHOOSES
#include <math.h>
#include <string.h>

#pragma GCC target("avx2,fma")
#pragma GCC optimize("fp-contract=fast")
#define REAL float
#define REAL_IS_FLOAT 1
#define LANES 8
#define CORE cell_f32_avx2
#include "cell_core.h"
#else
typedef int cell_nothing_to_compile;
#endif
