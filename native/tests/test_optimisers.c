/* What the optimisers promise, run under the sanitizers: buffers are not one number longer.
 *
 * With any argument it prints a digest of some steps, to compare builds with each other.
 */
#include "memlab.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3, EACH = 37, ALL = ROWS * EACH }; /* no multiple of any vector */

static int broken = 0;

static void promise(int kept, const char *what) {
    if (!kept) {
        printf("broken: %s\n", what);
        broken++;
    }
}

typedef struct {
    float gradient[ALL], parameters[ALL], mean[ALL], square[ALL], steps[ROWS], share[ROWS];
    double norm[ROWS];
    uint8_t trained[EACH];
} world;

static const ml_optimiser usual = {0.1, 0.9, 0.999, 1e-8, 1.0};

static world made(void) {
    world w = {.share = {1, 0.5f, 0}};
    uint32_t noise = 1;
    for (size_t i = 0; i < ALL; i++) {
        noise = noise * 1664525u + 1013904223u;
        w.gradient[i] = (float)(noise >> 8) / 16777216.0f - 0.4f;
        w.parameters[i] = 0.01f * (float)i;
        w.trained[i % EACH] = i % EACH % 5 != 0;
    }
    return w;
}

static ml_status adam(world *w, int32_t threads) {
    const ml_flat_run run = {ROWS, EACH, threads, 0};
    return ml_adam_step(&usual, &run, w->gradient, w->trained, w->share, w->parameters, w->mean,
                        w->square, w->steps, w->norm);
}

static ml_status sgd(world *w, int32_t threads) {
    const ml_flat_run run = {ROWS, EACH, threads, 0};
    return ml_sgd_step(&usual, &run, w->gradient, w->trained, w->share, w->parameters, w->mean,
                       w->norm);
}

static void test_buffers(void) { /* every one as long as it must be, of float64 */
    const ml_flat_run run = {ROWS, EACH, 2, 1};
    double *arrays[6];
    for (size_t i = 0; i < 6; i++) {
        arrays[i] = calloc(i < 4 ? ALL : ROWS, sizeof(double));
        if (!arrays[i]) {
            exit(1);
        }
    }
    arrays[0][5] = 3;
    promise(ml_adam_step(&usual, &run, arrays[0], NULL, NULL, arrays[1], arrays[2], arrays[3],
                         arrays[4], arrays[5]) == ML_OK, "Adam steps in float64");
    promise(fabs(arrays[1][5] + 0.1) < 1e-6, "the first step of Adam is as long as its rate");
    promise(ml_sgd_step(&usual, &run, arrays[0], NULL, NULL, arrays[1], arrays[3], arrays[5]) ==
                ML_OK, "SGD steps in float64");
    promise(arrays[5][0] == 3, "the norm is the one before clipping");
    for (size_t i = 0; i < 6; i++) {
        free(arrays[i]);
    }
}

static void test_threads(ml_status (*step)(world *, int32_t)) {
    world one = made(), many = made();
    for (int i = 0; i < 5; i++) {
        promise(step(&one, 1) == ML_OK && step(&many, 3) == ML_OK, "it steps");
    }
    promise(!memcmp(&one, &many, sizeof one), "threads change no bit");
}

static void test_what_stays(ml_status (*step)(world *, int32_t)) {
    world w = made();
    const world before = made();
    w.gradient[5] = nanf(""); /* frozen */
    w.gradient[ALL - 1] = nanf(""); /* its replicate takes no part */
    step(&w, 1);
    for (size_t i = 0; i < ALL; i++) {
        const int moves = w.trained[i % EACH] && i < 2 * EACH;
        promise((w.parameters[i] != before.parameters[i]) == moves, "what is frozen alone stays");
    }
    promise(!memcmp(w.mean + 2 * EACH, before.mean, EACH * sizeof(float)) && w.steps[2] == 0,
            "a replicate without a share stays");
    promise(isfinite(w.norm[0]), "what is frozen does not enter the norm");
}

static void test_refusals(ml_status (*step)(world *, int32_t)) {
    world w = made(), spoiled = made();
    spoiled.gradient[EACH + 1] = INFINITY;
    promise(step(&spoiled, 1) == ML_NOT_FINITE, "an infinite gradient is told");
    promise(!memcmp(w.parameters, spoiled.parameters, sizeof w.parameters) &&
                !memcmp(w.mean, spoiled.mean, sizeof w.mean) && spoiled.steps[0] == 0,
            "and nothing moves");
    promise(step(&w, 0) == ML_BAD_DIMS, "no threads are refused");
}

static uint64_t digest(void) { /* FNV-1a */
    world w = made();
    for (int i = 0; i < 9; i++) {
        adam(&w, 1);
        sgd(&w, 1);
    }
    uint64_t sum = 14695981039346656037u;
    const unsigned char *byte = (const unsigned char *)w.parameters;
    for (size_t i = 0; i < sizeof w.parameters; i++) {
        sum = (sum ^ byte[i]) * 1099511628211u;
    }
    return sum;
}

int main(int count, char **arguments) {
    (void)arguments;
    if (count > 1) {
        printf("%016llx\n", (unsigned long long)digest());
        return 0;
    }
    ml_status (*const steps[])(world *, int32_t) = {adam, sgd};
    test_buffers();
    for (size_t i = 0; i < 2; i++) {
        test_threads(steps[i]);
        test_what_stays(steps[i]);
        test_refusals(steps[i]);
    }
    return broken;
}
