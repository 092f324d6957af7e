/* Hebbian layers whose k strongest units win; equations: memlab/hebbian/stable.py.
 *
 * One step of a replicate, over the tokens v whose share p_v of the batch is not 0:
 *   x_v = (h_v - mu) / |h_v - mu|,   a_v = (S + F) x_v - theta,   y_v = 1 for the k largest
 *   W = S + F,   W' = W + rate sum_v p_v y_v x_v, row by row of length 1
 *          or    W' = W + rate (sum_v p_v y_v x_v - use W),   use = sum_v p_v y_v
 *   F <- F + W' - W,   theta <- theta + t (use - k/H),   mu <- mu + m (sum_v p_v h_v - mu)
 *   S <- S + c F,   F <- (1 - c) (1 - d) F
 * Rows without a winning token do not learn. Equal units win by the lower index.
 */
#include "memlab.h"

#include <math.h>
#include <string.h>

/* Sums go token by token, one per lane, or in parts of fixed order: wider vectors, same bits. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__ELF__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(MEMLAB_ONE_ISA)
#define WIDE __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define WIDE
#endif

#define FLAT 1e-6f /* an input shorter than this stays short */

enum { LANES = 16, ROWS = 4 }; /* tokens and units whose sums are in registers; parts of a sum */

typedef struct {
    size_t V, F, H, k;
} layout;

/* What one replicate works on. */
typedef struct {
    const float *features;
    float *slow, *fast, *mean, *threshold;
} traces;

/* Scratch of one thread. */
typedef struct {
    float *x;      /* (V, F): of the tokens that are there, one after the other */
    float *across; /* (F, LANES): a block of them, token by token in a lane */
    float *a;      /* (H, LANES) */
    float *w;      /* (H, F) S + F */
    float *driven; /* (H, F) */
    float *use;    /* (H) */
    float *seen;   /* (F) */
    float *share;  /* (V) */
    float *best;   /* (k) */
    float *column; /* (H): fields of one token */
    int32_t *won;  /* (k) */
} scratch;

static layout layout_of(const ml_layer_dims *d) {
    return (layout){(size_t)d->vocabulary, (size_t)d->features, (size_t)d->units,
                    (size_t)d->winners};
}

static int dims_ok(const ml_layer_dims *d) {
    return d && d->replicates > 0 && d->steps >= 0 && d->vocabulary > 0 && d->features > 0 &&
           d->units > 0 && d->winners > 0 && d->winners <= d->units && d->threads > 0;
}

static size_t floats_of(const layout *p) {
    return p->V * p->F + p->F * LANES + p->H * LANES + 2 * p->H * p->F + 2 * p->H + p->F + p->V +
           2 * p->k;
}

static scratch scratch_of(const layout *p, float *work) {
    scratch s = {.x = work};
    s.across = s.x + p->V * p->F;
    s.a = s.across + p->F * LANES;
    s.w = s.a + p->H * LANES;
    s.driven = s.w + p->H * p->F;
    s.use = s.driven + p->H * p->F;
    s.column = s.use + p->H;
    s.seen = s.column + p->H;
    s.share = s.seen + p->F;
    s.best = s.share + p->V;
    s.won = (int32_t *)(s.best + p->k);
    return s;
}

/* The k largest of n numbers, into won in falling order; 0 if one is NaN. */
static int strongest(size_t n, size_t k, const float *a, float *best, int32_t *won) {
    size_t held = 0;
    int known = 1;
    for (size_t i = 0; i < n; i++) {
        known &= a[i] == a[i];
        if (held == k && !(a[i] > best[k - 1])) {
            continue;
        }
        size_t at = held < k ? held++ : k - 1;
        for (; at > 0 && best[at - 1] < a[i]; at--) {
            best[at] = best[at - 1];
            won[at] = won[at - 1];
        }
        best[at] = a[i];
        won[at] = (int32_t)i;
    }
    return known;
}

WIDE static float sum_of_squares(size_t n, const float *x) {
    float part[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            part[l] += x[i + l] * x[i + l];
        }
    }
    for (size_t l = 0; i < n; i++, l++) {
        part[l] += x[i] * x[i];
    }
    for (size_t half = LANES / 2; half; half /= 2) {
        for (size_t l = 0; l < half; l++) {
            part[l] += part[l + half];
        }
    }
    return part[0];
}

