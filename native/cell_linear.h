/* Stores that change by outer products alone, M' = λ M + w xᵀ row by row: what some steps do to one
 * is a product with all of them at once, for the store itself need not be known between them. */

enum { PAIR = 2 };

/* out (rows, count) = x_p · matrix_i, for `rows` rows of units numbers that are `step` apart. */
INLINED void cross(size_t rows, size_t count, size_t units, const REAL *matrix, size_t step,
                   REAL *const *x, REAL *out) {
    lanes sum[2 * LONGEST];
    size_t j = 0;
    for (size_t i = 0; i < rows * count; i++) {
        sum[i] = (lanes){0};
    }
    for (; j + LANES <= units; j += LANES) {
        lanes known[LONGEST];
        for (size_t i = 0; i < rows; i++) {
            known[i] = *(const loose_lanes *)(matrix + i * step + j);
        }
#pragma GCC unroll 8
        for (size_t p = 0; p < count; p++) {
            const lanes other = *(const loose_lanes *)(x[p] + j);
#pragma GCC unroll 8
            for (size_t i = 0; i < rows; i++) {
                sum[i * count + p] += known[i] * other;
            }
        }
    }
    sums_of(rows * count, sum, out);
    for (; j < units; j++) {
        for (size_t i = 0; i < rows * count; i++) {
            out[i] += matrix[i / count * step + j] * x[i % count][j];
        }
    }
}

static void cross_all(size_t rows, size_t count, size_t units, const REAL *matrix,
                      REAL *const *x, REAL *out) {
    size_t i = 0;
    for (; count == LONGEST && i + PAIR <= rows; i += PAIR) {
        cross(PAIR, LONGEST, units, matrix + i * units, units, x, out + i * LONGEST);
    }
    for (; count == 1 && i + LONGEST <= rows; i += LONGEST) {
        cross(LONGEST, 1, units, matrix + i * units, units, x, out + i);
    }
    for (; i < rows; i++) {
        for (size_t p = 0; p < count; p++) {
            cross(1, 1, units, matrix + i * units, units, x + p, out + i * count + p);
        }
    }
}

/* Some vectors of to_p += Σ_i weights_ip matrix_i. */
INLINED void spread(size_t vectors, size_t count, size_t rows, size_t step, const REAL *matrix,
                    const REAL *weights, size_t weighed, size_t at, REAL *const *to) {
    lanes sum[2 * LONGEST];
    for (size_t p = 0; p < count; p++) {
        for (size_t v = 0; v < vectors; v++) {
            sum[p * vectors + v] = *(const loose_lanes *)(to[p] + at + v * LANES);
        }
    }
    for (size_t i = 0; i < rows; i++) {
        lanes row[LONGEST];
        for (size_t v = 0; v < vectors; v++) {
            row[v] = *(const loose_lanes *)(matrix + i * step + at + v * LANES);
        }
#pragma GCC unroll 8
        for (size_t p = 0; p < count; p++) {
#pragma GCC unroll 8
            for (size_t v = 0; v < vectors; v++) {
                sum[p * vectors + v] += row[v] * weights[i * weighed + p];
            }
        }
    }
    for (size_t p = 0; p < count; p++) {
        for (size_t v = 0; v < vectors; v++) {
            *(loose_lanes *)(to[p] + at + v * LANES) = sum[p * vectors + v];
        }
    }
}

