/* Gray-Scott reaction and diffusion on a torus, with scars.
 *
 *   u' = u + dt (Du L(u) - u v^2 + F (1 - u))
 *   v' = (v + dt (Dv L(v) + u v^2 - (F + K) v)) decay          both clamped to [0, 1]
 *   L: centre -1, edges 1/5, corners 1/20
 *
 * (Pearson, Science 261:189, 1993.) The stencil is summed as e = left + right, a = e/20 + x/5,
 * b = e/5 - x, L = (a above + a below) + b, as the torch reference does, so the bits are the same.
 *
 * The torus is cut into strips of rows. A march goes down its strip once and takes s steps on the
 * way, so that the fields stream through the caches once per s steps; it reads from one copy of
 * the fields and writes to another. Level 0 is the old field, level l + 1 lags a row behind level
 * l. Tick k (B rows, counted from s rows before the strip):
 *
 *   level 0 gets rows Bk .. Bk+B-1,  level l computes rows Bk-l .. Bk-l+B-1,  level s is stored
 *
 * A level keeps of what it has read only what its next row needs: a of the last two rows, b and x
 * of the last one (its carry). A strip also computes rows beyond its ends, up to s - 1 of them,
 * which its neighbours compute too. Padding at either end of a row serves the wrap.
 *
 * Training: whether the scar rule acts after a step is known only when the whole field has been
 * compared with the target. A march supposes that the gate stays as it is, and applies the scar of
 * step l while level l + 1 passes over it; if a step proves the supposition wrong, the march is
 * repeated from the untouched copy (and the saved feed and kill) up to that step.
 */
#include "memlab.h"

#include <float.h>
#include <math.h>
#include <string.h>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__gnu_linux__) && \
    !defined(MEMLAB_ONE_ISA)
#define CLONED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CLONED
#endif
#define INLINED static inline __attribute__((always_inline))

enum {
    BAND = 8,    /* rows of one tick */
    DEEPEST = 6, /* steps of one march at most */
    PAD = 16,    /* floats before a padded row */
    LANES = 16,  /* partial sums of a row */
    CARRIED = 4, /* rows of a carry: a of two rows, b and x of one */
    SLIVER = 32  /* columns too few for a call of their own */
};

typedef struct {
    size_t height, width, stride; /* stride: of a padded row */
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

/* What all strips of a march share. */
typedef struct {
    const medium *medium;
    const scar *scar;
    change change;
    size_t depth;                       /* s: steps of this march */
    const float *u, *v;                 /* level 0, left as it is */
    const float *feed, *kill;           /* if nothing changes them */
    const float *target;                /* NULL: compare with nothing */
    copy to;                            /* level s of u and v; feed and kill to change in place */
    float *saved_feed, *saved_kill;     /* (H, W): what feed and kill were, within the spans */
    const float *spans;                 /* (H, 2): begin, end of what may change in each row */
    float *sums;                        /* (s, H, 2): v target and v v of each row and level */
} course;

/* Rows first .. first + count - 1, with their own share of the scratch. */
typedef struct {
    size_t first, count;
    float *band[2];                /* (2 fields, BAND, stride) */
    float *carry;                  /* (depth, 2 fields, CARRIED, stride) */
    float *halo_feed, *halo_kill;  /* (2 depth, W): of the rows before, then of those after */
    float *unwanted;               /* (W): where rows go that nobody reads */
} strip;

/* One row of a tick, from level l to level l + 1. */
typedef struct {
    const float *feed, *kill, *target;
    float *new_feed, *new_kill, *u, *v;
} row;

/* What a column knows of the rows above: x, b and a (last) of the last row, a of that above. */
typedef struct {
    float above, last, b, x;
} column;

/* Numbers below the smallest normal one count as 0 while we work: a v that dies away would spend
 * hundreds of steps among them, and there every operation is several times slower. */
static unsigned flush_tiny(void) {
#ifdef __SSE__
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040u);
    return before;
#else
    return 0;
#endif
}

static void restore_tiny(unsigned before) {
#ifdef __SSE__
    _mm_setcsr(before);
#else
    (void)before;
#endif
}

INLINED float clamped(float x, float least, float most) { /* keeps NaN */
    const float y = least > x ? least : x;
    return most < y ? most : y;
}

