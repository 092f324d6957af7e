/* Inside of the recurrent cells: what their files share.
 *
 * cell_plan.c       where everything of a cell is: parameters, state, a row of tape
 * cell_core.h       one precision and one instruction set: includes all that follow
 *   cell_products.h   matrix products on LANES units at once
 *   cell_functions.h  exp, tanh and the logistic
 *   cell_blocks.h     what several cells are built from
 *   cell_store.h      the gated store of three of them, and cell_store_back.h its adjoint
 *   cell_linear.h     stores that outer products change
 *   cell_<name>.h     one step of a cell, and its adjoint, there or in cell_<name>_back.h
 *   cell_run.h        all steps of some streams, forwards
 *   cell_back.h       and backwards
 * cell_f32_*.c, cell_f64.c   the core compiled for each
 * cells.c           the entry points: who works on what
 *
 * A *row* holds what one stream needs in one step: its input, the state before the step but for the
 * stores, then what the adjoint wants to know. Sums over hidden units are products of matrices with
 * rows. Without a tape two rows take turns. Stores, the matrices of a state, change in place; a tape
 * has them as they were at the first of every few steps, from where the adjoint makes the others.
 */
#ifndef CELL_H
#define CELL_H

#include "memlab.h"

enum {
    BLOCK = 16,   /* units of a packed block of weights */
    STREAMS = 8,  /* of a tile, at most: streams that walk through the steps side by side */
    NEAR = 1 << 17, /* numbers of the states of a tile that stay near a core */
    LONGEST = 8,  /* steps that go together */
    FLUSHED = 64, /* rows whose outer products are added to the gradients together */
    MOST = 24,    /* parameters, fields or matrices of a cell */
    MATRICES = 32
};

/* A parameter (rows, cols) whose gradient is a sum of outer products of two fields of a row. */
typedef struct {
    size_t rows, cols, at, left, right;
} cell_matrix;

typedef struct {
    size_t parameters, state, width; /* numbers of all parameters, of a state, of a row */
    size_t kept, every;              /* numbers of the stores; steps that go together */
    size_t scratch;                  /* numbers that the adjoint makes besides stores */
    uint8_t apart;                   /* stores are written and read apart from all else */
    size_t streams;                  /* of a tile: fewer where states are large */
    size_t carried, states;          /* fields that pass into the next row; how many are the state */
    size_t carries[MOST];            /* those, the state first */
    uint8_t stores[MOST];            /* which fields are matrices of the state */
    size_t derived, packed;          /* of what follows from the parameters; of packed matrices */
    size_t at[MOST];                 /* where each parameter begins */
    size_t field[MOST];              /* where each begins in a row, or store among stores */
    size_t size[MOST];               /* of each field */
    size_t first[MOST];              /* the first matrix of a parameter */
    size_t matrices;
    cell_matrix matrix[MATRICES];
} cell_plan;

