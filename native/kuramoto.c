/* Phase oscillators on a torus, each coupled to the square of radius r around it.
 *
 *   theta_i' = omega_i + sum_d K_d(i) sin(theta_(i+d) - theta_i) - K_s sin(2 theta_i)
 *            = omega_i + cos_i S_i - sin_i (C_i + 2 K_s cos_i),  C, S = sum_d K_d(i) (cos, sin)_(i+d)
 *
 * Explicit steps until no phase of a field moves faster than `still`. Offsets d go row by row,
 * without (0, 0). Scratch of one thread: cos and sin with a margin of r, the speeds, a row of C and
 * one of S. (Y. Kuramoto, Chemical Oscillations, Waves, and Turbulence, 1984.)
 */
#include "memlab.h"

#include <math.h>
#include <string.h>

/* Sums go along a row, one oscillator per lane, so wider vectors give the same bits. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__ELF__) && \
    !defined(__SANITIZE_ADDRESS__)
#define WIDE __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define WIDE
#endif

#define MOST 1e6f /* rad; beyond it float32 no longer tells angles apart */

typedef struct {
    size_t height, width, reach, stride, padded; /* stride and size of a plane with margins */
} plane;

static plane plane_of(const ml_phase_dims *d) {
    const size_t H = (size_t)d->height, W = (size_t)d->width, r = (size_t)d->reach;
    return (plane){H, W, r, W + 2 * r, (H + 2 * r) * (W + 2 * r)};
}

static int dims_ok(const ml_phase_dims *d) {
    return d && d->replicates > 0 && d->cues > 0 && d->reach > 0 && d->height > 2 * d->reach &&
           d->width > 2 * d->reach && d->replicates <= INT32_MAX / d->cues;
}

static size_t floats_of(const plane *p) {
    return 2 * p->padded + p->height * p->width + 2 * p->width;
}

size_t ml_kuramoto_work(const ml_phase_dims *dims, int32_t threads) {
    if (!dims_ok(dims) || threads <= 0) {
        return 0;
    }
    const plane p = plane_of(dims);
    return (size_t)threads * floats_of(&p);
}

/* The angle less whole quarter turns (Cody and Waite), its series, and back to its quarter. */
WIDE static void cos_sin_row(size_t count, const float *restrict theta, float *restrict cosine,
                             float *restrict sine) {
    for (size_t x = 0; x < count; x++) {
        const float rounder = 12582912.0f; /* 1.5 * 2^23: adding it leaves no binary places */
        const float q = (theta[x] * 0.636619772f + rounder) - rounder;
        const float a = ((theta[x] - q * 1.5703125f) - q * 4.83751297e-4f) - q * 7.54978995e-8f;
        const float b = a * a;
        const float s = a + a * b * (-1.0f / 6 + b * (1.0f / 120 + b * (-1.0f / 5040)));
        const float c = 1 + b * (-0.5f + b * (1.0f / 24 + b * (-1.0f / 720 + b * (1.0f / 40320))));
        const int32_t quarter = (int32_t)q;
        const float first = quarter & 1 ? c : s, second = quarter & 1 ? s : c;
        sine[x] = quarter & 2 ? -first : first;
        cosine[x] = (quarter + 1) & 2 ? -second : second;
    }
}

WIDE static void add_neighbour(size_t count, const float *restrict k, const float *restrict cosine,
                               const float *restrict sine, float *restrict C, float *restrict S) {
    for (size_t x = 0; x < count; x++) {
        C[x] += k[x] * cosine[x];
        S[x] += k[x] * sine[x];
    }
}

/* A margin that repeats the other side of the torus. */
static void wrap(const plane *p, float *field) {
    const size_t r = p->reach, row = p->stride * sizeof(float);
    for (size_t y = r; y < r + p->height; y++) {
        float *at = field + y * p->stride;
        memcpy(at, at + p->width, r * sizeof(float));
        memcpy(at + r + p->width, at + r, r * sizeof(float));
    }
    memcpy(field, field + p->height * p->stride, r * row);
    memcpy(field + (r + p->height) * p->stride, field + r * p->stride, r * row);
}

