/* All steps of one tile of streams, forwards and backwards. */

typedef void (*step_forward)(const net *n, REAL *rows, REAL *next, REAL *y);
typedef void (*step_backward)(const net *n, REAL *rows, REAL *g, const REAL *gy, REAL *gx);

typedef struct {
    step_forward forward;
    step_backward backward;
    void (*again)(const net *n, REAL *rows);     /* the stores after a step, from its rows */
    void (*derive)(const net *n, REAL *derived); /* from the parameters */
    void (*start)(const net *n, REAL *rows);     /* what is carried beside the state */
} stepper;

static const stepper steppers[] = {
    [ML_AMRC] = {amrc_forward, amrc_backward, NULL, NULL, NULL},
    [ML_PMRC] = {pmrc_forward, pmrc_backward, NULL, NULL, NULL},
    [ML_AMN] = {amn_forward, amn_backward, amn_again, amn_derive, NULL},
    [ML_DTPN] = {dtpn_forward, dtpn_backward, NULL, NULL, NULL},
    [ML_HYPER_AMN] = {hyper_forward, hyper_backward, hyper_again, hyper_derive, NULL},
    [ML_SGW_AMN] = {sgw_forward, sgw_backward, sgw_again, sgw_derive, sgw_start},
    [ML_NDM] = {ndm_forward, ndm_backward, ndm_again, NULL, ndm_start},
};

static size_t spare_size(const cell_plan *p) { return (p->streams + 1) * p->width; }

/* Three rows of each stream; inputs, outputs and a state; stores of some steps. */
static size_t work_size(const ml_cell *cell, const cell_plan *p) {
    const size_t io = (size_t)cell->inputs + (size_t)cell->outputs;
    const size_t stores = p->streams * p->kept * p->every;
    return (3 * spare_size(p) + p->streams * (p->state + io) + stores + BLOCK - 1) / BLOCK * BLOCK;
}

/* A tile ready to walk. */
static net prepared(const ml_cell *cell, const cell_plan *plan, size_t streams,
                    const REAL *parameters, const REAL *packed, REAL *work) {
    net n = {.cell = cell, .plan = plan, .parameters = parameters, .spare = work,
             .streams = streams};
    for (size_t i = 0; i < plan->matrices; i++) {
        const cell_matrix *m = &plan->matrix[i];
        n.packed[i] = packed;
        packed += packed_size(m->rows, m->cols);
        n.turned[i] = packed;
        packed += packed_size(m->cols, m->rows);
    }
    n.derived = packed;
    return n;
}

/* All that follows from the parameters: packed weights, their transposes, what a cell derives. */
static void packed_all(const ml_cell *cell, const cell_plan *plan, const void *parameters,
                       void *packed) {
    const REAL *weights = parameters;
    REAL *to = packed;
    const net n = prepared(cell, plan, 0, weights, to, NULL);
    for (size_t i = 0; i < plan->matrices; i++) {
        const cell_matrix *m = &plan->matrix[i];
        pack(m->rows, m->cols, m->cols, 1, weights + m->at, to);
        to += packed_size(m->rows, m->cols);
        pack(m->cols, m->rows, 1, m->cols, weights + m->at, to);
        to += packed_size(m->cols, m->rows);
    }
    if (steppers[cell->kind].derive) {
        steppers[cell->kind].derive(&n, to);
    }
}

static int padded(const uint8_t *mask, size_t stream, size_t steps, size_t t) {
    return mask && !mask[stream * steps + t];
}

/* A tape: the rows (steps, streams, width) of all steps, then copies (copies, streams, kept). */
static REAL *rows_of(const net *n, REAL *tape, REAL *two, size_t steps, size_t t) {
    if (tape && t < steps) {
        return tape + t * n->streams * n->plan->width;
    }
    return two + t % 2 * spare_size(n->plan);
}

