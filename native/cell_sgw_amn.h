/* SGW-AMN: memlab/cells/equations/sgw_amn.py. State: w (S), R (S, S), Mm (slots, H). */

#define GELU_SLOPE ((REAL)0.7978845608028654) /* √(2/π) */
#define GELU_CUBE ((REAL)0.044715)

INLINED REAL gelu(REAL x) {
    return (REAL)0.5 * x * (1 + hyperbolic(GELU_SLOPE * (x + GELU_CUBE * x * x * x)));
}

INLINED REAL gelu_slope(REAL x) {
    const REAL t = hyperbolic(GELU_SLOPE * (x + GELU_CUBE * x * x * x));
    const REAL inner = GELU_SLOPE * (1 + 3 * GELU_CUBE * x * x);
    return (REAL)0.5 * (1 + t) + (REAL)0.5 * x * (1 - t * t) * inner;
}

/* Σ_j |Wc_ij|, how strongly a candidate would speak. */
static void sgw_derive(const net *n, REAL *derived) {
    const size_t P = (size_t)n->cell->candidates, W = (size_t)n->cell->workspace;
    const REAL *Wc = parameter(n, SGW_Wc);
    for (size_t i = 0; i < P; i++) {
        derived[i] = 0;
#pragma omp simd
        for (size_t j = 0; j < W; j++) {
            derived[i] += magnitude(Wc[i * W + j]);
        }
    }
}

static void sgw_compete(const net *n, REAL *rows) {
    const size_t P = (size_t)n->cell->candidates;
    const REAL scale = (REAL)n->cell->workspace, T = *parameter(n, SGW_T);
    begin(n, rows, SGW_pre, parameter(n, SGW_b));
    into(n, SGW_Wi, rows, X, SGW_pre);
    into(n, SGW_Wb, rows, SGW_w, SGW_pre);
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *pre = field(n, rows, i, SGW_pre);
        REAL *a = field(n, rows, i, SGW_a), *share = field(n, rows, i, SGW_share);
        REAL *sent = field(n, rows, i, SGW_sent);
#pragma omp simd
        for (size_t k = 0; k < P; k++) {
            a[k] = gelu(pre[k]);
            share[k] = magnitude(a[k]) * n->derived[k] / T;
        }
        softmax(P, share);
#pragma omp simd
        for (size_t k = 0; k < P; k++) {
            sent[k] = scale * share[k] * a[k];
        }
    }
}

static void sgw_start(const net *n, REAL *rows) {
    const size_t W = (size_t)n->cell->workspace;
    for (size_t i = 0; i < n->streams; i++) {
        recall(W, W, field(n, rows, i, SGW_R), field(n, rows, i, SGW_w),
               field(n, rows, i, SGW_recalled));
    }
}

/* The liquid step, and w' into the workspace's own pairs, which recall for the next step. */
static void sgw_workspace(const net *n, REAL *rows, REAL *next) {
    const size_t W = (size_t)n->cell->workspace, width = n->plan->width;
    const REAL *A = parameter(n, SGW_A), *B = parameter(n, SGW_B), *rho = parameter(n, SGW_rho);
    REAL *written = n->spare;
    begin(n, rows, SGW_f, NULL);
    times_turned(n, SGW_Wc, 0, field(n, rows, 0, SGW_sent), width, field(n, rows, 0, SGW_f),
                 width);
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *w = field(n, rows, i, SGW_w), *recalled = field(n, rows, i, SGW_recalled);
        REAL *f = field(n, rows, i, SGW_f), *now = field(n, rows, i, SGW_new);
#pragma omp simd
        for (size_t j = 0; j < W; j++) {
            f[j] = hyperbolic(f[j] + recalled[j]);
            now[j] = liquid(w[j], f[j], A[j], B[j]);
            written[j] = (1 - rho[j]) * now[j];
        }
        set(W, now, field(n, next, i, SGW_w));
        pair(W, rho, written, now, field(n, rows, i, SGW_R), field(n, next, i, SGW_R), now,
             field(n, next, i, SGW_recalled));
    }
}

static void sgw_enter(const net *n, REAL *rows, REAL *next) {
    sgw_compete(n, rows);
    sgw_workspace(n, rows, next);
}

/* Units, keys and queries, for which no step waits, of all steps at once. */
static void sgw_express(const net *n) {
    const size_t H = (size_t)n->cell->hidden, M = (size_t)n->cell->slots;
    const net all = together(n);
    REAL *rows = rows_of(n, n->first);
    begin(&all, rows, SGW_units, parameter(n, SGW_e));
    into_together(&all, SGW_Wp, rows, SGW_new, SGW_units);
    for (size_t i = 0; i < all.streams; i++) {
        tanh_all(H, field(n, rows, i, SGW_units));
    }
    begin(&all, rows, SGW_k, NULL);
    into_together(&all, SGW_K, rows, SGW_units, SGW_k);
    begin(&all, rows, SGW_q, NULL);
    into_together(&all, SGW_Q, rows, SGW_units, SGW_q);
    for (size_t i = 0; i < all.streams; i++) {
        logistic_all(M, field(n, rows, i, SGW_k));
        logistic_all(M, field(n, rows, i, SGW_q));
    }
}

