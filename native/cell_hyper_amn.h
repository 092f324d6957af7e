/* Hyper-AMN: memlab/cells/equations/hyper_amn.py. State: s (heads, H), Mm (heads, slots, H), g. */

static void softmax(size_t count, REAL *x) {
    REAL most = x[0], sum = 0;
#pragma omp simd reduction(max : most)
    for (size_t i = 1; i < count; i++) {
        most = x[i] > most ? x[i] : most;
    }
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < count; i++) {
        x[i] = exponential(x[i] - most);
        sum += x[i];
    }
    const REAL scale = 1 / sum;
    for (size_t i = 0; i < count; i++) {
        x[i] *= scale;
    }
}

/* √(1 - L²), L / √(1 - L²). */
static void hyper_derive(const net *n, REAL *derived) {
    const size_t count = (size_t)n->cell->heads * (size_t)n->cell->hidden;
    const REAL *L = parameter(n, HYPER_L);
    unit_gain(count, L, derived, derived + count);
}

static void hyper_units(const net *n, REAL *rows, REAL *next) {
    const size_t H = (size_t)n->cell->hidden, N = (size_t)n->cell->heads;
    const REAL *A = parameter(n, HYPER_A), *B = parameter(n, HYPER_B), *L = parameter(n, HYPER_L);
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *s = field(n, rows, i, HYPER_s), *drive = field(n, rows, i, HYPER_drive);
        REAL *f = field(n, rows, i, HYPER_f), *units = field(n, rows, i, HYPER_units);
        REAL *to = field(n, next, i, HYPER_s);
        for (size_t head = 0; head < N * H; head += H) {
#pragma omp simd
            for (size_t k = 0; k < H; k++) {
                const size_t j = head + k;
                const REAL z = L[j] * s[j] + n->derived[j] * drive[k];
                f[j] = hyperbolic(z);
                to[j] = units[j] = liquid(z, f[j], A[j], B[j]);
            }
        }
    }
}

static void hyper_enter(const net *n, REAL *rows, REAL *next) {
    begin(n, rows, HYPER_drive, parameter(n, HYPER_b));
    into(n, HYPER_Bi, rows, X, HYPER_drive);
    hyper_units(n, rows, next);
}

/* Keys and queries, for which no step waits, of all steps at once. */
static void hyper_ask(const net *n) {
    const size_t H = (size_t)n->cell->hidden, N = (size_t)n->cell->heads;
    const size_t M = (size_t)n->cell->slots;
    const net all = together(n);
    REAL *rows = rows_of(n, n->first);
    begin(&all, rows, HYPER_k, NULL);
    begin(&all, rows, HYPER_q, NULL);
    for (size_t head = 0; head < N; head++) {
        const REAL *units = field(n, rows, 0, HYPER_units) + head * H;
        times_together(&all, HYPER_K, head, units, field(n, rows, 0, HYPER_k) + head * M);
        times_together(&all, HYPER_Q, head, units, field(n, rows, 0, HYPER_q) + head * M);
    }
    for (size_t i = 0; i < all.streams; i++) {
        logistic_all(N * M, field(n, rows, i, HYPER_k));
        logistic_all(N * M, field(n, rows, i, HYPER_q));
    }
}

/* The steps of a head of a stream that does not wait. */
static store_steps hyper_steps(const net *n, size_t i, size_t head) {
    const size_t H = (size_t)n->cell->hidden, M = (size_t)n->cell->slots;
    store_steps w = {0};
    for (size_t t = n->first; t < n->first + n->count; t++) {
        REAL *rows = rows_of(n, t);
        if (!waits(n, i, t)) {
            const size_t p = w.count++;
            w.s[p] = field(n, rows, i, HYPER_units) + head * H;
            w.k[p] = field(n, rows, i, HYPER_k) + head * M;
            w.q[p] = field(n, rows, i, HYPER_q) + head * M;
            w.read[p] = field(n, rows, i, HYPER_read) + head * H;
            w.gs[p] = field(n, rows, i, HYPER_out) + head * H;
            w.zk[p] = field(n, rows, i, HYPER_zk) + head * M;
            w.zq[p] = field(n, rows, i, HYPER_zq) + head * M;
        }
    }
    return w;
}

