/* What several cells are built from. */

/* One tile at work. */
typedef struct {
    const ml_cell *cell;
    const cell_plan *plan;
    const REAL *parameters;
    REAL *gradient;                           /* (parameters) of this tile */
    const REAL *derived;                      /* (derived) */
    const REAL *packed[MATRICES], *turned[MATRICES]; /* weights, and their transposes */
    REAL *spare;                              /* (streams + 1, width) */
    REAL *held, *left; /* stores (streams, kept) before and after a step; may be the same */
    size_t streams;
    const uint8_t *mask;   /* (streams, steps) or NULL */
    REAL *tape, *some;     /* rows (steps, streams, width) of a tape or NULL; rows that take turns */
    size_t steps;
    size_t first, count;   /* the steps that go together */
    REAL *made, *scratch;  /* what their adjoint makes for them: stores, and else */
} net;

static int waits(const net *n, size_t stream, size_t t) {
    return n->mask && !n->mask[stream * n->steps + t];
}

/* The rows of a step. Where stores are apart, those of the steps that go together lie side by side
 * without a tape too; else two take turns. */
static REAL *rows_of(const net *n, size_t t) {
    const size_t each = n->streams * n->plan->width;
    if (n->tape && t < n->steps) {
        return n->tape + t * each;
    }
    return n->some + (n->plan->apart ? t - n->first : t % 2) * each;
}

/* All rows of the steps that go together as those of one. */
static net together(const net *n) {
    net all = *n;
    all.streams = n->count * n->streams;
    return all;
}

static const REAL *parameter(const net *n, size_t name) {
    return n->parameters + n->plan->at[name];
}

static REAL *gradient_of(const net *n, size_t name) { return n->gradient + n->plan->at[name]; }

/* A tape has the rows of all steps, then copies (copies, streams, kept) of the stores. */
static REAL *copy_of(const net *n, size_t t) {
    const size_t copy = t / n->plan->every;
    return n->tape + n->streams * (n->steps * n->plan->width + copy * n->plan->kept);
}

/* A field of the row of one stream. */
static REAL *field(const net *n, REAL *rows, size_t stream, size_t name) {
    return rows + stream * n->plan->width + n->plan->field[name];
}

/* A store of one stream, before a step and after it. */
static REAL *stored(const net *n, size_t stream, size_t name) {
    return n->held + stream * n->plan->kept + n->plan->field[name];
}

