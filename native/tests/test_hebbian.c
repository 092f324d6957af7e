/* What Hebbian layers promise, run under the sanitizers: buffers are not one number longer.
 *
 * With any argument it prints a digest of some steps, to compare builds with each other.
 */
#include "memlab.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { R = 3, T = 4, V = 21, F = 13, H = 10, K = 3 }; /* no multiple of any vector */

static int broken = 0;

static void promise(int kept, const char *what) {
    if (!kept) {
        printf("broken: %s\n", what);
        broken++;
    }
}

typedef struct {
    float features[R * V * F], shares[R * T * V], salience[R * T];
    float slow[R * H * F], fast[R * H * F], mean[R * F], threshold[R * H];
} world;

static const ml_layer_rule usual = {ML_ROW_NORM, 0.5f, 0.03f, 0.1f, 0.01f, 0.02f};

static float noise(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return (float)(*seed >> 8) / 16777216.0f;
}

static world made(void) {
    world w = {0};
    uint32_t seed = 1;
    for (size_t i = 0; i < R * V * F; i++) {
        w.features[i] = noise(&seed);
    }
    for (size_t i = 0; i < R * T * V; i++) {
        w.shares[i] = i % 4 ? 0.06f : 0;
    }
    for (size_t i = 0; i < R * T; i++) {
        w.salience[i] = i / T == 1 ? 0 : 1;
    }
    for (size_t i = 0; i < R * H * F; i++) {
        w.slow[i] = noise(&seed) - 0.5f;
    }
    return w;
}

static ml_status learn(world *w, const ml_layer_rule *rule, int32_t threads) {
    const ml_layer_dims dims = {R, T, V, F, H, K, threads};
    float *work = malloc(ml_layer_work(&dims) * sizeof(float));
    if (!work) {
        exit(1);
    }
    const ml_status status = ml_layer_learn(&dims, rule, w->features, w->shares, w->salience,
                                            w->slow, w->fast, w->mean, w->threshold, work);
    free(work);
    return status;
}

static void test_threads(ml_layer_law law) {
    ml_layer_rule rule = usual;
    rule.law = law;
    world one = made(), many = made();
    promise(learn(&one, &rule, 1) == ML_OK && learn(&many, &rule, 5) == ML_OK, "it learns");
    promise(!memcmp(&one, &many, sizeof one), "threads change no bit");
}

static void test_rows_have_length_one(void) {
    ml_layer_rule rule = usual;
    rule.decay = rule.consolidation = 0;
    world w = made();
    const world before = made();
    learn(&w, &rule, 1);
    for (size_t i = 0; i < R * H; i++) {
        float square = 0;
        for (size_t f = 0; f < F; f++) {
            const float weight = w.slow[i * F + f] + w.fast[i * F + f];
            square += weight * weight;
        }
        const int still = !memcmp(w.fast + i * F, before.fast + i * F, F * sizeof(float));
        promise(still || fabsf(square - 1) < 1e-4f, "a row that learned has length 1");
        promise(still || i / H != 1, "without salience nothing is learned");
    }
    promise(!memcmp(w.slow, before.slow, sizeof w.slow), "slow weights stay");
}

static void test_refusals(void) {
    const ml_layer_dims none = {R, T, V, F, H, 0, 1}, many = {R, T, V, F, H, H + 1, 1};
    promise(!ml_layer_work(&none) && !ml_layer_work(&many), "winners must be among the units");
    world w = made();
    w.features[V * F] = nanf("");
    promise(learn(&w, &usual, 1) == ML_NOT_FINITE, "a NaN is told");
}

static void test_winners(void) {
    enum { ROWS = 3 };
    const float fields[ROWS * 5] = {1, 3, 2, 2, 2, 0, 0, 0, 0, 0, -5, -4, -3, -2, -1};
    const uint8_t known[ROWS * 5] = {0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1};
    uint8_t won[ROWS * 5];
    float work[2 * 3];
    promise(ml_winners(ROWS, 5, 3, fields, won, work) == ML_OK, "winners are found");
    promise(!memcmp(won, known, sizeof won), "equal ones win by the lower index");
    const float lost[2] = {1, NAN};
    promise(ml_winners(1, 2, 1, lost, won, work) == ML_NOT_FINITE, "NaN does not lose silently");
    promise(ml_winners(1, 2, 3, fields, won, work) == ML_BAD_DIMS, "three of two are refused");
}

static uint64_t digest(void) { /* FNV-1a */
    world w = made();
    ml_layer_rule oja = usual;
    oja.law = ML_OJA;
    for (int i = 0; i < 9; i++) {
        learn(&w, &usual, 1);
        learn(&w, &oja, 1);
    }
    uint64_t sum = 14695981039346656037u;
    const unsigned char *byte = (const unsigned char *)&w;
    for (size_t i = 0; i < sizeof w; i++) {
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
    test_threads(ML_ROW_NORM);
    test_threads(ML_OJA);
    test_rows_have_length_one();
    test_refusals();
    test_winners();
    return broken;
}
