/* Optimisers with the norm of their gradient clipped, one per replicate, on flat parameters.
 *
 *   g <- g min(1, clip / |g|), 0 where nothing is trained
 *   Adam:  m <- b1 m + (1 - b1) g    v <- b2 v + (1 - b2) g^2    n <- n + 1
 *          theta <- theta - share rate (m / (1 - b1^n)) / (sqrt(v / (1 - b2^n)) + eps)
 *   SGD:   m <- b1 m + g             theta <- theta - share rate m
 *
 * A replicate whose share is 0 stays as it is, its moments too. (D. Kingma and J. Ba, ICLR, 2015.)
 */
#include "memlab.h"

#include <math.h>

/* Every sum is in parts of fixed order, so wider vectors give the same bits. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__ELF__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(MEMLAB_ONE_ISA)
#define WIDE __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define WIDE
#endif
#define INLINED static inline __attribute__((always_inline))

enum { SUMS = 16 }; /* parts of a sum */

/* How far a row goes. */
typedef struct {
    double scale;         /* of the gradient, which clips it */
    double step;          /* share rate, of Adam / (1 - b1^n) */
    double spread;        /* 1 / sqrt(1 - b2^n) */
    double first, second; /* b1, b2 */
    double epsilon;
} pace;

/* What a step is about; of SGD without square and steps. */
typedef struct {
    const void *gradient, *share;
    const uint8_t *trained;
    void *parameters, *mean, *square, *steps;
    double *norm;
} rows;

#define REAL float
#define ROOT sqrtf
#define NAMED(name) name##_f32
#include "optimiser_rows.h"
#undef REAL
#undef ROOT
#undef NAMED
#define REAL double
#define ROOT sqrt
#define NAMED(name) name##_f64
#include "optimiser_rows.h"

static int dims_ok(const ml_flat_run *run) {
    return run && run->replicates > 0 && run->parameters > 0 && run->threads > 0;
}

static double number(const ml_flat_run *run, const void *array, size_t at) {
    return run->doubles ? ((const double *)array)[at] : (double)((const float *)array)[at];
}

static double share_of(const ml_flat_run *run, const rows *a, size_t r) {
    return a->share ? number(run, a->share, r) : 1;
}

/* base^n for a whole n: products alone, which are the same on every machine. */
static double power(double base, double n) {
    double found = 1;
    for (uint64_t left = (uint64_t)n; left; left >>= 1, base *= base) {
        found *= left & 1 ? base : 1;
    }
    return found;
}

/* The norm of a gradient; whether it is finite, or not to be followed. */
static int measured(const ml_flat_run *run, const rows *a, size_t r) {
    const size_t P = (size_t)run->parameters;
    const double squares =
        run->doubles ? squares_f64(P, (const double *)a->gradient + r * P, a->trained)
                     : squares_f32(P, (const float *)a->gradient + r * P, a->trained);
    a->norm[r] = sqrt(squares);
    return isfinite(squares) || !(share_of(run, a, r) > 0);
}

/* One more step is counted; returns how many there are. */
static double counted(const ml_flat_run *run, void *steps, size_t r) {
    const double n = number(run, steps, r) + 1;
    if (run->doubles) {
        ((double *)steps)[r] = n;
    } else {
        ((float *)steps)[r] = (float)n;
    }
    return n;
}

static pace pace_of(const ml_optimiser *by, const ml_flat_run *run, const rows *a, size_t r) {
    pace of = {.scale = a->norm[r] > by->clip ? by->clip / a->norm[r] : 1,
               .step = share_of(run, a, r) * by->rate, .first = by->first, .second = by->second,
               .epsilon = by->epsilon};
    if (a->steps) {
        const double n = counted(run, a->steps, r);
        of.step /= 1 - power(by->first, n);
        of.spread = 1 / sqrt(1 - power(by->second, n));
    }
    return of;
}

static void move(const ml_flat_run *run, const rows *a, size_t r, const pace *of) {
    const size_t P = (size_t)run->parameters, at = r * P;
    if (run->doubles) {
        const double *g = (const double *)a->gradient + at;
        double *theta = (double *)a->parameters + at, *m = (double *)a->mean + at;
        if (a->square) {
            adam_f64(P, of, g, a->trained, theta, m, (double *)a->square + at);
        } else {
            sgd_f64(P, of, g, a->trained, theta, m);
        }
    } else {
        const float *g = (const float *)a->gradient + at;
        float *theta = (float *)a->parameters + at, *m = (float *)a->mean + at;
        if (a->square) {
            adam_f32(P, of, g, a->trained, theta, m, (float *)a->square + at);
        } else {
            sgd_f32(P, of, g, a->trained, theta, m);
        }
    }
}

static ml_status stepped(const ml_optimiser *by, const ml_flat_run *run, const rows *a) {
    if (!dims_ok(run)) {
        return ML_BAD_DIMS;
    }
    int lost = 0;
#pragma omp parallel for num_threads(run->threads) reduction(| : lost) if (run->threads > 1)
    for (int32_t r = 0; r < run->replicates; r++) {
        lost |= !measured(run, a, (size_t)r);
    }
    if (lost) {
        return ML_NOT_FINITE;
    }
#pragma omp parallel for num_threads(run->threads) if (run->threads > 1)
    for (int32_t r = 0; r < run->replicates; r++) {
        if (share_of(run, a, (size_t)r) > 0) {
            const pace of = pace_of(by, run, a, (size_t)r);
            move(run, a, (size_t)r, &of);
        }
    }
    return ML_OK;
}

ml_status ml_adam_step(const ml_optimiser *adam, const ml_flat_run *run,
                       const void *restrict gradient, const uint8_t *restrict trained,
                       const void *restrict share, void *restrict parameters, void *restrict mean,
                       void *restrict square, void *restrict steps, double *restrict norm) {
    const rows all = {gradient, share, trained, parameters, mean, square, steps, norm};
    return stepped(adam, run, &all);
}

ml_status ml_sgd_step(const ml_optimiser *sgd, const ml_flat_run *run,
                      const void *restrict gradient, const uint8_t *restrict trained,
                      const void *restrict share, void *restrict parameters, void *restrict mean,
                      double *restrict norm) {
    const rows all = {gradient, share, trained, parameters, mean, NULL, NULL, norm};
    return stepped(sgd, run, &all);
}
