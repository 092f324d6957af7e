/* All steps of one tile of streams from the last to the first: the adjoint. */

/* Outer products of some rows into the gradients of all matrices. */
static void flush(const net *n, const REAL *rows, size_t count) {
    for (size_t i = 0; count && i < n->plan->matrices; i++) {
        const cell_matrix *m = &n->plan->matrix[i];
        outer(m->rows, m->cols, count, rows + m->left, rows + m->right, n->plan->width,
              n->gradient + m->at);
    }
}

/* The stores before a step of those that go together. */
static REAL *stores_at(const net *n, size_t t) {
    return t == n->first ? copy_of(n, t) : n->made + (t - n->first - 1) * n->streams * n->plan->kept;
}

/* Makes the stores that every one of these steps began with. */
static void walk_again(net *n) {
    for (size_t t = n->first; t + 1 < n->first + n->count; t++) {
        n->held = stores_at(n, t);
        n->left = stores_at(n, t + 1);
        steppers[n->cell->kind].again(n, rows_of(n, t), t);
    }
}

/* Of the gradients of states those of streams that wait go aside, and are 0 meanwhile. */
static void set_aside(const net *n, REAL *g, REAL *aside, size_t t, int back) {
    const size_t S = n->plan->state;
    for (size_t i = 0; n->mask && i < n->streams; i++) {
        size_t at = i * S;
        for (size_t k = 0; waits(n, i, t) && k < n->plan->states; k++) {
            const size_t name = n->plan->carries[k], size = n->plan->size[name];
            if (n->plan->stores[name]) {
                /* no step changes it while they wait */
            } else if (back) {
                set(size, aside + at, g + at);
            } else {
                set(size, g + at, aside + at);
                memset(g + at, 0, size * sizeof(REAL));
            }
            at += size;
        }
    }
}

/* Arrays of an adjoint. */
typedef struct {
    const REAL *gy;              /* (streams, steps, O) */
    REAL *g, *gx;                /* (streams, S), (streams, steps, I) */
    REAL *aside, *gin, *gout;    /* as g; of one step */
} returns;

/* The gradients of a step's inputs, added to those that are known. */
static void add_inputs(const net *n, const returns *r, size_t t) {
    const size_t I = (size_t)n->cell->inputs;
    for (size_t i = 0; i < n->streams; i++) {
        add(I, r->gin + i * I, r->gx + (i * n->steps + t) * I);
    }
}

static void step_back(net *n, const returns *r, size_t t) {
    const size_t I = (size_t)n->cell->inputs, O = (size_t)n->cell->outputs;
    n->held = steppers[n->cell->kind].again ? stores_at(n, t) : copy_of(n, n->first);
    memset(r->gin, 0, n->streams * I * sizeof(REAL));
    for (size_t i = 0; i < n->streams; i++) {
        if (waits(n, i, t)) {
            memset(r->gout + i * O, 0, O * sizeof(REAL));
        } else {
            set(O, r->gy + (i * n->steps + t) * O, r->gout + i * O);
        }
    }
    set_aside(n, r->g, r->aside, t, 0);
    steppers[n->cell->kind].backward(n, rows_of(n, t), r->g, r->gout, r->gin);
    set_aside(n, r->g, r->aside, t, 1);
    add_inputs(n, r, t);
}

/* Some steps together. */
static void walk_back(net *n, const returns *r) {
    const stepper *cell = &steppers[n->cell->kind];
    const size_t I = (size_t)n->cell->inputs;
    if (cell->again) {
        walk_again(n);
    }
    n->held = copy_of(n, n->first);
    if (cell->open) {
        cell->open(n, r->g);
    }
    for (size_t t = n->first + n->count; t-- > n->first;) {
        step_back(n, r, t);
    }
    if (cell->unwalk) {
        cell->unwalk(n, r->g);
    }
    for (size_t t = n->first + n->count; cell->leave && t-- > n->first;) {
        memset(r->gin, 0, n->streams * I * sizeof(REAL));
        set_aside(n, r->g, r->aside, t, 0);
        cell->leave(n, rows_of(n, t), r->g, r->gin);
        set_aside(n, r->g, r->aside, t, 1);
        add_inputs(n, r, t);
    }
}

/* gy, gstate (streams, S) in place, gx, gradient (parameters): added to. The tape is used up. */
static void backward(const ml_cell *cell, const cell_plan *plan, size_t streams, size_t steps,
                     const void *parameters, const void *packed, const uint8_t *mask, void *kept,
                     const void *goutputs, void *gstates, void *ginputs, void *gparameters,
                     void *work) {
    const size_t I = (size_t)cell->inputs, O = (size_t)cell->outputs;
    net n = prepared(cell, plan, streams, parameters, packed, work);
    n.gradient = gparameters;
    n.mask = mask;
    n.tape = kept;
    n.steps = steps;
    returns r = {.gy = goutputs, .g = gstates, .gx = ginputs};
    r.aside = n.spare + spare_size(plan);
    r.gin = r.aside + plan->streams * plan->state;
    r.gout = r.gin + plan->streams * I;
    n.made = r.gout + plan->streams * O;
    n.scratch = n.made + plan->streams * plan->kept * plan->every;
    memset(r.gx, 0, streams * steps * I * sizeof(REAL));
    size_t learned = steps; /* the first step whose products are in the gradients */
    for (size_t end = steps; end > 0; end = n.first) {
        n.first = (end - 1) / plan->every * plan->every;
        n.count = end - n.first;
        walk_back(&n, &r);
        if ((learned - n.first) * streams >= FLUSHED || n.first == 0) {
            flush(&n, rows_of(&n, n.first), (learned - n.first) * streams);
            learned = n.first;
        }
    }
}

const cell_core CORE = {
    .work = work_size, .pack = packed_all, .forward = forward, .backward = backward};
