/* Marches of Gray-Scott: one pass over a field that takes several steps.
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
 * If feed and kill change on the way, level 0 reads them from one copy and writes them to the
 * other, and the levels above change them there; of rows beyond the strip's ends in a halo of its
 * own. Where the rows of a tick do not follow each other in memory they are gathered for it.
 */
#include "gs.h"

#include <string.h>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

/* Rows first .. first + count - 1, with their own share of the scratch. */
typedef struct {
    size_t first, count;
    float *level[2];              /* (2 fields, BAND, stride): of even and odd levels */
    float *carry;                 /* (depth, 2 fields, CARRIED, stride) */
    float *halo_feed, *halo_kill; /* (2 depth, W): of the rows before, then of those after */
    float *feed, *kill, *target;  /* (BAND, W): gathered where rows do not follow each other */
} strip;

/* Where BAND rows of a march are. */
typedef struct {
    ptrdiff_t r;       /* of the first, counted from s rows before the strip */
    size_t y;          /* of the first on the torus */
    size_t begin, end; /* those of the strip itself, counted from the first */
} place;

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

size_t gs_stride(size_t width) { return rounded_up(width, PATCH) + 2 * PATCH; }

size_t gs_march_floats(size_t width) {
    return (4 * BAND + 2 * DEEPEST * CARRIED) * gs_stride(width) +
           (4 * DEEPEST + 3 * BAND) * rounded_up(width, PATCH);
}

/* Strip `index` of `strips`, with its share of work. */
static strip strip_of(const medium *m, size_t index, size_t strips, float *work) {
    const size_t first = m->height * index / strips, next = m->height * (index + 1) / strips;
    const size_t level = 2 * BAND * m->stride, row = rounded_up(m->width, PATCH);
    float *levels = work + index * gs_march_floats(m->width), *carry = levels + 2 * level;
    float *halo = carry + 2 * DEEPEST * CARRIED * m->stride, *rows = halo + 4 * DEEPEST * row;
    return (strip){.first = first, .count = next - first,
                   .level = {levels, levels + level}, .carry = carry,
                   .halo_feed = halo, .halo_kill = halo + 2 * DEEPEST * row,
                   .feed = rows, .kill = rows + BAND * row, .target = rows + 2 * BAND * row};
}

static size_t clipped(ptrdiff_t x) { return x < 0 ? 0 : x < BAND ? (size_t)x : BAND; }

static place place_of(const course *p, const strip *s, ptrdiff_t r) {
    const ptrdiff_t height = (ptrdiff_t)p->medium->height, depth = (ptrdiff_t)p->depth;
    const ptrdiff_t y = ((ptrdiff_t)s->first - depth + r) % height;
    return (place){.r = r, .y = (size_t)(y < 0 ? y + height : y), .begin = clipped(depth - r),
                   .end = clipped(depth + (ptrdiff_t)s->count - r)};
}

static size_t next_row(const course *p, size_t y) { return y + 1 < p->medium->height ? y + 1 : 0; }

static void pad(float *padded, size_t width) {
    padded[-1] = padded[width - 1];
    padded[width] = padded[0];
}

/* Level 0 of a tick. */
static void read_level(const course *p, const strip *s, place here) {
    const size_t width = p->medium->width, stride = p->medium->stride;
    for (size_t i = 0, y = here.y; i < BAND; i++, y = next_row(p, y)) {
        float *u = s->level[0] + PATCH + i * stride, *v = u + BAND * stride;
        memcpy(u, p->u + y * width, width * sizeof(float));
        memcpy(v, p->v + y * width, width * sizeof(float));
        pad(u, width);
        pad(v, width);
    }
}

/* Where row i of a place keeps feed and kill once they change; NULL: nobody wants them. */
static void kept(const course *p, const strip *s, place here, size_t i, size_t y, float **feed,
                 float **kill) {
    const size_t width = p->medium->width, beyond = s->count + 2 * p->depth;
    const ptrdiff_t r = here.r + (ptrdiff_t)i;
    *feed = *kill = NULL;
    if (i >= here.begin && i < here.end) {
        *feed = p->to.feed + y * width;
        *kill = p->to.kill + y * width;
    } else if (r >= 0 && (size_t)r < beyond) {
        const size_t row = (size_t)r < p->depth ? (size_t)r : (size_t)r - s->count;
        *feed = s->halo_feed + row * width;
        *kill = s->halo_kill + row * width;
    }
}

/* Feed, kill and target of rows that do not follow each other; old: as they were at level 0. */
static void gather(const course *p, const strip *s, place here, int old) {
    const size_t width = p->medium->width, bytes = width * sizeof(float);
    for (size_t i = 0, y = here.y; i < BAND; i++, y = next_row(p, y)) {
        float *feed = NULL, *kill = NULL;
        if (!old) {
            kept(p, s, here, i, y, &feed, &kill);
        }
        memcpy(s->feed + i * width, feed ? feed : p->feed + y * width, bytes);
        memcpy(s->kill + i * width, kill ? kill : p->kill + y * width, bytes);
        if (p->change != NOTHING) {
            memcpy(s->target + i * width, p->target + y * width, bytes);
        }
    }
}

