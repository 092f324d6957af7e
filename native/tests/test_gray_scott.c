/* The kernel under the sanitizers: refusals, conservation, equal bits, and awkward sizes.
 *
 * Run without an argument it tests and returns 0 or the number of broken promises; with any
 * argument it prints a digest of every field it computes, to compare builds with each other.
 */
#include "memlab.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int broken = 0;

static void promise(int kept, const char *what) {
    if (!kept) {
        printf("broken: %s\n", what);
        broken++;
    }
}

/* Exactly the sizes that the header asks for, so that a step outside is an error. */
typedef struct {
    float *u, *v, *feed, *kill, *target, *similarity, *work;
    size_t cells, pixels;
} world;

static float *floats(size_t count) {
    float *x = malloc(count * sizeof(float));
    if (!x) {
        exit(1);
    }
    return x;
}

static world made(const ml_field_dims *d, int32_t steps, int32_t threads) {
    const size_t pixels = (size_t)d->replicates * (size_t)d->height * (size_t)d->width;
    const size_t cells = pixels * (size_t)d->cues;
    world w = {floats(cells), floats(cells), floats(pixels), floats(pixels), floats(pixels),
               floats((size_t)d->replicates * (size_t)steps), floats(ml_gs_work(d, threads)),
               cells, pixels};
    uint32_t noise = 1;
    for (size_t i = 0; i < cells; i++) {
        noise = noise * 1664525u + 1013904223u;
        w.u[i] = 1.0f - 0.5f * (float)(noise >> 8) / 16777216.0f;
        w.v[i] = 0.6f * (float)(noise >> 8) / 16777216.0f;
    }
    for (size_t i = 0; i < pixels; i++) {
        w.feed[i] = 0.037f;
        w.kill[i] = 0.06f;
        w.target[i] = i % 3 ? 0.8f : 0.1f;
    }
    return w;
}

static void unmade(world w) {
    float *const all[] = {w.u, w.v, w.feed, w.kill, w.target, w.similarity, w.work};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        free(all[i]);
    }
}

static uint64_t digest(uint64_t sum, const float *x, size_t count) { /* FNV-1a */
    const unsigned char *byte = (const unsigned char *)x;
    for (size_t i = 0; i < count * sizeof(float); i++) {
        sum = (sum ^ byte[i]) * 1099511628211u;
    }
    return sum;
}

static const ml_kinetics usual = {
    .diffuse_u = 0.16f, .diffuse_v = 0.08f, .decay = 0.9995f, .dt = 1};

static ml_scar_rule rule_of(ml_scar_law law, float fade) {
    return (ml_scar_rule){.law = law, .threshold = 0.3f, .gate = 0.5f, .fade = fade,
                          .feed = 0.037f, .kill = 0.06f, .feed_min = 0.01f, .feed_max = 0.08f,
                          .kill_min = 0.03f, .kill_max = 0.08f};
}

/* Digest of 23 free steps and then, with one cue, of 40 steps of training. */
static uint64_t life(const ml_field_dims *d, ml_scar_law law, float fade, int32_t threads) {
    enum { FREE = 23, TRAINED = 40 };
    world w = made(d, TRAINED, threads);
    promise(ml_gs_advance(d, &usual, FREE, threads, w.feed, w.kill, w.u, w.v, w.work) == ML_OK,
            "free steps succeed");
    uint64_t sum = digest(digest(14695981039346656037u, w.u, w.cells), w.v, w.cells);
    if (d->cues == 1) {
        const ml_scar_rule rule = rule_of(law, fade);
        float *gain = floats((size_t)d->replicates);
        for (int32_t i = 0; i < d->replicates; i++) {
            gain[i] = 0.003f * (float)i;
        }
        promise(ml_gs_train(d, &usual, &rule, TRAINED, threads, w.target, gain, gain, w.u, w.v,
                            w.feed, w.kill, w.similarity, w.work) == ML_OK,
                "training succeeds");
        free(gain);
        sum = digest(digest(sum, w.feed, w.pixels), w.kill, w.pixels);
        sum = digest(digest(sum, w.u, w.cells), w.v, w.cells);
        sum = digest(sum, w.similarity, (size_t)d->replicates * TRAINED);
    }
    unmade(w);
    return sum;
}

