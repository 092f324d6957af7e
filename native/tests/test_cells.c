/* What the recurrent cells promise, run under the sanitizers: buffers are not one number longer. */
#include "memlab.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 11, STEPS = 19 }; /* two groups of eight steps that go together, and some */

static int broken = 0;

static void promise(int kept, const char *what, int kind) {
    if (!kept) {
        printf("broken: %s (cell %d)\n", what, kind);
        broken++;
    }
}

static const ml_cell cells[] = {
    {.kind = ML_AMRC, .inputs = 3, .hidden = 18, .outputs = 2},
    {.kind = ML_AMRC, .inputs = 3, .hidden = 18, .outputs = 2, .rank = 3},
    {.kind = ML_PMRC, .flags = ML_RECURRENT | ML_GATES, .inputs = 3, .hidden = 18, .outputs = 2},
    {.kind = ML_PMRC, .flags = ML_OUTPUT_MEMORY, .inputs = 3, .hidden = 18, .outputs = 2},
    {.kind = ML_AMN, .inputs = 3, .hidden = 18, .outputs = 2, .slots = 5},
    {.kind = ML_DTPN, .inputs = 3, .hidden = 18, .outputs = 2, .slots = 5},
    {.kind = ML_HYPER_AMN, .inputs = 3, .hidden = 18, .outputs = 2, .slots = 5, .heads = 3},
    {.kind = ML_SGW_AMN, .inputs = 3, .hidden = 18, .outputs = 2, .slots = 5, .candidates = 9,
     .workspace = 4},
    {.kind = ML_NDM, .inputs = 3, .hidden = 18, .outputs = 2, .slots = 5},
    {.kind = ML_NDM, .flags = ML_FROZEN, .inputs = 3, .hidden = 18, .outputs = 2, .slots = 5},
};
enum { CELLS = sizeof cells / sizeof *cells };

typedef struct {
    ml_cell_size size;
    double *parameters, *packed, *x, *state, *y, *tape, *work, *gy, *gstate, *gx, *gradients;
    uint8_t *mask;
} world;

static uint32_t noise = 1;

static double drawn(void) { /* in (0.1, 0.7): a share, a rate and a weight that all cells bear */
    noise = noise * 1664525u + 1013904223u;
    return 0.1 + 0.6 * (double)(noise >> 8) / 16777216.0;
}

static double *numbers(size_t count) {
    double *found = malloc(count * sizeof *found);
    if (!found) {
        exit(1);
    }
    for (size_t i = 0; i < count; i++) {
        found[i] = drawn();
    }
    return found;
}

static world made(const ml_cell *cell, int32_t threads) {
    world w = {0};
    noise = 1;
    promise(ml_cell_sizes(cell, &w.size) == ML_OK, "sizes are told", (int)cell->kind);
    w.parameters = numbers(w.size.parameters);
    w.x = numbers(BATCH * STEPS * (size_t)cell->inputs);
    w.state = numbers(BATCH * w.size.state);
    w.y = numbers(BATCH * STEPS * (size_t)cell->outputs);
    w.gy = numbers(BATCH * STEPS * (size_t)cell->outputs);
    w.gstate = numbers(BATCH * w.size.state);
    w.gx = numbers(BATCH * STEPS * (size_t)cell->inputs);
    w.tape = numbers(BATCH * (STEPS * w.size.tape +
                              (STEPS + w.size.every - 1) / w.size.every * w.size.kept));
    w.packed = numbers(w.size.packed);
    w.work = numbers((size_t)threads * w.size.work);
    for (size_t i = 0; i < (size_t)threads * w.size.work; i++) {
        w.work[i] = NAN; /* nothing may be read that was not written */
    }
    for (size_t i = 0; i < BATCH * STEPS * w.size.tape; i++) {
        w.tape[i] = NAN;
    }
    w.gradients = numbers((BATCH + w.size.streams - 1) / w.size.streams * w.size.parameters);
    w.mask = malloc(BATCH * STEPS);
    for (size_t i = 0; w.mask && i < BATCH * STEPS; i++) {
        w.mask[i] = i % 5 != 0 && (i / STEPS % 4 != 0 || i % STEPS < 6); /* some end early */
    }
    return w;
}

