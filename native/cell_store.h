/* The gated store of memlab/cells/blocks.py: M'_m = λ_m M_m + (1 - λ_m) k_m (Vv_m s), r = Σ q_m M'_m,
 * unit by unit. Keys k and queries q are logistic already. */

/* One store; `of` counts heads. */
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

/* The steps that one stream takes through a store together, each of its fields. */
typedef struct {
    size_t count;
    REAL *s[LONGEST], *k[LONGEST], *q[LONGEST], *read[LONGEST]; /* what is read, or its gradient */
    REAL *gs[LONGEST], *zk[LONGEST], *zq[LONGEST];              /* gs is added to */
} store_steps;

/* Some vectors of units through all slots and some steps: what they read stays in registers. */
INLINED void store_units(const gated_store *t, size_t vectors, size_t count, size_t at,
                         REAL *const *s, REAL *const *k, REAL *const *q, const REAL *held,
                         REAL *next, REAL *const *read) {
    const size_t slots = t->slots, H = t->units;
    const REAL *decay = t->decay, *value = t->values + at, *old = held + at;
    REAL *new = next + at;
    lanes sum[LONGEST * SIDE];
    for (size_t v = 0; v < vectors * count; v++) {
        sum[v] = (lanes){0};
    }
    for (size_t m = 0; m < slots; m++, value += H, old += H, new += H) {
        const REAL kept = decay[m];
        for (size_t v = 0; v < vectors; v++) {
            const lanes weight = *(const loose_lanes *)(value + v * LANES);
            lanes now = *(const loose_lanes *)(old + v * LANES);
            for (size_t p = 0; p < count; p++) {
                const lanes units = *(const loose_lanes *)(s[p] + at + v * LANES);
                const REAL written = (1 - kept) * k[p][m];
                const lanes stays = now * kept, entered = weight * written;
                now = stays + entered * units;
                sum[p * vectors + v] += now * q[p][m];
            }
            *(loose_lanes *)(new + v * LANES) = now;
        }
    }
    for (size_t p = 0; p < count; p++) {
        for (size_t v = 0; v < vectors; v++) {
            *(loose_lanes *)(read[p] + at + v * LANES) = sum[p * vectors + v];
        }
    }
}

/* The units from `at` on, which fill no vector, in one step. */
static void store_rest(const gated_store *t, size_t at, const REAL *s, const REAL *k,
                       const REAL *q, const REAL *held, REAL *next, REAL *restrict read) {
    memset(read + at, 0, (t->units - at) * sizeof(REAL));
    for (size_t m = 0; m < t->slots; m++) {
        const REAL kept = t->decay[m], written = (1 - kept) * k[m], asked = q[m];
#pragma omp simd
        for (size_t i = at; i < t->units; i++) {
            const size_t j = m * t->units + i;
            next[j] = held[j] * kept + t->values[j] * written * s[i];
            read[i] += next[j] * asked;
        }
    }
}

/* One step; held and next may be the same. */
static void store_forward(const gated_store *t, REAL *s, REAL *k, REAL *q, const REAL *held,
                          REAL *next, REAL *read) {
    size_t at = 0;
    for (; at + SIDE * LANES <= t->units; at += SIDE * LANES) {
        store_units(t, SIDE, 1, at, &s, &k, &q, held, next, &read);
    }
    for (; at + 2 * LANES <= t->units; at += 2 * LANES) {
        store_units(t, 2, 1, at, &s, &k, &q, held, next, &read);
    }
    for (; at + LANES <= t->units; at += LANES) {
        store_units(t, 1, 1, at, &s, &k, &q, held, next, &read);
    }
    if (at < t->units) {
        store_rest(t, at, s, k, q, held, next, read);
    }
}

/* Some steps of a store that changes in place, to the same bits as one after the other. */
static void store_walk(const gated_store *t, const store_steps *w, REAL *held) {
    size_t at = 0;
    if (w->count < LONGEST) {
        for (size_t p = 0; p < w->count; p++) {
            store_forward(t, w->s[p], w->k[p], w->q[p], held, held, w->read[p]);
        }
        return;
    }
    for (; at + 2 * LANES <= t->units; at += 2 * LANES) {
        store_units(t, 2, LONGEST, at, w->s, w->k, w->q, held, held, w->read);
    }
    for (; at + LANES <= t->units; at += LANES) {
        store_units(t, 1, LONGEST, at, w->s, w->k, w->q, held, held, w->read);
    }
    for (size_t p = 0; at < t->units && p < LONGEST; p++) {
        store_rest(t, at, w->s[p], w->k[p], w->q[p], held, held, w->read[p]);
    }
}

