/* Gray-Scott reaction and diffusion on a torus, with scars: the entry points.
 *
 *   u' = u + dt (Du L(u) - u v^2 + F (1 - u))
 *   v' = (v + dt (Dv L(v) + u v^2 - (F + K) v)) decay          both clamped to [0, 1]
 *   L: centre -1, edges 1/5, corners 1/20
 *
 * (Pearson, Science 261:189, 1993.) The stencil is summed as e = left + right, a = e/20 + x/5,
 * b = e/5 - x, L = (a above + a below) + b, as the torch reference does, so the bits are the same.
 * The other files: gs.h.
 */
#include "gs.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* The threads are either teams, each with fields of its own, or strips of one field. */
typedef struct {
    int32_t teams, strips;
    size_t pixels, floats; /* of one field; of scratch for one team */
} crew;

static crew crew_of(const ml_field_dims *dims, int32_t threads) {
    const int32_t fields = dims->replicates * dims->cues;
    const int apart = fields % threads == 0 || fields >= 4 * threads;
    const int32_t strips = apart ? 1 : dims->height < threads ? dims->height : threads;
    const size_t height = (size_t)dims->height, width = (size_t)dims->width;
    return (crew){.teams = apart ? threads : 1, .strips = strips, .pixels = height * width,
                  .floats = (size_t)strips * gs_march_floats(width) +
                            rounded_up(4 * height * width, PATCH) + gs_train_floats(height, width)};
}

/* The scratch of one team: its strips' shares, a second copy of a field, what training needs. */
static float *team_work(const crew *c, int32_t team, float *work) {
    return work + (size_t)team * c->floats;
}

static copy second_copy(const crew *c, size_t width, float *mine) {
    float *u = mine + (size_t)c->strips * gs_march_floats(width);
    return (copy){u, u + c->pixels, u + 2 * c->pixels, u + 3 * c->pixels};
}

static float *train_work(const crew *c, size_t width, float *mine) {
    return second_copy(c, width, mine).u + rounded_up(4 * c->pixels, PATCH);
}

static int dims_ok(const ml_field_dims *dims) {
    return dims && dims->replicates > 0 && dims->cues > 0 && dims->height > 0 && dims->width > 0 &&
           dims->replicates <= INT32_MAX / dims->cues;
}

size_t ml_gs_work(const ml_field_dims *dims, int32_t threads) {
    if (!dims_ok(dims) || threads <= 0) {
        return 0;
    }
    const crew c = crew_of(dims, threads);
    return (size_t)c.teams * c.floats;
}

static medium medium_of(const ml_field_dims *dims, const ml_kinetics *k) {
    const size_t width = (size_t)dims->width;
    return (medium){.height = (size_t)dims->height, .width = width, .stride = gs_stride(width),
                    .Du = k->diffuse_u, .Dv = k->diffuse_v, .decay = k->decay, .dt = k->dt,
                    .least = 0.0f, .most = 1.0f};
}

static int all_finite(size_t count, const float *x) {
    int lost = 0;
    for (size_t i = 0; i < count; i++) {
        lost |= !(fabsf(x[i]) <= FLT_MAX);
    }
    return !lost;
}

/* Deep enough to spare the memory, shallow enough that few rows are computed twice. */
static size_t deepest(const medium *m, int32_t strips) {
    const size_t fair = m->height / (size_t)strips / 12;
    return fair < 1 ? 1 : shorter(fair, DEEPEST);
}

/* One field alone. An even number of marches ends in the caller's copy. */
static void advance_one(const medium *m, const crew *c, size_t steps, const float *feed,
                        const float *kill, float *u, float *v, float *work) {
    const copy own = {.u = u, .v = v}, second = second_copy(c, m->width, work);
    const size_t most = deepest(m, c->strips), fewest = (steps + most - 1) / most;
    const size_t marches = fewest < steps ? fewest + fewest % 2 : fewest;
    size_t done = 0;
    for (size_t i = 0; i < marches; i++) {
        const copy from = i % 2 ? second : own, to = i % 2 ? own : second;
        const size_t left = marches - i, depth = (steps - done + left - 1) / left;
        const scar none = {.more = 0};
        const course p = {.medium = m, .scar = &none, .depth = depth, .u = from.u, .v = from.v,
                          .feed = feed, .kill = kill, .to = to};
        gs_march(&p, c->strips, work);
        done += depth;
    }
    if (marches % 2) {
        memcpy(u, second.u, c->pixels * sizeof(float));
        memcpy(v, second.v, c->pixels * sizeof(float));
    }
}

ml_status ml_gs_advance(const ml_field_dims *dims, const ml_kinetics *kinetics, int32_t steps,
                        int32_t threads, const float *restrict feed, const float *restrict kill,
                        float *restrict u, float *restrict v, float *restrict work) {
    if (!dims_ok(dims) || steps < 0 || threads <= 0) {
        return ML_BAD_DIMS;
    }
    const medium m = medium_of(dims, kinetics);
    const crew c = crew_of(dims, threads);
    const int32_t fields = dims->replicates * dims->cues;
#pragma omp parallel for num_threads(c.teams) schedule(static) if (c.teams > 1)
    for (int32_t team = 0; team < c.teams; team++) {
        float *mine = team_work(&c, team, work);
        for (int32_t i = team; i < fields; i += c.teams) {
            const size_t at = (size_t)i * c.pixels, shared = (size_t)(i / dims->cues) * c.pixels;
            advance_one(&m, &c, (size_t)steps, feed + shared, kill + shared, u + at, v + at, mine);
        }
    }
    const size_t all = (size_t)fields * c.pixels;
    return all_finite(all, u) && all_finite(all, v) ? ML_OK : ML_NOT_FINITE;
}

ml_status ml_gs_train(const ml_field_dims *dims, const ml_kinetics *kinetics,
                      const ml_scar_rule *rule, int32_t steps, int32_t threads,
                      const float *restrict target, const float *restrict feed_gain,
                      const float *restrict kill_gain, float *restrict u, float *restrict v,
                      float *restrict feed, float *restrict kill, float *restrict similarity,
                      float *restrict work) {
    if (!dims_ok(dims) || dims->cues != 1 || steps < 0 || threads <= 0) {
        return ML_BAD_DIMS;
    }
    const medium m = medium_of(dims, kinetics);
    const crew c = crew_of(dims, threads);
#pragma omp parallel for num_threads(c.teams) schedule(static) if (c.teams > 1)
    for (int32_t team = 0; team < c.teams; team++) {
        float *mine = team_work(&c, team, work);
        for (int32_t i = team; i < dims->replicates; i += c.teams) {
            const size_t at = (size_t)i * c.pixels;
            const scar s = {.rule = *rule, .more = feed_gain[i], .less = kill_gain[i]};
            const copy own = {u + at, v + at, feed + at, kill + at};
            gs_train(&m, &s, (size_t)steps, deepest(&m, c.strips), c.strips, target + at, own,
                     second_copy(&c, m.width, mine), similarity + (size_t)i * (size_t)steps, mine,
                     train_work(&c, m.width, mine));
        }
    }
    const size_t all = (size_t)dims->replicates * c.pixels;
    return all_finite(all, u) && all_finite(all, v) ? ML_OK : ML_NOT_FINITE;
}
