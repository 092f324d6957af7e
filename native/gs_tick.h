/* One tick of Gray-Scott: BAND rows of one step; and how similar new rows are to the target.
 *
 * A template: each file that includes it says what LANES is and how the KERNEL is called.
 */
#include "gs_lanes.h"

#include <string.h>

/* hot: c happens, else only the fade does, if there is one. */
INLINED void tick(const medium *medium_, const scar *scar_, change c, const band *at_,
                  size_t width) {
    const medium m = *medium_; /* copies, so that no store can be thought to change them */
    const scar s = *scar_;
    const band at = *at_;
    const change cold = gs_fades(c) ? FADE : NOTHING;
    for (size_t x = 0; x < width; x += LANES) {
        if (c == cold || at.hot[x / PATCH] != 0.0f) {
            tick_columns(&m, &s, c, &at, x);
        } else {
            tick_columns(&m, &s, cold, &at, x);
        }
    }
}

/* Each change is compiled by itself, free of questions that do not change on the way. */
#define TICKER(NAME, CHANGE)                                                                       \
    static void NAME(const medium *m, const scar *s, const band *at, size_t width) {               \
        tick(m, s, CHANGE, at, width);                                                             \
    }
TICKER(tick_nothing, NOTHING)
TICKER(tick_fade, FADE)
TICKER(tick_saturating, SATURATING)
TICKER(tick_saturating_fade, SATURATING_FADE)
TICKER(tick_graded, GRADED)
TICKER(tick_graded_fade, GRADED_FADE)

static void (*const tickers[])(const medium *, const scar *, const band *, size_t) = {
    [NOTHING] = tick_nothing,
    [FADE] = tick_fade,
    [SATURATING] = tick_saturating,
    [SATURATING_FADE] = tick_saturating_fade,
    [GRADED] = tick_graded,
    [GRADED_FADE] = tick_graded_fade,
};

static void copy_columns(size_t count, const float *from, size_t from_width, float *to,
                         size_t to_width) {
    for (size_t i = 0; i < BAND; i++) {
        memcpy(to + i * to_width, from + i * from_width, count * sizeof(float));
    }
}

/* Fewer than LANES columns at the end of the rows: computed among copies LANES wide. */
static void tick_rest(const medium *m, const scar *s, change c, const band *at, size_t x,
                      size_t count) {
    enum { FEED, KILL, TARGET, U, V, FIELDS };
    float near[FIELDS][BAND * LANES] = {0};
    copy_columns(count, at->feed + x, at->width, near[FEED], LANES);
    copy_columns(count, at->kill + x, at->width, near[KILL], LANES);
    if (c != NOTHING) {
        copy_columns(count, at->target + x, at->width, near[TARGET], LANES);
    }
    const band rest = {.u = at->u + x, .v = at->v + x, .feed = near[FEED], .kill = near[KILL],
                       .target = near[TARGET], .hot = at->hot + (at->hot ? x / PATCH : 0),
                       .carry = at->carry + x, .new_feed = near[FEED], .new_kill = near[KILL],
                       .new_u = near[U], .new_v = near[V], .stride = at->stride,
                       .width = LANES, .new_width = LANES};
    tickers[c](m, s, &rest, LANES);
    copy_columns(count, near[U], LANES, at->new_u + x, at->new_width);
    copy_columns(count, near[V], LANES, at->new_v + x, at->new_width);
    if (c != NOTHING) {
        copy_columns(count, near[FEED], LANES, at->new_feed + x, at->width);
        copy_columns(count, near[KILL], LANES, at->new_kill + x, at->width);
    }
}

static void tick_all(const medium *m, const scar *s, change c, const band *at) {
    const size_t rest = m->width % LANES;
    tickers[c](m, s, at, m->width - rest);
    if (rest) {
        tick_rest(m, s, c, at, m->width - rest, rest);
    }
}

/* A sum has PATCH parts, whatever the lanes, so that its bits do not depend on them. */
enum {
    SPLIT = PATCH / LANES,
    SHEAF = LANES / 4 /* rows compared together, so that no sum waits for the one before */
};