/* What a walk left in the store, without reading. */
static void store_again(const gated_store *t, const REAL *s, const REAL *k, const REAL *held,
                        REAL *restrict next) {
    for (size_t m = 0; m < t->slots; m++) {
        const REAL kept = t->decay[m], written = (1 - kept) * k[m];
        const size_t at = m * t->units;
#pragma omp simd
        for (size_t j = 0; j < t->units; j++) {
            next[at + j] = held[at + j] * kept + t->values[at + j] * written * s[j];
        }
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

/* One slot of some steps: through the store as it was, then back. Sums over all whole vectors. */
INLINED size_t slot_units(const gated_store *t, const store_steps *w, size_t count, size_t m,
                          const REAL *held, REAL *gM, lanes *reads, lanes *writes, lanes *decays) {
    const REAL kept = t->decay[m];
    const size_t row = m * t->units;
    size_t at = 0;
    REAL written[LONGEST], asked[LONGEST];
    for (size_t p = 0; p < count; p++) {
        written[p] = (1 - kept) * w->k[p][m];
        asked[p] = w->q[p][m];
        reads[p] = writes[p] = (lanes){0};
    }
    for (; at + LANES <= t->units; at += LANES) {
        const lanes value = *(const loose_lanes *)(t->values + row + at);
        lanes stored[LONGEST + 1], g = *(const loose_lanes *)(gM + row + at);
        lanes gv = *(const loose_lanes *)(t->values_gradient + row + at);
        stored[0] = *(const loose_lanes *)(held + row + at);
        for (size_t p = 0; p < count; p++) {
            const lanes entered = value * *(const loose_lanes *)(w->s[p] + at);
            stored[p + 1] = stored[p] * kept + entered * written[p];
        }
        for (size_t p = count; p-- > 0;) {
            const lanes s = *(const loose_lanes *)(w->s[p] + at);
            const lanes gr = *(const loose_lanes *)(w->read[p] + at);
            g += gr * asked[p];
            reads[p] += stored[p + 1] * gr;
            writes[p] += g * (value * s);
            *decays += g * stored[p];
            const lanes through = g * written[p];
            gv += through * s;
            *(loose_lanes *)(w->gs[p] + at) += through * value;
            g *= kept;
        }
        *(loose_lanes *)(gM + row + at) = g;
        *(loose_lanes *)(t->values_gradient + row + at) = gv;
    }
    return at;
}

/* Its units from `at` on, which fill no vector. */
static void slot_rest(const gated_store *t, const store_steps *w, size_t at, size_t m,
                      const REAL *held, REAL *gM, REAL *reads, REAL *writes, REAL *decays) {
    const REAL kept = t->decay[m];
    for (size_t i = at; i < t->units; i++) {
        const size_t j = m * t->units + i;
        const REAL value = t->values[j];
        REAL stored[LONGEST + 1] = {held[j]};
        for (size_t p = 0; p < w->count; p++) {
            stored[p + 1] = stored[p] * kept + (1 - kept) * w->k[p][m] * value * w->s[p][i];
        }
        for (size_t p = w->count; p-- > 0;) {
            gM[j] += w->read[p][i] * w->q[p][m];
            reads[p] += stored[p + 1] * w->read[p][i];
            writes[p] += gM[j] * value * w->s[p][i];
            *decays += gM[j] * stored[p];
            const REAL through = gM[j] * (1 - kept) * w->k[p][m];
            t->values_gradient[j] += through * w->s[p][i];
            w->gs[p][i] += through * value;
            gM[j] *= kept;
        }
    }
}

/* The adjoint of some steps at once, from the store before them; `read` has the gradients of what
 * was read. gM in place. */
static void store_unwalk(const gated_store *t, const store_steps *w, const REAL *held, REAL *gM) {
    for (size_t m = 0; m < t->slots; m++) {
        const REAL kept = t->decay[m];
        lanes read[LONGEST], write[LONGEST], decay = {0};
        REAL reads[LONGEST] = {0}, writes[LONGEST] = {0}, decays = 0;
        const size_t at = w->count == LONGEST
            ? slot_units(t, w, LONGEST, m, held, gM, read, write, &decay)
            : slot_units(t, w, w->count, m, held, gM, read, write, &decay);
        slot_rest(t, w, at, m, held, gM, reads, writes, &decays);
        t->decay_gradient[m] += decays + sum_of(decay);
        for (size_t p = 0; p < w->count; p++) {
            const REAL key = w->k[p][m], asked = w->q[p][m], all = writes[p] + sum_of(write[p]);
            t->decay_gradient[m] -= key * all;
            w->zk[p][m] = (1 - kept) * key * (1 - key) * all;
            w->zq[p][m] = (reads[p] + sum_of(read[p])) * asked * (1 - asked);
        }
    }
}
