/* The adjoint of NDM. Fast weights F' = λ F + w uᵀ, of what was written and unusual, recall r = F h;
 * with e the gradient of r, within some steps as in cell_amn_back.h:
 *   gF_(p+1) = λ^(count-1-p) gF + Σ_{t>p} λ^(t-p-1) e_t h_tᵀ,  F_p = λ^p F + Σ_{t<p} λ^(p-1-t) w_t u_tᵀ
 */

/* What the steps of a tile share: powers (LONGEST + 1, H), three tables (H, LONGEST), and of each
 * stream u_p·h_t (LONGEST, LONGEST). */
static REAL *ndm_powers(const net *n, size_t power) {
    return n->scratch + power * (size_t)n->cell->hidden;
}

static REAL *ndm_table(const net *n, size_t which) {
    return ndm_powers(n, LONGEST + 1) + which * LONGEST * (size_t)n->cell->hidden;
}

static REAL *ndm_met(const net *n, size_t stream) {
    return ndm_table(n, 3) + stream * LONGEST * LONGEST;
}

/* The gated store after a step. */
static void ndm_again(const net *n, REAL *rows, size_t step) {
    const size_t M = (size_t)n->cell->slots;
    const gated_store t = store_of(n, M, NDM_Vv, NDM_decay, 0);
    for (size_t i = 0; i < n->streams; i++) {
        if (waits(n, i, step)) {
            set(n->plan->size[NDM_Mm], stored(n, i, NDM_Mm), left_of(n, i, NDM_Mm));
        } else {
            store_again(&t, field(n, rows, i, NDM_h), field(n, rows, i, NDM_k),
                        stored(n, i, NDM_Mm), left_of(n, i, NDM_Mm));
        }
    }
}

/* Products of a stream's fast weights and of their gradient with all of its steps. */
static void ndm_meet(const net *n, const moves *own, size_t i, const REAL *gF) {
    const size_t H = (size_t)n->cell->hidden, count = own->count;
    const REAL *fast = stored(n, i, NDM_F);
    REAL *along = ndm_table(n, 0), *recalled = ndm_table(n, 1), *weights = ndm_table(n, 2);
    REAL *glam = gradient_of(n, NDM_lam), *met = ndm_met(n, i);
    REAL *u[LONGEST], *h[LONGEST], *through[LONGEST];
    fields_of(n, own, i, NDM_u, u);
    fields_of(n, own, i, NDM_h, h);
    fields_of(n, own, i, NDM_through, through);
    cross_all(H, count, H, gF, u, along);
    cross_all(H, count, H, fast, h, recalled);
    for (size_t p = 0; p < count; p++) {
        const REAL *left = ndm_powers(n, count - 1 - p);
        const REAL *less = ndm_powers(n, count - 1 - p ? count - 2 - p : 0);
        const REAL *w = field(n, own->rows[p], i, NDM_w);
        REAL *to = field(n, own->rows[p], i, NDM_along), *a = field(n, own->rows[p], i, NDM_a);
        for (size_t j = 0; j < H; j++) {
            to[j] = left[j] * along[j * count + p];
            a[j] = recalled[j * count + p];
            weights[j * count + p] = left[j] * w[j];
            glam[j] += (REAL)(count - 1 - p) * less[j] * w[j] * along[j * count + p];
        }
        for (size_t t = p + 1; t < count; t++) {
            met[p * LONGEST + t] = dot(H, u[p], h[t]);
        }
    }
    spread_all(H, count, H, gF, weights, through);
    for (size_t j = 0; count && j < H; j++) {
        glam[j] += (REAL)count * ndm_powers(n, count - 1)[j] * dot(H, gF + j * H, fast + j * H);
    }
}

/* Before the first of some steps back. Frozen, nothing was written and λ is 1. */
static void ndm_open(const net *n, REAL *g) {
    const size_t H = (size_t)n->cell->hidden, S = n->plan->state;
    const int frozen = n->cell->flags & ML_FROZEN;
    powers_of(H, parameter(n, NDM_lam), n->scratch);
    for (size_t j = 0; frozen && j < (LONGEST + 1) * H; j++) {
        n->scratch[j] = 1;
    }
    for (size_t i = 0; i < n->streams; i++) {
        const moves own = moves_of(n, i);
        for (size_t p = 0; p < own.count; p++) {
            REAL *rows = own.rows[p], *w = field(n, rows, i, NDM_w);
            ndm_written(n, rows, i, field(n, rows, i, NDM_u), w);
            memset(field(n, rows, i, NDM_through), 0, H * sizeof(REAL));
            memset(w, 0, frozen ? H * sizeof(REAL) : 0);
        }
        if (!frozen) {
            ndm_meet(n, &own, i, g + i * S + H);
        }
    }
}

