/* Training of Gray-Scott: steps that leave scars while the field is similar to a target.
 *
 * Whether the scar rule acts after a step is known only when the whole field has been compared
 * with the target. A march supposes that the gate stays as it is, and applies the scar of step l
 * while level l + 1 passes over it; if a step proves the supposition wrong, the march is repeated
 * from the untouched copy up to that step.
 */
#include "gs.h"

#include <math.h>
#include <string.h>

size_t gs_train_floats(size_t height, size_t width) {
    return rounded_up(height * (2 * PATCH * DEEPEST + patches_of(width)), PATCH);
}

static int all_within(size_t count, const float *x, float least, float most) {
    int out = 0;
    for (size_t i = 0; i < count; i++) {
        out |= !(x[i] >= least && x[i] <= most);
    }
    return !out;
}

static int is_hot(const scar *s, size_t count, const float *target) {
    int hot = 0;
    for (size_t i = 0; i < count; i++) {
        hot |= (target[i] != 0.0f) | (target[i] > s->rule.threshold);
    }
    return hot;
}

/* hot (H, patches): whether any of BAND rows from this one on is lit, so that v target is not 0 or
 * the rule may act; it may act anywhere while feed and kill are still out of bounds. */
static void find_hot(const medium *m, const scar *s, const float *target, const copy *now,
                     float *hot) {
    const ml_scar_rule *r = &s->rule;
    const size_t pixels = m->height * m->width, patches = patches_of(m->width);
    const int bounded = r->fade <= 0.5f && /* so that rounding takes no fade past its end */
                        all_within(pixels, now->feed, r->feed_min, r->feed_max) &&
                        all_within(pixels, now->kill, r->kill_min, r->kill_max);
    for (size_t i = 0; i < m->height * patches; i++) {
        hot[i] = bounded ? 0.0f : 1.0f;
    }
    for (size_t y = 0; y < m->height; y++) {
        for (size_t x = 0; x < m->width; x += PATCH) {
            if (is_hot(s, shorter(m->width - x, PATCH), target + y * m->width + x)) {
                for (size_t i = 0; i < BAND; i++) {
                    const size_t above = (y + BAND * m->height - i) % m->height;
                    hot[above * patches + x / PATCH] = 1.0f;
                }
            }
        }
    }
}

static float cosine(size_t height, const float *sums, double target_norm) {
    double vt, vv;
    gs_kernel()->total(height, sums, &vt, &vv);
    return vv < 1e-12 || target_norm < 1e-12 ? 0.0f : (float)(vt / sqrt(vv * target_norm));
}

static double norm_of(const medium *m, const float *x, const float *hot, float *sums) {
    for (size_t y = 0; y < m->height; y++) {
        const float *row = x + y * m->width;
        gs_kernel()->compare(1, m->width, row, m->width, row, hot, sums + y * 2 * PATCH);
    }
    double same, norm;
    gs_kernel()->total(m->height, sums, &same, &norm);
    return norm;
}

/* What follows from a step of that similarity. */
static change change_after(const scar *s, float similarity) {
    const int fades = s->rule.fade != 0.0f;
    if (similarity > s->rule.gate && s->more > 0.0f) {
        return s->rule.law == ML_GRADED ? (fades ? GRADED_FADE : GRADED)
                                        : (fades ? SATURATING_FADE : SATURATING);
    }
    return fades ? FADE : NOTHING;
}

static void swap(float **a, float **b) {
    float *const kept = *a;
    *a = *b;
    *b = kept;
}

static void bring_home(float *home, const float *now, size_t pixels) {
    if (now != home) {
        memcpy(home, now, pixels * sizeof(float));
    }
}

void gs_train(const medium *m, const scar *s, size_t steps, size_t deepest, int32_t strips,
              const float *target, copy own, copy spare, float *similarity, float *march_work,
              float *work) {
    const size_t pixels = m->height * m->width;
    float *sums = work, *hot = work + 2 * PATCH * DEEPEST * m->height;
    find_hot(m, s, target, &own, hot);
    const double target_norm = norm_of(m, target, hot, sums);
    memcpy(spare.feed, own.feed, pixels * sizeof(float)); /* a march writes only what changes */
    memcpy(spare.kill, own.kill, pixels * sizeof(float));
    copy now = own;
    change pending = NOTHING; /* what the step before has left to do to feed and kill */
    size_t done = 0, depth = 1;
    while (done < steps) {
        depth = shorter(depth, steps - done);
        const course p = {.medium = m, .scar = s, .change = pending, .depth = depth, .u = now.u,
                          .v = now.v, .feed = now.feed, .kill = now.kill, .to = spare,
                          .target = target, .hot = hot, .sums = sums};
        gs_march(&p, strips, march_work);

        change next = pending;
        size_t true_steps = 0; /* taken with the change that was due */
        while (true_steps < depth && next == pending) {
            float *here = similarity + done + true_steps;
            *here = cosine(m->height, sums + 2 * PATCH * true_steps * m->height, target_norm);
            next = change_after(s, *here);
            true_steps++;
        }
        if (true_steps < depth) {
            depth = true_steps;
            continue;
        }
        swap(&now.u, &spare.u);
        swap(&now.v, &spare.v);
        if (pending != NOTHING) {
            swap(&now.feed, &spare.feed);
            swap(&now.kill, &spare.kill);
        }
        done += depth;
        depth = next != pending ? 1 : shorter(2 * depth, deepest);
        pending = next;
    }
    bring_home(own.u, now.u, pixels);
    bring_home(own.v, now.v, pixels);
    bring_home(own.feed, now.feed, pixels);
    bring_home(own.kill, now.kill, pixels);
    gs_kernel()->apply(s, pending, pixels, own.v, target, own.feed, own.kill);
}