/* y += s x */
WIDE static void add_scaled(size_t n, float s, const float *x, float *y) {
    for (size_t i = 0; i < n; i++) {
        y[i] += s * x[i];
    }
}

WIDE static void scale(size_t n, float s, float *x) {
    for (size_t i = 0; i < n; i++) {
        x[i] *= s;
    }
}

/* a (H, LANES) = w (H, F) times across (F, LANES), less the thresholds. */
WIDE static void fields(const layout *p, const float *w, const float *across,
                        const float *threshold, float *a) {
    for (size_t i = 0; i < p->H; i += ROWS) {
        const size_t rows = p->H - i < ROWS ? p->H - i : ROWS;
        const float *row[ROWS];
        for (size_t r = 0; r < ROWS; r++) {
            row[r] = w + (i + (r < rows ? r : 0)) * p->F;
        }
        float sum[ROWS][LANES] = {{0}};
        for (size_t f = 0; f < p->F; f++) {
            for (size_t r = 0; r < ROWS; r++) {
                for (size_t l = 0; l < LANES; l++) {
                    sum[r][l] += row[r][f] * across[f * LANES + l];
                }
            }
        }
        for (size_t r = 0; r < rows; r++) {
            for (size_t l = 0; l < LANES; l++) {
                a[(i + r) * LANES + l] = sum[r][l] - threshold[i + r];
            }
        }
    }
}

/* The inputs of the tokens that are there, their shares, and what is seen; how many there are. */
static size_t inputs(const layout *p, const traces *t, const float *share, const scratch *s) {
    size_t there = 0;
    memset(s->seen, 0, p->F * sizeof(float));
    for (size_t v = 0; v < p->V; v++) {
        if (share[v] == 0) {
            continue;
        }
        const float *h = t->features + v * p->F;
        float *x = s->x + there * p->F;
        for (size_t f = 0; f < p->F; f++) {
            x[f] = h[f] - t->mean[f];
        }
        const float length = sqrtf(sum_of_squares(p->F, x));
        scale(p->F, 1 / (length > FLAT ? length : FLAT), x);
        add_scaled(p->F, share[v], h, s->seen);
        s->share[there++] = share[v];
    }
    return there;
}

/* Who wins each token, and what that drives and uses; 0 if a field is NaN. */
static int compete(const layout *p, const traces *t, size_t there, const scratch *s) {
    memset(s->driven, 0, p->H * p->F * sizeof(float));
    memset(s->use, 0, p->H * sizeof(float));
    for (size_t first = 0; first < there; first += LANES) {
        const size_t tokens = there - first < LANES ? there - first : LANES;
        memset(s->across, 0, p->F * LANES * sizeof(float));
        for (size_t l = 0; l < tokens; l++) {
            for (size_t f = 0; f < p->F; f++) {
                s->across[f * LANES + l] = s->x[(first + l) * p->F + f];
            }
        }
        fields(p, s->w, s->across, t->threshold, s->a);
        for (size_t l = 0; l < tokens; l++) {
            for (size_t i = 0; i < p->H; i++) {
                s->column[i] = s->a[i * LANES + l];
            }
            if (!strongest(p->H, p->k, s->column, s->best, s->won)) {
                return 0;
            }
            for (size_t n = 0; n < p->k; n++) {
                const size_t i = (size_t)s->won[n];
                s->use[i] += s->share[first + l];
                add_scaled(p->F, s->share[first + l], s->x + (first + l) * p->F,
                           s->driven + i * p->F);
            }
        }
    }
    return 1;
}

/* F += W' - W for row i, whose W is w; w becomes W'. */
static void learn_row(const layout *p, const ml_layer_rule *rule, float rate, float use,
                      const float *driven, float *w, float *fast) {
    add_scaled(p->F, -1, w, fast);
    if (rule->law == ML_OJA) {
        scale(p->F, 1 - rate * use, w);
        add_scaled(p->F, rate, driven, w);
    } else {
        add_scaled(p->F, rate, driven, w);
        scale(p->F, 1 / sqrtf(sum_of_squares(p->F, w)), w);
    }
    add_scaled(p->F, 1, w, fast);
}