/* Adjoint of what a step wrote into fast weights: to gh', gμ, and in `before` to gh. */
static void ndm_unlearn(const net *n, const moves *own, size_t p, size_t i, REAL *gnow, REAL *gmu,
                        REAL *before) {
    const size_t H = (size_t)n->cell->hidden;
    const REAL *now = field(n, own->rows[p], i, NDM_next), *w = field(n, own->rows[p], i, NDM_w);
    const REAL *usual = field(n, own->rows[p], i, NDM_mu), *lam = parameter(n, NDM_lam);
    const REAL scale = (REAL)(1 / sqrt((double)H)), *met = ndm_met(n, i);
    REAL *along = field(n, own->rows[p], i, NDM_along), *glam = gradient_of(n, NDM_lam);
    REAL *through = field(n, own->rows[p], i, NDM_through);
    for (size_t t = p + 1; t < own->count; t++) {
        const REAL *e = field(n, own->rows[t], i, NDM_recalled), *power = ndm_powers(n, t - p - 1);
        const REAL *h = field(n, own->rows[t], i, NDM_h), known = met[p * LONGEST + t];
        REAL share = 0;
#pragma omp simd reduction(+ : share)
        for (size_t j = 0; j < H; j++) {
            const REAL entered = power[j] * e[j];
            share += w[j] * entered;
            along[j] += entered * known;
        }
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            through[j] += share * h[j];
        }
    }
#pragma omp simd
    for (size_t j = 0; j < H; j++) {
        const REAL share = (1 - lam[j]) * scale * along[j];
        glam[j] -= scale * (now[j] - usual[j]) * along[j];
        gnow[j] += share;
        gmu[j] -= share + through[j];
        before[j] += through[j];
    }
}

/* What flows through F to h, from e, which is where what was recalled had been. */
static void ndm_recall(const net *n, const moves *own, size_t p, size_t i, const REAL *recalled,
                       REAL *before) {
    const size_t H = (size_t)n->cell->hidden;
    const REAL *e = field(n, own->rows[p], i, NDM_recalled), *met = ndm_met(n, i);
    const REAL *power = ndm_powers(n, p), *less = ndm_powers(n, p ? p - 1 : 0);
    REAL *glam = gradient_of(n, NDM_lam), *weights = ndm_table(n, 0);
    const int frozen = n->cell->flags & ML_FROZEN;
#pragma omp simd
    for (size_t j = 0; j < H; j++) {
        weights[j] = power[j] * e[j];
    }
    spread_all(H, 1, H, copy_of(n, n->first) + i * n->plan->kept + n->plan->field[NDM_F], weights,
               &before);
    if (frozen) {
        return;
    }
#pragma omp simd
    for (size_t j = 0; j < H; j++) {
        glam[j] += (REAL)p * less[j] * e[j] * recalled[j];
    }
    for (size_t t = 0; t < p; t++) {
        const REAL *w = field(n, own->rows[t], i, NDM_w), *u = field(n, own->rows[t], i, NDM_u);
        const REAL *between = ndm_powers(n, p - 1 - t), apart = (REAL)(p - 1 - t);
        const REAL *fewer = ndm_powers(n, p - 1 - t ? p - 2 - t : 0);
        const REAL known = met[t * LONGEST + p];
        REAL share = 0;
#pragma omp simd reduction(+ : share)
        for (size_t j = 0; j < H; j++) {
            share += between[j] * w[j] * e[j];
            glam[j] += apart * fewer[j] * w[j] * e[j] * known;
        }
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            before[j] += share * u[j];
        }
    }
}

