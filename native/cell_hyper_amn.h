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

static void hyper_stores(const net *n, REAL *rows) {
    const size_t H = (size_t)n->cell->hidden, N = (size_t)n->cell->heads;
    const size_t M = (size_t)n->cell->slots, width = n->plan->width;
    begin(n, rows, HYPER_k, NULL);
    begin(n, rows, HYPER_q, NULL);
    for (size_t head = 0; head < N; head++) {
        const REAL *units = field(n, rows, 0, HYPER_units) + head * H;
        const gated_store t = store_of(n, M, HYPER_Vv, HYPER_decay, head);
        times(n, HYPER_K, head, units, width, field(n, rows, 0, HYPER_k) + head * M, width);
        times(n, HYPER_Q, head, units, width, field(n, rows, 0, HYPER_q) + head * M, width);
        for (size_t i = 0; i < n->streams; i++) {
            REAL *k = field(n, rows, i, HYPER_k) + head * M;
            REAL *q = field(n, rows, i, HYPER_q) + head * M;
            REAL *read = field(n, rows, i, HYPER_read) + head * H;
            REAL *out = field(n, rows, i, HYPER_out) + head * H;
            const REAL *own = field(n, rows, i, HYPER_units) + head * H;
            logistic_all(M, k);
            logistic_all(M, q);
            store_forward(&t, own, k, q, stored(n, i, HYPER_Mm) + head * M * H,
                          left_of(n, i, HYPER_Mm) + head * M * H, read);
#pragma omp simd
            for (size_t j = 0; j < H; j++) {
                read[j] = hyperbolic(read[j]);
                out[j] = (REAL)0.7 * own[j] + (REAL)0.3 * read[j];
            }
        }
    }
}

static void hyper_again(const net *n, REAL *rows) {
    const size_t H = (size_t)n->cell->hidden, N = (size_t)n->cell->heads;
    const size_t M = (size_t)n->cell->slots;
    for (size_t head = 0; head < N; head++) {
        const gated_store t = store_of(n, M, HYPER_Vv, HYPER_decay, head);
        for (size_t i = 0; i < n->streams; i++) {
            store_again(&t, field(n, rows, i, HYPER_units) + head * H,
                        field(n, rows, i, HYPER_k) + head * M,
                        stored(n, i, HYPER_Mm) + head * M * H,
                        left_of(n, i, HYPER_Mm) + head * M * H);
        }
    }
}

static void hyper_forward(const net *n, REAL *rows, REAL *next, REAL *y) {
    const size_t H = (size_t)n->cell->hidden, N = (size_t)n->cell->heads;
    const REAL *mix = parameter(n, HYPER_X);
    begin(n, rows, HYPER_gates, parameter(n, HYPER_d));
    into(n, HYPER_Gx, rows, X, HYPER_gates);
    into(n, HYPER_G, rows, HYPER_g, HYPER_gates);
    begin(n, rows, HYPER_drive, parameter(n, HYPER_b));
    into(n, HYPER_Bi, rows, X, HYPER_drive);
    hyper_units(n, rows, next);
    hyper_stores(n, rows);
    begin(n, rows, HYPER_heads, NULL);
    begin(n, rows, HYPER_merged, NULL);
    for (size_t i = 0; i < n->streams; i++) {
        REAL *gates = field(n, rows, i, HYPER_gates), *heads = field(n, rows, i, HYPER_heads);
        REAL *merged = field(n, rows, i, HYPER_merged);
        const REAL *out = field(n, rows, i, HYPER_out);
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

/* From e, the gradient of what was merged, to the gates, the mixing and each head's output. */
static void hyper_unmerge(const net *n, REAL *rows, size_t i, const REAL *e, REAL *go) {
    const size_t H = (size_t)n->cell->hidden, N = (size_t)n->cell->heads;
    const REAL *mix = parameter(n, HYPER_X), *gates = field(n, rows, i, HYPER_gates);
    const REAL *heads = field(n, rows, i, HYPER_heads), *out = field(n, rows, i, HYPER_out);
    REAL *gmix = gradient_of(n, HYPER_X), *zeta = field(n, rows, i, HYPER_zeta);
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
            go[from * H + j] = share * e[j];
        }
    }
}

static void hyper_unstore(const net *n, REAL *rows, size_t i, REAL *g, REAL *go) {
    const size_t H = (size_t)n->cell->hidden, N = (size_t)n->cell->heads;
    const size_t M = (size_t)n->cell->slots;
    const REAL *read = field(n, rows, i, HYPER_read);
#pragma omp simd
    for (size_t j = 0; j < N * H; j++) {
        g[j] += (REAL)0.7 * go[j];
        go[j] *= (REAL)0.3 * (1 - read[j] * read[j]);
    }
    for (size_t head = 0; head < N; head++) {
        const gated_store t = store_of(n, M, HYPER_Vv, HYPER_decay, head);
        store_adjoint(&t, field(n, rows, i, HYPER_units) + head * H,
                      field(n, rows, i, HYPER_k) + head * M, field(n, rows, i, HYPER_q) + head * M,
                      stored(n, i, HYPER_Mm) + head * M * H, go + head * H,
                      g + N * H + head * M * H, g + head * H,
                      field(n, rows, i, HYPER_zk) + head * M,
                      field(n, rows, i, HYPER_zq) + head * M);
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

static void hyper_backward(const net *n, REAL *rows, REAL *g, const REAL *gy, REAL *gx) {
    const size_t H = (size_t)n->cell->hidden, N = (size_t)n->cell->heads, S = n->plan->state;
    const size_t M = (size_t)n->cell->slots, I = (size_t)n->cell->inputs;
    const size_t width = n->plan->width;
    REAL *merged = g + S - H, *go = n->spare;
    take_in(n, HYPER_c, rows, HYPER_dy, gy);
    times_turned(n, HYPER_C, 0, field(n, rows, 0, HYPER_dy), width, merged, S);
    times_turned(n, HYPER_D, 0, field(n, rows, 0, HYPER_dy), width, gx, I);
    for (size_t i = 0; i < n->streams; i++) {
        hyper_unmerge(n, rows, i, merged + i * S, go);
        hyper_unstore(n, rows, i, g + i * S, go);
        memset(merged + i * S, 0, H * sizeof(REAL));
    }
    times_turned(n, HYPER_G, 0, field(n, rows, 0, HYPER_zeta), width, merged, S);
    times_turned(n, HYPER_Gx, 0, field(n, rows, 0, HYPER_zeta), width, gx, I);
    for (size_t head = 0; head < N; head++) {
        const REAL *zk = field(n, rows, 0, HYPER_zk) + head * M;
        const REAL *zq = field(n, rows, 0, HYPER_zq) + head * M;
        times_turned(n, HYPER_K, head, zk, width, g + head * H, S);
        times_turned(n, HYPER_Q, head, zq, width, g + head * H, S);
    }
    for (size_t i = 0; i < n->streams; i++) {
        hyper_undrive(n, rows, i, g + i * S);
    }
    times_turned(n, HYPER_Bi, 0, field(n, rows, 0, HYPER_zi), width, gx, I);
}
