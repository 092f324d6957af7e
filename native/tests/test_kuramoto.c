/* What ml_kuramoto_relax promises, run under the sanitizers.
 *
 * With any argument it prints a digest of a relaxation, to compare builds with each other.
 */
#include "memlab.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS 6 /* 2 replicates of 3 cues */
#define PIXELS (9 * 11)
#define NEIGHBOURS 24

static const ml_phase_dims usual = {2, 3, 9, 11, 2};
static const ml_phase_motion calm = {.injection = 0.3f, .second = 0.1f, .still = 0};
static int broken = 0;

static void promise(int kept, const char *what) {
    if (!kept) {
        printf("broken: %s\n", what);
        broken++;
    }
}

typedef struct {
    float coupling[2 * NEIGHBOURS * PIXELS], omega[2 * PIXELS], dt[2];
    float loose[FIELDS * PIXELS], theta[FIELDS * PIXELS];
} world;

static world made(void) {
    world w = {.dt = {0.2f, 0.1f}};
    uint32_t noise = 1;
    for (size_t i = 0; i < 2 * NEIGHBOURS * PIXELS; i++) {
        w.coupling[i] = 0.04f;
    }
    for (size_t i = 0; i < FIELDS * PIXELS; i++) {
        noise = noise * 1664525u + 1013904223u;
        w.theta[i] = 2.0f * (float)(noise >> 8) / 16777216.0f - 1.0f;
        w.loose[i] = 1;
    }
    return w;
}

static ml_status relaxed(world *w, int32_t steps, int32_t threads) {
    float *work = malloc(ml_kuramoto_work(&usual, threads) * sizeof(float)); /* not one more */
    if (!work) {
        exit(1);
    }
    const ml_status status = ml_kuramoto_relax(&usual, &calm, steps, threads, w->coupling,
                                               w->omega, w->dt, w->loose, w->theta, work);
    free(work);
    return status;
}

static void test_threads(void) {
    world one = made(), many = made();
    promise(relaxed(&one, 23, 1) == ML_OK && relaxed(&many, 23, 4) == ML_OK, "it relaxes");
    promise(!memcmp(one.theta, many.theta, sizeof one.theta), "threads change no bit");
}

static void test_synchrony(void) {
    world w = made();
    w.loose[5] = 0;
    const float held = w.theta[5] = 0.0f;
    relaxed(&w, 2000, 1);
    float farthest = 0;
    for (size_t i = 0; i < FIELDS * PIXELS; i++) {
        farthest = fmaxf(farthest, fabsf(w.theta[i]));
    }
    promise(farthest < 1e-3f, "alike couplings and injection end in phase 0");
    promise(w.theta[5] == held, "a held phase stays");
}

static void test_refusals(void) {
    world w = made();
    const ml_phase_dims bad[] = {{0, 1, 9, 9, 1}, {1, 1, 4, 9, 2}, {1, 1, 9, 9, 0}, {1, 1, 9, 9, -1}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        promise(ml_kuramoto_work(&bad[i], 1) == 0, "bad dimensions need no scratch");
        promise(ml_kuramoto_relax(&bad[i], &calm, 1, 1, w.coupling, w.omega, w.dt, w.loose,
                                  w.theta, NULL) == ML_BAD_DIMS, "bad dimensions are refused");
    }
    w.theta[7] = nanf("");
    promise(relaxed(&w, 3, 1) == ML_NOT_FINITE, "a NaN is told");
    world spoiled = made();
    spoiled.coupling[3] = nanf("");
    promise(relaxed(&spoiled, 3, 1) == ML_NOT_FINITE, "a NaN in a coupling is told");
}

static uint64_t digest(void) { /* FNV-1a */
    world w = made();
    relaxed(&w, 23, 1);
    uint64_t sum = 14695981039346656037u;
    const unsigned char *byte = (const unsigned char *)w.theta;
    for (size_t i = 0; i < sizeof w.theta; i++) {
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
    test_threads();
    test_synchrony();
    test_refusals();
    return broken;
}