/* The rule's act where v and target are both bright, then the fade. */
INLINED void scarred(const scar *s, change c, float v, float target, float *feed, float *kill) {
    const ml_scar_rule *r = &s->rule;
    const int match = (v > r->threshold) & (target > r->threshold);
    if (c == SATURATING || c == SATURATING_FADE) {
        const float m = match ? 1.0f : 0.0f;
        *feed = clamped(*feed + s->more * m, r->feed_min, r->feed_max);
        *kill = clamped(*kill - s->less * m, r->kill_min, r->kill_max);
    } else if (c == GRADED || c == GRADED_FADE) {
        const float m = match ? v * target : 0.0f;
        *feed = *feed + s->more * m * (r->feed_max - *feed);
        *kill = *kill - s->less * m * (*kill - r->kill_min);
    }
    if (c == FADE || c == SATURATING_FADE || c == GRADED_FADE) {
        *feed = *feed - r->fade * (*feed - r->feed);
        *kill = *kill - r->fade * (*kill - r->kill);
    }
}

/* Laplacian of the last row, now that the next one is known at next[-1 .. 1]; moves down to it. */
INLINED float laplacian(column *c, const float *next) {
    const float x = next[0], e = next[-1] + next[1], a = 0.05f * e + 0.2f * x;
    const float sum = (c->above + a) + c->b;
    *c = (column){.above = c->last, .last = a, .b = 0.2f * e - x, .x = x};
    return sum;
}

/* One cell of one row: next_u, next_v point into the row below it. */
INLINED void cell(const medium *m, const scar *s, change c, const row *at, size_t x,
                  const float *next_u, const float *next_v, column *cu, column *cv) {
    const float u = cu->x, v = cv->x, Lu = laplacian(cu, next_u), Lv = laplacian(cv, next_v);
    float F = at->feed[x], K = at->kill[x];
    if (c != NOTHING) {
        scarred(s, c, v, at->target[x], &F, &K);
        at->new_feed[x] = F;
        at->new_kill[x] = K;
    }
    const float uvv = u * v * v;
    const float du = (m->Du * Lu - uvv) + F * (1.0f - u);
    const float dv = (m->Dv * Lv + uvv) - (F + K) * v;
    at->u[x] = clamped(u + m->dt * du, m->least, m->most);
    at->v[x] = clamped((v + m->dt * dv) * m->decay, m->least, m->most);
}

/* Columns begin .. end - 1 of one tick of one level: u, v (BAND, stride) are the level below. */
INLINED void tick(const medium *medium_, const scar *scar_, change c, const row *at_rows,
                  const float *u, const float *v, float *carry, size_t begin, size_t end) {
    const medium m = *medium_;
    const scar s = *scar_;
    row at[BAND];
    memcpy(at, at_rows, sizeof at);
    const size_t stride = m.stride;
    float *keep_u = carry, *keep_v = carry + CARRIED * stride;

#pragma omp simd
    for (size_t x = begin; x < end; x++) {
        column cu = {keep_u[x], keep_u[x + stride], keep_u[x + 2 * stride], keep_u[x + 3 * stride]};
        column cv = {keep_v[x], keep_v[x + stride], keep_v[x + 2 * stride], keep_v[x + 3 * stride]};
        cell(&m, &s, c, &at[0], x, u + x, v + x, &cu, &cv);
        cell(&m, &s, c, &at[1], x, u + x + stride, v + x + stride, &cu, &cv);
        cell(&m, &s, c, &at[2], x, u + x + 2 * stride, v + x + 2 * stride, &cu, &cv);
        cell(&m, &s, c, &at[3], x, u + x + 3 * stride, v + x + 3 * stride, &cu, &cv);
        cell(&m, &s, c, &at[4], x, u + x + 4 * stride, v + x + 4 * stride, &cu, &cv);
        cell(&m, &s, c, &at[5], x, u + x + 5 * stride, v + x + 5 * stride, &cu, &cv);
        cell(&m, &s, c, &at[6], x, u + x + 6 * stride, v + x + 6 * stride, &cu, &cv);
        cell(&m, &s, c, &at[7], x, u + x + 7 * stride, v + x + 7 * stride, &cu, &cv);
        keep_u[x] = cu.above, keep_u[x + stride] = cu.last;
        keep_u[x + 2 * stride] = cu.b, keep_u[x + 3 * stride] = cu.x;
        keep_v[x] = cv.above, keep_v[x + stride] = cv.last;
        keep_v[x + 2 * stride] = cv.b, keep_v[x + 3 * stride] = cv.x;
    }
}

