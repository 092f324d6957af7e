/* Where everything of a recurrent cell is. Parameters and states come in the order in which
 * memlab/cells names them. */
#include "cell.h"

#include <string.h>

#define LARGEST (1 << 20) /* of one size, so that no product of three overflows */

/* ---- building a plan ---- */

typedef struct {
    cell_plan *plan;
} builder;

static void vector(builder *b, size_t name, size_t size) {
    b->plan->at[name] = b->plan->parameters;
    b->plan->parameters += size;
}

static size_t whole_blocks(size_t size) { return (size + BLOCK - 1) / BLOCK * BLOCK; }

static void field(builder *b, size_t name, size_t size) {
    b->plan->field[name] = b->plan->width;
    b->plan->size[name] = size;
    b->plan->width += whole_blocks(size);
}

static void carries(builder *b, size_t name) { b->plan->carries[b->plan->carried++] = name; }

/* A field that a step leaves in the next row. */
static void carried(builder *b, size_t name, size_t size) {
    field(b, name, size);
    carries(b, name);
}

/* One of them that outlasts the run; all of them come before other carried fields. */
static void state(builder *b, size_t name, size_t size) {
    carried(b, name, size);
    b->plan->states = b->plan->carried;
    b->plan->state += size;
}

/* One that is a matrix: it is in no row. */
static void store(builder *b, size_t name, size_t size) {
    cell_plan *p = b->plan;
    p->field[name] = p->kept;
    p->size[name] = size;
    p->kept += whole_blocks(size);
    p->stores[name] = 1;
    carries(b, name);
    p->states = p->carried;
    p->state += size;
}

/* A parameter that is a product's matrix, or one for each of some heads. */
static void matrices(builder *b, size_t name, size_t heads, size_t rows, size_t cols) {
    cell_plan *p = b->plan;
    p->first[name] = p->matrices;
    for (size_t i = 0; i < heads; i++) {
        cell_matrix *m = &p->matrix[p->matrices++];
        *m = (cell_matrix){.rows = rows, .cols = cols, .at = p->parameters + i * rows * cols};
    }
    vector(b, name, heads * rows * cols);
}

static void matrix(builder *b, size_t name, size_t rows, size_t cols) {
    matrices(b, name, 1, rows, cols);
}

/* The fields whose outer product is the gradient of a matrix, once all fields are placed. */
static void learns(builder *b, size_t name, size_t left, size_t right, size_t heads) {
    cell_plan *p = b->plan;
    for (size_t i = 0; i < heads; i++) {
        cell_matrix *m = &p->matrix[p->first[name] + i];
        m->left = p->field[left] + (heads > 1 ? i * m->rows : 0);
        m->right = p->field[right] + (heads > 1 ? i * m->cols : 0);
    }
}

/* ---- the cells ---- */

static void plan_amrc(const ml_cell *c, builder *b) {
    const size_t I = (size_t)c->inputs, H = (size_t)c->hidden, O = (size_t)c->outputs;
    const size_t R = (size_t)c->rank;
    matrix(b, AMRC_W, H, I);
    vector(b, AMRC_b, H);
    vector(b, AMRC_kappa, H);
    vector(b, AMRC_alpha, H);
    vector(b, AMRC_beta, H);
    matrix(b, AMRC_V, O, H);
    vector(b, AMRC_c, O);
    state(b, AMRC_m, H);
    state(b, AMRC_h, H);
    field(b, AMRC_v, H);
    field(b, AMRC_next, H);
    field(b, AMRC_a, H);
    field(b, AMRC_dy, O);
    learns(b, AMRC_W, AMRC_a, X, 1);
    learns(b, AMRC_V, AMRC_dy, AMRC_next, 1);
    if (R) {
        matrix(b, AMRC_P, H, R);
        matrix(b, AMRC_R, R, H);
        field(b, AMRC_seen, R);
        field(b, AMRC_pa, R);
        learns(b, AMRC_P, AMRC_a, AMRC_seen, 1);
        learns(b, AMRC_R, AMRC_pa, AMRC_h, 1);
    }
}

