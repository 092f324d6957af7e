/* Recurrent cells in one precision, REAL, for one instruction set: the core named CORE. */
#include <math.h>
#include <string.h>

#define INLINED static inline __attribute__((always_inline))
#pragma GCC optimize("no-trapping-math") /* else a choice in a loop is a jump, and no vector */
#pragma GCC diagnostic ignored "-Wpsabi" /* everything here is inlined: no call passes a vector */

#include "cell_products.h"
#include "cell_functions.h"
#include "cell_blocks.h"
#include "cell_store.h"
#include "cell_store_back.h"
#include "cell_linear.h"

#include "cell_amrc.h"
#include "cell_pmrc.h"
#include "cell_dtpn.h"
#include "cell_amn.h"
#include "cell_amn_back.h"
#include "cell_ndm.h"
#include "cell_ndm_back.h"
#include "cell_hyper_amn.h"
#include "cell_sgw_amn.h"

#include "cell_run.h"
#include "cell_back.h"