CLONED static void tick_nothing(const medium *m, const scar *s, const row *at, const float *u,
                                const float *v, float *carry, size_t begin, size_t end) {
    tick(m, s, NOTHING, at, u, v, carry, begin, end);
}

CLONED static void tick_fade(const medium *m, const scar *s, const row *at, const float *u,
                             const float *v, float *carry, size_t begin, size_t end) {
    tick(m, s, FADE, at, u, v, carry, begin, end);
}

CLONED static void tick_saturating(const medium *m, const scar *s, const row *at, const float *u,
                                   const float *v, float *carry, size_t begin, size_t end) {
    tick(m, s, SATURATING, at, u, v, carry, begin, end);
}

CLONED static void tick_graded(const medium *m, const scar *s, const row *at, const float *u,
                               const float *v, float *carry, size_t begin, size_t end) {
    tick(m, s, GRADED, at, u, v, carry, begin, end);
}

CLONED static void tick_saturating_fade(const medium *m, const scar *s, const row *at,
                                        const float *u, const float *v, float *carry, size_t begin,
                                        size_t end) {
    tick(m, s, SATURATING_FADE, at, u, v, carry, begin, end);
}

CLONED static void tick_graded_fade(const medium *m, const scar *s, const row *at,
                                    const float *u, const float *v, float *carry, size_t begin,
                                    size_t end) {
    tick(m, s, GRADED_FADE, at, u, v, carry, begin, end);
}

typedef void (*ticker)(const medium *, const scar *, const row *, const float *, const float *,
                       float *, size_t, size_t);

static void tick_as(change c, const course *p, const row *at, const float *in, float *carry,
                    size_t begin, size_t end) {
    static const ticker tickers[] = {
        [NOTHING] = tick_nothing,
        [FADE] = tick_fade,
        [SATURATING] = tick_saturating,
        [SATURATING_FADE] = tick_saturating_fade,
        [GRADED] = tick_graded,
        [GRADED_FADE] = tick_graded_fade,
    };
    if (begin < end) {
        tickers[c](p->medium, p->scar, at, in, in + BAND * p->medium->stride, carry, begin, end);
    }
}

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef float loose_lanes
    __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));

typedef int32_t order __attribute__((vector_size(LANES * sizeof(int32_t))));

INLINED float total(const lanes *partial) { /* pairwise, so that the order is fixed */
    const order by_8 = {8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7};
    const order by_4 = {4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11};
    const order by_2 = {2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13};
    lanes x = *partial;
    x += __builtin_shuffle(x, by_8);
    x += __builtin_shuffle(x, by_4);
    x += __builtin_shuffle(x, by_2);
    return x[0] + x[1];
}

/* Sums over one row: products[0] = v target, products[1] = v v, each in 2 LANES partial sums. */
INLINED void compare_row(size_t width, const float *v, const float *target, float *products) {
    lanes vt = {0}, vv = {0}, more_vt = {0}, more_vv = {0};
    size_t x = 0;
    for (; x + 2 * LANES <= width; x += 2 * LANES) {
        const lanes here = *(const loose_lanes *)(v + x);
        const lanes next = *(const loose_lanes *)(v + x + LANES);
        vt += here * *(const loose_lanes *)(target + x);
        vv += here * here;
        more_vt += next * *(const loose_lanes *)(target + x + LANES);
        more_vv += next * next;
    }
    if (x < width) { /* the rest, as if the row went on with zeros */
        float rest_v[2 * LANES] = {0}, rest_target[2 * LANES] = {0};
        memcpy(rest_v, v + x, (width - x) * sizeof(float));
        memcpy(rest_target, target + x, (width - x) * sizeof(float));
        const lanes here = *(const loose_lanes *)rest_v;
        const lanes next = *(const loose_lanes *)(rest_v + LANES);
        vt += here * *(const loose_lanes *)rest_target;
        vv += here * here;
        more_vt += next * *(const loose_lanes *)(rest_target + LANES);
        more_vv += next * next;
    }
    vt += more_vt, vv += more_vv;
    products[0] = total(&vt);
    products[1] = total(&vv);
}

