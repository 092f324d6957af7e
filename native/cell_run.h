/* All steps of one tile of streams, forwards and backwards. */

typedef void (*step_forward)(const net *n, REAL *rows, REAL *next, REAL *y);
typedef void (*step_backward)(const net *n, REAL *rows, REAL *g, const REAL *gy, REAL *gx);

typedef struct {
    step_forward forward;
    step_backward backward;
    void (*derive)(const net *n);
} stepper;

static const stepper steppers[] = {
    [ML_AMRC] = {amrc_forward, amrc_backward, NULL},
    [ML_PMRC] = {pmrc_forward, pmrc_backward, NULL},
    [ML_AMN] = {amn_forward, amn_backward, amn_derive},
    [ML_DTPN] = {dtpn_forward, dtpn_backward, NULL},
    [ML_HYPER_AMN] = {hyper_forward, hyper_backward, hyper_derive},
    [ML_SGW_AMN] = {sgw_forward, sgw_backward, sgw_derive},
    [ML_NDM] = {ndm_forward, ndm_backward, NULL},
};

static size_t spare_size(const cell_plan *p) { return (p->streams + 1) * (p->width + BLOCK); }

/* Packed weights, what is derived, three rows of each stream; gradients of a step. */
static size_t work_size(const ml_cell *cell, const cell_plan *p) {
    const size_t io = (size_t)cell->inputs + (size_t)cell->outputs;
    return p->packed + p->derived + 3 * spare_size(p) + p->streams * (p->state + io);
}

/* A tile ready to walk; the scratch behind what it owns. */
static REAL *prepared(net *n, const ml_cell *cell, const cell_plan *plan, size_t streams,
                      const REAL *parameters, REAL *gradient, REAL *work) {
    *n = (net){.cell = cell, .plan = plan, .parameters = parameters, .gradient = gradient,
               .streams = streams};
    for (size_t i = 0; i < plan->matrices; i++) {
        const cell_matrix *m = &plan->matrix[i];
        n->packed[i] = work;
        work += packed_size(m->rows, m->cols);
        n->turned[i] = work;
        work += packed_size(m->cols, m->rows);
        pack(m->rows, m->cols, m->cols, 1, parameters + m->at, n->packed[i]);
        pack(m->cols, m->rows, 1, m->cols, parameters + m->at, n->turned[i]);
    }
    n->derived = work;
    n->spare = work + plan->derived;
    if (steppers[cell->kind].derive) {
        steppers[cell->kind].derive(n);
    }
    return n->spare + spare_size(plan);
}

static int padded(const uint8_t *mask, size_t stream, size_t steps, size_t t) {
    return mask && !mask[stream * steps + t];
}

/* The rows of a step: of the tape, or of two that take turns. */
static REAL *rows_of(const net *n, REAL *tape, REAL *two, size_t steps, size_t t) {
    if (tape && t < steps) {
        return tape + t * n->streams * n->plan->width;
    }
    return two + t % 2 * spare_size(n->plan);
}

/* x (streams, steps, I), state (streams, S) in place, y (streams, steps, O); tape (steps, streams,
 * width) or NULL. Padding leaves the state and answers 0. A step writes its state where the next
 * one reads it. */
static void forward(const ml_cell *cell, const cell_plan *plan, size_t streams, size_t steps,
                    const void *parameters, const void *inputs, const uint8_t *mask, void *states,
                    void *outputs, void *kept, void *work) {
    const size_t I = (size_t)cell->inputs, O = (size_t)cell->outputs, S = plan->state;
    const size_t width = plan->width;
    const REAL *x = inputs;
    REAL *state = states, *y = outputs, *tape = kept;
    net n;
    REAL *two = prepared(&n, cell, plan, streams, parameters, NULL, work);
    REAL *out = two + 2 * spare_size(plan), *rows = rows_of(&n, tape, two, steps, 0);
    for (size_t i = 0; i < streams; i++) {
        set(S, state + i * S, rows + i * width + I);
    }
    for (size_t t = 0; t < steps; t++) {
        REAL *next = rows_of(&n, tape, two, steps, t + 1);
        for (size_t i = 0; i < streams; i++) {
            if (padded(mask, i, steps, t)) {
                memset(rows + i * width, 0, I * sizeof(REAL));
            } else {
                set(I, x + (i * steps + t) * I, rows + i * width);
            }
        }
        steppers[cell->kind].forward(&n, rows, next + I, out);
        for (size_t i = 0; i < streams; i++) {
            if (padded(mask, i, steps, t)) {
                set(S, rows + i * width + I, next + i * width + I);
                memset(y + (i * steps + t) * O, 0, O * sizeof(REAL));
            } else {
                set(O, out + i * O, y + (i * steps + t) * O);
            }
        }
        rows = next;
    }
    for (size_t i = 0; i < streams; i++) {
        set(S, rows + i * width + I, state + i * S);
    }
}

/* Outer products of some rows into the gradients of all matrices. */
static void flush(const net *n, const REAL *rows, size_t count) {
    for (size_t i = 0; count && i < n->plan->matrices; i++) {
        const cell_matrix *m = &n->plan->matrix[i];
        outer(m->rows, m->cols, count, rows + m->left, rows + m->right, n->plan->width,
              n->gradient + m->at);
    }
}

/* gy (streams, steps, O), gstate (streams, S) in place, gx (streams, steps, I), gradient
 * (parameters): added to. The tape is used up. */
static void backward(const ml_cell *cell, const cell_plan *plan, size_t streams, size_t steps,
                     const void *parameters, const uint8_t *mask, void *kept,
                     const void *goutputs, void *gstates, void *ginputs, void *gparameters,
                     void *work) {
    const size_t I = (size_t)cell->inputs, O = (size_t)cell->outputs, S = plan->state;
    const size_t chunk = (FLUSHED + streams - 1) / streams;
    const REAL *gy = goutputs;
    REAL *gstate = gstates, *gx = ginputs, *tape = kept;
    net n;
    REAL *g = prepared(&n, cell, plan, streams, parameters, gparameters, work);
    REAL *gin = g + plan->streams * S, *gout = gin + plan->streams * I;
    size_t waiting = 0;
    for (size_t t = steps; t-- > 0;) {
        REAL *row = tape + t * streams * plan->width;
        memset(gin, 0, streams * I * sizeof(REAL));
        for (size_t i = 0; i < streams; i++) {
            if (padded(mask, i, steps, t)) { /* nothing flows through it, nothing is learned */
                memset(g + i * S, 0, S * sizeof(REAL));
                memset(gout + i * O, 0, O * sizeof(REAL));
            } else {
                set(S, gstate + i * S, g + i * S);
                set(O, gy + (i * steps + t) * O, gout + i * O);
            }
        }
        steppers[cell->kind].backward(&n, row, g, gout, gin);
        for (size_t i = 0; i < streams; i++) {
            set(I, gin + i * I, gx + (i * steps + t) * I);
            if (!padded(mask, i, steps, t)) {
                set(S, g + i * S, gstate + i * S);
            }
        }
        if (++waiting == chunk || t == 0) {
            flush(&n, row, waiting * streams);
            waiting = 0;
        }
    }
}

const cell_core CORE = {.work = work_size, .forward = forward, .backward = backward};
