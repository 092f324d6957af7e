/* Phase oscillators, each coupled to the square of radius r around it on a torus, or to all.
 *
 *   theta_i' = omega_i + sum_d K_d(i) sin(theta_(i+d) - theta_i) - K_s sin(2 theta_i)
 *                      + (eps / N) sum_j sin(2 theta_j - 2 theta_i)
 *            = omega_i + cos_i S_i - sin_i (C_i + 2 K_s cos_i) + cos 2theta_i S2 - sin 2theta_i C2
 *   C, S = sum_d K_d(i) (cos, sin)_(i+d),   C2, S2 = (eps / N) sum_j (cos, sin)(2 theta_j)
 *
 * Explicit steps until no phase of a field moves faster than `still`. Offsets d go row by row,
 * without (0, 0); of reach 0, i + d runs over all oscillators. (Y. Kuramoto, Chemical Oscillations, Waves, and Turbulence, 1984.)
 */
#include "memlab.h"

#include <math.h>
#include <string.h>

/* Sums go along a row, one oscillator per lane, so wider vectors give the same bits. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__ELF__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(MEMLAB_ONE_ISA)
#define CHOOSES
#define WIDE __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define WIDE
#endif

#define MOST 1e6f /* rad; beyond it float32 no longer tells angles apart */

enum { BLOCK = 16 }; /* columns whose sums stay in registers */

#define JOIN(a, b) a##b
#define JOINED(a, b) JOIN(a, b)

#define LANES 4
#define SET plain
#include "kuramoto_fields.h"

#ifdef CHOOSES
#pragma GCC push_options
#pragma GCC target("avx2")
#define LANES 8
#define SET avx2
#include "kuramoto_fields.h"
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f")
#define LANES 16
#define SET avx512
#include "kuramoto_fields.h"
#pragma GCC pop_options
#endif

typedef void (*block_fields)(size_t side, size_t stride, const float *k, const float *cosine,
                             const float *sine, float *C, float *S);

/* The best that this machine can run. */
static block_fields best_fields(int near) {
#ifdef CHOOSES
    if (__builtin_cpu_supports("avx512f")) {
        return near ? near_avx512 : all_avx512;
    }
    if (__builtin_cpu_supports("avx2")) {
        return near ? near_avx2 : all_avx2;
    }
#endif
    return near ? near_plain : all_plain;
}

typedef struct {
    size_t height, width, reach, pixels, neighbours;
    size_t blocks, stride, padded; /* blocks of a row; stride and size of a plane with margins */
} plane;

/* Scratch of one thread. */
typedef struct {
    float *packed;        /* (H, blocks, neighbours, BLOCK): couplings in the order of their use */
    float *cosine, *sine; /* (padded): with a margin of r */
    float *speed;         /* (H, W) */
    float *C, *S;         /* (blocks, BLOCK): of one row */
    block_fields fields;
} scratch;

static plane plane_of(const ml_phase_dims *d) {
    const size_t H = (size_t)d->height, W = (size_t)d->width, r = (size_t)d->reach;
    const size_t blocks = (W + BLOCK - 1) / BLOCK, stride = blocks * BLOCK + 2 * r;
    const size_t square = (2 * r + 1) * (2 * r + 1) - 1;
    return (plane){.height = H, .width = W, .reach = r, .pixels = H * W,
                   .neighbours = r ? square : H * W, .blocks = blocks,
                   .stride = stride, .padded = (H + 2 * r) * stride};
}

static int dims_ok(const ml_phase_dims *d) {
    return d && d->replicates > 0 && d->cues > 0 && d->reach >= 0 && d->height > 2 * d->reach &&
           d->width > 2 * d->reach && (d->reach > 0 || d->height == 1) &&
           d->replicates <= INT32_MAX / d->cues;
}

static size_t packed_floats(const plane *p) {
    return p->height * p->blocks * BLOCK * p->neighbours;
}

static size_t floats_of(const plane *p) {
    return packed_floats(p) + 2 * p->padded + p->pixels + 2 * p->blocks * BLOCK;
}