/* The same of up to BAND rows. */
CLONED static void compare(size_t width, size_t rows, const float *const *v,
                           const float *const *target, float *const *products) {
    for (size_t i = 0; i < rows; i++) {
        compare_row(width, v[i], target[i], products[i]);
    }
}

static size_t stride_of(size_t width) { return (width + PAD - 1) / PAD * PAD + 2 * PAD; }

static size_t strip_floats(size_t width) {
    return (4 * BAND + 2 * DEEPEST * CARRIED) * stride_of(width) + (4 * DEEPEST + 1) * width;
}

/* Strip `index` of `strips`, with its share of work. */
static strip strip_of(const medium *m, size_t index, size_t strips, float *work) {
    const size_t first = m->height * index / strips, next = m->height * (index + 1) / strips;
    float *bands = work + index * strip_floats(m->width), *carry = bands + 4 * BAND * m->stride;
    float *halo = carry + 2 * DEEPEST * CARRIED * m->stride;
    return (strip){
        .first = first,
        .count = next - first,
        .band = {bands, bands + 2 * BAND * m->stride},
        .carry = carry,
        .halo_feed = halo,
        .halo_kill = halo + 2 * DEEPEST * m->width,
        .unwanted = halo + 4 * DEEPEST * m->width,
    };
}

/* Row of the torus that a march's own row r is, counted from `depth` rows before the strip. */
static size_t on_torus(const course *p, const strip *s, ptrdiff_t r) {
    const ptrdiff_t height = (ptrdiff_t)p->medium->height;
    const ptrdiff_t y = ((ptrdiff_t)s->first - (ptrdiff_t)p->depth + r) % height;
    return (size_t)(y < 0 ? y + height : y);
}

static void pad(float *padded, size_t width) {
    padded[-1] = padded[width - 1];
    padded[width] = padded[0];
}

/* Level 0 of a tick that begins with row r. */
static void read_band(const course *p, const strip *s, size_t r) {
    const size_t width = p->medium->width, stride = p->medium->stride;
    size_t y = on_torus(p, s, (ptrdiff_t)r);
    for (size_t i = 0; i < BAND; i++) {
        float *u = s->band[0] + PAD + i * stride, *v = u + BAND * stride;
        memcpy(u, p->u + y * width, width * sizeof(float));
        memcpy(v, p->v + y * width, width * sizeof(float));
        pad(u, width);
        pad(v, width);
        y = y + 1 < p->medium->height ? y + 1 : 0;
    }
}

/* Where row r of a level, which is row y of the torus, finds its input and leaves its result. */
static row row_of(const course *p, const strip *s, ptrdiff_t r, size_t y) {
    const size_t width = p->medium->width, at = y * width;
    const ptrdiff_t depth = (ptrdiff_t)p->depth, end = depth + (ptrdiff_t)s->count;
    const int own = r >= depth && r < end, near = r >= 0 && r < end + depth;
    row found = {.u = s->unwanted, .v = s->unwanted};
    if (own) {
        found.u = p->to.u + at;
        found.v = p->to.v + at;
    }
    if (p->change == NOTHING) {
        found.feed = p->feed + at;
        found.kill = p->kill + at;
        return found;
    }
    const size_t halo = (size_t)(r < depth ? r : r - (ptrdiff_t)s->count) * width;
    found.target = p->target + at;
    found.new_feed = own ? p->to.feed + at : near ? s->halo_feed + halo : s->unwanted;
    found.new_kill = own ? p->to.kill + at : near ? s->halo_kill + halo : s->unwanted;
    found.feed = found.new_feed;
    found.kill = found.new_kill;
    return found;
}

typedef struct {
    size_t begin, end;
} span;