static int cos_sin(const plane *p, const float *theta, float *cosine, float *sine) {
    int lost = 0;
    for (size_t i = 0; i < p->height * p->width; i++) {
        lost |= !(fabsf(theta[i]) <= MOST);
    }
    if (lost) {
        return 0;
    }
    for (size_t y = 0; y < p->height; y++) {
        const size_t at = (y + p->reach) * p->stride + p->reach;
        cos_sin_row(p->width, theta + y * p->width, cosine + at, sine + at);
    }
    wrap(p, cosine);
    wrap(p, sine);
    return 1;
}

/* C and S (W) of row y; k (neighbours, H, W). */
static void fields_of_row(const plane *p, size_t y, const float *k, const float *cosine,
                          const float *sine, float *C, float *S) {
    const size_t side = 2 * p->reach + 1, pixels = p->height * p->width;
    memset(C, 0, p->width * sizeof(float));
    memset(S, 0, p->width * sizeof(float));
    for (size_t d = 0, n = 0; d < side * side; d++) {
        if (d != side * side / 2) {
            const size_t at = (y + d / side) * p->stride + d % side;
            add_neighbour(p->width, k + n * pixels + y * p->width, cosine + at, sine + at, C, S);
            n++;
        }
    }
}

/* Speeds (H, W) into `speed`; whether any phase still moves. NaN counts as moving. */
static int speeds(const plane *p, const ml_phase_motion *m, const float *k, const float *omega,
                  const float *loose, const float *cosine, const float *sine, float *speed) {
    float *C = speed + p->height * p->width, *S = C + p->width;
    int moving = 0;
    for (size_t y = 0; y < p->height; y++) {
        fields_of_row(p, y, k, cosine, sine, C, S);
        const size_t in = (y + p->reach) * p->stride + p->reach, out = y * p->width;
        for (size_t x = 0; x < p->width; x++) {
            const float c = cosine[in + x], s = sine[in + x];
            const float v = omega[out + x] + c * S[x] - s * (C[x] + 2 * m->injection * c);
            speed[out + x] = loose[out + x] * v;
            moving |= !(fabsf(speed[out + x]) < m->still);
        }
    }
    return moving;
}

static int relax_one(const plane *p, const ml_phase_motion *m, int32_t steps, float dt,
                     const float *k, const float *omega, const float *loose, float *theta,
                     float *work) {
    float *cosine = work, *sine = work + p->padded, *speed = work + 2 * p->padded;
    for (int32_t step = 0; step < steps; step++) {
        if (!cos_sin(p, theta, cosine, sine)) {
            return 0;
        }
        if (!speeds(p, m, k, omega, loose, cosine, sine, speed)) {
            return 1;
        }
        for (size_t i = 0; i < p->height * p->width; i++) {
            theta[i] += dt * speed[i];
        }
    }
    return cos_sin(p, theta, cosine, sine);
}

ml_status ml_kuramoto_relax(const ml_phase_dims *dims, const ml_phase_motion *motion,
                            int32_t steps, int32_t threads, const float *restrict coupling,
                            const float *restrict omega, const float *restrict dt,
                            const float *restrict loose, float *restrict theta,
                            float *restrict work) {
    if (!dims_ok(dims) || steps < 0 || threads <= 0) {
        return ML_BAD_DIMS;
    }
    const plane p = plane_of(dims);
    const size_t side = 2 * p.reach + 1, pixels = p.height * p.width;
    const size_t cues = (size_t)dims->cues, fields = (size_t)dims->replicates * cues;
    int lost = 0;
#pragma omp parallel for num_threads(threads) schedule(static) reduction(| : lost) if (threads > 1)
    for (int32_t team = 0; team < threads; team++) {
        float *mine = work + (size_t)team * floats_of(&p);
        for (size_t f = (size_t)team; f < fields; f += (size_t)threads) {
            const size_t r = f / cues;
            lost |= !relax_one(&p, motion, steps, dt[r],
                               coupling + r * (side * side - 1) * pixels, omega + r * pixels,
                               loose + f * pixels, theta + f * pixels, mine);
        }
    }
    return lost ? ML_NOT_FINITE : ML_OK;
}
