/* PMRC: memlab/cells/equations/pmrc.py. */

static void pmrc_memories(const net *n, REAL *rows, REAL *next) {
    const size_t H = (size_t)n->cell->hidden;
    const int gates = n->cell->flags & ML_GATES;
    const REAL *beta = parameter(n, PMRC_beta);
    const REAL *kappa = gates ? NULL : parameter(n, PMRC_kappa);
    const REAL *alpha = gates ? NULL : parameter(n, PMRC_alpha);
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *m = field(n, rows, i, PMRC_m), *h = field(n, rows, i, PMRC_h);
        REAL *v = field(n, rows, i, PMRC_v), *now = field(n, rows, i, PMRC_next);
        REAL *kept = field(n, next, i, PMRC_m), *shown = field(n, next, i, PMRC_h);
        if (gates) {
            REAL *g = field(n, rows, i, PMRC_g), *k = field(n, rows, i, PMRC_k);
            logistic_all(H, g);
            tanh_all(H, k);
#pragma omp simd
            for (size_t j = 0; j < H; j++) {
                v[j] = hyperbolic(v[j] + m[j]);
                kept[j] = m[j] + g[j] * (k[j] - m[j]);
            }
        } else {
#pragma omp simd
            for (size_t j = 0; j < H; j++) {
                v[j] = hyperbolic(v[j] + kappa[j] * m[j]);
                kept[j] = m[j] + alpha[j] * (v[j] - m[j]);
            }
        }
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            shown[j] = now[j] = v[j] + beta[j] * h[j];
        }
    }
}

static void pmrc_forward(const net *n, REAL *rows, REAL *next, REAL *y) {
    const size_t O = (size_t)n->cell->outputs;
    begin(n, rows, PMRC_v, parameter(n, PMRC_b));
    into(n, PMRC_W, rows, X, PMRC_v);
    if (n->cell->flags & ML_RECURRENT) {
        into(n, PMRC_U, rows, PMRC_h, PMRC_v);
    }
    if (n->cell->flags & ML_GATES) {
        begin(n, rows, PMRC_g, parameter(n, PMRC_bg));
        into(n, PMRC_Wg, rows, X, PMRC_g);
        into(n, PMRC_Ug, rows, PMRC_m, PMRC_g);
        begin(n, rows, PMRC_k, parameter(n, PMRC_bc));
        into(n, PMRC_Wc, rows, X, PMRC_k);
    }
    pmrc_memories(n, rows, next);
    put_out(n, PMRC_V, PMRC_c, rows, PMRC_next, y);
    if (n->cell->flags & ML_OUTPUT_MEMORY) {
        const REAL *omega = parameter(n, PMRC_omega);
        for (size_t i = 0; i < n->streams; i++) {
            const REAL *old = field(n, rows, i, PMRC_y);
            REAL *kept = field(n, next, i, PMRC_y);
            for (size_t o = 0; o < O; o++) {
                y[i * O + o] += omega[o] * old[o];
                kept[o] = y[i * O + o];
            }
        }
    }
}

/* The gradient of the outputs, with what comes from those to follow. */
static void pmrc_outputs(const net *n, REAL *rows, REAL *g, const REAL *gy) {
    const size_t H = (size_t)n->cell->hidden, O = (size_t)n->cell->outputs, S = n->plan->state;
    take_in(n, PMRC_c, rows, PMRC_dy, gy);
    if (!(n->cell->flags & ML_OUTPUT_MEMORY)) {
        return;
    }
    const REAL *omega = parameter(n, PMRC_omega);
    REAL *gomega = gradient_of(n, PMRC_omega), *gc = gradient_of(n, PMRC_c);
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *old = field(n, rows, i, PMRC_y);
        REAL *dy = field(n, rows, i, PMRC_dy), *carried = g + i * S + 2 * H;
        for (size_t o = 0; o < O; o++) {
            dy[o] += carried[o];
            gc[o] += carried[o];
            gomega[o] += dy[o] * old[o];
            carried[o] = omega[o] * dy[o];
        }
    }
}