static void plan_pmrc(const ml_cell *c, builder *b) {
    const size_t I = (size_t)c->inputs, H = (size_t)c->hidden, O = (size_t)c->outputs;
    const int gates = c->flags & ML_GATES, recurrent = c->flags & ML_RECURRENT;
    const int remembers = c->flags & ML_OUTPUT_MEMORY;
    matrix(b, PMRC_W, H, I);
    vector(b, PMRC_b, H);
    vector(b, PMRC_beta, H);
    matrix(b, PMRC_V, O, H);
    vector(b, PMRC_c, O);
    if (recurrent) {
        matrix(b, PMRC_U, H, H);
    }
    if (remembers) {
        vector(b, PMRC_omega, O);
    }
    if (gates) {
        matrix(b, PMRC_Wg, H, I);
        matrix(b, PMRC_Ug, H, H);
        vector(b, PMRC_bg, H);
        matrix(b, PMRC_Wc, H, I);
        vector(b, PMRC_bc, H);
    } else {
        vector(b, PMRC_kappa, H);
        vector(b, PMRC_alpha, H);
    }
    state(b, PMRC_m, H);
    state(b, PMRC_h, H);
    if (remembers) {
        state(b, PMRC_y, O);
    }
    const size_t hidden[] = {PMRC_v, PMRC_g, PMRC_k, PMRC_next, PMRC_a, PMRC_zg, PMRC_zc};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        field(b, hidden[i], H);
    }
    field(b, PMRC_dy, O);
    learns(b, PMRC_W, PMRC_a, X, 1);
    learns(b, PMRC_V, PMRC_dy, PMRC_next, 1);
    if (recurrent) {
        learns(b, PMRC_U, PMRC_a, PMRC_h, 1);
    }
    if (gates) {
        learns(b, PMRC_Wg, PMRC_zg, X, 1);
        learns(b, PMRC_Ug, PMRC_zg, PMRC_m, 1);
        learns(b, PMRC_Wc, PMRC_zc, X, 1);
    }
}

static void plan_dtpn(const ml_cell *c, builder *b) {
    const size_t I = (size_t)c->inputs, H = (size_t)c->hidden, O = (size_t)c->outputs;
    const size_t M = (size_t)c->slots;
    matrix(b, DTPN_W, H, I);
    matrix(b, DTPN_U, H, H);
    vector(b, DTPN_b, H);
    vector(b, DTPN_beta, H);
    vector(b, DTPN_alpha, H);
    matrix(b, DTPN_K, M, H);
    matrix(b, DTPN_G, H, M);
    vector(b, DTPN_delta, H);
    matrix(b, DTPN_V, O, H);
    vector(b, DTPN_c, O);
    const size_t states[] = {DTPN_u, DTPN_m, DTPN_r, DTPN_h};
    const size_t hidden[] = {DTPN_t, DTPN_now, DTPN_called, DTPN_next, DTPN_a, DTPN_d};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        state(b, states[i], H);
    }
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        field(b, hidden[i], H);
    }
    field(b, DTPN_key, M);
    field(b, DTPN_zk, M);
    field(b, DTPN_dy, O);
    learns(b, DTPN_W, DTPN_a, X, 1);
    learns(b, DTPN_U, DTPN_a, DTPN_h, 1);
    learns(b, DTPN_K, DTPN_zk, DTPN_now, 1);
    learns(b, DTPN_G, DTPN_d, DTPN_key, 1);
    learns(b, DTPN_V, DTPN_dy, DTPN_next, 1);
}

static void plan_amn(const ml_cell *c, builder *b) {
    const size_t I = (size_t)c->inputs, H = (size_t)c->hidden, O = (size_t)c->outputs;
    const size_t M = (size_t)c->slots;
    matrix(b, AMN_Bi, H, I);
    vector(b, AMN_b, H);
    vector(b, AMN_A, H);
    vector(b, AMN_B, H);
    vector(b, AMN_L, H);
    vector(b, AMN_theta, H);
    matrix(b, AMN_Q, M, H);
    matrix(b, AMN_K, M, H);
    matrix(b, AMN_Vv, M, H);
    vector(b, AMN_decay, M);
    matrix(b, AMN_C, O, H);
    matrix(b, AMN_D, O, I);
    vector(b, AMN_c, O);
    state(b, AMN_h, H);
    state(b, AMN_l, H);
    state(b, AMN_j, H);
    store(b, AMN_Mm, M * H);
    const size_t hidden[] = {AMN_f, AMN_unit, AMN_trace, AMN_read, AMN_s, AMN_zf};
    const size_t slots[] = {AMN_q, AMN_k, AMN_v, AMN_zq, AMN_zk, AMN_zv};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        field(b, hidden[i], H);
        field(b, slots[i], M);
    }
    field(b, AMN_rho, 1);
    field(b, AMN_dy, O);
    b->plan->derived = 4 * H;
    b->plan->scratch = (3 * LONGEST + 1) * M + STREAMS * LONGEST * LONGEST;
    learns(b, AMN_Bi, AMN_zf, X, 1);
    learns(b, AMN_Q, AMN_zq, AMN_trace, 1);
    learns(b, AMN_K, AMN_zk, AMN_s, 1);
    learns(b, AMN_Vv, AMN_zv, AMN_s, 1);
    learns(b, AMN_C, AMN_dy, AMN_s, 1);
    learns(b, AMN_D, AMN_dy, X, 1);
}

