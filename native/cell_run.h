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

static size_t spare_size(const cell_plan *p) { return (STREAMS + 1) * (p->width + BLOCK); }

/* Packed weights, what is derived, a spare row of each stream, states and gradients of a step. */
static size_t work_size(const ml_cell *cell, const cell_plan *p) {
    const size_t io = (size_t)cell->inputs + (size_t)cell->outputs;
    return p->packed + p->derived + 2 * spare_size(p) + STREAMS * (2 * p->state + io);
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

/* x (streams, steps, I), state (streams, S) in place, y (streams, steps, O); tape (steps, streams,
 * width) or NULL. Padding leaves the state and answers 0. */
static void forward(const ml_cell *cell, const cell_plan *plan, size_t streams, size_t steps,
                    const void *parameters, const void *inputs, const uint8_t *mask, void *states,
                    void *outputs, void *kept, void *work) {
    const size_t I = (size_t)cell->inputs, O = (size_t)cell->outputs, S = plan->state;
    const REAL *x = inputs;
    REAL *state = states, *y = outputs, *tape = kept;
    net n;
    REAL *rows = prepared(&n, cell, plan, streams, parameters, NULL, work);
    REAL *next = rows + spare_size(plan), *out = next + STREAMS * S;
    for (size_t t = 0; t < steps; t++) {
        REAL *row = tape ? tape + t * streams * plan->width : rows;
        for (size_t i = 0; i < streams; i++) {
            REAL *own = row + i * plan->width;
            if (padded(mask, i, steps, t)) {
                memset(own, 0, I * sizeof(REAL));
            } else {
                set(I, x + (i * steps + t) * I, own);
            }
            set(S, state + i * S, own + I);
        }
        steppers[cell->kind].forward(&n, row, next, out);
        for (size_t i = 0; i < streams; i++) {
            REAL *to = y + (i * steps + t) * O;
            if (padded(mask, i, steps, t)) {
                memset(to, 0, O * sizeof(REAL));
            } else {
                set(S, next + i * S, state + i * S);
                set(O, out + i * O, to);
            }
        }
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
    REAL *gin = g + STREAMS * S, *gout = gin + STREAMS * I;
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
