/* memlab: the whole C interface. The Python bindings are generated from this file.
 *
 * Every function is pure work on buffers the caller owns: nothing is allocated, kept, printed or
 * drawn at random. Arrays are contiguous float32 in C order and must never overlap. The bits of a
 * result depend neither on the number of threads nor on the instruction set.
 */
#ifndef MEMLAB_H
#define MEMLAB_H

#ifndef MEMLAB_CDEF
#include <stddef.h>
#include <stdint.h>
#endif

typedef enum { ML_OK, ML_BAD_DIMS, ML_NOT_FINITE } ml_status;

/* ---- Gray-Scott with scars: gray_scott.c ---- */

typedef struct {
    int32_t replicates; /* R: each has its own feed and kill */
    int32_t cues;       /* C: fields of one replicate, sharing its feed and kill */
    int32_t height;     /* H */
    int32_t width;      /* W */
} ml_field_dims;

typedef struct {
    float diffuse_u; /* weight of the stencil, per time */
    float diffuse_v;
    float decay; /* factor on v after each step */
    float dt;    /* time per step */
} ml_kinetics;

typedef enum { ML_SATURATING, ML_GRADED } ml_scar_law;

typedef struct {
    ml_scar_law law;
    float threshold;          /* v and target must both exceed it */
    float gate;               /* the similarity must exceed it */
    float fade;               /* share of the scar lost per step */
    float feed, kill;         /* unscarred values, 1/time */
    float feed_min, feed_max; /* bounds of the scarred values */
    float kill_min, kill_max;
} ml_scar_rule;

/* Floats of scratch that ml_gs_advance and ml_gs_train need; 0 for dimensions they refuse. */
size_t ml_gs_work(const ml_field_dims *dims, int32_t threads);

/* Let u, v (R, C, H, W) take `steps` steps in place; feed, kill (R, H, W). */
ml_status ml_gs_advance(const ml_field_dims *dims, const ml_kinetics *kinetics, int32_t steps,
                        int32_t threads, const float *restrict feed, const float *restrict kill,
                        float *restrict u, float *restrict v, float *restrict work);

/* The same with the scar rule after each step, so feed and kill change too. C must be 1.
 * target (R, H, W); feed_gain, kill_gain (R): what one act adds to feed and takes from kill
 * where the match is full (0: the rule never acts on this replicate); similarity (R, steps). */
ml_status ml_gs_train(const ml_field_dims *dims, const ml_kinetics *kinetics,
                      const ml_scar_rule *rule, int32_t steps, int32_t threads,
                      const float *restrict target, const float *restrict feed_gain,
                      const float *restrict kill_gain, float *restrict u, float *restrict v,
                      float *restrict feed, float *restrict kill, float *restrict similarity,
                      float *restrict work);

/* ---- Phase oscillators: kuramoto.c ---- */

typedef struct {
    int32_t replicates; /* R: each has its own couplings */
    int32_t cues;       /* C: fields of one replicate */
    int32_t height;     /* H; 1 of reach 0 */
    int32_t width;      /* W */
    int32_t reach;      /* r, below half of H and of W; 0: all are coupled to all */
} ml_phase_dims;

typedef struct {
    float injection; /* K_s, rad/time */
    float second;    /* eps: second harmonic that couples all alike, rad/time */
    float still;     /* a field has settled when no phase moves faster, rad/time */
} ml_phase_motion;

/* Floats of scratch that ml_kuramoto_relax needs; 0 for dimensions it refuses. */
size_t ml_kuramoto_work(const ml_phase_dims *dims, int32_t threads);

/* Let theta (R, C, H, W), rad, relax in place for at most `steps` steps.
 * coupling (R, (2r + 1)^2 - 1, H, W), of reach 0 (R, W from, W to); omega (R, H, W);
 * dt (R): time per step; loose (R, C, H, W): 1, or 0 where a phase is held. */
ml_status ml_kuramoto_relax(const ml_phase_dims *dims, const ml_phase_motion *motion,
                            int32_t steps, int32_t threads, const float *restrict coupling,
                            const float *restrict omega, const float *restrict dt,
                            const float *restrict loose, float *restrict theta,
                            float *restrict work);

#endif