/* Back to where each row of feed and kill is kept. */
static void scatter(const course *p, const strip *s, place here) {
    const size_t width = p->medium->width, bytes = width * sizeof(float);
    for (size_t i = 0, y = here.y; i < BAND; i++, y = next_row(p, y)) {
        float *feed, *kill;
        kept(p, s, here, i, y, &feed, &kill);
        if (feed) {
            memcpy(feed, s->feed + i * width, bytes);
            memcpy(kill, s->kill + i * width, bytes);
        }
    }
}

/* The strip's own among new rows: to their place if these are the last, then to the comparison. */
static void finish(const course *p, const strip *s, place here, size_t level, const band *at) {
    const size_t width = p->medium->width, rows = here.end - here.begin;
    const size_t y = (size_t)((ptrdiff_t)(s->first + here.begin) + here.r - (ptrdiff_t)p->depth);
    const float *u = at->new_u + here.begin * at->new_width;
    const float *v = at->new_v + here.begin * at->new_width;
    if (level + 1 == p->depth && rows < BAND) {
        for (size_t i = 0; i < rows; i++) {
            memcpy(p->to.u + (y + i) * width, u + i * at->new_width, width * sizeof(float));
            memcpy(p->to.v + (y + i) * width, v + i * at->new_width, width * sizeof(float));
        }
    }
    if (p->target) {
        float *sums = p->sums + 2 * PATCH * (level * p->medium->height + y);
        gs_kernel()->compare(rows, width, v, at->new_width, p->target + y * width, at->hot, sums);
    }
}

/* What happens to feed and kill on the way through these rows: often nothing is hot there. */
static change change_at(const course *p, place here) {
    const size_t patches = patches_of(p->medium->width);
    int any = p->change == NOTHING || gs_fades(p->change);
    for (size_t i = 0; i < patches && !any; i++) {
        any = p->hot[here.y * patches + i] != 0.0f;
    }
    return any ? p->change : NOTHING;
}

/* Compute the rows at `here` of level + 1. */
static void climb(const course *p, const strip *s, place here, size_t level) {
    const size_t stride = p->medium->stride, width = p->medium->width, first = here.y * width;
    const float *in = s->level[level % 2] + PATCH;
    float *out = s->level[(level + 1) % 2] + PATCH;
    const int last = level + 1 == p->depth, own = here.begin == 0 && here.end == BAND;
    const change c = change_at(p, here);
    const int old = c == NOTHING || level == 0;
    const int straight = own || (c == NOTHING && here.y + BAND <= p->medium->height);

    band at = {.u = in, .v = in + BAND * stride, .feed = s->feed, .kill = s->kill,
               .target = s->target, .hot = p->hot + (p->hot ? here.y * patches_of(width) : 0),
               .carry = s->carry + 2 * level * CARRIED * stride, .new_feed = s->feed,
               .new_kill = s->kill, .new_u = out, .new_v = out + BAND * stride, .stride = stride,
               .width = width, .new_width = stride};
    if (!straight) {
        gather(p, s, here, old);
    } else {
        at.feed = (old ? p->feed : p->to.feed) + first;
        at.kill = (old ? p->kill : p->to.kill) + first;
    }
    if (straight && c != NOTHING) {
        at.target = p->target + first;
        at.new_feed = p->to.feed + first;
        at.new_kill = p->to.kill + first;
    }
    if (last && own) {
        at.new_u = p->to.u + first;
        at.new_v = p->to.v + first;
        at.new_width = width;
    }

    gs_kernel()->tick(p->medium, p->scar, c, &at);

    if (!straight && c != NOTHING) {
        scatter(p, s, here);
    }
    for (size_t i = 0; i < 2 * BAND && !last; i++) {
        pad(out + i * stride, width);
    }
    if (here.begin < here.end) {
        finish(p, s, here, level, &at);
    }
}

/* Where nothing is hot nobody writes to the halo, but others may read it. */
static void fill_halo(const course *p, const strip *s) {
    const size_t width = p->medium->width, bytes = width * sizeof(float);
    for (size_t i = 0; i < 2 * p->depth; i++) {
        const size_t r = i < p->depth ? i : i + s->count;
        const size_t from = place_of(p, s, (ptrdiff_t)r).y * width;
        memcpy(s->halo_feed + i * width, p->feed + from, bytes);
        memcpy(s->halo_kill + i * width, p->kill + from, bytes);
    }
}

/* Take steps down the strip. */
static void march(const course *p, const strip *s) {
    const size_t stride = p->medium->stride, read = s->count + 2 * p->depth;
    memset(s->level[0], 0, 4 * BAND * stride * sizeof(float));
    memset(s->carry, 0, 2 * p->depth * CARRIED * stride * sizeof(float));
    if (p->change != NOTHING) {
        fill_halo(p, s);
    }
    for (size_t r = 0; r < read; r += BAND) {
        read_level(p, s, place_of(p, s, (ptrdiff_t)r));
        for (size_t level = 0; level < p->depth; level++) {
            climb(p, s, place_of(p, s, (ptrdiff_t)r - (ptrdiff_t)level - 1), level);
        }
    }
}

void gs_march(const course *p, int32_t strips, float *work) {
#pragma omp parallel for num_threads(strips) schedule(static) if (strips > 1)
    for (int32_t i = 0; i < strips; i++) {
        const strip s = strip_of(p->medium, (size_t)i, (size_t)strips, work);
        const unsigned before = flush_tiny();
        march(p, &s);
        restore_tiny(before);
    }
}