static void hyper_walk(const net *n) {
    const size_t H = (size_t)n->cell->hidden, N = (size_t)n->cell->heads;
    const size_t M = (size_t)n->cell->slots;
    hyper_ask(n);
    for (size_t head = 0; head < N; head++) {
        const gated_store t = store_of(n, M, HYPER_Vv, HYPER_decay, head);
        for (size_t i = 0; i < n->streams; i++) {
            const store_steps w = hyper_steps(n, i, head);
            store_walk(&t, &w, stored(n, i, HYPER_Mm) + head * M * H);
        }
    }
    begin_waiting(n, HYPER_read);
}

static void hyper_forward(const net *n, REAL *rows, REAL *next, REAL *y) {
    const size_t H = (size_t)n->cell->hidden, N = (size_t)n->cell->heads;
    const REAL *mix = parameter(n, HYPER_X);
    begin(n, rows, HYPER_gates, parameter(n, HYPER_d));
    into(n, HYPER_Gx, rows, X, HYPER_gates);
    into(n, HYPER_G, rows, HYPER_g, HYPER_gates);
    begin(n, rows, HYPER_heads, NULL);
    begin(n, rows, HYPER_merged, NULL);
    for (size_t i = 0; i < n->streams; i++) {
        REAL *gates = field(n, rows, i, HYPER_gates), *heads = field(n, rows, i, HYPER_heads);
        REAL *merged = field(n, rows, i, HYPER_merged), *read = field(n, rows, i, HYPER_read);
        REAL *out = field(n, rows, i, HYPER_out);
        const REAL *units = field(n, rows, i, HYPER_units);
#pragma omp simd
        for (size_t j = 0; j < N * H; j++) {
            read[j] = hyperbolic(read[j]);
            out[j] = (REAL)0.7 * units[j] + (REAL)0.3 * read[j];
        }
        softmax(N, gates);
        for (size_t to = 0; to < N; to++) {
            for (size_t from = 0; from < N; from++) {
                const REAL share = mix[to * N + from];
#pragma omp simd
                for (size_t j = 0; j < H; j++) {
                    heads[to * H + j] += share * out[from * H + j];
                }
            }
#pragma omp simd
            for (size_t j = 0; j < H; j++) {
                merged[j] += gates[to] * heads[to * H + j];
            }
        }
        set(H, merged, field(n, next, i, HYPER_g));
    }
    put_out(n, HYPER_C, HYPER_c, rows, HYPER_merged, y);
    times(n, HYPER_D, 0, field(n, rows, 0, X), n->plan->width, y, (size_t)n->cell->outputs);
}

/* From e, the gradient of what was merged, to the gates and the mixing; each head's output becomes
 * its gradient. */
static void hyper_unmerge(const net *n, REAL *rows, size_t i, const REAL *e) {
    const size_t H = (size_t)n->cell->hidden, N = (size_t)n->cell->heads;
    const REAL *mix = parameter(n, HYPER_X), *gates = field(n, rows, i, HYPER_gates);
    const REAL *heads = field(n, rows, i, HYPER_heads);
    REAL *out = field(n, rows, i, HYPER_out), *gmix = gradient_of(n, HYPER_X);
    REAL *zeta = field(n, rows, i, HYPER_zeta);
    REAL mean = 0;
    for (size_t to = 0; to < N; to++) {
        zeta[to] = dot(H, e, heads + to * H);
        mean += gates[to] * zeta[to];
    }
    for (size_t to = 0; to < N; to++) {
        zeta[to] = gates[to] * (zeta[to] - mean);
    }
    add(N, zeta, gradient_of(n, HYPER_d));
    for (size_t from = 0; from < N; from++) {
        const REAL along = dot(H, e, out + from * H);
        REAL share = 0;
        for (size_t to = 0; to < N; to++) {
            share += gates[to] * mix[to * N + from];
            gmix[to * N + from] += gates[to] * along;
        }
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            out[from * H + j] = share * e[j];
        }
    }
}

