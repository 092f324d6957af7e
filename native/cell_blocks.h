/* What several cells are built from. */

/* One tile at work. */
typedef struct {
    const ml_cell *cell;
    const cell_plan *plan;
    const REAL *parameters;
    REAL *gradient;                           /* (parameters) of this tile */
    const REAL *derived;                      /* (derived) */
    const REAL *packed[MATRICES], *turned[MATRICES]; /* weights, and their transposes */
    REAL *spare;                              /* (streams, width) */
    REAL *home;                               /* the rows that have the stores; NULL: every one */
    size_t streams;
} net;

static const REAL *parameter(const net *n, size_t name) {
    return n->parameters + n->plan->at[name];
}

static REAL *gradient_of(const net *n, size_t name) { return n->gradient + n->plan->at[name]; }

/* A field of the row of one stream. */
static REAL *field(const net *n, REAL *rows, size_t stream, size_t name) {
    return rows + stream * n->plan->width + n->plan->field[name];
}

/* A store of the row of one stream. */
static REAL *stored(const net *n, REAL *rows, size_t stream, size_t name) {
    return field(n, n->home ? n->home : rows, stream, name);
}

static void set(size_t count, const REAL *from, REAL *to) {
    memcpy(to, from, count * sizeof(REAL));
}

static void add(size_t count, const REAL *restrict x, REAL *restrict sum) {
#pragma omp simd
    for (size_t i = 0; i < count; i++) {
        sum[i] += x[i];
    }
}

INLINED REAL sum_of(lanes sum) {
    REAL total = 0;
#pragma omp simd reduction(+ : total)
    for (size_t k = 0; k < LANES; k++) {
        total += sum[k];
    }
    return total;
}

INLINED REAL dot(size_t count, const REAL *x, const REAL *y) {
    lanes sum = {0};
    REAL total = 0;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        sum += *(const loose_lanes *)(x + i) * *(const loose_lanes *)(y + i);
    }
    for (; i < count; i++) {
        total += x[i] * y[i];
    }
    return total + sum_of(sum);
}

/* to (streams, rows) += W from, for matrix number `of` of a parameter. */
static void times(const net *n, size_t name, size_t of, const REAL *from, size_t from_apart,
                  REAL *to, size_t to_apart) {
    const size_t at = n->plan->first[name] + of;
    const cell_matrix *m = &n->plan->matrix[at];
    product(m->rows, m->cols, n->packed[at], n->streams, from, from_apart, to, to_apart);
}

/* to (streams, cols) += Wᵀ from. */
static void times_turned(const net *n, size_t name, size_t of, const REAL *from,
                         size_t from_apart, REAL *to, size_t to_apart) {
    const size_t at = n->plan->first[name] + of;
    const cell_matrix *m = &n->plan->matrix[at];
    product(m->cols, m->rows, n->turned[at], n->streams, from, from_apart, to, to_apart);
}

/* A field of all streams becomes a bias, or 0. */
static void begin(const net *n, REAL *rows, size_t name, const REAL *bias) {
    const size_t bytes = n->plan->size[name] * sizeof(REAL);
    for (size_t i = 0; i < n->streams; i++) {
        if (bias) {
            memcpy(field(n, rows, i, name), bias, bytes);
        } else {
            memset(field(n, rows, i, name), 0, bytes);
        }
    }
}

/* Field `to` += W field `from`, of all streams. */
static void into(const net *n, size_t name, REAL *rows, size_t from, size_t to) {
    const size_t width = n->plan->width;
    times(n, name, 0, field(n, rows, 0, from), width, field(n, rows, 0, to), width);
}

/* Outputs y (streams, outputs) = c + W field. */
static void put_out(const net *n, size_t weights, size_t bias, REAL *rows, size_t from, REAL *y) {
    const size_t outputs = (size_t)n->cell->outputs;
    for (size_t i = 0; i < n->streams; i++) {
        set(outputs, parameter(n, bias), y + i * outputs);
    }
    times(n, weights, 0, field(n, rows, 0, from), n->plan->width, y, outputs);
}

/* The gradient of the outputs as a field, and in that of their bias. */
static void take_in(const net *n, size_t bias, REAL *rows, size_t to, const REAL *gy) {
    const size_t outputs = (size_t)n->cell->outputs;
    for (size_t i = 0; i < n->streams; i++) {
        set(outputs, gy + i * outputs, field(n, rows, i, to));
        add(outputs, gy + i * outputs, gradient_of(n, bias));
    }
}

#define LEAST_LEFT ((REAL)1e-6)

/* √(1 - L²), the weight of what enters a trace of unit gain, and L over it; both as in
 * memlab/cells/blocks.py for an L that is 1 but for rounding. */