/* The columns where feed and kill may change in any of the `count` rows from row y on. */
static span span_of(const course *p, size_t y, size_t count) {
    float begin = (float)p->medium->width, end = 0;
    for (size_t i = 0; i < count && p->change != NOTHING; i++) {
        begin = p->spans[2 * y] < begin ? p->spans[2 * y] : begin;
        end = p->spans[2 * y + 1] > end ? p->spans[2 * y + 1] : end;
        y = y + 1 < p->medium->height ? y + 1 : 0;
    }
    return begin < end ? (span){(size_t)begin, (size_t)end} : (span){0, 0};
}

/* Before anyone marches: feed and kill of the halo, and what is needed to march again. */
static void prepare(const course *p, const strip *s) {
    const size_t width = p->medium->width;
    for (size_t i = 0; i < 2 * p->depth; i++) {
        const size_t r = i < p->depth ? i : i + s->count;
        const size_t from = on_torus(p, s, (ptrdiff_t)r) * width;
        memcpy(s->halo_feed + i * width, p->to.feed + from, width * sizeof(float));
        memcpy(s->halo_kill + i * width, p->to.kill + from, width * sizeof(float));
    }
    for (size_t y = s->first; y < s->first + s->count; y++) {
        const span hot = span_of(p, y, 1);
        const size_t from = y * width + hot.begin, bytes = (hot.end - hot.begin) * sizeof(float);
        memcpy(p->saved_feed + from, p->to.feed + from, bytes);
        memcpy(p->saved_kill + from, p->to.kill + from, bytes);
    }
}

static void restore(const course *p) {
    for (size_t y = 0; y < p->medium->height; y++) {
        const span hot = span_of(p, y, 1);
        const size_t from = y * p->medium->width + hot.begin;
        const size_t bytes = (hot.end - hot.begin) * sizeof(float);
        memcpy(p->to.feed + from, p->saved_feed + from, bytes);
        memcpy(p->to.kill + from, p->saved_kill + from, bytes);
    }
}

/* Of the new rows r .. (on the torus y ..) compare the strip's own with the target. */
static void compare_own(const course *p, const strip *s, const row *at, ptrdiff_t r, size_t y,
                        float *sums) {
    const ptrdiff_t own = (ptrdiff_t)p->depth, end = own + (ptrdiff_t)s->count;
    const float *v[BAND], *target[BAND];
    float *products[BAND];
    size_t rows = 0;
    for (size_t i = 0; i < BAND; i++) {
        if (r + (ptrdiff_t)i >= own && r + (ptrdiff_t)i < end) {
            v[rows] = at[i].v;
            target[rows] = p->target + y * p->medium->width;
            products[rows] = sums + 2 * y;
            rows++;
        }
        y = y + 1 < p->medium->height ? y + 1 : 0;
    }
    compare(p->medium->width, rows, v, target, products);
}

/* Compute rows r .. r + BAND - 1 of level + 1. */
static void climb(const course *p, const strip *s, ptrdiff_t r, size_t level) {
    const size_t stride = p->medium->stride, width = p->medium->width, height = p->medium->height;
    const float *in = s->band[level % 2] + PAD;
    float *out = s->band[(level + 1) % 2] + PAD;
    const int last = level + 1 == p->depth;
    row at[BAND];
    size_t first = on_torus(p, s, r), y = first;
    for (size_t i = 0; i < BAND; i++) {
        at[i] = row_of(p, s, r + (ptrdiff_t)i, y);
        if (!last) {
            at[i].u = out + i * stride;
            at[i].v = out + (BAND + i) * stride;
        }
        y = y + 1 < height ? y + 1 : 0;
    }
    float *carry = s->carry + 2 * level * CARRIED * stride;
    const span hot = span_of(p, first, BAND);
    tick_as(NOTHING, p, at, in, carry, 0, hot.begin);
    tick_as(p->change, p, at, in, carry, hot.begin, hot.end);
    tick_as(NOTHING, p, at, in, carry, hot.end, width);

    if (!last) {
        for (size_t i = 0; i < 2 * BAND; i++) {
            pad(out + i * stride, width);
        }
    }
    if (p->target) {
        compare_own(p, s, at, r, first, p->sums + 2 * level * height);
    }
}