INLINED void compare_rows(size_t count, size_t width, const float *v, size_t pitch,
                          const float *target, const float *hot, float *sums) {
    const size_t rest = width % PATCH, whole = width - rest;
    lanes vt[SHEAF * SPLIT] = {{0}}, vv[SHEAF * SPLIT] = {{0}};
    for (size_t x = 0; x < whole; x += PATCH) {
        const int lit = hot[x / PATCH] != 0.0f;
        for (size_t i = 0; i < count * SPLIT; i++) {
            const lanes y = load(v + i / SPLIT * pitch + x + i % SPLIT * LANES);
            vv[i] += y * y;
        }
        for (size_t i = 0; lit && i < count * SPLIT; i++) {
            const size_t at = x + i % SPLIT * LANES;
            vt[i] += load(v + i / SPLIT * pitch + at) * load(target + i / SPLIT * width + at);
        }
    }
    for (size_t i = 0; rest && i < count; i++) { /* as if the row went on with zeros */
        float rest_v[PATCH] = {0}, rest_target[PATCH] = {0};
        memcpy(rest_v, v + i * pitch + whole, rest * sizeof(float));
        memcpy(rest_target, target + i * width + whole, rest * sizeof(float));
        for (size_t j = 0; j < SPLIT; j++) {
            const lanes y = load(rest_v + j * LANES);
            vt[i * SPLIT + j] += y * load(rest_target + j * LANES);
            vv[i * SPLIT + j] += y * y;
        }
    }
    for (size_t i = 0; i < count * SPLIT; i++) {
        float *part = sums + i / SPLIT * 2 * PATCH + i % SPLIT * LANES;
        store(part, vt[i]);
        store(part + PATCH, vv[i]);
    }
}

static void compare(size_t rows, size_t width, const float *v, size_t pitch, const float *target,
                    const float *hot, float *sums) {
    size_t i = 0;
    for (; i + SHEAF <= rows; i += SHEAF) {
        compare_rows(SHEAF, width, v + i * pitch, pitch, target + i * width, hot,
                     sums + 2 * i * PATCH);
    }
    for (; i < rows; i++) {
        compare_rows(1, width, v + i * pitch, pitch, target + i * width, hot, sums + 2 * i * PATCH);
    }
}

static void total(size_t rows, const float *sums, double *vt, double *vv) {
    double part[2 * PATCH] = {0};
    const size_t row = 2 * PATCH, fours = rows / 4;
    for (size_t y = 0; y < fours; y++, sums += 4 * row) {
#pragma omp simd
        for (size_t i = 0; i < row; i++) {
            const float four = (sums[i] + sums[i + row]) + (sums[i + 2 * row] + sums[i + 3 * row]);
            part[i] += (double)four;
        }
    }
    for (size_t y = 4 * fours; y < rows; y++, sums += row) {
        for (size_t i = 0; i < row; i++) {
            part[i] += (double)sums[i];
        }
    }
    *vt = *vv = 0;
    for (size_t i = 0; i < PATCH; i++) {
        *vt += part[i];
        *vv += part[i + PATCH];
    }
}

INLINED lanes load_some(const float *x, size_t count) {
    float some[LANES] = {0};
    memcpy(some, x, count * sizeof(float));
    return load(some);
}

static void apply(const scar *s, change c, size_t pixels, const float *v, const float *target,
                  float *feed, float *kill) {
    for (size_t i = 0; i < pixels; i += LANES) {
        const size_t count = shorter(pixels - i, LANES);
        lanes F = load_some(feed + i, count), K = load_some(kill + i, count);
        const lanes y = load_some(v + i, count), t = load_some(target + i, count);
        switch (c) { /* so that each case is compiled for its own change */
        case NOTHING: return;
        case FADE: scarred(s, FADE, y, t, &F, &K); break;
        case SATURATING: scarred(s, SATURATING, y, t, &F, &K); break;
        case SATURATING_FADE: scarred(s, SATURATING_FADE, y, t, &F, &K); break;
        case GRADED: scarred(s, GRADED, y, t, &F, &K); break;
        case GRADED_FADE: scarred(s, GRADED_FADE, y, t, &F, &K); break;
        }
        memcpy(feed + i, &F, count * sizeof(float));
        memcpy(kill + i, &K, count * sizeof(float));
    }
}

const kernel KERNEL = {.tick = tick_all, .compare = compare, .total = total, .apply = apply};
