/* The adjoint of AMN. Within some steps a store is λ^p of the one before them plus what was written
 * since, and its gradient λ^(count - p) of the one after them plus what was read later: neither is
 * made in between. With w = (1 - λ) k v, and e the gradient of Σ_m q_m Mm_m:
 *   of what step p wrote, gw_p = λ^(count-1-p) gMm s_p + Σ_{t>p} λ^(t-p-1) q_t (e_t·s_p)
 *   of what it asked,     gq_p = λ^p Mm e_p + Σ_{t<p} λ^(p-1-t) w_t (s_t·e_p)
 */

/* What the steps of a tile share: powers (LONGEST + 1, M), two tables (M, LONGEST), and of each
 * stream e_t·s_p (LONGEST, LONGEST). */
static REAL *amn_powers(const net *n, size_t power) {
    return n->scratch + power * (size_t)n->cell->slots;
}

static REAL *amn_table(const net *n, size_t which) {
    return amn_powers(n, LONGEST + 1) + which * LONGEST * (size_t)n->cell->slots;
}

static REAL *amn_met(const net *n, size_t stream) {
    return amn_table(n, 2) + stream * LONGEST * LONGEST;
}

/* Before the first of some steps back: products with the store's gradient, in zk and zf; w in zv. */
static void amn_open(const net *n, REAL *g) {
    const size_t H = (size_t)n->cell->hidden, M = (size_t)n->cell->slots, S = n->plan->state;
    const REAL *decay = parameter(n, AMN_decay);
    REAL *gdecay = gradient_of(n, AMN_decay), *weights = amn_table(n, 0), *along = amn_table(n, 1);
    powers_of(M, decay, n->scratch);
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *gM = g + i * S + 3 * H, *store = stored(n, i, AMN_Mm);
        const moves own = moves_of(n, i);
        const size_t count = own.count;
        REAL *s[LONGEST], *gs[LONGEST];
        fields_of(n, &own, i, AMN_s, s);
        fields_of(n, &own, i, AMN_zf, gs);
        cross_all(M, count, H, gM, s, along);
        for (size_t p = 0; p < count; p++) {
            const REAL *k = field(n, own.rows[p], i, AMN_k), *v = field(n, own.rows[p], i, AMN_v);
            const REAL *left = amn_powers(n, count - 1 - p);
            const REAL *less = amn_powers(n, count - 1 - p ? count - 2 - p : 0);
            REAL *w = field(n, own.rows[p], i, AMN_zv), *gw = field(n, own.rows[p], i, AMN_zk);
            memset(gs[p], 0, H * sizeof(REAL));
            for (size_t m = 0; m < M; m++) {
                w[m] = (1 - decay[m]) * k[m] * v[m];
                gw[m] = left[m] * along[m * count + p];
                weights[m * count + p] = left[m] * w[m];
                gdecay[m] += (REAL)(count - 1 - p) * less[m] * w[m] * along[m * count + p];
            }
        }
        spread_all(M, count, H, gM, weights, gs);
        for (size_t m = 0; count && m < M; m++) {
            gdecay[m] += (REAL)count * amn_powers(n, count - 1)[m] *
                         dot(H, gM + m * H, store + m * H);
        }
    }
}

/* From what a step wrote to its key and value, and to s. */
static void amn_unwrite(const net *n, const moves *own, size_t p, size_t i, REAL *gs) {
    const size_t H = (size_t)n->cell->hidden, M = (size_t)n->cell->slots;
    const REAL *decay = parameter(n, AMN_decay), *met = amn_met(n, i);
    const REAL *k = field(n, own->rows[p], i, AMN_k), *v = field(n, own->rows[p], i, AMN_v);
    REAL *w = field(n, own->rows[p], i, AMN_zv), *gw = field(n, own->rows[p], i, AMN_zk);
    REAL *gdecay = gradient_of(n, AMN_decay);
    add(H, field(n, own->rows[p], i, AMN_zf), gs);
    for (size_t t = p + 1; t < own->count; t++) {
        const REAL *q = field(n, own->rows[t], i, AMN_q), *power = amn_powers(n, t - p - 1);
        const REAL *e = field(n, own->rows[t], i, AMN_read), known = met[p * LONGEST + t];
        REAL share = 0;
#pragma omp simd reduction(+ : share)
        for (size_t m = 0; m < M; m++) {
            const REAL asked = power[m] * q[m];
            share += w[m] * asked;
            gw[m] += asked * known;
        }
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            gs[j] += share * e[j];
        }
    }