static void march(const course *p, const strip *s) {
    const size_t stride = p->medium->stride, read = s->count + 2 * p->depth;
    memset(s->band[0], 0, 4 * BAND * stride * sizeof(float));
    memset(s->carry, 0, 2 * p->depth * CARRIED * stride * sizeof(float));
    memset(s->unwanted, 0, p->medium->width * sizeof(float));
    for (size_t r = 0; r < read; r += BAND) {
        read_band(p, s, r);
        for (size_t level = 0; level < p->depth; level++) {
            climb(p, s, (ptrdiff_t)r - (ptrdiff_t)level - 1, level);
        }
    }
}

/* All strips of a field, one on each thread. */
static void march_all(const course *p, int32_t strips, float *work) {
#pragma omp parallel for num_threads(strips) schedule(static) if (strips > 1)
    for (int32_t i = 0; i < (p->change == NOTHING ? 0 : strips); i++) {
        const strip s = strip_of(p->medium, (size_t)i, (size_t)strips, work);
        prepare(p, &s);
    }
#pragma omp parallel for num_threads(strips) schedule(static) if (strips > 1)
    for (int32_t i = 0; i < strips; i++) {
        const strip s = strip_of(p->medium, (size_t)i, (size_t)strips, work);
        const unsigned before = flush_tiny();
        march(p, &s);
        restore_tiny(before);
    }
}

/* ---- who works on what ---- */

/* The threads are either teams, each with fields of its own, or strips of one field. */
typedef struct {
    int32_t teams, strips;
    size_t pixels;
} crew;

static crew crew_of(const ml_field_dims *dims, int32_t threads) {
    const int32_t fields = dims->replicates * dims->cues;
    const int apart = fields % threads == 0 || fields >= 4 * threads;
    const int32_t strips = apart ? 1 : dims->height < threads ? dims->height : threads;
    return (crew){.teams = apart ? threads : 1,
                  .strips = strips,
                  .pixels = (size_t)dims->height * (size_t)dims->width};
}

/* What one team needs for itself: a second copy, the sums of a march and the spans. */
static size_t team_floats(const ml_field_dims *dims) {
    const size_t height = (size_t)dims->height;
    return 4 * height * (size_t)dims->width + (2 * DEEPEST + 2) * height;
}

static size_t crew_floats(const ml_field_dims *dims, const crew *c) {
    const size_t shares = (size_t)(c->teams > 1 ? c->teams : c->strips);
    return shares * strip_floats((size_t)dims->width) + (size_t)c->teams * team_floats(dims);
}

static float *team_work(const ml_field_dims *dims, const crew *c, int32_t team, float *work) {
    const size_t shares = (size_t)c->strips * strip_floats((size_t)dims->width);
    return work + (size_t)team * (shares + team_floats(dims));
}

static copy second_copy(size_t pixels, float *work) {
    return (copy){work, work + pixels, work + 2 * pixels, work + 3 * pixels};
}

static int dims_ok(const ml_field_dims *dims) {
    return dims && dims->replicates > 0 && dims->cues > 0 && dims->height > 0 && dims->width > 0 &&
           dims->replicates <= INT32_MAX / dims->cues;
}

size_t ml_gs_work(const ml_field_dims *dims, int32_t threads) {
    if (!dims_ok(dims) || threads <= 0) {
        return 0;
    }
    const crew c = crew_of(dims, threads);
    return crew_floats(dims, &c);
}

static medium medium_of(const ml_field_dims *dims, const ml_kinetics *k) {
    const size_t width = (size_t)dims->width;
    return (medium){.height = (size_t)dims->height, .width = width, .stride = stride_of(width),
                    .Du = k->diffuse_u, .Dv = k->diffuse_v, .decay = k->decay, .dt = k->dt,
                    .least = 0.0f, .most = 1.0f};
}

static int all_finite(size_t count, const float *x) {
    int lost = 0;
    for (size_t i = 0; i < count; i++) {
        lost |= !(fabsf(x[i]) <= FLT_MAX);
    }
    return !lost;
}

/* Deep enough to spare the memory, shallow enough that few rows are computed twice. */
static size_t deepest(const medium *m, int32_t strips) {
    const size_t fair = m->height / (size_t)strips / 12;
    return fair < 1 ? 1 : fair > DEEPEST ? DEEPEST : fair;
}

/* ---- the steps ---- */

