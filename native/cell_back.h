/* All steps of one tile of streams from the last to the first: the adjoint. */

/* Outer products of some rows into the gradients of all matrices. */
static void flush(const net *n, const REAL *rows, size_t count) {
    for (size_t i = 0; count && i < n->plan->matrices; i++) {
        const cell_matrix *m = &n->plan->matrix[i];
        outer(m->rows, m->cols, count, rows + m->left, rows + m->right, n->plan->width,
              n->gradient + m->at);
    }
}

/* Stores as they were before step t of those whose first one the tape has a copy of. */
static REAL *stores_at(const net *n, REAL *tape, REAL *made, size_t steps, size_t t) {
    const size_t after = t % n->plan->every;
    return after ? made + (after - 1) * n->streams * n->plan->kept : copy_of(n, tape, steps, t);
}

/* Makes the stores that every step from `first` to `last` began with. */
static void walk_again(net *n, REAL *tape, REAL *made, const uint8_t *mask, size_t steps,
                       size_t first, size_t last) {
    for (size_t t = first; n->plan->kept && t < last; t++) {
        n->held = stores_at(n, tape, made, steps, t);
        n->left = stores_at(n, tape, made, steps, t + 1);
        steppers[n->cell->kind].again(n, tape + t * n->streams * n->plan->width);
        for (size_t i = 0; i < n->streams; i++) {
            if (padded(mask, i, steps, t)) {
                wait_stores(n, i);
            }
        }
    }
}

/* gy (streams, steps, O), gstate (streams, S) in place, gx (streams, steps, I), gradient
 * (parameters): added to. The tape is used up. */
static void backward(const ml_cell *cell, const cell_plan *plan, size_t streams, size_t steps,
                     const void *parameters, const void *packed, const uint8_t *mask, void *kept,
                     const void *goutputs, void *gstates, void *ginputs, void *gparameters,
                     void *work) {
    const size_t I = (size_t)cell->inputs, O = (size_t)cell->outputs, S = plan->state;
    const size_t chunk = (FLUSHED + streams - 1) / streams;
    const REAL *gy = goutputs;
    REAL *g = gstates, *gx = ginputs, *tape = kept;
    net n = prepared(cell, plan, streams, parameters, packed, work);
    REAL *aside = n.spare + spare_size(plan); /* gradients of the states of streams that wait */
    n.gradient = gparameters;
    REAL *gin = aside + plan->streams * S, *gout = gin + plan->streams * I;
    REAL *made = gout + plan->streams * O;
    size_t waiting = 0;
    for (size_t t = steps; t-- > 0;) {
        REAL *row = tape + t * streams * plan->width;
        if (t == steps - 1 || t % plan->every == plan->every - 1) {
            walk_again(&n, tape, made, mask, steps, t / plan->every * plan->every, t);
        }
        n.held = stores_at(&n, tape, made, steps, t);
        memset(gin, 0, streams * I * sizeof(REAL));
        for (size_t i = 0; i < streams; i++) {
            if (padded(mask, i, steps, t)) { /* nothing flows through it, nothing is learned */
                set(S, g + i * S, aside + i * S);
                memset(g + i * S, 0, S * sizeof(REAL));
                memset(gout + i * O, 0, O * sizeof(REAL));
            } else {
                set(O, gy + (i * steps + t) * O, gout + i * O);
            }
        }
        steppers[cell->kind].backward(&n, row, g, gout, gin);
        for (size_t i = 0; i < streams; i++) {
            set(I, gin + i * I, gx + (i * steps + t) * I);
            if (padded(mask, i, steps, t)) {
                set(S, aside + i * S, g + i * S);
            }
        }
        if (++waiting == chunk || t == 0) {
            flush(&n, row, waiting * streams);
            waiting = 0;
        }
    }
}

const cell_core CORE = {
    .work = work_size, .pack = packed_all, .forward = forward, .backward = backward};
