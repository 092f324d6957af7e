/* Recurrent cells in float32 on the machines that the compiler was told to serve. */
#include "cell.h"

#define REAL float
#define REAL_IS_FLOAT 1
#define LANES 4
#define CORE cell_f32_plain
#include "cell_core.h"