/* The steps of a stream that do not wait. */
static store_steps sgw_steps(const net *n, size_t i) {
    store_steps w = {0};
    for (size_t t = n->first; t < n->first + n->count; t++) {
        REAL *rows = rows_of(n, t);
        if (!waits(n, i, t)) {
            const size_t p = w.count++;
            w.s[p] = field(n, rows, i, SGW_units);
            w.k[p] = field(n, rows, i, SGW_k);
            w.q[p] = field(n, rows, i, SGW_q);
            w.read[p] = field(n, rows, i, SGW_read);
            w.gs[p] = field(n, rows, i, SGW_zp);
            w.zk[p] = field(n, rows, i, SGW_zk);
            w.zq[p] = field(n, rows, i, SGW_zq);
        }
    }
    return w;
}

static void sgw_walk(const net *n) {
    sgw_express(n);
    const gated_store t = store_of(n, (size_t)n->cell->slots, SGW_Vv, SGW_decay, 0);
    for (size_t i = 0; i < n->streams; i++) {
        const store_steps w = sgw_steps(n, i);
        store_walk(&t, &w, stored(n, i, SGW_Mm));
    }
    begin_waiting(n, SGW_read);
}

static void sgw_forward(const net *n, REAL *rows, REAL *next, REAL *y) {
    const size_t H = (size_t)n->cell->hidden;
    (void)next;
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *units = field(n, rows, i, SGW_units);
        REAL *read = field(n, rows, i, SGW_read), *out = field(n, rows, i, SGW_out);
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            read[j] = hyperbolic(read[j]);
            out[j] = (REAL)0.7 * units[j] + (REAL)0.3 * read[j];
        }
    }
    put_out(n, SGW_Wo, SGW_c, rows, SGW_out, y);
}

/* From the outputs to the units, and to what was read. */
static void sgw_backward(const net *n, REAL *rows, REAL *g, const REAL *gy, REAL *gx) {
    const size_t H = (size_t)n->cell->hidden, width = n->plan->width;
    (void)g;
    (void)gx;
    take_in(n, SGW_c, rows, SGW_dy, gy);
    begin(n, rows, SGW_zp, NULL);
    times_turned(n, SGW_Wo, 0, field(n, rows, 0, SGW_dy), width, field(n, rows, 0, SGW_zp), width);
    for (size_t i = 0; i < n->streams; i++) {
        REAL *read = field(n, rows, i, SGW_read), *gu = field(n, rows, i, SGW_zp);
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            read[j] = (REAL)0.3 * gu[j] * (1 - read[j] * read[j]);
            gu[j] *= (REAL)0.7;
        }
    }
}

/* Through the store of all steps to the units before their tanh. */
static void sgw_unwalk(const net *n, REAL *g) {
    const size_t H = (size_t)n->cell->hidden, W = (size_t)n->cell->workspace;
    const size_t S = n->plan->state, width = n->plan->width;
    const gated_store t = store_of(n, (size_t)n->cell->slots, SGW_Vv, SGW_decay, 0);
    REAL *first = rows_of(n, n->first);
    for (size_t i = 0; i < n->streams; i++) {
        const store_steps w = sgw_steps(n, i);
        store_unwalk(&t, &w, stored(n, i, SGW_Mm), g + i * S + W + W * W);
    }
    begin_waiting(n, SGW_zk);
    begin_waiting(n, SGW_zq);
    const net all = together(n);
    REAL *gu = field(n, first, 0, SGW_zp);
    times_turned(&all, SGW_K, 0, field(n, first, 0, SGW_zk), width, gu, width);
    times_turned(&all, SGW_Q, 0, field(n, first, 0, SGW_zq), width, gu, width);
    for (size_t i = 0; i < all.streams; i++) {
        const REAL *units = field(n, first, i, SGW_units);
        REAL *zp = field(n, first, i, SGW_zp);
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            zp[j] *= 1 - units[j] * units[j];
        }
        add(H, zp, gradient_of(n, SGW_e));
    }
}

