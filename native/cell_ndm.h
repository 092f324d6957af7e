/* NDM: memlab/cells/equations/ndm.py. State: h, F (H, H), μ, Mm (slots, H). */

static void ndm_store(const net *n, REAL *rows) {
    const size_t M = (size_t)n->cell->slots;
    const gated_store t = store_of(n, M, NDM_Vv, NDM_decay, 0);
    begin(n, rows, NDM_k, NULL);
    into(n, NDM_K, rows, NDM_h, NDM_k);
    begin(n, rows, NDM_q, NULL);
    into(n, NDM_Q, rows, NDM_h, NDM_q);
    for (size_t i = 0; i < n->streams; i++) {
        REAL *k = field(n, rows, i, NDM_k), *q = field(n, rows, i, NDM_q);
        logistic_all(M, k);
        logistic_all(M, q);
        store_forward(&t, field(n, rows, i, NDM_h), k, q, stored(n, i, NDM_Mm),
                      left_of(n, i, NDM_Mm), field(n, rows, i, NDM_v));
    }
}

static void ndm_start(const net *n, REAL *rows) {
    const size_t H = (size_t)n->cell->hidden;
    for (size_t i = 0; i < n->streams; i++) {
        recall(H, H, stored(n, i, NDM_F), field(n, rows, i, NDM_h),
               field(n, rows, i, NDM_recalled));
    }
}

/* What a state writes into the fast weights: `written` of each unit about what was `unusual`. */
static void ndm_written(const net *n, REAL *rows, size_t i, REAL *unusual, REAL *written) {
    const size_t H = (size_t)n->cell->hidden;
    const REAL *lam = parameter(n, NDM_lam), scale = (REAL)(1 / sqrt((double)H));
    const REAL *h = field(n, rows, i, NDM_h), *usual = field(n, rows, i, NDM_mu);
    const REAL *now = field(n, rows, i, NDM_next);
#pragma omp simd
    for (size_t j = 0; j < H; j++) {
        unusual[j] = h[j] - usual[j];
        written[j] = (1 - lam[j]) * scale * (now[j] - usual[j]);
    }
}

/* The fast weights after a step, and what they recall in the next one. */
static void ndm_learn(const net *n, REAL *rows, REAL *next, size_t i) {
    const size_t H = (size_t)n->cell->hidden;
    const REAL *now = field(n, rows, i, NDM_next), *fast = stored(n, i, NDM_F);
    REAL *to = left_of(n, i, NDM_F), *recalled = field(n, next, i, NDM_recalled);
    REAL *unusual = n->spare, *written = unusual + H;
    if (n->cell->flags & ML_FROZEN) {
        memmove(to, fast, H * H * sizeof(REAL));
        recall(H, H, to, now, recalled);
        return;
    }
    ndm_written(n, rows, i, unusual, written);
    pair(H, parameter(n, NDM_lam), written, unusual, fast, to, now, recalled);
}

static void ndm_forward(const net *n, REAL *rows, REAL *next, REAL *y) {
    const size_t H = (size_t)n->cell->hidden;
    const REAL *zeta = parameter(n, NDM_zeta), *pi = parameter(n, NDM_pi);
    const REAL *rho = parameter(n, NDM_rho), *b = parameter(n, NDM_b);
    ndm_store(n, rows); /* the field v holds what was read */
    into(n, NDM_Wi, rows, X, NDM_v);
    into(n, NDM_Wh, rows, NDM_h, NDM_v);
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *h = field(n, rows, i, NDM_h), *usual = field(n, rows, i, NDM_mu);
        const REAL *recalled = field(n, rows, i, NDM_recalled);
        REAL *v = field(n, rows, i, NDM_v), *now = field(n, rows, i, NDM_next);
        REAL *to = field(n, next, i, NDM_h), *mean = field(n, next, i, NDM_mu);
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            v[j] = hyperbolic(v[j] + b[j] + pi[j] * recalled[j]);
            to[j] = now[j] = h[j] + zeta[j] * (v[j] - h[j]);
            mean[j] = rho[j] * usual[j] + (1 - rho[j]) * now[j];
        }
        ndm_learn(n, rows, next, i);
    }
    put_out(n, NDM_Wo, NDM_c, rows, NDM_next, y);
}