/* Names of parameters and fields, in the order of memlab/cells: parameters first, then fields. */
enum { X }; /* field 0 of every cell */
enum { AMRC_W, AMRC_b, AMRC_kappa, AMRC_alpha, AMRC_beta, AMRC_V, AMRC_c, AMRC_P, AMRC_R };
enum { AMRC_m = 1, AMRC_h, AMRC_v, AMRC_next, AMRC_a, AMRC_dy, AMRC_seen, AMRC_pa };
enum {
    PMRC_W, PMRC_b, PMRC_beta, PMRC_V, PMRC_c, PMRC_U, PMRC_omega, PMRC_Wg, PMRC_Ug, PMRC_bg,
    PMRC_Wc, PMRC_bc, PMRC_kappa, PMRC_alpha
};
enum {
    PMRC_m = 1, PMRC_h, PMRC_y, PMRC_v, PMRC_g, PMRC_k, PMRC_next, PMRC_a, PMRC_zg, PMRC_zc,
    PMRC_dy
};
enum { DTPN_W, DTPN_U, DTPN_b, DTPN_beta, DTPN_alpha, DTPN_K, DTPN_G, DTPN_delta, DTPN_V, DTPN_c };
enum {
    DTPN_u = 1, DTPN_m, DTPN_r, DTPN_h, DTPN_t, DTPN_now, DTPN_key, DTPN_called, DTPN_next,
    DTPN_a, DTPN_zk, DTPN_d, DTPN_dy
};
enum {
    AMN_Bi, AMN_b, AMN_A, AMN_B, AMN_L, AMN_theta, AMN_Q, AMN_K, AMN_Vv, AMN_decay, AMN_C, AMN_D,
    AMN_c
};
enum {
    AMN_h = 1, AMN_l, AMN_j, AMN_Mm, AMN_f, AMN_unit, AMN_trace, AMN_q, AMN_read, AMN_rho, AMN_s,
    AMN_k, AMN_v, AMN_zf, AMN_zq, AMN_zk, AMN_zv, AMN_dy
};
enum {
    NDM_Wi, NDM_b, NDM_Wh, NDM_zeta, NDM_pi, NDM_lam, NDM_rho, NDM_K, NDM_Vv, NDM_Q, NDM_decay,
    NDM_Wo, NDM_c
};
enum {
    NDM_h = 1, NDM_F, NDM_mu, NDM_Mm, NDM_k, NDM_q, NDM_recalled, NDM_v, NDM_next, NDM_a, NDM_zk,
    NDM_zq, NDM_dy, NDM_u, NDM_w, NDM_along, NDM_through
};
enum {
    HYPER_Bi, HYPER_b, HYPER_A, HYPER_B, HYPER_L, HYPER_K, HYPER_Vv, HYPER_Q, HYPER_decay,
    HYPER_X, HYPER_Gx, HYPER_G, HYPER_d, HYPER_C, HYPER_D, HYPER_c
};
enum {
    HYPER_s = 1, HYPER_Mm, HYPER_g, HYPER_gates, HYPER_drive, HYPER_f, HYPER_units, HYPER_k,
    HYPER_q, HYPER_read, HYPER_out, HYPER_heads, HYPER_merged, HYPER_zi, HYPER_zeta, HYPER_zk,
    HYPER_zq, HYPER_dy
};
enum {
    SGW_Wi, SGW_Wb, SGW_b, SGW_Wc, SGW_T, SGW_A, SGW_B, SGW_rho, SGW_Wp, SGW_e, SGW_K, SGW_Vv,
    SGW_Q, SGW_decay, SGW_Wo, SGW_c
};
enum {
    SGW_w = 1, SGW_R, SGW_Mm, SGW_recalled, SGW_pre, SGW_a, SGW_share, SGW_f, SGW_new, SGW_units, SGW_k, SGW_q,
    SGW_read, SGW_out, SGW_za, SGW_sent, SGW_z, SGW_zp, SGW_zk, SGW_zq, SGW_dy
};

/* Whether the sizes are those of a cell; fills the plan. */
int cell_plan_of(const ml_cell *cell, cell_plan *plan);

/* What is compiled for each precision and instruction set. Arrays are of its precision. */
typedef struct {
    /* Numbers of scratch for one tile; with the adjoint more. */
    size_t (*work)(const ml_cell *cell, const cell_plan *plan);
    void (*pack)(const ml_cell *cell, const cell_plan *plan, const void *parameters, void *packed);
    void (*forward)(const ml_cell *cell, const cell_plan *plan, size_t streams, size_t steps,
                    const void *parameters, const void *packed, const void *x,
                    const uint8_t *mask, void *state, void *y, void *tape, void *work);
    void (*backward)(const ml_cell *cell, const cell_plan *plan, size_t streams, size_t steps,
                     const void *parameters, const void *packed, const uint8_t *mask, void *tape,
                     const void *gy, void *gstate, void *gx, void *gradient, void *work);
} cell_core;

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && !defined(MEMLAB_ONE_ISA)
#define CELL_CHOOSES
extern const cell_core cell_f32_avx512, cell_f32_avx2;
#endif
extern const cell_core cell_f32_plain, cell_f64;

#endif