/* From w' and its pairs to w, to f, and to what was recalled. */
static void sgw_unwork(const net *n, REAL *rows, size_t stream, REAL *gw) {
    const size_t W = (size_t)n->cell->workspace;
    const REAL *A = parameter(n, SGW_A), *B = parameter(n, SGW_B), *rho = parameter(n, SGW_rho);
    REAL *gA = gradient_of(n, SGW_A), *gB = gradient_of(n, SGW_B), *grho = gradient_of(n, SGW_rho);
    const REAL *w = field(n, rows, stream, SGW_w), *R = field(n, rows, stream, SGW_R);
    const REAL *f = field(n, rows, stream, SGW_f), *now = field(n, rows, stream, SGW_new);
    REAL *z = field(n, rows, stream, SGW_z), *gR = gw + W;
    for (size_t i = 0; i < W; i++) {
        const REAL *g = gR + i * W, along = dot(W, g, now);
        grho[i] += dot(W, g, R + i * W) - now[i] * along;
        gw[i] += (1 - rho[i]) * along;
#pragma omp simd
        for (size_t j = 0; j < W; j++) {
            gw[j] += (1 - rho[i]) * now[i] * g[j];
        }
    }
#pragma omp simd
    for (size_t i = 0; i < W; i++) {
        REAL gf;
        gw[i] = liquid_adjoint(gw[i], f[i], A[i], B[i], now[i], &gf, gA + i, gB + i);
        z[i] = gf * (1 - f[i] * f[i]);
    }
    for (size_t i = 0; i < W; i++) {
#pragma omp simd
        for (size_t j = 0; j < W; j++) {
            gR[i * W + j] = rho[i] * gR[i * W + j] + z[i] * w[j];
            gw[j] += z[i] * R[i * W + j];
        }
    }
}

/* From t, the gradient of what the candidates sent, to the candidates; how strongly they spoke, in
 * `share`, becomes the gradient of Σ_j |Wc_ij|. */
static void sgw_uncompete(const net *n, REAL *rows, size_t stream, const REAL *t) {
    const size_t P = (size_t)n->cell->candidates;
    const REAL scale = (REAL)n->cell->workspace, T = *parameter(n, SGW_T);
    const REAL *pre = field(n, rows, stream, SGW_pre), *a = field(n, rows, stream, SGW_a);
    REAL *share = field(n, rows, stream, SGW_share), *za = field(n, rows, stream, SGW_za);
    const REAL *strength = n->derived;
    REAL *gT = gradient_of(n, SGW_T), mean = 0, cooler = 0;
#pragma omp simd reduction(+ : mean)
    for (size_t i = 0; i < P; i++) {
        mean += share[i] * scale * t[i] * a[i];
    }
#pragma omp simd reduction(+ : cooler)
    for (size_t i = 0; i < P; i++) {
        const REAL ge = share[i] * (scale * t[i] * a[i] - mean) / T, m = magnitude(a[i]);
        const REAL ga = scale * t[i] * share[i] + ge * strength[i] * sign_of(a[i]);
        cooler += ge * m * strength[i];
        za[i] = ga * gelu_slope(pre[i]);
        share[i] = ge * m;
    }
    *gT -= cooler / T;
    add(P, za, gradient_of(n, SGW_b));
}

/* The gradient of Σ_j |Wc_ij| of all steps into that of Wc. */
static void sgw_speak(const net *n) {
    const size_t P = (size_t)n->cell->candidates, W = (size_t)n->cell->workspace;
    const REAL *Wc = parameter(n, SGW_Wc);
    REAL *gWc = gradient_of(n, SGW_Wc), *all = n->spare, *first = rows_of(n, n->first);
    memset(all, 0, P * sizeof(REAL));
    for (size_t i = 0; i < n->count * n->streams; i++) {
        add(P, field(n, first, i, SGW_share), all);
    }
    for (size_t i = 0; i < P; i++) {
#pragma omp simd
        for (size_t j = 0; j < W; j++) {
            gWc[i * W + j] += all[i] * sign_of(Wc[i * W + j]);
        }
    }
}

static void sgw_leave(const net *n, REAL *rows, REAL *g, REAL *gx) {
    const size_t P = (size_t)n->cell->candidates, S = n->plan->state, width = n->plan->width;
    REAL *t = n->spare;
    times_turned(n, SGW_Wp, 0, field(n, rows, 0, SGW_zp), width, g, S);
    for (size_t i = 0; i < n->streams; i++) {
        sgw_unwork(n, rows, i, g + i * S);
    }
    memset(t, 0, n->streams * P * sizeof(REAL));
    times(n, SGW_Wc, 0, field(n, rows, 0, SGW_z), width, t, P);
    for (size_t i = 0; i < n->streams; i++) {
        sgw_uncompete(n, rows, i, t + i * P);
    }
    times_turned(n, SGW_Wb, 0, field(n, rows, 0, SGW_za), width, g, S);
    times_turned(n, SGW_Wi, 0, field(n, rows, 0, SGW_za), width, gx, (size_t)n->cell->inputs);
    if (rows == rows_of(n, n->first)) {
        sgw_speak(n);
    }
}