static void plan_ndm(const ml_cell *c, builder *b) {
    const size_t I = (size_t)c->inputs, H = (size_t)c->hidden, O = (size_t)c->outputs;
    const size_t M = (size_t)c->slots;
    matrix(b, NDM_Wi, H, I);
    vector(b, NDM_b, H);
    matrix(b, NDM_Wh, H, H);
    vector(b, NDM_zeta, H);
    vector(b, NDM_pi, H);
    vector(b, NDM_lam, H);
    vector(b, NDM_rho, H);
    matrix(b, NDM_K, M, H);
    vector(b, NDM_Vv, M * H);
    matrix(b, NDM_Q, M, H);
    vector(b, NDM_decay, M);
    matrix(b, NDM_Wo, O, H);
    vector(b, NDM_c, O);
    state(b, NDM_h, H);
    store(b, NDM_F, H * H);
    state(b, NDM_mu, H);
    store(b, NDM_Mm, M * H);
    carried(b, NDM_recalled, H);
    const size_t hidden[] = {NDM_v, NDM_next, NDM_a, NDM_u, NDM_w, NDM_along, NDM_through};
    const size_t slots[] = {NDM_k, NDM_q, NDM_zk, NDM_zq};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        field(b, hidden[i], H);
    }
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
        field(b, slots[i], M);
    }
    field(b, NDM_dy, O);
    b->plan->scratch = (4 * LONGEST + 1) * H + STREAMS * LONGEST * LONGEST;
    learns(b, NDM_Wi, NDM_a, X, 1);
    learns(b, NDM_Wh, NDM_a, NDM_h, 1);
    learns(b, NDM_K, NDM_zk, NDM_h, 1);
    learns(b, NDM_Q, NDM_zq, NDM_h, 1);
    learns(b, NDM_Wo, NDM_dy, NDM_next, 1);
}

static void plan_hyper(const ml_cell *c, builder *b) {
    const size_t I = (size_t)c->inputs, H = (size_t)c->hidden, O = (size_t)c->outputs;
    const size_t M = (size_t)c->slots, N = (size_t)c->heads;
    matrix(b, HYPER_Bi, H, I);
    vector(b, HYPER_b, H);
    vector(b, HYPER_A, N * H);
    vector(b, HYPER_B, N * H);
    vector(b, HYPER_L, N * H);
    matrices(b, HYPER_K, N, M, H);
    vector(b, HYPER_Vv, N * M * H);
    matrices(b, HYPER_Q, N, M, H);
    vector(b, HYPER_decay, N * M);
    vector(b, HYPER_X, N * N);
    matrix(b, HYPER_Gx, N, I);
    matrix(b, HYPER_G, N, H);
    vector(b, HYPER_d, N);
    matrix(b, HYPER_C, O, H);
    matrix(b, HYPER_D, O, I);
    vector(b, HYPER_c, O);
    state(b, HYPER_s, N * H);
    store(b, HYPER_Mm, N * M * H);
    state(b, HYPER_g, H);
    const size_t units[] = {HYPER_f, HYPER_units, HYPER_read, HYPER_out, HYPER_heads};
    const size_t slots[] = {HYPER_k, HYPER_q, HYPER_zk, HYPER_zq};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        field(b, units[i], N * H);
    }
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
        field(b, slots[i], N * M);
    }
    field(b, HYPER_gates, N);
    field(b, HYPER_zeta, N);
    field(b, HYPER_drive, H);
    field(b, HYPER_merged, H);
    field(b, HYPER_zi, H);
    field(b, HYPER_dy, O);
    b->plan->derived = 2 * N * H;
    b->plan->apart = 1;
    learns(b, HYPER_Bi, HYPER_zi, X, 1);
    learns(b, HYPER_K, HYPER_zk, HYPER_units, N);
    learns(b, HYPER_Q, HYPER_zq, HYPER_units, N);
    learns(b, HYPER_Gx, HYPER_zeta, X, 1);
    learns(b, HYPER_G, HYPER_zeta, HYPER_g, 1);
    learns(b, HYPER_C, HYPER_dy, HYPER_merged, 1);
    learns(b, HYPER_D, HYPER_dy, X, 1);
}

