/* Products of matrices with the rows of some streams, on LANES units at once. */

typedef REAL lanes __attribute__((vector_size(LANES * sizeof(REAL))));
typedef REAL loose_lanes
    __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));

typedef REAL quad __attribute__((vector_size(4 * sizeof(REAL))));

enum {
    VECTORS = BLOCK / LANES,
    SIDE = 4,                     /* streams, or rows, whose sums are in registers together */
    WIDE = LANES == 16 ? 2 : 1,   /* blocks beside SIDE streams */
    ALONE = LANES == 16 ? 8 : 4   /* blocks of one stream */
};

/* Weights (rows, cols) as (blocks of rows, cols, BLOCK); 0 beyond the rows. */
static void pack(size_t rows, size_t cols, size_t row_step, size_t col_step,
                 const REAL *restrict weights, REAL *restrict packed) {
    for (size_t row = 0; row < rows; row += BLOCK) {
        const size_t count = rows - row < BLOCK ? rows - row : BLOCK;
        for (size_t col = 0; col < cols; col++, packed += BLOCK) {
            for (size_t i = 0; i < BLOCK; i++) {
                packed[i] = i < count ? weights[(row + i) * row_step + col * col_step] : 0;
            }
        }
    }
}

static inline size_t packed_size(size_t rows, size_t cols) {
    return (rows + BLOCK - 1) / BLOCK * BLOCK * cols;
}

/* sum[s][b] = sum over n of v[n][b] s[n][s], for `blocks` blocks of lanes and `side` scalars. */
INLINED void tile(size_t blocks, size_t side, size_t count, const REAL *v, size_t v_step,
                  size_t v_apart, const REAL *s, size_t s_step, size_t s_apart, lanes *sum) {
    lanes part[8 * VECTORS];
    for (size_t i = 0; i < blocks * side * VECTORS; i++) {
        part[i] = (lanes){0};
    }
    for (size_t n = 0; n < count; n++, v += v_step, s += s_step) {
        for (size_t j = 0; j < side; j++) {
            const REAL scale = s[j * s_apart];
            for (size_t b = 0; b < blocks; b++) {
                for (size_t i = 0; i < VECTORS; i++) {
                    const lanes w = *(const loose_lanes *)(v + b * v_apart + i * LANES);
                    part[(j * blocks + b) * VECTORS + i] += w * scale;
                }
            }
        }
    }
    for (size_t i = 0; i < blocks * side * VECTORS; i++) {
        sum[i] = part[i];
    }
}

/* y += sums of as many units as there are. */
INLINED void add_units(size_t units, const lanes *sum, REAL *y) {
    const REAL *from = (const REAL *)sum;
    for (size_t i = 0; i < units; i++) {
        y[i] += from[i];
    }
}

/* Sums of `blocks` blocks for `side` streams, added where there are units. */
INLINED void add_tile(size_t blocks, size_t side, size_t cols, size_t units, const REAL *packed,
                      const REAL *x, size_t x_apart, REAL *y, size_t y_apart) {
    lanes sum[8 * VECTORS];
    const size_t count = units < blocks * BLOCK ? units : blocks * BLOCK;
    tile(blocks, side, cols, packed, BLOCK, cols * BLOCK, x, 1, x_apart, sum);
    for (size_t j = 0; j < side; j++) {
        add_units(count, sum + j * blocks * VECTORS, y + j * y_apart);
    }
}

/* Sums of `blocks` blocks for one stream, in as many parts as keep the units of a core busy: a part
 * has every so-manieth column. */
INLINED void add_alone(size_t blocks, size_t cols, size_t units, const REAL *packed,
                       const REAL *x, REAL *y) {
    const size_t each = blocks * VECTORS, parts = ALONE / blocks;
    lanes part[ALONE * VECTORS];
    for (size_t i = 0; i < parts * each; i++) {
        part[i] = (lanes){0};
    }
    size_t n = 0;
    for (; n + parts <= cols; n += parts) {
        for (size_t p = 0; p < parts; p++) {
            for (size_t i = 0; i < each; i++) {
                const REAL *w = packed + i / VECTORS * cols * BLOCK + i % VECTORS * LANES;
                part[p * each + i] += *(const loose_lanes *)(w + (n + p) * BLOCK) * x[n + p];
            }
        }
    }
    for (; n < cols; n++) {
        for (size_t i = 0; i < each; i++) {
            const REAL *w = packed + i / VECTORS * cols * BLOCK + i % VECTORS * LANES;
            part[i] += *(const loose_lanes *)(w + n * BLOCK) * x[n];
        }
    }
    for (size_t i = each; i < parts * each; i++) {
        part[i % each] += part[i];
    }
    add_units(units < blocks * BLOCK ? units : blocks * BLOCK, part, y);
}