static REAL *left_of(const net *n, size_t stream, size_t name) {
    return n->left + stream * n->plan->kept + n->plan->field[name];
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

#if defined(CELL_CHOOSES) && LANES == 16
typedef int32_t lane_numbers __attribute__((vector_size(LANES * sizeof(int32_t))));
#endif

/* The sum of all lanes, by halves. */
INLINED REAL sum_of(lanes sum) {
    union {
        lanes all;
        quad four[LANES > 4 ? LANES / 4 : 1];
        REAL one[LANES];
    } part = {sum};
    if (LANES == 2) {
        return part.one[0] + part.one[1];
    }
    quad four = part.four[0];
    for (size_t i = 1; 4 * i < LANES; i++) {
        four += part.four[i];
    }
    return (four[0] + four[2]) + (four[1] + four[3]);
}

#if defined(CELL_CHOOSES) && LANES == 16
/* Lanes of a and b, each added to the one `apart` lanes on: those that `low` names. */
INLINED lanes halved(lanes a, lanes b, lane_numbers low, int32_t apart) {
    return __builtin_shuffle(a, b, low) + __builtin_shuffle(a, b, low + apart);
}

/* The sums of 16 vectors, by halves of all of them at once. */
INLINED lanes sums_of_16(lanes *x) {
    const lane_numbers by8 = {0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23};
    const lane_numbers by4 = {0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27};
    const lane_numbers by2 = {0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29};
    const lane_numbers by1 = {0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30};
    for (size_t j = 0; j < 8; j++) {
        x[j] = halved(x[2 * j], x[2 * j + 1], by8, 8);
    }
    for (size_t j = 0; j < 4; j++) {
        x[j] = halved(x[2 * j], x[2 * j + 1], by4, 4);
    }
    for (size_t j = 0; j < 2; j++) {
        x[j] = halved(x[2 * j], x[2 * j + 1], by2, 2);
    }
    return halved(x[0], x[1], by1, 1);
}
#endif

/* The sums of each of some vectors. */
INLINED void sums_of(size_t count, const lanes *x, REAL *sums) {
    size_t i = 0;
#if defined(CELL_CHOOSES) && LANES == 16
    for (; i + LANES <= count; i += LANES) {
        lanes part[LANES];
        memcpy(part, x + i, sizeof part);
        *(loose_lanes *)(sums + i) = sums_of_16(part);
    }
#endif
    for (; i < count; i++) {
        sums[i] = sum_of(x[i]);
    }
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

/* y = M x, of a matrix (rows, cols) that no run has packed. */
static void recall(size_t rows, size_t cols, const REAL *M, const REAL *x, REAL *y) {
    for (size_t i = 0; i < rows; i++) {
        y[i] = dot(cols, M + i * cols, x);
    }
}

/* Some rows of pairs (H, H) at once: to_i ← kept_i from_i + written_i entered, and y_i = to_i x by
 * the sums of `dot`. */
INLINED void paired(size_t rows, size_t H, const REAL *kept, const REAL *written,
                    const REAL *entered, const REAL *from, REAL *to, const REAL *x, REAL *y) {
    lanes sum[SIDE] = {{0}};
    REAL total[SIDE] = {0};
    size_t j = 0;
    for (; j + LANES <= H; j += LANES) {
        const lanes e = *(const loose_lanes *)(entered + j), known = *(const loose_lanes *)(x + j);
        for (size_t i = 0; i < rows; i++) {
            const lanes w = *(const loose_lanes *)(from + i * H + j) * kept[i] + e * written[i];
            *(loose_lanes *)(to + i * H + j) = w;
            sum[i] += w * known;
        }
    }
    for (; j < H; j++) {
        for (size_t i = 0; i < rows; i++) {
            to[i * H + j] = kept[i] * from[i * H + j] + written[i] * entered[j];
            total[i] += to[i * H + j] * x[j];
        }
    }
    for (size_t i = 0; i < rows; i++) {
        y[i] = total[i] + sum_of(sum[i]);
    }
}

/* All rows of them; from and to may be the same. */
static void pair(size_t H, const REAL *kept, const REAL *written, const REAL *entered,
                 const REAL *from, REAL *to, const REAL *x, REAL *y) {
    size_t i = 0;
    for (; i + SIDE <= H; i += SIDE) {
        paired(SIDE, H, kept + i, written + i, entered, from + i * H, to + i * H, x, y + i);
    }
    for (; i < H; i++) {
        paired(1, H, kept + i, written + i, entered, from + i * H, to + i * H, x, y + i);
    }
}

/* to (streams, rows) += W from, for matrix number `of` of a parameter. */
static void times(const net *n, size_t name, size_t of, const REAL *from, size_t from_apart,
                  REAL *to, size_t to_apart) {
    const size_t at = n->plan->first[name] + of;
    const cell_matrix *m = &n->plan->matrix[at];
    product(m->rows, m->cols, n->packed[at], n->streams, from, from_apart, to, to_apart);
}

/* The same for a field of the rows of steps that go together, with the same bits whichever do. */
static void times_together(const net *all, size_t name, size_t of, const REAL *from, REAL *to) {
    const size_t at = all->plan->first[name] + of, width = all->plan->width;
    const cell_matrix *m = &all->plan->matrix[at];
    product_alike(m->rows, m->cols, all->packed[at], all->streams, from, width, to, width);
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

/* A field becomes 0 in those of some steps in which a stream waits. */
static void begin_waiting(const net *n, size_t name) {
    for (size_t t = n->first; n->mask && t < n->first + n->count; t++) {
        for (size_t i = 0; i < n->streams; i++) {
            if (waits(n, i, t)) {
                memset(field(n, rows_of(n, t), i, name), 0, n->plan->size[name] * sizeof(REAL));
            }
        }
    }
}

/* Field `to` += W field `from`, of all streams. */
static void into(const net *n, size_t name, REAL *rows, size_t from, size_t to) {
    const size_t width = n->plan->width;
    times(n, name, 0, field(n, rows, 0, from), width, field(n, rows, 0, to), width);
}

static void into_together(const net *all, size_t name, REAL *rows, size_t from, size_t to) {
    times_together(all, name, 0, field(all, rows, 0, from), field(all, rows, 0, to));
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