static void plan_sgw(const ml_cell *c, builder *b) {
    const size_t I = (size_t)c->inputs, H = (size_t)c->hidden, O = (size_t)c->outputs;
    const size_t M = (size_t)c->slots, P = (size_t)c->candidates, W = (size_t)c->workspace;
    matrix(b, SGW_Wi, P, I);
    matrix(b, SGW_Wb, P, W);
    vector(b, SGW_b, P);
    matrix(b, SGW_Wc, P, W);
    vector(b, SGW_T, 1);
    vector(b, SGW_A, W);
    vector(b, SGW_B, W);
    vector(b, SGW_rho, W);
    matrix(b, SGW_Wp, H, W);
    vector(b, SGW_e, H);
    matrix(b, SGW_K, M, H);
    vector(b, SGW_Vv, M * H);
    matrix(b, SGW_Q, M, H);
    vector(b, SGW_decay, M);
    matrix(b, SGW_Wo, O, H);
    vector(b, SGW_c, O);
    state(b, SGW_w, W);
    state(b, SGW_R, W * W);
    store(b, SGW_Mm, M * H);
    carried(b, SGW_recalled, W);
    const size_t candidates[] = {SGW_pre, SGW_a, SGW_share, SGW_za, SGW_sent};
    const size_t workspace[] = {SGW_f, SGW_new, SGW_z};
    const size_t hidden[] = {SGW_units, SGW_read, SGW_out, SGW_zp};
    const size_t slots[] = {SGW_k, SGW_q, SGW_zk, SGW_zq};
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        field(b, candidates[i], P);
    }
    for (size_t i = 0; i < sizeof workspace / sizeof *workspace; i++) {
        field(b, workspace[i], W);
    }
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        field(b, hidden[i], H);
        field(b, slots[i], M);
    }
    field(b, SGW_dy, O);
    b->plan->derived = P;
    b->plan->apart = 1;
    learns(b, SGW_Wi, SGW_za, X, 1);
    learns(b, SGW_Wb, SGW_za, SGW_w, 1);
    learns(b, SGW_Wc, SGW_sent, SGW_z, 1);
    learns(b, SGW_Wp, SGW_zp, SGW_new, 1);
    learns(b, SGW_K, SGW_zk, SGW_units, 1);
    learns(b, SGW_Q, SGW_zq, SGW_units, 1);
    learns(b, SGW_Wo, SGW_dy, SGW_out, 1);
}

static int sizes_ok(const ml_cell *c) {
    const int32_t needed[] = {c->inputs, c->hidden, c->outputs};
    const int32_t others[] = {c->slots, c->heads, c->rank, c->candidates, c->workspace};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (needed[i] < 1 || needed[i] > LARGEST) {
            return 0;
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (others[i] < 0 || others[i] > LARGEST) {
            return 0;
        }
    }
    const int stores = c->kind != ML_AMRC && c->kind != ML_PMRC;
    return (!stores || c->slots) && (c->kind != ML_HYPER_AMN || (c->heads && c->heads <= 8)) &&
           (c->kind != ML_SGW_AMN || (c->candidates && c->workspace));
}

int cell_plan_of(const ml_cell *cell, cell_plan *plan) {
    static void (*const of[])(const ml_cell *, builder *) = {
        [ML_AMRC] = plan_amrc,  [ML_PMRC] = plan_pmrc,       [ML_AMN] = plan_amn,
        [ML_DTPN] = plan_dtpn,  [ML_HYPER_AMN] = plan_hyper, [ML_SGW_AMN] = plan_sgw,
        [ML_NDM] = plan_ndm,
    };
    if (!cell || (size_t)cell->kind >= sizeof of / sizeof *of || !sizes_ok(cell)) {
        return 0;
    }
    memset(plan, 0, sizeof *plan);
    builder b = {.plan = plan};
    field(&b, X, (size_t)cell->inputs);
    of[cell->kind](cell, &b);
    for (size_t i = 0; i < plan->matrices; i++) {
        const cell_matrix *m = &plan->matrix[i];
        plan->packed += whole_blocks(m->rows) * m->cols + whole_blocks(m->cols) * m->rows;
    }
    const size_t each = plan->apart ? LONGEST * plan->width / 2 : plan->state;
    plan->streams = NEAR / each >= STREAMS ? STREAMS : NEAR / each >= 4 ? 4 : 1;
    plan->every = LONGEST;
    return 1;
}