/* y (rows) += W x (cols). */
static void alone(size_t rows, size_t cols, const REAL *packed, const REAL *x, REAL *y) {
    for (size_t row = 0; row < rows;) {
        const size_t left = rows - row, blocks = (left + BLOCK - 1) / BLOCK;
        const REAL *w = packed + row * cols;
        if (blocks >= 8 && ALONE == 8) {
            add_alone(8, cols, left, w, x, y + row);
            row += 8 * BLOCK;
        } else if (blocks >= 4) {
            add_alone(4, cols, left, w, x, y + row);
            row += 4 * BLOCK;
        } else if (blocks >= 2) {
            add_alone(2, cols, left, w, x, y + row);
            row += 2 * BLOCK;
        } else {
            add_alone(1, cols, left, w, x, y + row);
            row += BLOCK;
        }
    }
}

/* y (streams, rows) += W x (streams, cols) of as many streams as go by SIDE; how many. */
static size_t shared(size_t rows, size_t cols, const REAL *packed, size_t streams, const REAL *x,
                     size_t x_apart, REAL *y, size_t y_apart) {
    const size_t whole = streams / SIDE * SIDE, blocks = (rows + BLOCK - 1) / BLOCK;
    for (size_t b = 0; whole && b < blocks;) {
        const size_t wide = b + WIDE <= blocks ? WIDE : 1;
        const REAL *w = packed + b * cols * BLOCK;
        for (size_t j = 0; j < whole; j += SIDE) {
            const REAL *from = x + j * x_apart;
            REAL *to = y + j * y_apart + b * BLOCK;
            if (wide == WIDE) {
                add_tile(WIDE, SIDE, cols, rows - b * BLOCK, w, from, x_apart, to, y_apart);
            } else {
                add_tile(1, SIDE, cols, rows - b * BLOCK, w, from, x_apart, to, y_apart);
            }
        }
        b += wide;
    }
    return whole;
}

/* The product of all streams, W packed. */
static void product(size_t rows, size_t cols, const REAL *packed, size_t streams, const REAL *x,
                    size_t x_apart, REAL *y, size_t y_apart) {
    size_t j = shared(rows, cols, packed, streams, x, x_apart, y, y_apart);
    for (; j < streams; j++) {
        alone(rows, cols, packed, x + j * x_apart, y + j * y_apart);
    }
}

/* The same with sums in one order, however many streams there are. */
static void product_alike(size_t rows, size_t cols, const REAL *packed, size_t streams,
                          const REAL *x, size_t x_apart, REAL *y, size_t y_apart) {
    size_t j = shared(rows, cols, packed, streams, x, x_apart, y, y_apart);
    for (; j < streams; j++) {
        for (size_t row = 0; row < rows; row += 4 * BLOCK) {
            const REAL *w = packed + row * cols, *from = x + j * x_apart;
            REAL *to = y + j * y_apart + row;
            if (row + 3 * BLOCK < rows) {
                add_tile(4, 1, cols, rows - row, w, from, x_apart, to, y_apart);
            } else {
                for (size_t b = 0; row + b < rows && b < 4 * BLOCK; b += BLOCK) {
                    add_tile(1, 1, cols, rows - row - b, w + b * cols, from, x_apart, to + b,
                             y_apart);
                }
            }
        }
    }
}

/* Some rows of a gradient, `blocks` blocks of columns wide. */
INLINED void outer_tile(size_t blocks, size_t side, size_t count, size_t units, size_t cols,
                        const REAL *left, const REAL *right, size_t width, REAL *gradient) {
    lanes sum[8 * VECTORS];
    const size_t there = units < blocks * BLOCK ? units : blocks * BLOCK;
    tile(blocks, side, count, right, width, BLOCK, left, width, 1, sum);
    for (size_t j = 0; j < side; j++) {
        add_units(there, sum + j * blocks * VECTORS, gradient + j * cols);
    }
}

/* gradient (rows, cols) += sum over `count` rows of tape of left rightᵀ. */
static void outer(size_t rows, size_t cols, size_t count, const REAL *left, const REAL *right,
                  size_t width, REAL *gradient) {
    for (size_t col = 0; col < cols;) {
        const size_t units = cols - col, wide = units > BLOCK ? WIDE : 1;
        const REAL *from = right + col;
        REAL *to = gradient + col;
        size_t row = 0;
        for (; row + SIDE <= rows; row += SIDE, to += SIDE * cols) {
            if (wide == WIDE) {
                outer_tile(WIDE, SIDE, count, units, cols, left + row, from, width, to);
            } else {
                outer_tile(1, SIDE, count, units, cols, left + row, from, width, to);
            }
        }
        for (; row < rows; row++, to += cols) {
            if (wide == WIDE) {
                outer_tile(WIDE, 1, count, units, cols, left + row, from, width, to);
            } else {
                outer_tile(1, 1, count, units, cols, left + row, from, width, to);
            }
        }
        col += wide * BLOCK;
    }
}