/* to_p += Σ_i weights_ip matrix_i, weights (rows, count). */
static void spread_all(size_t rows, size_t count, size_t units, const REAL *matrix,
                       const REAL *weights, REAL *const *to) {
    size_t at = 0;
    for (; count == LONGEST && at + PAIR * LANES <= units; at += PAIR * LANES) {
        spread(PAIR, LONGEST, rows, units, matrix, weights, LONGEST, at, to);
    }
    for (; count == 1 && at + LONGEST * LANES <= units; at += LONGEST * LANES) {
        spread(LONGEST, 1, rows, units, matrix, weights, 1, at, to);
    }
    for (; count == 1 && at + PAIR * LANES <= units; at += PAIR * LANES) {
        spread(PAIR, 1, rows, units, matrix, weights, 1, at, to);
    }
    for (; at + LANES <= units; at += LANES) {
        for (size_t p = 0; p < count; p++) {
            spread(1, 1, rows, units, matrix, weights + p, count, at, to + p);
        }
    }
    for (size_t i = 0; at < units && i < rows; i++) {
        for (size_t p = 0; p < count; p++) {
            for (size_t j = at; j < units; j++) {
                to[p][j] += weights[i * count + p] * matrix[i * units + j];
            }
        }
    }
}

/* Some rows of matrix ← kept matrix + Σ_p weights_p x_p. */
INLINED void absorb(size_t rows, size_t count, size_t units, const REAL *kept,
                    const REAL *weights, REAL *const *x, REAL *matrix) {
    size_t j = 0;
    for (; j + LANES <= units; j += LANES) {
        lanes row[SIDE];
        for (size_t i = 0; i < rows; i++) {
            row[i] = *(const loose_lanes *)(matrix + i * units + j) * kept[i];
        }
#pragma GCC unroll 8
        for (size_t p = 0; p < count; p++) {
            const lanes other = *(const loose_lanes *)(x[p] + j);
#pragma GCC unroll 4
            for (size_t i = 0; i < rows; i++) {
                row[i] += other * weights[i * count + p];
            }
        }
        for (size_t i = 0; i < rows; i++) {
            *(loose_lanes *)(matrix + i * units + j) = row[i];
        }
    }
    for (; j < units; j++) {
        for (size_t i = 0; i < rows; i++) {
            REAL *one = matrix + i * units + j;
            *one *= kept[i];
            for (size_t p = 0; p < count; p++) {
                *one += x[p][j] * weights[i * count + p];
            }
        }
    }
}

static void absorb_all(size_t rows, size_t count, size_t units, const REAL *kept,
                       const REAL *weights, REAL *const *x, REAL *matrix) {
    size_t i = 0;
    for (; count == LONGEST && i + SIDE <= rows; i += SIDE) {
        absorb(SIDE, LONGEST, units, kept + i, weights + i * LONGEST, x, matrix + i * units);
    }
    for (; i < rows; i++) {
        absorb(1, count, units, kept + i, weights + i * count, x, matrix + i * units);
    }
}

/* λ^0, λ^1, ... of each row: (LONGEST + 1, rows). */
static void powers_of(size_t rows, const REAL *kept, REAL *powers) {
    for (size_t i = 0; i < rows; i++) {
        powers[i] = 1;
    }
    for (size_t p = 0; p < LONGEST; p++) {
        for (size_t i = 0; i < rows; i++) {
            powers[(p + 1) * rows + i] = powers[p * rows + i] * kept[i];
        }
    }
}

/* The steps, of those that go together, in which a stream does not wait. */
typedef struct {
    size_t count;
    REAL *rows[LONGEST];
} moves;

static moves moves_of(const net *n, size_t stream) {
    moves found = {0};
    for (size_t t = n->first; t < n->first + n->count; t++) {
        if (!waits(n, stream, t)) {
            found.rows[found.count++] = rows_of(n, t);
        }
    }
    return found;
}

/* Which of them these rows are; their count where the stream waits. */
static size_t move_of(const moves *own, const REAL *rows) {
    size_t p = 0;
    while (p < own->count && own->rows[p] != rows) {
        p++;
    }
    return p;
}

/* A field of a stream in each of its steps. */
static void fields_of(const net *n, const moves *own, size_t stream, size_t name, REAL **found) {
    for (size_t p = 0; p < own->count; p++) {
        found[p] = field(n, own->rows[p], stream, name);
    }
}
