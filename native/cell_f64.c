/* Recurrent cells in float64: to know what float32 should have been. */
#include "cell.h"

#define REAL double
#define REAL_IS_FLOAT 0
#define LANES 2
#define CORE cell_f64
#include "cell_core.h"
