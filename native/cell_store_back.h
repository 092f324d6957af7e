/* The adjoint of the gated store, of one step and of some at once. */

enum {
    UNITS_NEAR = 256 /* units whose steps are copied side by side */
};

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

/* Some slots of one step: gM in place; adds to gs. Sums over units of what was read, of what was
 * written, and of what decayed, of all slots each. */
INLINED void slots_adjoint(const gated_store *t, size_t slots, size_t m, const REAL *s,
                           const REAL *k, const REAL *q, const REAL *held, const REAL *gr,
                           REAL *gM, REAL *gs, REAL *sums) {
    const size_t H = t->units, from = m * H;
    const REAL *value = t->values + from, *old = held + from, *decay = t->decay + m;
    REAL *g = gM + from, *gv = t->values_gradient + from, written[SIDE];
    lanes sum[4 * SIDE]; /* the last are 0: sixteen are added faster than twelve */
    size_t j = 0;
    for (size_t i = 0; i < slots; i++) {
        written[i] = (1 - decay[i]) * k[m + i];
        sum[i] = sum[slots + i] = sum[2 * slots + i] = sum[3 * slots + i] = (lanes){0};
    }
    for (; j + LANES <= H; j += LANES) {
        const lanes units = *(const loose_lanes *)(s + j), read = *(const loose_lanes *)(gr + j);
        lanes through = *(const loose_lanes *)(gs + j);
        for (size_t i = 0; i < slots; i++) {
            const size_t at = i * H + j;
            const lanes weight = *(const loose_lanes *)(value + at);
            const lanes before = *(const loose_lanes *)(old + at);
            const lanes now = *(const loose_lanes *)(g + at) + read * q[m + i];
            const lanes weighed = now * weight, stays = before * decay[i];
            sum[i] += (stays + weight * units * written[i]) * read;
            sum[slots + i] += weighed * units;
            sum[2 * slots + i] += now * before;
            through += weighed * written[i];
            *(loose_lanes *)(gv + at) += now * written[i] * units;
            *(loose_lanes *)(g + at) = now * decay[i];
        }
        *(loose_lanes *)(gs + j) = through;
    }
    sums_of(4 * slots, sum, sums);
    for (; j < H; j++) {
        for (size_t i = 0; i < slots; i++) {
            const size_t at = i * H + j;
            const REAL now = g[at] + gr[j] * q[m + i];
            sums[i] += (old[at] * decay[i] + value[at] * s[j] * written[i]) * gr[j];
            sums[slots + i] += now * value[at] * s[j];
            sums[2 * slots + i] += now * old[at];
            gs[j] += now * value[at] * written[i];
            gv[at] += now * written[i] * s[j];
            g[at] = now * decay[i];
        }
    }
}

/* gM in place; adds to gs; zk, zq: gradients before the logistic. */
static void store_adjoint(const gated_store *t, const REAL *s, const REAL *k, const REAL *q,
                          const REAL *held, const REAL *gr, REAL *gM, REAL *gs, REAL *zk,
                          REAL *zq) {
    for (size_t m = 0; m < t->slots;) {
        const size_t slots = m + SIDE <= t->slots ? SIDE : 1;
        REAL sums[4 * SIDE];
        if (slots == SIDE) {
            slots_adjoint(t, SIDE, m, s, k, q, held, gr, gM, gs, sums);
        } else {
            slots_adjoint(t, 1, m, s, k, q, held, gr, gM, gs, sums);
        }
        for (size_t i = 0; i < slots; i++, m++) {
            const REAL writes = sums[slots + i];
            t->decay_gradient[m] += sums[2 * slots + i] - k[m] * writes;
            zk[m] = (1 - t->decay[m]) * k[m] * (1 - k[m]) * writes;
            zq[m] = sums[i] * q[m] * (1 - q[m]);
        }
    }
}

/* Some units of some steps beside each other: in vector v, step p at (v count + p). */
typedef struct {
    size_t at, vectors;
    lanes s[LONGEST * UNITS_NEAR / LANES], gr[LONGEST * UNITS_NEAR / LANES];
    lanes gs[LONGEST * UNITS_NEAR / LANES];
} near_steps;

static void gather(const store_steps *w, size_t at, size_t vectors, near_steps *near) {
    near->at = at;
    near->vectors = vectors;
    for (size_t p = 0; p < w->count; p++) {
        for (size_t v = 0; v < vectors; v++) {
            const size_t from = at + v * LANES, to = v * w->count + p;
            near->s[to] = *(const loose_lanes *)(w->s[p] + from);
            near->gr[to] = *(const loose_lanes *)(w->read[p] + from);
            near->gs[to] = (lanes){0};
        }
    }
}

static void scatter(const store_steps *w, const near_steps *near) {
    for (size_t p = 0; p < w->count; p++) {
        for (size_t v = 0; v < near->vectors; v++) {
            *(loose_lanes *)(w->gs[p] + near->at + v * LANES) += near->gs[v * w->count + p];
        }
    }
}

/* One slot of these units: through the store as it was, then back. Sums over units: what was read,
 * then written, in each step, and what decayed. */