static int step(const layout *p, const ml_layer_rule *rule, float salience, const float *share,
                const traces *t, const scratch *s) {
    const size_t there = inputs(p, t, share, s);
    memcpy(s->w, t->slow, p->H * p->F * sizeof(float));
    add_scaled(p->H * p->F, 1, t->fast, s->w);
    if (!compete(p, t, there, s)) {
        return 0;
    }
    const float rate = rule->rate * salience, chance = (float)p->k / (float)p->H;
    const float pace = fminf(rule->mean_rate * salience, 1);
    for (size_t i = 0; i < p->H; i++) {
        if (s->use[i] > 0 && rate > 0) {
            learn_row(p, rule, rate, s->use[i], s->driven + i * p->F, s->w + i * p->F,
                      t->fast + i * p->F);
        }
        t->threshold[i] += rule->threshold_rate * salience * (s->use[i] - chance);
    }
    for (size_t f = 0; f < p->F; f++) {
        t->mean[f] += pace * (s->seen[f] - t->mean[f]);
    }
    if (rule->consolidation > 0) {
        add_scaled(p->H * p->F, rule->consolidation, t->fast, t->slow);
    }
    if (rule->consolidation > 0 || rule->decay > 0) {
        scale(p->H * p->F, (1 - rule->consolidation) * (1 - rule->decay), t->fast);
    }
    return 1;
}

static int finite(size_t n, const float *x) {
    float sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += x[i] * 0; /* NaN of what is not finite */
    }
    return sum == 0;
}

size_t ml_layer_work(const ml_layer_dims *dims) {
    if (!dims_ok(dims)) {
        return 0;
    }
    const layout p = layout_of(dims);
    return (size_t)dims->threads * floats_of(&p);
}

ml_status ml_layer_learn(const ml_layer_dims *dims, const ml_layer_rule *rule,
                         const float *restrict features, const float *restrict shares,
                         const float *restrict salience, float *restrict slow,
                         float *restrict fast, float *restrict mean, float *restrict threshold,
                         float *restrict work) {
    if (!dims_ok(dims)) {
        return ML_BAD_DIMS;
    }
    const layout p = layout_of(dims);
    const size_t R = (size_t)dims->replicates, S = (size_t)dims->steps, all = p.H * p.F;
    int lost = 0;
#pragma omp parallel for num_threads(dims->threads) schedule(static) reduction(| : lost) if (dims->threads > 1)
    for (int32_t team = 0; team < dims->threads; team++) {
        const scratch s = scratch_of(&p, work + (size_t)team * floats_of(&p));
        for (size_t r = (size_t)team; r < R; r += (size_t)dims->threads) {
            const traces t = {features + r * p.V * p.F, slow + r * all, fast + r * all,
                              mean + r * p.F, threshold + r * p.H};
            int going = 1;
            for (size_t n = 0; n < S && going; n++) {
                going = step(&p, rule, salience[r * S + n], shares + (r * S + n) * p.V, &t, &s);
            }
            lost |= !going || !finite(all, t.slow) || !finite(all, t.fast) ||
                    !finite(p.F, t.mean) || !finite(p.H, t.threshold);
        }
    }
    return lost ? ML_NOT_FINITE : ML_OK;
}

ml_status ml_winners(int32_t rows, int32_t units, int32_t winners, const float *restrict fields,
                     uint8_t *restrict won, float *restrict work) {
    if (rows < 0 || units <= 0 || winners <= 0 || winners > units) {
        return ML_BAD_DIMS;
    }
    const size_t H = (size_t)units, k = (size_t)winners;
    int32_t *const best = (int32_t *)(work + k);
    memset(won, 0, (size_t)rows * H);
    for (size_t row = 0; row < (size_t)rows; row++) {
        if (!strongest(H, k, fields + row * H, work, best)) {
            return ML_NOT_FINITE;
        }
        for (size_t n = 0; n < k; n++) {
            won[row * H + (size_t)best[n]] = 1;
        }
    }
    return ML_OK;
}
