/* DTPN: memlab/cells/equations/dtpn.py. The slots of an ml_cell are its keys. */

static void dtpn_forward(const net *n, REAL *rows, REAL *next, REAL *y) {
    const size_t H = (size_t)n->cell->hidden, M = (size_t)n->cell->slots;
    const REAL *beta = parameter(n, DTPN_beta), *alpha = parameter(n, DTPN_alpha);
    const REAL *delta = parameter(n, DTPN_delta);
    begin(n, rows, DTPN_t, parameter(n, DTPN_b));
    into(n, DTPN_W, rows, X, DTPN_t);
    into(n, DTPN_U, rows, DTPN_h, DTPN_t);
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *u = field(n, rows, i, DTPN_u);
        REAL *t = field(n, rows, i, DTPN_t), *now = field(n, rows, i, DTPN_now);
        tanh_all(H, t);
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            now[j] = t[j] + beta[j] * u[j];
        }
    }
    begin(n, rows, DTPN_key, NULL);
    into(n, DTPN_K, rows, DTPN_now, DTPN_key);
    for (size_t i = 0; i < n->streams; i++) {
        REAL *key = field(n, rows, i, DTPN_key);
        for (size_t m = 0; m < M; m++) {
            key[m] = logistic(key[m]) - (REAL)0.5;
        }
    }
    begin(n, rows, DTPN_called, NULL);
    into(n, DTPN_G, rows, DTPN_key, DTPN_called);
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *m = field(n, rows, i, DTPN_m), *r = field(n, rows, i, DTPN_r);
        const REAL *u = field(n, rows, i, DTPN_now), *called = field(n, rows, i, DTPN_called);
        REAL *h = field(n, rows, i, DTPN_next), *echo = field(n, next, i, DTPN_u);
        REAL *slow = field(n, next, i, DTPN_m), *global = field(n, next, i, DTPN_r);
        REAL *shown = field(n, next, i, DTPN_h);
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            echo[j] = u[j];
            slow[j] = m[j] + alpha[j] * (u[j] - m[j]);
            global[j] = called[j] + delta[j] * (r[j] - called[j]);
            shown[j] = h[j] = hyperbolic(u[j] + slow[j] + global[j]);
        }
    }
    put_out(n, DTPN_V, DTPN_c, rows, DTPN_next, y);
}

/* From gh to gr, gm and the call. */
static void dtpn_tracks(const net *n, REAL *rows, REAL *g) {
    const size_t H = (size_t)n->cell->hidden, S = n->plan->state;
    const REAL *delta = parameter(n, DTPN_delta);
    REAL *gdelta = gradient_of(n, DTPN_delta);
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *r = field(n, rows, i, DTPN_r), *called = field(n, rows, i, DTPN_called);
        const REAL *h = field(n, rows, i, DTPN_next);
        REAL *d = field(n, rows, i, DTPN_d), *gm = g + i * S + H, *gr = gm + H, *gh = gr + H;
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            gh[j] *= 1 - h[j] * h[j];
            gr[j] += gh[j];
            gm[j] += gh[j];
            d[j] = (1 - delta[j]) * gr[j];
            gdelta[j] += gr[j] * (r[j] - called[j]);
            gr[j] *= delta[j];
        }
    }
}

static void dtpn_backward(const net *n, REAL *rows, REAL *g, const REAL *gy, REAL *gx) {
    const size_t H = (size_t)n->cell->hidden, M = (size_t)n->cell->slots, S = n->plan->state;
    const size_t width = n->plan->width;
    const REAL *beta = parameter(n, DTPN_beta), *alpha = parameter(n, DTPN_alpha);
    REAL *gbeta = gradient_of(n, DTPN_beta), *galpha = gradient_of(n, DTPN_alpha);
    take_in(n, DTPN_c, rows, DTPN_dy, gy);
    times_turned(n, DTPN_V, 0, field(n, rows, 0, DTPN_dy), width, g + 3 * H, S);
    dtpn_tracks(n, rows, g);
    begin(n, rows, DTPN_zk, NULL);
    times_turned(n, DTPN_G, 0, field(n, rows, 0, DTPN_d), width, field(n, rows, 0, DTPN_zk),
                 width);
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *key = field(n, rows, i, DTPN_key);
        const REAL *u = field(n, rows, i, DTPN_now), *m = field(n, rows, i, DTPN_m);
        REAL *zk = field(n, rows, i, DTPN_zk), *gu = g + i * S, *gm = gu + H;
#pragma omp simd
        for (size_t k = 0; k < M; k++) {
            zk[k] *= (REAL)0.25 - key[k] * key[k]; /* of k - ½ the slope k (1 - k) */
        }
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            gu[j] += gm[j] * alpha[j] + (g + i * S)[3 * H + j];
            galpha[j] += gm[j] * (u[j] - m[j]);
            gm[j] *= 1 - alpha[j];
        }
    }
    times_turned(n, DTPN_K, 0, field(n, rows, 0, DTPN_zk), width, g, S);
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *old = field(n, rows, i, DTPN_u), *t = field(n, rows, i, DTPN_t);
        REAL *a = field(n, rows, i, DTPN_a), *gu = g + i * S;
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            a[j] = gu[j] * (1 - t[j] * t[j]);
            gbeta[j] += gu[j] * old[j];
            gu[j] *= beta[j];
        }
        add(H, a, gradient_of(n, DTPN_b));
        memset(gu + 3 * H, 0, H * sizeof(REAL));
    }
    times_turned(n, DTPN_U, 0, field(n, rows, 0, DTPN_a), width, g + 3 * H, S);
    times_turned(n, DTPN_W, 0, field(n, rows, 0, DTPN_a), width, gx, (size_t)n->cell->inputs);
}