INLINED void slot_units(const gated_store *t, near_steps *near, size_t count, size_t m,
                        const REAL *written, const REAL *asked, const REAL *held, REAL *gM,
                        lanes *sums) {
    const REAL kept = t->decay[m];
    const size_t row = m * t->units + near->at;
    lanes reads[LONGEST], writes[LONGEST], decays = {0};
    for (size_t p = 0; p < count; p++) {
        reads[p] = writes[p] = (lanes){0};
    }
    for (size_t v = 0; v < near->vectors; v++) {
        const lanes *s = near->s + v * count, *gr = near->gr + v * count;
        lanes *gs = near->gs + v * count, stored[LONGEST + 1];
        const lanes value = *(const loose_lanes *)(t->values + row + v * LANES);
        lanes g = *(const loose_lanes *)(gM + row + v * LANES);
        lanes gv = *(const loose_lanes *)(t->values_gradient + row + v * LANES);
        stored[0] = *(const loose_lanes *)(held + row + v * LANES);
#pragma GCC unroll 8
        for (size_t p = 0; p < count; p++) {
            stored[p + 1] = stored[p] * kept + value * s[p] * written[p];
        }
#pragma GCC unroll 8
        for (size_t p = count; p-- > 0;) {
            g = p + 1 < count ? g * kept + gr[p] * asked[p] : g + gr[p] * asked[p];
            reads[p] += stored[p + 1] * gr[p];
            decays += g * stored[p];
            const lanes weighed = g * value;
            writes[p] += weighed * s[p];
            gs[p] += weighed * written[p];
            gv += g * written[p] * s[p];
        }
        *(loose_lanes *)(gM + row + v * LANES) = g * kept;
        *(loose_lanes *)(t->values_gradient + row + v * LANES) = gv;
    }
    for (size_t p = 0; p < count; p++) {
        sums[p] = reads[p];
        sums[count + p] = writes[p];
    }
    sums[2 * count] = decays;
}

/* Its units from `at` on, which fill no vector. */
static void slot_rest(const gated_store *t, const store_steps *w, size_t at, size_t m,
                      const REAL *held, REAL *gM) {
    const REAL kept = t->decay[m];
    for (size_t i = at; i < t->units; i++) {
        const size_t j = m * t->units + i;
        const REAL value = t->values[j];
        REAL stored[LONGEST + 1] = {held[j]};
        for (size_t p = 0; p < w->count; p++) {
            stored[p + 1] = stored[p] * kept + (1 - kept) * w->k[p][m] * value * w->s[p][i];
        }
        for (size_t p = w->count; p-- > 0;) {
            const REAL written = (1 - kept) * w->k[p][m];
            gM[j] += w->read[p][i] * w->q[p][m];
            w->zq[p][m] += stored[p + 1] * w->read[p][i];
            t->decay_gradient[m] += gM[j] * stored[p];
            w->zk[p][m] += gM[j] * value * w->s[p][i];
            w->gs[p][i] += gM[j] * value * written;
            t->values_gradient[j] += gM[j] * written * w->s[p][i];
            gM[j] *= kept;
        }
    }
}

/* All slots of the units beside each other. */
static void near_unwalk(const gated_store *t, const store_steps *w, near_steps *near,
                        const REAL *held, REAL *gM) {
    for (size_t m = 0; m < t->slots; m++) {
        lanes sums[2 * LONGEST + 1];
        REAL written[LONGEST], asked[LONGEST], sum[2 * LONGEST];
        for (size_t p = 0; p < w->count; p++) {
            written[p] = (1 - t->decay[m]) * w->k[p][m];
            asked[p] = w->q[p][m];
        }
        if (w->count == LONGEST) {
            slot_units(t, near, LONGEST, m, written, asked, held, gM, sums);
        } else {
            slot_units(t, near, w->count, m, written, asked, held, gM, sums);
        }
        sums_of(2 * w->count, sums, sum);
        t->decay_gradient[m] += sum_of(sums[2 * w->count]);
        for (size_t p = 0; p < w->count; p++) {
            w->zq[p][m] += sum[p];
            w->zk[p][m] += sum[w->count + p];
        }
    }
}

/* The adjoint of some steps at once, from the store before them; `read` has the gradients of what
 * was read. gM in place. */
static void store_unwalk(const gated_store *t, const store_steps *w, const REAL *held, REAL *gM) {
    const size_t whole = t->units / LANES * LANES;
    near_steps near;
    if (w->count == 0) {
        return; /* the stream waited in all of them, and nothing decayed */
    }
    for (size_t p = 0; p < w->count; p++) {
        memset(w->zk[p], 0, t->slots * sizeof(REAL));
        memset(w->zq[p], 0, t->slots * sizeof(REAL));
    }
    for (size_t at = 0; at < whole; at += UNITS_NEAR) {
        const size_t units = whole - at < UNITS_NEAR ? whole - at : UNITS_NEAR;
        gather(w, at, units / LANES, &near);
        near_unwalk(t, w, &near, held, gM);
        scatter(w, &near);
    }
    for (size_t m = 0; m < t->slots; m++) {
        const REAL kept = t->decay[m];
        if (whole < t->units) {
            slot_rest(t, w, whole, m, held, gM);
        }
        for (size_t p = 0; p < w->count; p++) {
            const REAL key = w->k[p][m], asked = w->q[p][m], writes = w->zk[p][m];
            t->decay_gradient[m] -= key * writes;
            w->zk[p][m] = (1 - kept) * key * (1 - key) * writes;
            w->zq[p][m] *= asked * (1 - asked);
        }
    }
}