static void unmade(world w) {
    double *all[] = {w.parameters, w.packed, w.x, w.state, w.y, w.tape, w.work, w.gy, w.gstate, w.gx,
                     w.gradients};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        free(all[i]);
    }
    free(w.mask);
}

/* The loss Σ gy y + Σ gstate state of a walk in float64; with a tape, and the adjoint. */
static double walked(const ml_cell *cell, world *w, int32_t threads, int adjoint) {
    const ml_cell_run run = {.batch = BATCH, .steps = STEPS, .threads = threads, .doubles = 1};
    double *state = malloc(BATCH * w->size.state * sizeof *state), loss = 0;
    if (!state) {
        exit(1);
    }
    memcpy(state, w->state, BATCH * w->size.state * sizeof *state);
    promise(ml_cell_pack(cell, 1, w->parameters, w->packed) == ML_OK, "it packs", (int)cell->kind);
    promise(ml_cell_forward(cell, &run, w->parameters, w->packed, w->x, w->mask, state, w->y,
                            adjoint ? w->tape : NULL, w->work) == ML_OK,
            "it walks", (int)cell->kind);
    for (size_t i = 0; i < BATCH * STEPS * (size_t)cell->outputs; i++) {
        loss += w->gy[i] * w->y[i];
    }
    for (size_t i = 0; i < BATCH * w->size.state; i++) {
        loss += w->gstate[i] * state[i];
    }
    free(state);
    if (adjoint) {
        promise(ml_cell_backward(cell, &run, w->parameters, w->packed, w->mask, w->tape, w->gy,
                                 w->gstate, w->gx, w->gradients, w->work) == ML_OK,
                "it walks back", (int)cell->kind);
    }
    return loss;
}

static void test_gradient(const ml_cell *cell) {
    world w = made(cell, 1), other = made(cell, 1);
    walked(cell, &w, 1, 1);
    for (size_t i = 0; i < w.size.parameters; i += 7) {
        const double step = 1e-6, at = other.parameters[i];
        other.parameters[i] = at + step;
        const double above = walked(cell, &other, 1, 0);
        other.parameters[i] = at - step;
        const double slope = (above - walked(cell, &other, 1, 0)) / (2 * step);
        other.parameters[i] = at;
        promise(fabs(slope - w.gradients[i]) < 1e-5 * (1 + fabs(slope)),
                "gradients are those of finite differences", (int)cell->kind);
    }
    unmade(w);
    unmade(other);
}

static void test_threads(const ml_cell *cell) {
    world one = made(cell, 1), many = made(cell, 3);
    walked(cell, &one, 1, 1);
    walked(cell, &many, 3, 1);
    promise(!memcmp(one.gradients, many.gradients, one.size.parameters * sizeof(double)) &&
                !memcmp(one.gstate, many.gstate, BATCH * one.size.state * sizeof(double)),
            "threads change no bit", (int)cell->kind);
    unmade(one);
    unmade(many);
}

static float *singles(size_t count, const double *from) {
    float *found = malloc(count * sizeof *found);
    if (!found) {
        exit(1);
    }
    for (size_t i = 0; i < count; i++) {
        found[i] = (float)from[i];
    }
    return found;
}

static int near(size_t count, const float *found, const double *known) {
    double error = 0, most = 0;
    for (size_t i = 0; i < count; i++) {
        error = fmax(error, fabs((double)found[i] - known[i]));
        most = fmax(most, fabs(known[i]));
    }
    return error <= 1e-5 * (1 + most);
}

enum { PARAMETERS, PACKED, STREAM, STATE, OUT, TAPE, WORK, GOUT, GSTATE, GSTREAM, GRADIENTS, ARRAYS };

