/* Recurrent cells: the entry points. Streams go in tiles, the same whoever computes them. */
#include "cell.h"

#include <string.h>

/* NULL where there is none. */
static const cell_core *core_of(int doubles, ml_instructions wanted) {
    const int any = wanted == ML_BEST;
#ifdef CELL_CHOOSES
    if (!doubles && (any || wanted == ML_AVX512) && __builtin_cpu_supports("avx512f")) {
        return &cell_f32_avx512;
    }
    if (!doubles && (any || wanted == ML_AVX2) && __builtin_cpu_supports("avx2") &&
        __builtin_cpu_supports("fma")) {
        return &cell_f32_avx2;
    }
#endif
    if (!any && wanted != ML_PLAIN) {
        return NULL;
    }
    return doubles ? &cell_f64 : &cell_f32_plain;
}

static size_t bytes_of(int doubles) { return doubles ? sizeof(double) : sizeof(float); }

ml_status ml_cell_sizes(const ml_cell *cell, ml_cell_size *sizes) {
    cell_plan plan;
    if (!cell_plan_of(cell, &plan)) {
        return ML_BAD_DIMS;
    }
    *sizes = (ml_cell_size){.parameters = plan.parameters, .state = plan.state,
                            .tape = plan.width, .kept = plan.kept, .every = plan.every,
                            .streams = plan.streams,
                            .packed = plan.packed + plan.derived,
                            .work = core_of(0, ML_BEST)->work(cell, &plan)};
    return ML_OK;
}

/* Where the tile of a team's turn is. */
static size_t streams_of(const cell_plan *plan, const ml_cell_run *run, size_t tile) {
    const size_t left = (size_t)run->batch - tile * plan->streams;
    return left < plan->streams ? left : plan->streams;
}

static const void *part(const void *array, size_t index, size_t each, size_t bytes) {
    return array ? (const char *)array + index * each * bytes : NULL;
}

static void *share(void *array, size_t index, size_t each, size_t bytes) {
    return array ? (char *)array + index * each * bytes : NULL;
}

/* Who works on a run: so many teams on so many tiles, each with its own scratch. */
typedef struct {
    cell_plan plan;
    const cell_core *core;
    size_t bytes, steps, tiles, teams, each, taped;
} crew;

static ml_status crew_of(const ml_cell *cell, const ml_cell_run *run, crew *c) {
    if (!cell_plan_of(cell, &c->plan) || run->batch < 1 || run->steps < 1 || run->threads < 1) {
        return ML_BAD_DIMS;
    }
    c->core = core_of(run->doubles, run->instructions);
    if (!c->core) {
        return ML_ABSENT;
    }
    c->bytes = bytes_of(run->doubles);
    c->steps = (size_t)run->steps;
    const size_t copies = (c->steps + c->plan.every - 1) / c->plan.every;
    c->taped = c->steps * c->plan.width + copies * c->plan.kept;
    c->tiles = ((size_t)run->batch + c->plan.streams - 1) / c->plan.streams;
    c->teams = (size_t)run->threads;
    c->each = c->core->work(cell, &c->plan);
    return ML_OK;
}

ml_status ml_cell_pack(const ml_cell *cell, int32_t doubles, const void *parameters, void *packed) {
    cell_plan plan;
    if (!cell_plan_of(cell, &plan)) {
        return ML_BAD_DIMS;
    }
    core_of(doubles, ML_BEST)->pack(cell, &plan, parameters, packed);
    return ML_OK;
}

ml_status ml_cell_forward(const ml_cell *cell, const ml_cell_run *run, const void *parameters,
                          const void *packed, const void *x, const uint8_t *mask, void *state,
                          void *y, void *tape, void *work) {
    crew c;
    const ml_status found = crew_of(cell, run, &c);
    if (found != ML_OK) {
        return found;
    }
    const cell_plan *plan = &c.plan;
    const size_t bytes = c.bytes, T = c.steps;
    const size_t I = (size_t)cell->inputs, O = (size_t)cell->outputs;
#pragma omp parallel for num_threads(run->threads) schedule(static) if (c.teams > 1 && c.tiles > 1)
    for (size_t team = 0; team < c.teams; team++) {
        for (size_t i = team; i < c.tiles; i += c.teams) {
            const size_t first = i * plan->streams;
            c.core->forward(cell, plan, streams_of(plan, run, i), T, parameters, packed,
                          part(x, first, T * I, bytes),
                          mask ? mask + first * T : NULL, share(state, first, plan->state, bytes),
                          share(y, first, T * O, bytes),
                          share(tape, first, c.taped, bytes),
                          share(work, team, c.each, bytes));
        }
    }
    return ML_OK;
}

static int all_finite(size_t count, const float *x) {
    float nothing = 0;
#pragma omp simd reduction(+ : nothing)
    for (size_t i = 0; i < count; i++) {
        nothing += 0 * x[i];
    }
    return nothing == 0;
}

ml_status ml_cell_answer(const ml_cell_seat *seat, int32_t steps, const void *x, void *state,
                         void *y) {
    const ml_cell_run run = {.batch = 1, .steps = steps, .threads = 1};
    if (steps < 1 || seat->cell->inputs < 1) {
        return ML_BAD_DIMS;
    }
    if (!all_finite((size_t)steps * (size_t)seat->cell->inputs, x)) {
        return ML_NOT_FINITE;
    }
    return ml_cell_forward(seat->cell, &run, seat->parameters, seat->packed, x, NULL, state, y, NULL,
                           seat->work);
}

/* The sum of the tiles' gradients, in their order, into the first. */
static void gathered(size_t tiles, size_t count, int doubles, void *gradients) {
    for (size_t i = 1; i < tiles; i++) {
        for (size_t k = 0; k < count; k++) {
            if (doubles) {
                ((double *)gradients)[k] += ((double *)gradients)[i * count + k];
            } else {
                ((float *)gradients)[k] += ((float *)gradients)[i * count + k];
            }
        }
    }
}

ml_status ml_cell_backward(const ml_cell *cell, const ml_cell_run *run, const void *parameters,
                           const void *packed, const uint8_t *mask, void *tape, const void *gy,
                           void *gstate, void *gx, void *gradients, void *work) {
    crew c;
    const ml_status found = crew_of(cell, run, &c);
    if (found != ML_OK) {
        return found;
    }
    const cell_plan *plan = &c.plan;
    const size_t bytes = c.bytes, T = c.steps;
    const size_t I = (size_t)cell->inputs, O = (size_t)cell->outputs;
#pragma omp parallel for num_threads(run->threads) schedule(static) if (c.teams > 1 && c.tiles > 1)
    for (size_t team = 0; team < c.teams; team++) {
        for (size_t i = team; i < c.tiles; i += c.teams) {
            const size_t first = i * plan->streams;
            void *gradient = share(gradients, i, plan->parameters, bytes);
            memset(gradient, 0, plan->parameters * bytes);
            c.core->backward(cell, plan, streams_of(plan, run, i), T, parameters, packed,
                           mask ? mask + first * T : NULL,
                           share(tape, first, c.taped, bytes),
                           part(gy, first, T * O, bytes), share(gstate, first, plan->state, bytes),
                           share(gx, first, T * I, bytes), gradient,
                           share(work, team, c.each, bytes));
        }
    }
    gathered(c.tiles, plan->parameters, run->doubles, gradients);
    return ML_OK;
}
