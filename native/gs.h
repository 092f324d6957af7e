/* Inside of the Gray-Scott kernel: what its files share. What it computes: gray_scott.c.
 *
 * gs_lanes.h    the arithmetic, on LANES neighbouring cells at once
 * gs_tick.h     BAND rows of one step; how similar rows are to the target
 * gs_tick_*.c   the same compiled for one instruction set each
 * gs_march.c    one pass over a field that takes several steps
 * gs_train.c    marches that learn
 * gray_scott.c  the entry points: who works on what
 */
#ifndef GS_H
#define GS_H

#include "memlab.h"

enum {
    BAND = 8,    /* rows of one tick */
    DEEPEST = 6, /* steps of one march at most */
    CARRIED = 4, /* rows of a carry: a of two rows, b and x of one */
    PATCH = 16   /* columns that are hot or cold together; parts of a sum; floats beside a row */
};

typedef struct {
    size_t height, width, stride; /* stride: of a row with room for the wrap at either end */
    float Du, Dv, decay, dt;
    float least, most; /* 0, 1: as variables the compiler makes one max and one min of a clamp */
} medium;

/* What a step does to feed and kill on its way. */
typedef enum { NOTHING, FADE, SATURATING, SATURATING_FADE, GRADED, GRADED_FADE } change;

typedef struct {
    ml_scar_rule rule;
    float more, less; /* one act on feed and kill at full match */
} scar;

typedef struct {
    float *u, *v, *feed, *kill; /* each (H, W) */
} copy;

/* BAND rows of one step: where everything is and where it goes. */
typedef struct {
    const float *u, *v;                /* (BAND, stride): the rows below those to compute */
    const float *feed, *kill, *target; /* (BAND, width) */
    const float *hot;                  /* (patches), NULL if nothing changes: see find_hot */
    float *carry;                      /* (2 fields, CARRIED, stride) */
    float *new_feed, *new_kill;        /* (BAND, width), may be feed and kill */
    float *new_u, *new_v;              /* (BAND, new_width) */
    size_t stride, width, new_width;
} band;

/* What all strips of a march share. */
typedef struct {
    const medium *medium;
    const scar *scar;
    change change;
    size_t depth;                     /* s: steps of this march */
    const float *u, *v, *feed, *kill; /* level 0, left as it is */
    copy to;                          /* level s; of feed and kill only what changes */
    const float *target;              /* (H, W) or NULL: compare with nothing */
    const float *hot;                 /* (H, patches): see find_hot */
    float *sums;                      /* (s, H, 2, PATCH): parts of v target and v v of a row */
} course;

static inline size_t rounded_up(size_t count, size_t to) { return (count + to - 1) / to * to; }

static inline size_t patches_of(size_t width) { return (width + PATCH - 1) / PATCH; }

static inline int gs_fades(change c) {
    return c == FADE || c == SATURATING_FADE || c == GRADED_FADE;
}

static inline size_t shorter(size_t a, size_t b) { return a < b ? a : b; }

/* ---- gs_tick.h ---- */

/* What is compiled for each instruction set. */
typedef struct {
    void (*tick)(const medium *m, const scar *s, change c, const band *at);
    /* Sums over each of some rows, in PATCH parts: v target, where hot, then v v. */
    void (*compare)(size_t rows, size_t width, const float *v, size_t pitch, const float *target,
                    const float *hot, float *sums);
    /* Those sums over all rows. */
    void (*total)(size_t rows, const float *sums, double *vt, double *vv);
    /* The change after the last step, on whole fields. */
    void (*apply)(const scar *s, change c, size_t pixels, const float *v, const float *target,
                  float *feed, float *kill);
} kernel;

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && !defined(MEMLAB_ONE_ISA)
#define GS_CHOOSES
extern const kernel gs_avx512, gs_avx2;
#endif
extern const kernel gs_plain;

/* The best that this machine can run. */
static inline const kernel *gs_kernel(void) {
#ifdef GS_CHOOSES
    if (__builtin_cpu_supports("avx512f")) {
        return &gs_avx512;
    }
    if (__builtin_cpu_supports("avx2")) {
        return &gs_avx2;
    }
#endif
    return &gs_plain;
}

/* ---- gs_march.c ---- */

size_t gs_stride(size_t width);

size_t gs_march_floats(size_t width);

/* All strips of a field, one on each thread. */
void gs_march(const course *p, int32_t strips, float *work);

/* ---- gs_train.c ---- */

size_t gs_train_floats(size_t height, size_t width);

/* All steps of one replicate, in place; spare: a second copy. */
void gs_train(const medium *m, const scar *s, size_t steps, size_t deepest, int32_t strips,
              const float *target, copy own, copy spare, float *similarity, float *march_work,
              float *work);

#endif