/* One step of a stream. */
static void ndm_stream(const net *n, REAL *rows, size_t i, REAL *g) {
    const size_t H = (size_t)n->cell->hidden;
    const REAL *zeta = parameter(n, NDM_zeta), *rho = parameter(n, NDM_rho);
    const REAL *pi = parameter(n, NDM_pi), *now = field(n, rows, i, NDM_next);
    const REAL *h = field(n, rows, i, NDM_h);
    const REAL *usual = field(n, rows, i, NDM_mu), *v = field(n, rows, i, NDM_v);
    REAL *a = field(n, rows, i, NDM_a), *gh = g, *gmu = g + H + H * H;
    REAL *gzeta = gradient_of(n, NDM_zeta), *grho = gradient_of(n, NDM_rho);
    REAL *gpi = gradient_of(n, NDM_pi), *gb = gradient_of(n, NDM_b);
    REAL *before = n->spare, *recalled = before + H, *e = field(n, rows, i, NDM_recalled);
    const moves own = moves_of(n, i);
    const size_t p = move_of(&own, rows);
    memset(before, 0, H * sizeof(REAL));
#pragma omp simd
    for (size_t j = 0; j < H; j++) {
        grho[j] += gmu[j] * (usual[j] - now[j]);
        gh[j] += (1 - rho[j]) * gmu[j];
        gmu[j] *= rho[j];
    }
    if (!(n->cell->flags & ML_FROZEN)) {
        ndm_unlearn(n, &own, p, i, gh, gmu, before);
    }
#pragma omp simd
    for (size_t j = 0; j < H; j++) {
        recalled[j] = a[j]; /* of the fast weights before all these steps */
        gzeta[j] += gh[j] * (v[j] - h[j]);
        a[j] = zeta[j] * gh[j] * (1 - v[j] * v[j]);
        gpi[j] += a[j] * e[j];
        e[j] = pi[j] * a[j];
        gb[j] += a[j];
    }
    ndm_recall(n, &own, p, i, recalled, before);
#pragma omp simd
    for (size_t j = 0; j < H; j++) {
        gh[j] = (1 - zeta[j]) * gh[j] + before[j];
    }
}

static void ndm_backward(const net *n, REAL *rows, REAL *g, const REAL *gy, REAL *gx) {
    const size_t H = (size_t)n->cell->hidden, S = n->plan->state, width = n->plan->width;
    const size_t M = (size_t)n->cell->slots;
    const gated_store t = store_of(n, M, NDM_Vv, NDM_decay, 0);
    take_in(n, NDM_c, rows, NDM_dy, gy);
    times_turned(n, NDM_Wo, 0, field(n, rows, 0, NDM_dy), width, g, S);
    for (size_t i = 0; i < n->streams; i++) {
        REAL *own = g + i * S, *zk = field(n, rows, i, NDM_zk), *zq = field(n, rows, i, NDM_zq);
        const moves steps = moves_of(n, i);
        if (move_of(&steps, rows) == steps.count) {
            memset(field(n, rows, i, NDM_a), 0, H * sizeof(REAL));
            memset(zk, 0, M * sizeof(REAL));
            memset(zq, 0, M * sizeof(REAL));
            continue;
        }
        ndm_stream(n, rows, i, own);
        store_adjoint(&t, field(n, rows, i, NDM_h), field(n, rows, i, NDM_k),
                      field(n, rows, i, NDM_q), stored(n, i, NDM_Mm), field(n, rows, i, NDM_a),
                      own + 2 * H + H * H, own, zk, zq);
    }
    times_turned(n, NDM_Wi, 0, field(n, rows, 0, NDM_a), width, gx, (size_t)n->cell->inputs);
    times_turned(n, NDM_Wh, 0, field(n, rows, 0, NDM_a), width, g, S);
    times_turned(n, NDM_K, 0, field(n, rows, 0, NDM_zk), width, g, S);
    times_turned(n, NDM_Q, 0, field(n, rows, 0, NDM_zq), width, g, S);
}

/* gF before some steps: λ^count of that after them, and what was recalled. */
static void ndm_close(const net *n, REAL *g) {
    const size_t H = (size_t)n->cell->hidden, S = n->plan->state;
    REAL *weights = ndm_table(n, 0);
    for (size_t i = 0; i < n->streams; i++) {
        const moves own = moves_of(n, i);
        REAL *h[LONGEST];
        fields_of(n, &own, i, NDM_h, h);
        for (size_t p = 0; p < own.count; p++) {
            const REAL *e = field(n, own.rows[p], i, NDM_recalled), *power = ndm_powers(n, p);
            for (size_t j = 0; j < H; j++) {
                weights[j * own.count + p] = power[j] * e[j];
            }
        }
        absorb_all(H, own.count, H, ndm_powers(n, own.count), weights, h, g + i * S + H);
    }
}