static void pmrc_gated(const net *n, REAL *rows, size_t stream, REAL *gm, REAL *gh) {
    const size_t H = (size_t)n->cell->hidden;
    const REAL *m = field(n, rows, stream, PMRC_m), *v = field(n, rows, stream, PMRC_v);
    const REAL *g = field(n, rows, stream, PMRC_g), *k = field(n, rows, stream, PMRC_k);
    REAL *a = field(n, rows, stream, PMRC_a), *zg = field(n, rows, stream, PMRC_zg);
    REAL *zc = field(n, rows, stream, PMRC_zc);
#pragma omp simd
    for (size_t j = 0; j < H; j++) {
        a[j] = gh[j] * (1 - v[j] * v[j]);
        zg[j] = gm[j] * (k[j] - m[j]) * g[j] * (1 - g[j]);
        zc[j] = gm[j] * g[j] * (1 - k[j] * k[j]);
        gm[j] = (1 - g[j]) * gm[j] + a[j];
    }
    add(H, zg, gradient_of(n, PMRC_bg));
    add(H, zc, gradient_of(n, PMRC_bc));
}

static void pmrc_leaky(const net *n, REAL *rows, size_t stream, REAL *gm, REAL *gh) {
    const size_t H = (size_t)n->cell->hidden;
    const REAL *m = field(n, rows, stream, PMRC_m), *v = field(n, rows, stream, PMRC_v);
    const REAL *kappa = parameter(n, PMRC_kappa), *alpha = parameter(n, PMRC_alpha);
    REAL *a = field(n, rows, stream, PMRC_a);
    REAL *gkappa = gradient_of(n, PMRC_kappa), *galpha = gradient_of(n, PMRC_alpha);
#pragma omp simd
    for (size_t j = 0; j < H; j++) {
        a[j] = (gh[j] + alpha[j] * gm[j]) * (1 - v[j] * v[j]);
        galpha[j] += gm[j] * (v[j] - m[j]);
        gkappa[j] += a[j] * m[j];
        gm[j] = (1 - alpha[j]) * gm[j] + kappa[j] * a[j];
    }
}

static void pmrc_backward(const net *n, REAL *rows, REAL *g, const REAL *gy, REAL *gx) {
    const size_t H = (size_t)n->cell->hidden, S = n->plan->state, width = n->plan->width;
    const size_t I = (size_t)n->cell->inputs;
    const REAL *beta = parameter(n, PMRC_beta);
    REAL *gbeta = gradient_of(n, PMRC_beta);
    pmrc_outputs(n, rows, g, gy);
    times_turned(n, PMRC_V, 0, field(n, rows, 0, PMRC_dy), width, g + H, S);
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *h = field(n, rows, i, PMRC_h);
        REAL *gm = g + i * S, *gh = gm + H;
        if (n->cell->flags & ML_GATES) {
            pmrc_gated(n, rows, i, gm, gh);
        } else {
            pmrc_leaky(n, rows, i, gm, gh);
        }
        add(H, field(n, rows, i, PMRC_a), gradient_of(n, PMRC_b));
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            gbeta[j] += gh[j] * h[j];
            gh[j] *= beta[j];
        }
    }
    times_turned(n, PMRC_W, 0, field(n, rows, 0, PMRC_a), width, gx, I);
    if (n->cell->flags & ML_RECURRENT) {
        times_turned(n, PMRC_U, 0, field(n, rows, 0, PMRC_a), width, g + H, S);
    }
    if (n->cell->flags & ML_GATES) {
        times_turned(n, PMRC_Ug, 0, field(n, rows, 0, PMRC_zg), width, g, S);
        times_turned(n, PMRC_Wg, 0, field(n, rows, 0, PMRC_zg), width, gx, I);
        times_turned(n, PMRC_Wc, 0, field(n, rows, 0, PMRC_zc), width, gx, I);
    }
}
