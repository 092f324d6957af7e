/* AMN: memlab/cells/equations/amn.py. */

/* L cos θ, L sin θ, √(1 - L²), L / √(1 - L²). */
static void amn_derive(const net *n, REAL *derived) {
    const size_t H = (size_t)n->cell->hidden;
    const REAL *L = parameter(n, AMN_L), *theta = parameter(n, AMN_theta);
#pragma omp simd
    for (size_t j = 0; j < H; j++) {
        derived[j] = (REAL)(L[j] * cos(theta[j]));
        derived[H + j] = (REAL)(L[j] * sin(theta[j]));
    }
    unit_gain(H, L, derived + 2 * H, derived + 3 * H);
}

static void amn_traces(const net *n, REAL *rows, REAL *next) {
    const size_t H = (size_t)n->cell->hidden;
    const REAL *A = parameter(n, AMN_A), *B = parameter(n, AMN_B);
    const REAL *along = n->derived, *across = along + H, *root = across + H;
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *h = field(n, rows, i, AMN_h), *l = field(n, rows, i, AMN_l);
        const REAL *turned = field(n, rows, i, AMN_j);
        REAL *f = field(n, rows, i, AMN_f), *unit = field(n, rows, i, AMN_unit);
        REAL *trace = field(n, rows, i, AMN_trace), *leaky = field(n, next, i, AMN_h);
        REAL *kept = field(n, next, i, AMN_l), *across_kept = field(n, next, i, AMN_j);
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            f[j] = hyperbolic(f[j]);
            leaky[j] = unit[j] = liquid(h[j], f[j], A[j], B[j]);
            trace[j] = along[j] * l[j] - across[j] * turned[j] + root[j] * unit[j];
            kept[j] = trace[j];
            across_kept[j] = across[j] * l[j] + along[j] * turned[j];
        }
    }
}

enum { SLOTS = 4 }; /* of a store, walked through together */

/* Σ_m q_m Mm_m, SLOTS rows at a time. */
static void amn_recall(size_t M, size_t H, const REAL *q, const REAL *store, REAL *restrict r) {
    size_t m = 0;
    memset(r, 0, H * sizeof(REAL));
    for (; m + SLOTS <= M; m += SLOTS) {
        const REAL *slot = store + m * H, *w = q + m;
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            r[j] += (w[0] * slot[j] + w[1] * slot[H + j]) +
                    (w[2] * slot[2 * H + j] + w[3] * slot[3 * H + j]);
        }
    }
    for (; m < M; m++) {
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            r[j] += q[m] * store[m * H + j];
        }
    }
}

/* What the store answers to the query, its size normalised, mixed with the trace. */
static void amn_read(const net *n, REAL *rows) {
    const size_t H = (size_t)n->cell->hidden, M = (size_t)n->cell->slots;
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *store = stored(n, i, AMN_Mm), *trace = field(n, rows, i, AMN_trace);
        REAL *q = field(n, rows, i, AMN_q), *r = field(n, rows, i, AMN_read);
        REAL *s = field(n, rows, i, AMN_s), *rho = field(n, rows, i, AMN_rho);
        tanh_all(M, q);
        amn_recall(M, H, q, store, r);
        *rho = (REAL)sqrt(1 + dot(H, r, r) / (REAL)H);
        const REAL scale = 1 / *rho;
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            r[j] *= scale;
            s[j] = (REAL)0.7 * trace[j] + (REAL)0.3 * r[j];
        }
    }
}

/* From the store before a step to the one after it. */
static void amn_write(const net *n, REAL *rows) {
    const size_t H = (size_t)n->cell->hidden, M = (size_t)n->cell->slots;
    const REAL *decay = parameter(n, AMN_decay);
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *store = stored(n, i, AMN_Mm), *s = field(n, rows, i, AMN_s);
        const REAL *k = field(n, rows, i, AMN_k), *v = field(n, rows, i, AMN_v);
        REAL *to = left_of(n, i, AMN_Mm);
        for (size_t m = 0; m < M; m++) {
            const REAL kept = decay[m], written = (1 - kept) * k[m] * v[m];
#pragma omp simd
            for (size_t j = 0; j < H; j++) {
                to[m * H + j] = kept * store[m * H + j] + written * s[j];
            }
        }
    }
}

static void amn_forward(const net *n, REAL *rows, REAL *next, REAL *y) {
    begin(n, rows, AMN_f, parameter(n, AMN_b));
    into(n, AMN_Bi, rows, X, AMN_f);
    amn_traces(n, rows, next);
    begin(n, rows, AMN_q, NULL);
    into(n, AMN_Q, rows, AMN_trace, AMN_q);
    amn_read(n, rows);
    put_out(n, AMN_C, AMN_c, rows, AMN_s, y);
    times(n, AMN_D, 0, field(n, rows, 0, X), n->plan->width, y, (size_t)n->cell->outputs);
    begin(n, rows, AMN_k, NULL);
    into(n, AMN_K, rows, AMN_s, AMN_k);
    begin(n, rows, AMN_v, NULL);
    into(n, AMN_Vv, rows, AMN_s, AMN_v);
    for (size_t i = 0; i < n->streams; i++) {
        logistic_all((size_t)n->cell->slots, field(n, rows, i, AMN_k));
    }
    amn_write(n, rows);
}
