/* All steps of one tile of streams, forwards. */

typedef void (*step_forward)(const net *n, REAL *rows, REAL *next, REAL *y);
typedef void (*step_backward)(const net *n, REAL *rows, REAL *g, const REAL *gy, REAL *gx);

/* A step is `forward`. Where stores are apart, some steps go together: all of them `enter`, the
 * stores `walk` through all, then each goes `forward` from what was read; `unwalk` and `leave` are
 * the adjoints. Of other stores the adjoint makes those after a step `again`,
 * or does without them what it can at once: `open` comes before some steps back, `unwalk` after. */
typedef struct {
    step_forward forward;
    step_backward backward;
    void (*again)(const net *n, REAL *rows, size_t t);
    void (*open)(const net *n, REAL *g);
    void (*enter)(const net *n, REAL *rows, REAL *next);
    void (*walk)(const net *n);
    void (*unwalk)(const net *n, REAL *g);
    void (*leave)(const net *n, REAL *rows, REAL *g, REAL *gx);
    void (*derive)(const net *n, REAL *derived); /* from the parameters */
    void (*start)(const net *n, REAL *rows);     /* what is carried beside the state */
} stepper;

static const stepper steppers[] = {
    [ML_AMRC] = {.forward = amrc_forward, .backward = amrc_backward},
    [ML_PMRC] = {.forward = pmrc_forward, .backward = pmrc_backward},
    [ML_AMN] = {.forward = amn_forward, .backward = amn_backward, .open = amn_open,
                .unwalk = amn_close, .derive = amn_derive},
    [ML_DTPN] = {.forward = dtpn_forward, .backward = dtpn_backward},
    [ML_HYPER_AMN] = {.forward = hyper_forward, .backward = hyper_backward, .enter = hyper_enter,
                      .walk = hyper_walk, .unwalk = hyper_unwalk, .leave = hyper_leave,
                      .derive = hyper_derive},
    [ML_SGW_AMN] = {.forward = sgw_forward, .backward = sgw_backward, .enter = sgw_enter,
                    .walk = sgw_walk, .unwalk = sgw_unwalk, .leave = sgw_leave,
                    .derive = sgw_derive, .start = sgw_start},
    [ML_NDM] = {.forward = ndm_forward, .backward = ndm_backward, .again = ndm_again,
                .open = ndm_open, .unwalk = ndm_close, .start = ndm_start},
};

static size_t spare_size(const cell_plan *p) { return (p->streams + 1) * p->width; }

/* Rows that take turns where no tape has them. */
static size_t turns_of(const cell_plan *p) { return p->apart ? p->every + 1 : 2; }