static void unit_gain(size_t count, const REAL *L, REAL *root, REAL *slope) {
    for (size_t j = 0; j < count; j++) {
        const REAL left = 1 - L[j] * L[j];
        root[j] = (REAL)sqrt(left > LEAST_LEFT ? left : LEAST_LEFT);
        slope[j] = left > LEAST_LEFT ? L[j] / root[j] : 0;
    }
}

/* The liquid step, s' = (z + A B f) / (1 + A (1 + B |f|)). */
INLINED REAL liquid(REAL z, REAL f, REAL A, REAL B) {
    return (z + A * B * f) / (1 + A * (1 + B * magnitude(f)));
}

/* Its adjoint: gz, and gf, from e the gradient of s'. */
INLINED REAL liquid_adjoint(REAL e, REAL f, REAL A, REAL B, REAL now, REAL *gf, REAL *gA,
                            REAL *gB) {
    const REAL m = magnitude(f), through = e / (1 + A * (1 + B * m));
    *gf = A * B * through * (1 - now * sign_of(f));
    *gA += through * (B * f - now * (1 + B * m));
    *gB += A * through * (f - now * m);
    return through;
}

enum { SLOTS = 4 }; /* of a store, walked through together */

/* The gated store of memlab/cells/blocks.py for one stream; `of` counts heads. */
typedef struct {
    size_t slots, units;
    const REAL *values, *decay; /* Vv (slots, units), λ (slots) */
    REAL *values_gradient, *decay_gradient;
} gated_store;

static gated_store store_of(const net *n, size_t slots, size_t values, size_t decay, size_t of) {
    const size_t H = (size_t)n->cell->hidden;
    gated_store found = {.slots = slots, .units = H, .values = parameter(n, values) + of * slots * H,
                   .decay = parameter(n, decay) + of * slots};
    if (n->gradient) {
        found.values_gradient = gradient_of(n, values) + of * slots * H;
        found.decay_gradient = gradient_of(n, decay) + of * slots;
    }
    return found;
}

/* Some slots at once, so that what is read is loaded and stored once for all of them. */
INLINED void store_slots(const gated_store *t, size_t m, size_t count, const REAL *s,
                         const REAL *k, const REAL *q, const REAL *held, REAL *next,
                         REAL *restrict read) {
    REAL kept[SLOTS], written[SLOTS], asked[SLOTS];
    for (size_t u = 0; u < count; u++) {
        kept[u] = t->decay[m + u];
        written[u] = (1 - kept[u]) * k[m + u];
        asked[u] = q[m + u];
    }
    const size_t H = t->units, at = m * H;
#pragma omp simd
    for (size_t i = 0; i < H; i++) {
        REAL sum = read[i];
        for (size_t u = 0; u < count; u++) {
            const size_t j = at + u * H + i;
            next[j] = kept[u] * held[j] + written[u] * t->values[j] * s[i];
            sum += asked[u] * next[j];
        }
        read[i] = sum;
    }
}

/* Keys and queries are logistic already; held and next may be the same. */
static void store_forward(const gated_store *t, const REAL *s, const REAL *k, const REAL *q,
                          const REAL *held, REAL *next, REAL *restrict read) {
    size_t m = 0;
    memset(read, 0, t->units * sizeof(REAL));
    for (; m + SLOTS <= t->slots; m += SLOTS) {
        store_slots(t, m, SLOTS, s, k, q, held, next, read);
    }
    for (; m < t->slots; m++) {
        store_slots(t, m, 1, s, k, q, held, next, read);
    }
}

/* gM in place; adds to gs; zk, zq: gradients before the logistic. */
static void store_adjoint(const gated_store *t, const REAL *s, const REAL *k, const REAL *q,
                          const REAL *held, const REAL *gr, REAL *restrict gM,
                          REAL *restrict gs, REAL *restrict zk, REAL *restrict zq) {
    for (size_t m = 0; m < t->slots; m++) {
        const REAL kept = t->decay[m], written = (1 - kept) * k[m], asked = q[m];
        const REAL *value = t->values + m * t->units, *old = held + m * t->units;
        REAL *g = gM + m * t->units, *gv = t->values_gradient + m * t->units;
        REAL reads = 0, writes = 0, decays = 0;
#pragma omp simd reduction(+ : reads, writes, decays)
        for (size_t i = 0; i < t->units; i++) {
            const REAL entered = value[i] * s[i];
            g[i] += asked * gr[i];
            reads += (kept * old[i] + written * entered) * gr[i];
            writes += g[i] * entered;
            decays += g[i] * (old[i] - k[m] * entered);
            gv[i] += g[i] * written * s[i];
            gs[i] += g[i] * written * value[i];
            g[i] *= kept;
        }
        t->decay_gradient[m] += decays;
        zk[m] = (1 - kept) * k[m] * (1 - k[m]) * writes;
        zq[m] = reads * asked * (1 - asked);
    }
}
