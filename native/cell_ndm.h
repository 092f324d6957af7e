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

static void ndm_again(const net *n, REAL *rows) {
    const size_t H = (size_t)n->cell->hidden;
    const gated_store t = store_of(n, (size_t)n->cell->slots, NDM_Vv, NDM_decay, 0);
    REAL *unusual = n->spare, *written = unusual + H;
    for (size_t i = 0; i < n->streams; i++) {
        store_again(&t, field(n, rows, i, NDM_h), field(n, rows, i, NDM_k), stored(n, i, NDM_Mm),
                    left_of(n, i, NDM_Mm));
        if (n->cell->flags & ML_FROZEN) {
            set(H * H, stored(n, i, NDM_F), left_of(n, i, NDM_F));
        } else {
            ndm_written(n, rows, i, unusual, written);
            pair_again(H, parameter(n, NDM_lam), written, unusual, stored(n, i, NDM_F),
                       left_of(n, i, NDM_F));
        }
    }
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

/* Adjoint of what a stream wrote into its fast weights: to gh', gμ, and in `before` to gh. */
static void ndm_unlearn(const net *n, REAL *rows, size_t stream, const REAL *gF, REAL *gnow,
                        REAL *gmu, REAL *before) {
    const size_t H = (size_t)n->cell->hidden;
    const REAL *h = field(n, rows, stream, NDM_h), *now = field(n, rows, stream, NDM_next);
    const REAL *usual = field(n, rows, stream, NDM_mu), *fast = stored(n, stream, NDM_F);
    const REAL *lam = parameter(n, NDM_lam), scale = (REAL)(1 / sqrt((double)H));
    REAL *glam = gradient_of(n, NDM_lam);
    for (size_t i = 0; i < H; i++) {
        const REAL *g = gF + i * H, written = now[i] - usual[i];
        REAL kept = 0, along = 0;
#pragma omp simd reduction(+ : along, kept)
        for (size_t j = 0; j < H; j++) {
            along += g[j] * (h[j] - usual[j]);
            kept += g[j] * fast[i * H + j];
        }
        glam[i] += kept - scale * written * along;
        const REAL share = (1 - lam[i]) * scale;
        gnow[i] += share * along;
        gmu[i] -= share * along;
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            const REAL through = share * written * g[j];
            before[j] += through;
            gmu[j] -= through;
        }
    }
}

/* gF ← λ gF + (π a) hᵀ, and what flows through F to h. */
static void ndm_recall(const net *n, REAL *rows, size_t stream, REAL *gF, REAL *before) {
    const size_t H = (size_t)n->cell->hidden;
    const REAL *h = field(n, rows, stream, NDM_h), *fast = stored(n, stream, NDM_F);
    const REAL *a = field(n, rows, stream, NDM_a), *pi = parameter(n, NDM_pi);
    const REAL *lam = parameter(n, NDM_lam);
    const int frozen = n->cell->flags & ML_FROZEN;
    for (size_t i = 0; i < H; i++) {
        const REAL kept = frozen ? 1 : lam[i], entered = pi[i] * a[i];
        REAL *g = gF + i * H;
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            g[j] = kept * g[j] + entered * h[j];
            before[j] += entered * fast[i * H + j];
        }
    }
}

static void ndm_stream(const net *n, REAL *rows, size_t i, REAL *g) {
    const size_t H = (size_t)n->cell->hidden;
    const REAL *zeta = parameter(n, NDM_zeta), *rho = parameter(n, NDM_rho);
    const REAL *h = field(n, rows, i, NDM_h), *now = field(n, rows, i, NDM_next);
    const REAL *usual = field(n, rows, i, NDM_mu), *v = field(n, rows, i, NDM_v);
    const REAL *recalled = field(n, rows, i, NDM_recalled);
    REAL *a = field(n, rows, i, NDM_a), *gh = g, *gF = g + H, *gmu = gF + H * H;
    REAL *gzeta = gradient_of(n, NDM_zeta), *grho = gradient_of(n, NDM_rho);
    REAL *gpi = gradient_of(n, NDM_pi), *gb = gradient_of(n, NDM_b);
    REAL *before = n->spare;
    memset(before, 0, H * sizeof(REAL));
#pragma omp simd
    for (size_t j = 0; j < H; j++) {
        grho[j] += gmu[j] * (usual[j] - now[j]);
        gh[j] += (1 - rho[j]) * gmu[j];
        gmu[j] *= rho[j];
    }
    if (!(n->cell->flags & ML_FROZEN)) {
        ndm_unlearn(n, rows, i, gF, gh, gmu, before);
    }
#pragma omp simd
    for (size_t j = 0; j < H; j++) {
        gzeta[j] += gh[j] * (v[j] - h[j]);
        a[j] = zeta[j] * gh[j] * (1 - v[j] * v[j]);
        gpi[j] += a[j] * recalled[j];
        gb[j] += a[j];
    }
    ndm_recall(n, rows, i, gF, before);
#pragma omp simd
    for (size_t j = 0; j < H; j++) {
        gh[j] = (1 - zeta[j]) * gh[j] + before[j];
    }
}

static void ndm_backward(const net *n, REAL *rows, REAL *g, const REAL *gy, REAL *gx) {
    const size_t H = (size_t)n->cell->hidden, S = n->plan->state, width = n->plan->width;
    const gated_store t = store_of(n, (size_t)n->cell->slots, NDM_Vv, NDM_decay, 0);
    take_in(n, NDM_c, rows, NDM_dy, gy);
    times_turned(n, NDM_Wo, 0, field(n, rows, 0, NDM_dy), width, g, S);
    for (size_t i = 0; i < n->streams; i++) {
        REAL *own = g + i * S;
        ndm_stream(n, rows, i, own);
        store_adjoint(&t, field(n, rows, i, NDM_h), field(n, rows, i, NDM_k),
                      field(n, rows, i, NDM_q), stored(n, i, NDM_Mm),
                      field(n, rows, i, NDM_a), own + 2 * H + H * H, own,
                      field(n, rows, i, NDM_zk), field(n, rows, i, NDM_zq));
    }
    times_turned(n, NDM_Wi, 0, field(n, rows, 0, NDM_a), width, gx, (size_t)n->cell->inputs);
    times_turned(n, NDM_Wh, 0, field(n, rows, 0, NDM_a), width, g, S);
    times_turned(n, NDM_K, 0, field(n, rows, 0, NDM_zk), width, g, S);
    times_turned(n, NDM_Q, 0, field(n, rows, 0, NDM_zq), width, g, S);
}
