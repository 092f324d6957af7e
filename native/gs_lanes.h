/* The arithmetic of Gray-Scott, on LANES cells of a row at once.
 *
 * Sums and products of whole vectors are plain operators; what needs a comparison is a loop over
 * the lanes, of which compilers make one instruction per vector. LANES is the width of a vector:
 * with any other, compilers make long detours.
 */
#ifndef GS_LANES_H
#define GS_LANES_H

#include "gs.h"

#define INLINED static inline __attribute__((always_inline))
#pragma GCC diagnostic ignored "-Wpsabi" /* everything here is inlined: no call passes a vector */

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef float loose_lanes
    __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));

INLINED lanes load(const float *x) { return *(const loose_lanes *)x; }

INLINED void store(float *x, lanes y) { *(loose_lanes *)x = y; }

INLINED lanes clamped(lanes x, float least, float most) { /* keeps NaN */
    float z[LANES];
    store(z, x);
#pragma omp simd
    for (int i = 0; i < LANES; i++) {
        const float y = least > z[i] ? least : z[i];
        z[i] = most < y ? most : y;
    }
    return load(z);
}

/* y where x is bright, else 0. */
INLINED lanes where_above(lanes x, float threshold, lanes y) {
    float z[LANES], from[LANES];
    store(z, y);
    store(from, x);
#pragma omp simd
    for (int i = 0; i < LANES; i++) {
        z[i] = from[i] > threshold ? z[i] : 0.0f;
    }
    return load(z);
}

/* What a column knows of the rows above: x, b and a (last) of the last row, a of that above. */
typedef struct {
    lanes above, last, b, x;
} column;

INLINED column load_column(const float *carry, size_t stride) {
    return (column){.above = load(carry), .last = load(carry + stride),
                    .b = load(carry + 2 * stride), .x = load(carry + 3 * stride)};
}

INLINED void store_column(float *carry, size_t stride, const column *c) {
    store(carry, c->above);
    store(carry + stride, c->last);
    store(carry + 2 * stride, c->b);
    store(carry + 3 * stride, c->x);
}

/* Laplacian of the last row, now that the next one is known at next[-1 ..]; moves down to it. */
INLINED lanes laplacian(column *c, const float *next) {
    const lanes x = load(next), e = load(next - 1) + load(next + 1), a = 0.05f * e + 0.2f * x;
    const lanes sum = (c->above + a) + c->b;
    *c = (column){.above = c->last, .last = a, .b = 0.2f * e - x, .x = x};
    return sum;
}

/* The rule's act where v and target are both bright, then the fade. */
INLINED void scarred(const scar *s, change c, lanes v, lanes target, lanes *feed, lanes *kill) {
    const ml_scar_rule *r = &s->rule;
    const int graded = c == GRADED || c == GRADED_FADE;
    const int fades = c == FADE || c == SATURATING_FADE || c == GRADED_FADE;
    const lanes full = graded ? v * target : 1.0f + (lanes){0};
    const lanes bright = where_above(v, r->threshold, full);
    const lanes match = where_above(target, r->threshold, bright);
    lanes F = *feed, K = *kill;
    if (graded) {
        F = F + s->more * match * (r->feed_max - F);
        K = K - s->less * match * (K - r->kill_min);
    } else if (c != FADE) {
        F = clamped(F + s->more * match, r->feed_min, r->feed_max);
        K = clamped(K - s->less * match, r->kill_min, r->kill_max);
    }
    if (fades) {
        F = F - r->fade * (F - r->feed);
        K = K - r->fade * (K - r->kill);
    }
    *feed = F;
    *kill = K;
}

/* Columns x .. x + LANES - 1 of one tick. */
INLINED void tick_columns(const medium *m, const scar *s, change c, const band *at, size_t x) {
    const size_t stride = at->stride;
    column cu = load_column(at->carry + x, stride);
    column cv = load_column(at->carry + CARRIED * stride + x, stride);
    for (size_t i = 0; i < BAND; i++) {
        const size_t next = i * stride + x, here = i * at->width + x, to = i * at->new_width + x;
        const lanes u = cu.x, v = cv.x;
        const lanes Lu = laplacian(&cu, at->u + next), Lv = laplacian(&cv, at->v + next);
        lanes F = load(at->feed + here), K = load(at->kill + here);
        if (c != NOTHING) {
            scarred(s, c, v, c == FADE ? v : load(at->target + here), &F, &K);
            store(at->new_feed + here, F);
            store(at->new_kill + here, K);
        }
        const lanes uvv = u * v * v;
        const lanes du = (m->Du * Lu - uvv) + F * (1.0f - u);
        const lanes dv = (m->Dv * Lv + uvv) - (F + K) * v;
        store(at->new_u + to, clamped(u + m->dt * du, m->least, m->most));
        store(at->new_v + to, clamped((v + m->dt * dv) * m->decay, m->least, m->most));
    }
    store_column(at->carry + x, stride, &cu);
    store_column(at->carry + CARRIED * stride + x, stride, &cv);
}

#endif