static scratch scratch_of(const plane *p, float *work) {
    float *cosine = work + packed_floats(p), *speed = cosine + 2 * p->padded;
    float *C = speed + p->pixels;
    memset(cosine, 0, 2 * p->padded * sizeof(float)); /* the last block reads beyond the margin */
    return (scratch){.packed = work, .cosine = cosine, .sine = cosine + p->padded,
                     .speed = speed, .C = C, .S = C + p->blocks * BLOCK,
                     .fields = best_fields(p->reach > 0)};
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

/* How many phases are out of reach of the cosine. */
WIDE static int32_t lost_among(size_t count, const float *theta) {
    int32_t lost = 0;
    for (size_t i = 0; i < count; i++) {
        lost += fabsf(theta[i]) <= MOST ? 0 : 1;
    }
    return lost;
}

static int cos_sin(const plane *p, const float *theta, float *cosine, float *sine) {
    if (lost_among(p->pixels, theta)) {
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

/* Couplings k (neighbours, H, W) of one replicate, in the order of their use; 0 beyond the width. */
static void pack(const plane *p, const float *k, float *packed) {
    for (size_t y = 0; y < p->height; y++) {
        for (size_t x = 0; x < p->blocks * BLOCK; x += BLOCK) {
            const size_t count = p->width - x < BLOCK ? p->width - x : BLOCK;
            for (size_t n = 0; n < p->neighbours; n++, packed += BLOCK) {
                memset(packed, 0, BLOCK * sizeof(float));
                memcpy(packed, k + n * p->pixels + y * p->width + x, count * sizeof(float));
            }
        }
    }
}

static void fields_of_row(const plane *p, const scratch *w, size_t y) {
    const size_t side = p->reach ? 2 * p->reach + 1 : p->pixels;
    for (size_t b = 0; b < p->blocks; b++) {
        const size_t at = p->reach ? y * p->stride + b * BLOCK : 0;
        w->fields(side, p->stride,
                  w->packed + (y * p->blocks + b) * p->neighbours * BLOCK, w->cosine + at,
                  w->sine + at, w->C + b * BLOCK, w->S + b * BLOCK);
    }
}

/* Sums of cos 2theta and sin 2theta, in BLOCK parts whatever the vectors. */
static void doubled(const plane *p, const scratch *w, float *C2, float *S2) {
    float c[BLOCK] = {0}, s[BLOCK] = {0};
    for (size_t y = 0; y < p->height; y++) {
        const size_t at = (y + p->reach) * p->stride + p->reach;
        for (size_t x = 0; x < p->width; x++) {
            const float a = w->cosine[at + x], b = w->sine[at + x];
            c[x % BLOCK] += a * a - b * b;
            s[x % BLOCK] += 2 * a * b;
        }
    }
    *C2 = *S2 = 0;
    for (size_t i = 0; i < BLOCK; i++) {
        *C2 += c[i];
        *S2 += s[i];
    }
}

/* What is the same for all phases of a step. */
typedef struct {
    float injection, still, C2, S2;
} common;

/* Speeds of a row; how many phases still move. NaN counts as moving. */
WIDE static int32_t speeds_of_row(size_t count, const common *of, const float *restrict omega,
                                  const float *restrict loose, const float *restrict cosine,
                                  const float *restrict sine, const float *restrict C,
                                  const float *restrict S, float *restrict speed) {
    const float twice = 2 * of->injection, still = of->still, C2 = of->C2, S2 = of->S2;
    int32_t moving = 0;
    for (size_t x = 0; x < count; x++) {
        const float c = cosine[x], s = sine[x];
        const float v = omega[x] + c * S[x] - s * (C[x] + twice * c);
        speed[x] = loose[x] * (v + ((c * c - s * s) * S2 - 2 * c * s * C2));
        moving += fabsf(speed[x]) < still ? 0 : 1;
    }
    return moving;
}

/* Speeds of a field into w->speed; how many of its phases still move. */
static int32_t speeds(const plane *p, const ml_phase_motion *m, const float *omega,
                      const float *loose, const scratch *w) {
    common of = {.injection = m->injection, .still = m->still};
    if (m->second > 0) {
        const float share = m->second / (float)p->pixels;
        doubled(p, w, &of.C2, &of.S2);
        of.C2 *= share;
        of.S2 *= share;
    }
    int32_t moving = 0;
    for (size_t y = 0; y < p->height; y++) {
        const size_t in = (y + p->reach) * p->stride + p->reach, out = y * p->width;
        fields_of_row(p, w, y);
        moving += speeds_of_row(p->width, &of, omega + out, loose + out, w->cosine + in,
                                w->sine + in, w->C, w->S, w->speed + out);
    }
    return moving;
}

static int relax_one(const plane *p, const ml_phase_motion *m, int32_t steps, float dt,
                     const float *omega, const float *loose, float *theta, const scratch *w) {
    for (int32_t step = 0; step < steps; step++) {
        if (!cos_sin(p, theta, w->cosine, w->sine)) {
            return 0;
        }
        if (!speeds(p, m, omega, loose, w)) {
            return 1;
        }
        for (size_t i = 0; i < p->pixels; i++) {
            theta[i] += dt * w->speed[i];
        }
    }
    return cos_sin(p, theta, w->cosine, w->sine);
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
    const size_t cues = (size_t)dims->cues, fields = (size_t)dims->replicates * cues;
    int lost = 0;
#pragma omp parallel for num_threads(threads) schedule(static) reduction(| : lost) if (threads > 1)
    for (int32_t team = 0; team < threads; team++) {
        const scratch w = scratch_of(&p, work + (size_t)team * floats_of(&p));
        size_t known = SIZE_MAX; /* the replicate whose couplings are packed */
        for (size_t f = (size_t)team; f < fields; f += (size_t)threads) {
            const size_t r = f / cues;
            if (r != known) {
                pack(&p, coupling + r * p.neighbours * p.pixels, w.packed);
                known = r;
            }
            lost |= !relax_one(&p, motion, steps, dt[r], omega + r * p.pixels,
                               loose + f * p.pixels, theta + f * p.pixels, &w);
        }
    }
    return lost ? ML_NOT_FINITE : ML_OK;
}