/* A walk in float32 and its adjoint; whether there are such instructions. */
static int walked_by(ml_instructions instructions, const ml_cell *cell, const uint8_t *mask,
                     float **a) {
    const ml_cell_run run = {
        .batch = BATCH, .steps = STEPS, .threads = 1, .instructions = instructions};
    const int kind = (int)cell->kind;
    promise(ml_cell_pack(cell, 0, a[PARAMETERS], a[PACKED]) == ML_OK, "it packs", kind);
    const ml_status found = ml_cell_forward(cell, &run, a[PARAMETERS], a[PACKED], a[STREAM], mask,
                                            a[STATE], a[OUT], a[TAPE], a[WORK]);
    const ml_status after = ml_cell_backward(cell, &run, a[PARAMETERS], a[PACKED], mask, a[TAPE],
                                             a[GOUT], a[GSTATE], a[GSTREAM], a[GRADIENTS], a[WORK]);
    promise(found == ML_OK || (found == ML_ABSENT && instructions > ML_PLAIN), "it walks", kind);
    promise(after == found, "it walks back where it walks", kind);
    return found == ML_OK;
}

/* What float64 finds, each set of instructions finds in float32. */
static void test_instructions(ml_instructions instructions, const ml_cell *cell) {
    world w = made(cell, 1);
    const size_t streams = BATCH * (size_t)cell->inputs, out = BATCH * STEPS * (size_t)cell->outputs;
    const size_t tiles = (BATCH + w.size.streams - 1) / w.size.streams;
    const size_t copies = (STEPS + w.size.every - 1) / w.size.every;
    const size_t sizes[ARRAYS] = {
        w.size.parameters, w.size.packed, streams * STEPS, BATCH * w.size.state, out,
        BATCH * (STEPS * w.size.tape + copies * w.size.kept), w.size.work, out,
        BATCH * w.size.state, streams * STEPS, tiles * w.size.parameters};
    const double *known[ARRAYS] = {w.parameters, w.packed, w.x, w.state, w.y, w.tape, w.work, w.gy,
                                   w.gstate, w.gx, w.gradients};
    float *a[ARRAYS];
    for (size_t i = 0; i < ARRAYS; i++) {
        a[i] = singles(sizes[i], known[i]);
    }
    walked(cell, &w, 1, 1);
    if (walked_by(instructions, cell, w.mask, a)) {
        promise(near(out, a[OUT], w.y) && near(sizes[STREAM], a[GSTREAM], w.gx) &&
                    near(w.size.parameters, a[GRADIENTS], w.gradients),
                "float32 is near float64", (int)cell->kind);
    }
    for (size_t i = 0; i < ARRAYS; i++) {
        free(a[i]);
    }
    unmade(w);
}

static void test_refusals(void) {
    const ml_cell bad[] = {
        {.kind = ML_AMRC, .inputs = 0, .hidden = 4, .outputs = 1},
        {.kind = ML_AMRC, .inputs = 1, .hidden = 4, .outputs = 1, .rank = -1},
        {.kind = ML_AMN, .inputs = 1, .hidden = 4, .outputs = 1},
        {.kind = ML_HYPER_AMN, .inputs = 1, .hidden = 4, .outputs = 1, .slots = 2, .heads = 99},
        {.kind = (ml_cell_kind)99, .inputs = 1, .hidden = 4, .outputs = 1},
    };
    ml_cell_size size;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        promise(ml_cell_sizes(&bad[i], &size) == ML_BAD_DIMS, "bad sizes are refused", (int)i);
    }
    const ml_cell_run none = {.batch = 0, .steps = 1, .threads = 1};
    promise(ml_cell_forward(&cells[0], &none, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) ==
                ML_BAD_DIMS, "no streams are refused", 0);
    const ml_cell_run wide = {
        .batch = 1, .steps = 1, .threads = 1, .doubles = 1, .instructions = ML_AVX2};
    promise(ml_cell_forward(&cells[0], &wide, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) ==
                ML_ABSENT, "float64 has no instructions of its own", 0);
    const ml_cell_run unknown = {
        .batch = 1, .steps = 1, .threads = 1, .instructions = (ml_instructions)99};
    promise(ml_cell_forward(&cells[0], &unknown, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) ==
                ML_ABSENT, "instructions that nobody knows are refused", 0);
}

int main(void) {
    for (size_t i = 0; i < CELLS; i++) {
        test_gradient(&cells[i]);
        test_threads(&cells[i]);
        test_instructions(ML_PLAIN, &cells[i]);
        test_instructions(ML_AVX2, &cells[i]);
        test_instructions(ML_AVX512, &cells[i]);
    }
    test_refusals();
    return broken;
}