#pragma omp simd
    for (size_t m = 0; m < M; m++) {
        const REAL through = (1 - decay[m]) * gw[m];
        gdecay[m] -= k[m] * v[m] * gw[m];
        gw[m] = through * v[m] * k[m] * (1 - k[m]); /* zk */
        w[m] = through * k[m];                      /* zv */
    }
}

/* From the gradient of s to that of the trace, and to what was read, e, which takes its place; from
 * there to the query. */
static void amn_unread(const net *n, const moves *own, size_t p, size_t i, REAL *gl, REAL *gs) {
    const size_t H = (size_t)n->cell->hidden, M = (size_t)n->cell->slots;
    REAL *e = field(n, own->rows[p], i, AMN_read), *zq = field(n, own->rows[p], i, AMN_zq);
    const REAL *q = field(n, own->rows[p], i, AMN_q), rho = *field(n, own->rows[p], i, AMN_rho);
    const REAL mean = dot(H, gs, e) / (REAL)H, scale = (REAL)0.3 / rho;
    REAL *gdecay = gradient_of(n, AMN_decay), *met = amn_met(n, i);
    const REAL *power = amn_powers(n, p), *less = amn_powers(n, p ? p - 1 : 0);
#pragma omp simd
    for (size_t j = 0; j < H; j++) {
        gl[j] += (REAL)0.7 * gs[j];
        e[j] = scale * (gs[j] - e[j] * mean);
    }
    cross_all(M, 1, H, stored(n, i, AMN_Mm), &e, zq);
#pragma omp simd
    for (size_t m = 0; m < M; m++) {
        gdecay[m] += (REAL)p * less[m] * q[m] * zq[m];
        zq[m] *= power[m];
    }
    for (size_t t = 0; t < p; t++) {
        const REAL *w = field(n, own->rows[t], i, AMN_zv), apart = (REAL)(p - t - 1);
        const REAL known = dot(H, field(n, own->rows[t], i, AMN_s), e);
        const REAL *between = amn_powers(n, p - t - 1);
        const REAL *fewer = amn_powers(n, p - t - 1 ? p - t - 2 : 0);
        met[t * LONGEST + p] = known;
#pragma omp simd
        for (size_t m = 0; m < M; m++) {
            zq[m] += between[m] * w[m] * known;
            gdecay[m] += apart * fewer[m] * q[m] * w[m] * known;
        }
    }
#pragma omp simd
    for (size_t m = 0; m < M; m++) {
        zq[m] *= 1 - q[m] * q[m];
    }
}

