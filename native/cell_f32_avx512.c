/* Recurrent cells in float32 on machines with AVX512. */
#include "cell.h"

#ifdef CELL_CHOOSES
#include <math.h>
#include <string.h>

#pragma GCC target("avx512f,fma,prefer-vector-width=512")
#pragma GCC optimize("fp-contract=fast")
#define REAL float
#define REAL_IS_FLOAT 1
#define LANES 16
#define CORE cell_f32_avx512
#include "cell_core.h"
#else
typedef int cell_nothing_to_compile;
#endif