static REAL *copy_of(const net *n, REAL *tape, size_t steps, size_t t) {
    const size_t copy = t / n->plan->every;
    return tape + n->streams * (steps * n->plan->width + copy * n->plan->kept);
}

/* The states (streams, S) into rows and stores, and out of them. */
static void put_states(const net *n, const REAL *state, REAL *rows) {
    for (size_t i = 0; i < n->streams; i++) {
        for (size_t k = 0; k < n->plan->states; k++) {
            const size_t name = n->plan->carries[k], size = n->plan->size[name];
            set(size, state, n->plan->stores[name] ? stored(n, i, name) : field(n, rows, i, name));
            state += size;
        }
    }
}

static void take_states(const net *n, REAL *rows, REAL *state) {
    for (size_t i = 0; i < n->streams; i++) {
        for (size_t k = 0; k < n->plan->states; k++) {
            const size_t name = n->plan->carries[k], size = n->plan->size[name];
            set(size, n->plan->stores[name] ? stored(n, i, name) : field(n, rows, i, name), state);
            state += size;
        }
    }
}

/* A stream that waits: its stores stay as they are. */
static void wait_stores(const net *n, size_t stream) {
    const size_t kept = n->plan->kept;
    if (n->left != n->held) {
        set(kept, n->held + stream * kept, n->left + stream * kept);
    }
}

/* And what else it carries goes into the next row. */
static void wait(const net *n, REAL *rows, REAL *next, size_t stream) {
    wait_stores(n, stream);
    for (size_t k = 0; k < n->plan->carried; k++) {
        const size_t name = n->plan->carries[k];
        if (!n->plan->stores[name]) {
            set(n->plan->size[name], field(n, rows, stream, name), field(n, next, stream, name));
        }
    }
}

/* x (streams, steps, I), state (streams, S) in place, y (streams, steps, O); tape or NULL. Padding
 * leaves the state and answers 0. A step writes its state where the next one reads it; stores of
 * streams that may wait take turns in two places. */
static void forward(const ml_cell *cell, const cell_plan *plan, size_t streams, size_t steps,
                    const void *parameters, const void *packed, const void *inputs,
                    const uint8_t *mask, void *states, void *outputs, void *kept, void *work) {
    const size_t I = (size_t)cell->inputs, O = (size_t)cell->outputs;
    const REAL *x = inputs;
    REAL *y = outputs, *tape = kept;
    net n = prepared(cell, plan, streams, parameters, packed, work);
    REAL *two = n.spare + spare_size(plan), *out = two + 2 * spare_size(plan);
    REAL *rows = rows_of(&n, tape, two, steps, 0);
    n.held = out + plan->streams * O;
    n.left = mask ? n.held + plan->streams * plan->kept : n.held;
    put_states(&n, states, rows);
    if (steppers[cell->kind].start) {
        steppers[cell->kind].start(&n, rows);
    }
    for (size_t t = 0; t < steps; t++) {
        REAL *next = rows_of(&n, tape, two, steps, t + 1);
        if (tape && t % plan->every == 0) {
            set(streams * plan->kept, n.held, copy_of(&n, tape, steps, t));
        }
        for (size_t i = 0; i < streams; i++) {
            if (padded(mask, i, steps, t)) {
                memset(field(&n, rows, i, X), 0, I * sizeof(REAL));
            } else {
                set(I, x + (i * steps + t) * I, field(&n, rows, i, X));
            }
        }
        steppers[cell->kind].forward(&n, rows, next, out);
        for (size_t i = 0; i < streams; i++) {
            if (padded(mask, i, steps, t)) {
                wait(&n, rows, next, i);
                memset(y + (i * steps + t) * O, 0, O * sizeof(REAL));
            } else {
                set(O, out + i * O, y + (i * steps + t) * O);
            }
        }
        REAL *before = n.held;
        n.held = n.left;
        n.left = before;
        rows = next;
    }
    take_states(&n, rows, states);
}