static void amn_untrace(const net *n, REAL *rows, REAL *g) {
    const size_t H = (size_t)n->cell->hidden, S = n->plan->state;
    const REAL *A = parameter(n, AMN_A), *B = parameter(n, AMN_B), *L = parameter(n, AMN_L);
    const REAL *along = n->derived, *across = along + H, *root = across + H, *slope = root + H;
    REAL *gA = gradient_of(n, AMN_A), *gB = gradient_of(n, AMN_B), *gL = gradient_of(n, AMN_L);
    REAL *gtheta = gradient_of(n, AMN_theta), *gb = gradient_of(n, AMN_b);
    for (size_t i = 0; i < n->streams; i++) {
        const REAL *l = field(n, rows, i, AMN_l), *turned = field(n, rows, i, AMN_j);
        const REAL *f = field(n, rows, i, AMN_f), *unit = field(n, rows, i, AMN_unit);
        REAL *zf = field(n, rows, i, AMN_zf), *gh = g + i * S, *gl = gh + H, *gj = gl + H;
#pragma omp simd
        for (size_t j = 0; j < H; j++) {
            const REAL real = along[j] * l[j] - across[j] * turned[j];
            const REAL imaginary = across[j] * l[j] + along[j] * turned[j];
            const REAL e = gh[j] + root[j] * gl[j], a = gl[j], b = gj[j];
            REAL gf;
            gL[j] += (a * real + b * imaginary) / L[j] - a * unit[j] * slope[j];
            gtheta[j] += b * real - a * imaginary;
            gl[j] = a * along[j] + b * across[j];
            gj[j] = b * along[j] - a * across[j];
            gh[j] = liquid_adjoint(e, f[j], A[j], B[j], unit[j], &gf, gA + j, gB + j);
            zf[j] = gf * (1 - f[j] * f[j]);
            gb[j] += zf[j];
        }
    }
}

static void amn_backward(const net *n, REAL *rows, REAL *g, const REAL *gy, REAL *gx) {
    const size_t H = (size_t)n->cell->hidden, S = n->plan->state, width = n->plan->width;
    const size_t M = (size_t)n->cell->slots, I = (size_t)n->cell->inputs;
    REAL *gs = n->spare;
    moves own[STREAMS];
    size_t at[STREAMS]; /* this step among those of a stream */
    memset(gs, 0, n->streams * H * sizeof(REAL));
    take_in(n, AMN_c, rows, AMN_dy, gy);
    times_turned(n, AMN_C, 0, field(n, rows, 0, AMN_dy), width, gs, H);
    times_turned(n, AMN_D, 0, field(n, rows, 0, AMN_dy), width, gx, I);
    for (size_t i = 0; i < n->streams; i++) {
        own[i] = moves_of(n, i);
        at[i] = move_of(&own[i], rows);
        if (at[i] < own[i].count) {
            amn_unwrite(n, &own[i], at[i], i, gs + i * H);
        } else {
            memset(field(n, rows, i, AMN_zk), 0, M * sizeof(REAL));
            memset(field(n, rows, i, AMN_zv), 0, M * sizeof(REAL));
            memset(field(n, rows, i, AMN_zq), 0, M * sizeof(REAL));
        }
    }
    times_turned(n, AMN_K, 0, field(n, rows, 0, AMN_zk), width, gs, H);
    times_turned(n, AMN_Vv, 0, field(n, rows, 0, AMN_zv), width, gs, H);
    for (size_t i = 0; i < n->streams; i++) {
        if (at[i] < own[i].count) {
            amn_unread(n, &own[i], at[i], i, g + i * S + H, gs + i * H);
        }
    }
    times_turned(n, AMN_Q, 0, field(n, rows, 0, AMN_zq), width, g + H, S);
    amn_untrace(n, rows, g);
    times_turned(n, AMN_Bi, 0, field(n, rows, 0, AMN_zf), width, gx, I);
}

/* gMm before some steps: λ^count of that after them, and what was read. */
static void amn_close(const net *n, REAL *g) {
    const size_t H = (size_t)n->cell->hidden, M = (size_t)n->cell->slots, S = n->plan->state;
    REAL *weights = amn_table(n, 0);
    for (size_t i = 0; i < n->streams; i++) {
        const moves own = moves_of(n, i);
        REAL *e[LONGEST];
        fields_of(n, &own, i, AMN_read, e);
        for (size_t p = 0; p < own.count; p++) {
            const REAL *q = field(n, own.rows[p], i, AMN_q), *power = amn_powers(n, p);
            for (size_t m = 0; m < M; m++) {
                weights[m * own.count + p] = power[m] * q[m];
            }
        }
        absorb_all(M, own.count, H, amn_powers(n, own.count), weights, e, g + i * S + 3 * H);
    }
}