static void hyper_backward(const net *n, REAL *rows, REAL *g, const REAL *gy, REAL *gx) {
    const size_t H = (size_t)n->cell->hidden, N = (size_t)n->cell->heads, S = n->plan->state;
    const size_t I = (size_t)n->cell->inputs, width = n->plan->width;
    REAL *merged = g + S - H;
    take_in(n, HYPER_c, rows, HYPER_dy, gy);
    times_turned(n, HYPER_C, 0, field(n, rows, 0, HYPER_dy), width, merged, S);
    times_turned(n, HYPER_D, 0, field(n, rows, 0, HYPER_dy), width, gx, I);
    for (size_t i = 0; i < n->streams; i++) {
        REAL *read = field(n, rows, i, HYPER_read), *out = field(n, rows, i, HYPER_out);
        hyper_unmerge(n, rows, i, merged + i * S);
        memset(merged + i * S, 0, H * sizeof(REAL));
#pragma omp simd
        for (size_t j = 0; j < N * H; j++) {
            read[j] = (REAL)0.3 * out[j] * (1 - read[j] * read[j]);
            out[j] *= (REAL)0.7;
        }
    }
    times_turned(n, HYPER_G, 0, field(n, rows, 0, HYPER_zeta), width, merged, S);
    times_turned(n, HYPER_Gx, 0, field(n, rows, 0, HYPER_zeta), width, gx, I);
}

/* Through the stores of all steps to the units. */
static void hyper_unwalk(const net *n, REAL *g) {
    const size_t H = (size_t)n->cell->hidden, N = (size_t)n->cell->heads, S = n->plan->state;
    const size_t M = (size_t)n->cell->slots, width = n->plan->width;
    REAL *first = rows_of(n, n->first);
    const net all = together(n);
    begin_waiting(n, HYPER_zk);
    begin_waiting(n, HYPER_zq);
    for (size_t head = 0; head < N; head++) {
        const gated_store t = store_of(n, M, HYPER_Vv, HYPER_decay, head);
        REAL *gs = field(n, first, 0, HYPER_out) + head * H;
        for (size_t i = 0; i < n->streams; i++) {
            const store_steps w = hyper_steps(n, i, head);
            store_unwalk(&t, &w, stored(n, i, HYPER_Mm) + head * M * H,
                         g + i * S + N * H + head * M * H);
        }
        times_turned(&all, HYPER_K, head, field(n, first, 0, HYPER_zk) + head * M, width, gs,
                     width);
        times_turned(&all, HYPER_Q, head, field(n, first, 0, HYPER_zq) + head * M, width, gs,
                     width);
    }
}

static void hyper_undrive(const net *n, REAL *rows, size_t i, REAL *g) {
    const size_t H = (size_t)n->cell->hidden, N = (size_t)n->cell->heads;
    const REAL *A = parameter(n, HYPER_A), *B = parameter(n, HYPER_B), *L = parameter(n, HYPER_L);
    REAL *gA = gradient_of(n, HYPER_A), *gB = gradient_of(n, HYPER_B);
    REAL *gL = gradient_of(n, HYPER_L), *zi = field(n, rows, i, HYPER_zi);
    const REAL *s = field(n, rows, i, HYPER_s), *drive = field(n, rows, i, HYPER_drive);
    const REAL *f = field(n, rows, i, HYPER_f), *units = field(n, rows, i, HYPER_units);
    memset(zi, 0, H * sizeof(REAL));
    for (size_t head = 0; head < N; head++) {
#pragma omp simd
        for (size_t k = 0; k < H; k++) {
            const size_t j = head * H + k;
            REAL gf;
            REAL gz = liquid_adjoint(g[j], f[j], A[j], B[j], units[j], &gf, gA + j, gB + j);
            gz += gf * (1 - f[j] * f[j]);
            gL[j] += gz * (s[j] - drive[k] * n->derived[N * H + j]);
            zi[k] += n->derived[j] * gz;
            g[j] = L[j] * gz;
        }
    }
    add(H, zi, gradient_of(n, HYPER_b));
}

static void hyper_leave(const net *n, REAL *rows, REAL *g, REAL *gx) {
    const size_t S = n->plan->state, width = n->plan->width;
    for (size_t i = 0; i < n->streams; i++) {
        add(n->plan->size[HYPER_out], field(n, rows, i, HYPER_out), g + i * S);
        hyper_undrive(n, rows, i, g + i * S);
    }
    times_turned(n, HYPER_Bi, 0, field(n, rows, 0, HYPER_zi), width, gx, (size_t)n->cell->inputs);
}