/* One field alone. An even number of marches ends in the caller's copy. */
static void advance_one(const medium *m, const crew *c, size_t steps, const float *feed,
                        const float *kill, float *u, float *v, float *work) {
    const copy own = {.u = u, .v = v};
    const copy second = second_copy(c->pixels, work + (size_t)c->strips * strip_floats(m->width));
    const size_t fewest = (steps + deepest(m, c->strips) - 1) / deepest(m, c->strips);
    const size_t marches = fewest < steps ? fewest + fewest % 2 : fewest;
    size_t done = 0;
    for (size_t i = 0; i < marches; i++) {
        const copy from = i % 2 ? second : own, to = i % 2 ? own : second;
        const size_t left = marches - i, depth = (steps - done + left - 1) / left;
        const scar none = {.more = 0};
        const course p = {.medium = m, .scar = &none, .depth = depth, .u = from.u, .v = from.v,
                          .feed = feed, .kill = kill, .to = to};
        march_all(&p, c->strips, work);
        done += depth;
    }
    if (marches % 2) {
        memcpy(u, second.u, c->pixels * sizeof(float));
        memcpy(v, second.v, c->pixels * sizeof(float));
    }
}

ml_status ml_gs_advance(const ml_field_dims *dims, const ml_kinetics *kinetics, int32_t steps,
                        int32_t threads, const float *restrict feed, const float *restrict kill,
                        float *restrict u, float *restrict v, float *restrict work) {
    if (!dims_ok(dims) || steps < 0 || threads <= 0) {
        return ML_BAD_DIMS;
    }
    const medium m = medium_of(dims, kinetics);
    const crew c = crew_of(dims, threads);
    const int32_t fields = dims->replicates * dims->cues;
#pragma omp parallel for num_threads(c.teams) schedule(static) if (c.teams > 1)
    for (int32_t team = 0; team < c.teams; team++) {
        float *mine = team_work(dims, &c, team, work);
        for (int32_t i = team; i < fields; i += c.teams) {
            const size_t at = (size_t)i * c.pixels, shared = (size_t)(i / dims->cues) * c.pixels;
            advance_one(&m, &c, (size_t)steps, feed + shared, kill + shared, u + at, v + at, mine);
        }
    }
    const size_t all = (size_t)fields * c.pixels;
    return all_finite(all, u) && all_finite(all, v) ? ML_OK : ML_NOT_FINITE;
}

static float cosine(size_t height, const float *sums, double target_norm) {
    double vt = 0, vv = 0;
    for (size_t y = 0; y < height; y++) {
        vt += (double)sums[2 * y];
        vv += (double)sums[2 * y + 1];
    }
    return vv < 1e-12 || target_norm < 1e-12 ? 0.0f : (float)(vt / sqrt(vv * target_norm));
}

