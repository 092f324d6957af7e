/* The gated store of memlab/cells/blocks.py, unit by unit:
 * M'_m = λ_m M_m + (1 - λ_m) k_m (Vv_m s), r = Σ_m q_m M'_m; keys k and queries q are logistic. */

/* One store; `of` counts heads. */
typedef struct {
    size_t slots, units;
    const REAL *values, *decay; /* Vv (slots, units), λ (slots) */
    REAL *values_gradient, *decay_gradient;
} gated_store;

static gated_store store_of(const net *n, size_t slots, size_t values, size_t decay, size_t of) {
    const size_t H = (size_t)n->cell->hidden;
    gated_store found = {.slots = slots,
                         .units = H,
                         .values = parameter(n, values) + of * slots * H,
                         .decay = parameter(n, decay) + of * slots};
    if (n->gradient) {
        found.values_gradient = gradient_of(n, values) + of * slots * H;
        found.decay_gradient = gradient_of(n, decay) + of * slots;
    }
    return found;
}

/* The steps that one stream takes through a store together, each of its fields. */
typedef struct {
    size_t count;
    REAL *s[LONGEST], *k[LONGEST], *q[LONGEST], *read[LONGEST]; /* what is read, or its gradient */
    REAL *gs[LONGEST], *zk[LONGEST], *zq[LONGEST];              /* gs is added to */
} store_steps;

enum {
    SLOTS_NEAR = 64 /* slots whose coefficients are made together */
};

/* (1 - λ_m) k_m and q_m of some slots in each step, beside each other. */
typedef struct {
    size_t first, count, steps;
    REAL written[SLOTS_NEAR * LONGEST], asked[SLOTS_NEAR * LONGEST];
} coefficients;

static void coefficients_of(const gated_store *t, size_t steps, REAL *const *k, REAL *const *q,
                            size_t first, coefficients *c) {
    const size_t left = t->slots - first;
    c->first = first;
    c->count = left < SLOTS_NEAR ? left : SLOTS_NEAR;
    for (size_t p = 0; p < steps; p++) {
        const REAL *key = k[p] + first, *query = q[p] + first, *decay = t->decay + first;
        for (size_t m = 0; m < c->count; m++) {
            c->written[m * steps + p] = (1 - decay[m]) * key[m];
            c->asked[m * steps + p] = query[m];
        }
    }
}

/* Some vectors of units through these slots and some steps: what is read stays in registers. */
INLINED void store_units(const gated_store *t, const coefficients *c, size_t vectors, size_t steps,
                         size_t at, REAL *const *s, const REAL *held, REAL *next,
                         REAL *const *read) {
    const size_t H = t->units, from = c->first * H + at;
    const REAL *value = t->values + from, *old = held + from, *decay = t->decay + c->first;
    const REAL *written = c->written, *asked = c->asked;
    REAL *new = next + from;
    lanes sum[LONGEST * SIDE], units[LONGEST * SIDE];
    for (size_t p = 0; p < steps; p++) {
        for (size_t v = 0; v < vectors; v++) {
            units[p * vectors + v] = *(const loose_lanes *)(s[p] + at + v * LANES);
            sum[p * vectors + v] = *(const loose_lanes *)(read[p] + at + v * LANES);
        }
    }
    for (size_t m = 0; m < c->count; m++, written += steps, asked += steps) {
        const REAL kept = decay[m];
        lanes now[SIDE], weight[SIDE];
        for (size_t v = 0; v < vectors; v++) {
            weight[v] = *(const loose_lanes *)(value + m * H + v * LANES);
            now[v] = *(const loose_lanes *)(old + m * H + v * LANES);
        }
#pragma GCC unroll 8
        for (size_t p = 0; p < steps; p++) {
#pragma GCC unroll 4
            for (size_t v = 0; v < vectors; v++) {
                const lanes entered = weight[v] * written[p];
                now[v] = now[v] * kept + entered * units[p * vectors + v];
                sum[p * vectors + v] += now[v] * asked[p];
            }
        }
        for (size_t v = 0; v < vectors; v++) {
            *(loose_lanes *)(new + m * H + v * LANES) = now[v];
        }
    }
    for (size_t p = 0; p < steps; p++) {
        for (size_t v = 0; v < vectors; v++) {
            *(loose_lanes *)(read[p] + at + v * LANES) = sum[p * vectors + v];
        }
    }
}

/* The units from `at` on, which fill no vector, in one of the steps. */
static void store_rest(const gated_store *t, const coefficients *c, size_t steps, size_t p,
                       size_t at, const REAL *s, const REAL *held, REAL *next,
                       REAL *restrict read) {
    for (size_t m = 0; m < c->count; m++) {
        const REAL written = c->written[m * steps + p], asked = c->asked[m * steps + p];
        const REAL kept = t->decay[c->first + m];
#pragma omp simd
        for (size_t i = at; i < t->units; i++) {
            const size_t j = (c->first + m) * t->units + i;
            next[j] = held[j] * kept + t->values[j] * written * s[i];
            read[i] += next[j] * asked;
        }
    }
}

/* One step; held and next may be the same. */
static void store_forward(const gated_store *t, REAL *s, REAL *k, REAL *q, const REAL *held,
                          REAL *next, REAL *read) {
    coefficients c;
    memset(read, 0, t->units * sizeof(REAL));
    for (size_t m = 0; m < t->slots; m += SLOTS_NEAR) {
        size_t at = 0;
        coefficients_of(t, 1, &k, &q, m, &c);
        for (; at + SIDE * LANES <= t->units; at += SIDE * LANES) {
            store_units(t, &c, SIDE, 1, at, &s, held, next, &read);
        }
        for (; at + 2 * LANES <= t->units; at += 2 * LANES) {
            store_units(t, &c, 2, 1, at, &s, held, next, &read);
        }
        for (; at + LANES <= t->units; at += LANES) {
            store_units(t, &c, 1, 1, at, &s, held, next, &read);
        }
        if (at < t->units) {
            store_rest(t, &c, 1, 0, at, s, held, next, read);
        }
    }
}

/* Some steps of a store that changes in place, to the same bits as one after the other. */
static void store_walk(const gated_store *t, const store_steps *w, REAL *held) {
    if (w->count < LONGEST) {
        for (size_t p = 0; p < w->count; p++) {
            store_forward(t, w->s[p], w->k[p], w->q[p], held, held, w->read[p]);
        }
        return;
    }
    coefficients c;
    for (size_t p = 0; p < LONGEST; p++) {
        memset(w->read[p], 0, t->units * sizeof(REAL));
    }
    for (size_t m = 0; m < t->slots; m += SLOTS_NEAR) {
        size_t at = 0;
        coefficients_of(t, LONGEST, w->k, w->q, m, &c);
        for (; at + 2 * LANES <= t->units; at += 2 * LANES) {
            store_units(t, &c, 2, LONGEST, at, w->s, held, held, w->read);
        }
        for (; at + LANES <= t->units; at += LANES) {
            store_units(t, &c, 1, LONGEST, at, w->s, held, held, w->read);
        }
        for (size_t p = 0; at < t->units && p < LONGEST; p++) {
            store_rest(t, &c, LONGEST, p, at, w->s[p], held, held, w->read[p]);
        }
    }
}