static const ml_field_dims awkward[] = {
    {1, 1, 1, 1},   {2, 1, 3, 5},   {1, 1, 2, 300}, {2, 1, 16, 17},
    {3, 1, 33, 31}, {1, 3, 40, 48}, {1, 1, 75, 64}, {5, 2, 13, 65},
};
enum { AWKWARD = sizeof awkward / sizeof *awkward };

static void test_threads(void) {
    for (size_t i = 0; i < AWKWARD; i++) {
        for (int law = ML_SATURATING; law <= ML_GRADED; law++) {
            const float fade = law ? 0.001f : 0.0f;
            const uint64_t alone = life(&awkward[i], (ml_scar_law)law, fade, 1);
            for (int32_t threads = 2; threads <= 2; threads++) {
                promise(life(&awkward[i], (ml_scar_law)law, fade, threads) == alone,
                        "the bits do not depend on the number of threads");
            }
        }
    }
}

static void test_refusals(void) {
    const ml_field_dims bad[] = {{0, 1, 8, 8}, {1, 0, 8, 8}, {1, 1, -1, 8}, {1, 1, 8, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        promise(ml_gs_work(&bad[i], 1) == 0, "bad dimensions need no work");
        promise(ml_gs_advance(&bad[i], &usual, 1, 1, NULL, NULL, NULL, NULL, NULL) == ML_BAD_DIMS,
                "bad dimensions are refused");
    }
    const ml_field_dims two_cues = {1, 2, 8, 8};
    const ml_scar_rule rule = rule_of(ML_GRADED, 0);
    promise(ml_gs_work(&two_cues, 0) == 0, "no threads need no work");
    promise(ml_gs_train(&two_cues, &usual, &rule, 1, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                        NULL, NULL) == ML_BAD_DIMS,
            "training with several cues is refused");
}

static void test_conservation(void) {
    const ml_field_dims d = {1, 1, 33, 31};
    const ml_kinetics spread = {.diffuse_u = 0.16f, .diffuse_v = 0.08f, .decay = 1, .dt = 1};
    world w = made(&d, 1, 1);
    double before = 0, after = 0;
    for (size_t i = 0; i < w.cells; i++) {
        w.u[i] = 0;
        w.feed[i] = w.kill[i] = 0; /* with u = 0 nothing reacts: v only spreads */
        before += (double)w.v[i];
    }
    promise(ml_gs_advance(&d, &spread, 200, 1, w.feed, w.kill, w.u, w.v, w.work) == ML_OK,
            "diffusion succeeds");
    for (size_t i = 0; i < w.cells; i++) {
        after += (double)w.v[i];
    }
    promise(fabs(after / before - 1) < 1e-5, "diffusion alone conserves the mass");
    unmade(w);
}

static void test_steady_state(void) {
    const ml_field_dims d = {1, 1, 16, 17};
    world w = made(&d, 1, 1);
    for (size_t i = 0; i < w.cells; i++) {
        w.feed[i] = 0.08f, w.kill[i] = 0.03f, w.u[i] = 0.2f, w.v[i] = 0.6f;
    }
    promise(ml_gs_advance(&d, &usual, 1000, 1, w.feed, w.kill, w.u, w.v, w.work) == ML_OK,
            "the lit state lasts");
    promise(fabsf(w.v[40] - 0.58790f) < 1e-4f && fabsf(w.u[40] - 0.18796f) < 1e-4f,
            "the lit state is U = 0.18796, V = 0.58790");
    unmade(w);
}

static void test_not_finite(void) {
    const ml_field_dims d = {2, 1, 16, 17};
    world w = made(&d, 1, 1);
    w.v[w.cells - 1] = nanf("");
    promise(ml_gs_advance(&d, &usual, 5, 1, w.feed, w.kill, w.u, w.v, w.work) == ML_NOT_FINITE,
            "a NaN survives the clamp and is told");
    unmade(w);
}

int main(int count, char **arguments) {
    (void)arguments;
    if (count > 1) {
        for (size_t i = 0; i < AWKWARD; i++) {
            printf("%016llx\n", (unsigned long long)life(&awkward[i], ML_SATURATING, 0, 1));
            printf("%016llx\n", (unsigned long long)life(&awkward[i], ML_GRADED, 0.001f, 2));
        }
        return 0;
    }
    test_refusals();
    test_threads();
    test_conservation();
    test_steady_state();
    test_not_finite();
    return broken;
}