/* Spare rows; those that take turns, or a state; inputs and outputs; stores. */
static size_t work_size(const ml_cell *cell, const cell_plan *p) {
    const size_t io = (size_t)cell->inputs + (size_t)cell->outputs;
    const size_t numbers = (1 + turns_of(p)) * spare_size(p) +
                           p->streams * (p->state + io + p->kept * p->every) + p->scratch;
    return (numbers + BLOCK - 1) / BLOCK * BLOCK;
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

/* The states (streams, S), or blank ones for NULL, into rows and stores; and out of them. */
static void put_states(const net *n, const REAL *state, REAL *rows) {
    for (size_t i = 0; i < n->streams; i++) {
        for (size_t k = 0; k < n->plan->states; k++) {
            const size_t name = n->plan->carries[k], size = n->plan->size[name];
            REAL *to = n->plan->stores[name] ? stored(n, i, name) : field(n, rows, i, name);
            if (state) {
                set(size, state, to);
                state += size;
            } else {
                memset(to, 0, size * sizeof(REAL));
            }
        }
    }
}

static void take_states(const net *n, REAL *rows, REAL *state) {
    for (size_t i = 0; state && i < n->streams; i++) {
        for (size_t k = 0; k < n->plan->states; k++) {
            const size_t name = n->plan->carries[k], size = n->plan->size[name];
            set(size, n->plan->stores[name] ? stored(n, i, name) : field(n, rows, i, name), state);
            state += size;
        }
    }
}

/* Streams that wait: their stores stay as they are. */
static void wait_stores(const net *n, size_t t) {
    const size_t kept = n->plan->kept;
    for (size_t i = 0; i < n->streams && n->left != n->held; i++) {
        if (waits(n, i, t)) {
            set(kept, n->held + i * kept, n->left + i * kept);
        }
    }
}

/* What a stream carries from row to row. */
static void carry(const net *n, size_t i, REAL *rows, REAL *next) {
    for (size_t k = 0; k < n->plan->carried; k++) {
        const size_t name = n->plan->carries[k];
        if (!n->plan->stores[name]) {
            set(n->plan->size[name], field(n, rows, i, name), field(n, next, i, name));
        }
    }
}

/* And what else they carry goes into the next row. */
static void wait(const net *n, REAL *rows, REAL *next, size_t t) {
    wait_stores(n, t);
    for (size_t i = 0; i < n->streams && n->mask; i++) {
        if (waits(n, i, t)) {
            carry(n, i, rows, next);
        }
    }
}

/* Go on with the steps after those that went together. */
static void advance(net *n) {
    REAL *last = rows_of(n, n->first + n->count);
    n->first += n->count;
    REAL *begin = rows_of(n, n->first);
    for (size_t i = 0; begin != last && i < n->streams; i++) {
        carry(n, i, last, begin);
    }
}

/* Inputs x (streams, steps, I) into rows; 0 for streams that wait. */
static void put_inputs(const net *n, const REAL *x, REAL *rows, size_t t) {
    const size_t I = (size_t)n->cell->inputs;
    for (size_t i = 0; i < n->streams; i++) {
        if (waits(n, i, t)) {
            memset(field(n, rows, i, X), 0, I * sizeof(REAL));
        } else {
            set(I, x + (i * n->steps + t) * I, field(n, rows, i, X));
        }
    }
}

/* Outputs (streams, O) of a step into y (streams, steps, O). */
static void take_outputs(const net *n, const REAL *out, REAL *y, size_t t) {
    const size_t O = (size_t)n->cell->outputs;
    for (size_t i = 0; i < n->streams; i++) {
        if (waits(n, i, t)) {
            memset(y + (i * n->steps + t) * O, 0, O * sizeof(REAL));
        } else {
            set(O, out + i * O, y + (i * n->steps + t) * O);
        }
    }
}

/* Some steps together. */
static void walk_steps(net *n, const REAL *x, REAL *y, REAL *out) {
    const stepper *cell = &steppers[n->cell->kind];
    for (size_t t = n->first; cell->enter && t < n->first + n->count; t++) {
        put_inputs(n, x, rows_of(n, t), t);
        cell->enter(n, rows_of(n, t), rows_of(n, t + 1));
        wait(n, rows_of(n, t), rows_of(n, t + 1), t);
    }
    if (cell->walk) {
        cell->walk(n);
    }
    for (size_t t = n->first; t < n->first + n->count; t++) {
        REAL *rows = rows_of(n, t), *next = rows_of(n, t + 1), *before = n->held;
        if (!cell->enter) {
            put_inputs(n, x, rows, t);
        }
        cell->forward(n, rows, next, out);
        wait(n, rows, next, t);
        take_outputs(n, out, y, t);
        n->held = n->left;
        n->left = before;
    }
}

/* x (streams, steps, I), state (streams, S) in place or NULL, y (streams, steps, O); tape or NULL. Padding
 * leaves the state and answers 0. A step writes its state where the next one reads it; stores that
 * are not apart take turns in two places where streams may wait. */
static void forward(const ml_cell *cell, const cell_plan *plan, size_t streams, size_t steps,
                    const void *parameters, const void *packed, const void *x,
                    const uint8_t *mask, void *states, void *y, void *kept, void *work) {
    net n = prepared(cell, plan, streams, parameters, packed, work);
    n.mask = mask;
    n.tape = kept;
    n.steps = steps;
    n.some = n.spare + spare_size(plan);
    REAL *out = n.some + turns_of(plan) * spare_size(plan);
    n.held = out + plan->streams * (size_t)cell->outputs;
    n.left = mask && !plan->apart ? n.held + plan->streams * plan->kept : n.held;
    put_states(&n, states, rows_of(&n, 0));
    if (steppers[cell->kind].start) {
        steppers[cell->kind].start(&n, rows_of(&n, 0));
    }
    while (n.first < steps) {
        n.count = steps - n.first < plan->every ? steps - n.first : plan->every;
        if (n.tape) {
            set(streams * plan->kept, n.held, copy_of(&n, n.first));
        }
        walk_steps(&n, x, y, out);
        advance(&n);
    }
    take_states(&n, rows_of(&n, steps), states);
}
