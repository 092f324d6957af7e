/* AMRC: memlab/cells/equations/amrc.py. */

static void amrc_forward(const net *n, REAL *rows, REAL *next, REAL *y) {
    const size_t H = (size_t)n->cell->hidden;
    const REAL *kappa = parameter(n, AMRC_kappa), *alpha = parameter(n, AMRC_alpha);
    const REAL *beta = parameter(n, AMRC_beta);
    begin(n, rows, AMRC_v, parameter(n, AMRC_b));
    into(n, AMRC_W, rows, X, AMRC_v);
    if (n->cell->rank) {
        begin(n, rows, AMRC_seen, NULL);
        into(n, AMRC_R, rows, AMRC_h, AMRC_seen);
        into(n, AMRC_P, rows, AMRC_seen, AMRC_v);
    }
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *m = field(n, rows, i, AMRC_m), *h = field(n, rows, i, AMRC_h);
        REAL *v = field(n, rows, i, AMRC_v), *now = field(n, rows, i, AMRC_next);
        REAL *kept = field(n, next, i, AMRC_m), *shown = field(n, next, i, AMRC_h);
#pragma omp simd
        for (size_t k = 0; k < H; k++) {
            v[k] = hyperbolic(v[k] + kappa[k] * m[k]);
            kept[k] = m[k] + alpha[k] * (v[k] - m[k]);
            shown[k] = now[k] = v[k] + beta[k] * h[k];
        }
    }
    put_out(n, AMRC_V, AMRC_c, rows, AMRC_next, y);
}

static void amrc_backward(const net *n, REAL *rows, REAL *g, const REAL *gy, REAL *gx) {
    const size_t H = (size_t)n->cell->hidden, S = n->plan->state, width = n->plan->width;
    const REAL *kappa = parameter(n, AMRC_kappa), *alpha = parameter(n, AMRC_alpha);
    const REAL *beta = parameter(n, AMRC_beta);
    REAL *gkappa = gradient_of(n, AMRC_kappa), *galpha = gradient_of(n, AMRC_alpha);
    REAL *gbeta = gradient_of(n, AMRC_beta), *gb = gradient_of(n, AMRC_b);
    take_in(n, AMRC_c, rows, AMRC_dy, gy);
    times_turned(n, AMRC_V, 0, field(n, rows, 0, AMRC_dy), width, g + H, S);
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *m = field(n, rows, i, AMRC_m), *h = field(n, rows, i, AMRC_h);
        const REAL *v = field(n, rows, i, AMRC_v);
        REAL *a = field(n, rows, i, AMRC_a), *gm = g + i * S, *gh = gm + H;
#pragma omp simd
        for (size_t k = 0; k < H; k++) {
            a[k] = (gh[k] + alpha[k] * gm[k]) * (1 - v[k] * v[k]);
            gb[k] += a[k];
            gbeta[k] += gh[k] * h[k];
            galpha[k] += gm[k] * (v[k] - m[k]);
            gkappa[k] += a[k] * m[k];
            gm[k] = (1 - alpha[k]) * gm[k] + kappa[k] * a[k];
            gh[k] *= beta[k];
        }
    }
    times_turned(n, AMRC_W, 0, field(n, rows, 0, AMRC_a), width, gx, (size_t)n->cell->inputs);
    if (n->cell->rank) {
        begin(n, rows, AMRC_pa, NULL);
        times_turned(n, AMRC_P, 0, field(n, rows, 0, AMRC_a), width,
                     field(n, rows, 0, AMRC_pa), width);
        times_turned(n, AMRC_R, 0, field(n, rows, 0, AMRC_pa), width, g + H, S);
    }
}