static double norm_of(const medium *m, const float *x) {
    double sum = 0;
    for (size_t y = 0; y < m->height; y++) {
        float products[2];
        compare_row(m->width, x + y * m->width, x + y * m->width, products);
        sum += (double)products[1];
    }
    return sum;
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

CLONED static void apply(const scar *s, change c, size_t pixels, const float *restrict v,
                         const float *restrict target, float *restrict feed,
                         float *restrict kill) {
    if (c == FADE) {
        for (size_t i = 0; i < pixels; i++) {
            scarred(s, FADE, v[i], target[i], feed + i, kill + i);
        }
    } else if (c != NOTHING) {
        for (size_t i = 0; i < pixels; i++) {
            scarred(s, c, v[i], target[i], feed + i, kill + i);
        }
    }
}

static int all_within(size_t count, const float *x, float least, float most) {
    int out = 0;
    for (size_t i = 0; i < count; i++) {
        out |= !(x[i] >= least && x[i] <= most);
    }
    return !out;
}

/* Only where the target is bright; but anywhere if scars fade or are still out of bounds. */
static void find_spans(const medium *m, const scar *s, const float *target, const copy *now,
                       float *spans) {
    const ml_scar_rule *r = &s->rule;
    const size_t pixels = m->height * m->width;
    const int bounded = r->fade == 0.0f &&
                        all_within(pixels, now->feed, r->feed_min, r->feed_max) &&
                        all_within(pixels, now->kill, r->kill_min, r->kill_max);
    for (size_t y = 0; y < m->height; y++) {
        const float *row_ = target + y * m->width;
        size_t begin = 0, end = m->width;
        while (bounded && begin < end && !(row_[begin] > r->threshold)) {
            begin++;
        }
        while (bounded && end > begin && !(row_[end - 1] > r->threshold)) {
            end--;
        }
        const size_t from = begin / LANES * LANES, to = (end + LANES - 1) / LANES * LANES;
        spans[2 * y] = (float)(begin == end ? m->width : from < SLIVER ? 0 : from);
        spans[2 * y + 1] = (float)(begin == end ? 0 : to + SLIVER > m->width ? m->width : to);
    }
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

/* All steps of one replicate. now: where its fields are; spare: where the next march puts them. */
static void train_one(const medium *m, const crew *c, const scar *s, size_t steps,
                      const float *target, copy own, float *similarity, float *work) {
    float *second = work + (size_t)c->strips * strip_floats(m->width);
    copy now = own, spare = second_copy(c->pixels, second);
    float *sums = second + 4 * c->pixels, *spans = sums + 2 * DEEPEST * m->height;
    const double target_norm = norm_of(m, target);
    find_spans(m, s, target, &own, spans);
    change pending = NOTHING; /* what the step before has left to do to feed and kill */
    const size_t most = deepest(m, c->strips);
    size_t done = 0, depth = 1;
    while (done < steps) {
        depth = depth < steps - done ? depth : steps - done;
        const course p = {.medium = m, .scar = s, .change = pending, .depth = depth, .u = now.u,
                          .v = now.v, .feed = own.feed, .kill = own.kill, .target = target,
                          .to = {spare.u, spare.v, own.feed, own.kill}, .spans = spans,
                          .saved_feed = spare.feed, .saved_kill = spare.kill, .sums = sums};
        march_all(&p, c->strips, work);

        change next = pending;
        size_t true_steps = 0; /* taken with the change that was due */
        while (true_steps < depth && next == pending) {
            float *here = similarity + done + true_steps;
            *here = cosine(m->height, sums + 2 * true_steps * m->height, target_norm);
            next = change_after(s, *here);
            true_steps++;
        }
        if (true_steps < depth) {
            restore(&p);
            depth = true_steps;
            continue;
        }
        swap(&now.u, &spare.u);
        swap(&now.v, &spare.v);
        done += depth;
        depth = next != pending ? 1 : 2 * depth < most ? 2 * depth : most;
        pending = next;
    }
    bring_home(own.u, now.u, c->pixels);
    bring_home(own.v, now.v, c->pixels);
    apply(s, pending, c->pixels, own.v, target, own.feed, own.kill);
}

ml_status ml_gs_train(const ml_field_dims *dims, const ml_kinetics *kinetics,
                      const ml_scar_rule *rule, int32_t steps, int32_t threads,
                      const float *restrict target, const float *restrict feed_gain,
                      const float *restrict kill_gain, float *restrict u, float *restrict v,
                      float *restrict feed, float *restrict kill, float *restrict similarity,
                      float *restrict work) {
    if (!dims_ok(dims) || dims->cues != 1 || steps < 0 || threads <= 0) {
        return ML_BAD_DIMS;
    }
    const medium m = medium_of(dims, kinetics);
    const crew c = crew_of(dims, threads);
#pragma omp parallel for num_threads(c.teams) schedule(static) if (c.teams > 1)
    for (int32_t team = 0; team < c.teams; team++) {
        float *mine = team_work(dims, &c, team, work);
        for (int32_t i = team; i < dims->replicates; i += c.teams) {
            const size_t at = (size_t)i * c.pixels;
            const scar s = {.rule = *rule, .more = feed_gain[i], .less = kill_gain[i]};
            const copy own = {u + at, v + at, feed + at, kill + at};
            train_one(&m, &c, &s, (size_t)steps, target + at, own,
                      similarity + (size_t)i * (size_t)steps, mine);
        }
    }
    const size_t all = (size_t)dims->replicates * c.pixels;
    return all_finite(all, u) && all_finite(all, v) ? ML_OK : ML_NOT_FINITE;
}
