/* Reading trees of contexts: what comes next, and how patterns may be completed; see tree.h. */
#include "tree.h"

#include <string.h>

ml_status ml_tree_counts(const ml_tree_dims *dims, const ml_tree *tree, const ml_strings *strings,
                         const int64_t *starts, const int32_t *text, double *counts) {
    if (!dims_ok(dims) || !strings_ok(strings, starts, text, dims->symbols)) {
        return ML_BAD_DIMS;
    }
    for (int32_t n = 0; n < strings->count; n++) {
        const int64_t length = starts[n + 1] - starts[n];
        counts[n] = tree_count(dims, tree, text + starts[n], length) * tree->scale[0];
    }
    return ML_OK;
}

ml_status ml_tree_chances(const ml_tree_dims *dims, const ml_tree *tree, const ml_tree_rule *rule,
                          const ml_strings *strings, const int64_t *starts, const int32_t *text,
                          double *chances, int32_t *work) {
    if (!dims_ok(dims) || !strings_ok(strings, starts, text, dims->symbols)) {
        return ML_BAD_DIMS;
    }
    const size_t width = (size_t)dims->reach + 2;
#pragma omp parallel for num_threads(strings->threads) schedule(static)
    for (int32_t thread = 0; thread < strings->threads; thread++) {
        const int64_t N = strings->count, T = strings->threads;
        for (int64_t n = N * thread / T; n < N * (thread + 1) / T; n++) {
            tree_look(dims, tree, rule, text + starts[n], starts[n + 1] - starts[n],
                      chances + starts[n], work + (size_t)thread * width);
        }
    }
    return ML_OK;
}

static void foretell(const ml_tree_dims *d, const ml_tree *tree, const ml_tree_rule *rule,
                     const int32_t *text, int64_t length, int every, double *chances, int32_t *at) {
    contexts c = begun(d, at);
    for (int64_t i = 0; i < length; i++) {
        if (every) {
            tree_chances(d, tree, rule, &c, chances + (size_t)i * (size_t)d->symbols);
        }
        moved(d, tree, &c, i, text[i]);
    }
    if (!every) {
        tree_chances(d, tree, rule, &c, chances);
    }
}

ml_status ml_tree_foretell(const ml_tree_dims *dims, const ml_tree *tree, const ml_tree_rule *rule,
                           const ml_strings *strings, const int64_t *starts, const int32_t *text,
                           double *chances, int32_t *work) {
    if (!dims_ok(dims) || !strings_ok(strings, starts, text, dims->symbols)) {
        return ML_BAD_DIMS;
    }
    const size_t width = (size_t)dims->reach + 2, A = (size_t)dims->symbols;
#pragma omp parallel for num_threads(strings->threads) schedule(static)
    for (int32_t thread = 0; thread < strings->threads; thread++) {
        const int64_t N = strings->count, T = strings->threads;
        for (int64_t n = N * thread / T; n < N * (thread + 1) / T; n++) {
            const size_t first = (size_t)(strings->every ? starts[n] : n);
            foretell(dims, tree, rule, text + starts[n], starts[n + 1] - starts[n], strings->every,
                     chances + first * A, work + (size_t)thread * width);
        }
    }
    return ML_OK;
}

/* ---- completion: the likeliest ways on, so many at once ---- */

typedef struct {
    double weight;
    int32_t known, whole;  /* its contexts, beside those in `at` */
    int32_t ended;         /* all that follows is padding */
    int32_t from, symbol;  /* the way it goes on, and by what */
} way;

/* Scratch of one thread; ways and contexts twice, before a step and after it. */
typedef struct {
    double *chances; /* (A) */
    way *ways[2];    /* (B) */
    int32_t *at[2];  /* (B, reach + 2) */
    int32_t *from;   /* (L, B) */
    int32_t *symbol; /* (L, B) */
} beam;

static size_t doubles_for(size_t bytes) { return (bytes + sizeof(double) - 1) / sizeof(double); }

size_t ml_tree_work(const ml_tree_dims *dims, const ml_completion *run) {
    if (!dims_ok(dims) || !run || run->count < 0 || run->length < 1 || run->beam < 1 ||
        run->threads < 1) {
        return 0;
    }
    const size_t B = (size_t)run->beam, L = (size_t)run->length, width = (size_t)dims->reach + 2;
    return (size_t)dims->symbols + 2 * doubles_for(B * sizeof(way)) +
           2 * doubles_for(B * width * sizeof(int32_t)) + 2 * doubles_for(L * B * sizeof(int32_t));
}

static beam beam_of(const ml_tree_dims *d, const ml_completion *run, double *work) {
    const size_t B = (size_t)run->beam, L = (size_t)run->length, width = (size_t)d->reach + 2;
    beam s = {.chances = work};
    work += d->symbols;
    for (int i = 0; i < 2; i++) {
        s.ways[i] = (way *)(void *)work;
        work += doubles_for(B * sizeof(way));
        s.at[i] = (int32_t *)(void *)work;
        work += doubles_for(B * width * sizeof(int32_t));
    }
    s.from = (int32_t *)(void *)work;
    work += doubles_for(L * B * sizeof(int32_t));
    s.symbol = (int32_t *)(void *)work;
    return s;
}

/* Take a way among the best, the heaviest first; of equal ones those that came first. */
static int32_t entered(way *best, int32_t count, int32_t most, way one) {
    if (!(one.weight > 0) || (count == most && best[most - 1].weight >= one.weight)) {
        return count;
    }
    int32_t place = count < most ? count : most - 1;
    for (; place > 0 && best[place - 1].weight < one.weight; place--) {
        best[place] = best[place - 1];
    }
    best[place] = one;
    return count < most ? count + 1 : most;
}

static contexts contexts_of(const ml_tree_dims *d, int32_t *at, int32_t nth, const way *one) {
    return (contexts){at + (size_t)nth * ((size_t)d->reach + 2), one->known, one->whole};
}

/* How each way goes on: by any symbol, or after its end by padding. */
static void expected(const ml_tree_dims *d, const ml_tree *tree, const ml_tree_rule *rule,
                     const contexts *c, int ended, double *chances) {
    if (ended) {
        memset(chances, 0, (size_t)d->symbols * sizeof(double));
        chances[0] = 1;
    } else {
        tree_chances(d, tree, rule, c, chances);
    }
}

/* The best ways on from `count` ways; with `blind` all symbols are held to be alike. */
static int32_t stepped(const ml_tree_dims *d, const ml_tree *tree, const ml_tree_rule *rule,
                       const ml_completion *run, const beam *s, int32_t count,
                       const float *evidence, int blind) {
    int32_t found = 0;
    for (int32_t n = 0; n < count; n++) {
        const way *one = s->ways[0] + n;
        const contexts c = contexts_of(d, s->at[0], n, one);
        expected(d, tree, rule, &c, one->ended, s->chances);
        for (int32_t a = 0; a < d->symbols; a++) {
            const double chance = blind ? 1.0 / d->symbols : s->chances[a];
            const int ended = one->ended || (run->ends && a == 0);
            const way next = {one->weight * chance * evidence[a], one->known, one->whole, ended, n,
                              a};
            found = entered(s->ways[1], found, run->beam, next);
        }
    }
    return found;
}

/* Let the chosen ways become those that are followed, their weights at most 1. */
static void settled(const ml_tree_dims *d, const ml_tree *tree, const ml_completion *run, beam *s,
                    int32_t count, int32_t place) {
    const size_t width = (size_t)d->reach + 2, B = (size_t)run->beam;
    const double largest = s->ways[1][0].weight;
    for (int32_t n = 0; n < count; n++) {
        way *one = s->ways[1] + n;
        int32_t *own = s->at[1] + (size_t)n * width;
        memcpy(own, s->at[0] + (size_t)one->from * width, width * sizeof(int32_t));
        contexts c = {own, one->known, one->whole};
        moved(d, tree, &c, place, one->symbol);
        one->known = c.known;
        one->whole = c.whole;
        one->weight /= largest;
        s->from[(size_t)place * B + (size_t)n] = one->from;
        s->symbol[(size_t)place * B + (size_t)n] = one->symbol;
    }
    way *ways = s->ways[0];
    int32_t *at = s->at[0];
    s->ways[0] = s->ways[1];
    s->at[0] = s->at[1];
    s->ways[1] = ways;
    s->at[1] = at;
}

/* The share of each symbol at each place in all ways, and the first way alone. */
static void answered(const ml_completion *run, const beam *s, int32_t count, size_t A,
                     float *chances, int32_t *likeliest) {
    double total = 0;
    for (int32_t n = 0; n < count; n++) {
        total += s->ways[0][n].weight;
    }
    memset(chances, 0, (size_t)run->length * A * sizeof(float));
    for (int32_t n = 0; n < count; n++) {
        const float share = (float)(s->ways[0][n].weight / total);
        for (int32_t i = run->length - 1, m = n; i >= 0; i--) {
            const size_t step = (size_t)i * (size_t)run->beam + (size_t)m;
            chances[(size_t)i * A + (size_t)s->symbol[step]] += share;
            if (n == 0) {
                likeliest[i] = s->symbol[step];
            }
            m = s->from[step];
        }
    }
}

static void complete(const ml_tree_dims *d, const ml_tree *tree, const ml_tree_rule *rule,
                     const ml_completion *run, const float *evidence, float *chances,
                     int32_t *likeliest, beam s) {
    const size_t A = (size_t)d->symbols;
    const contexts first = begun(d, s.at[0]);
    s.ways[0][0] = (way){1, first.known, first.whole, 0, 0, 0};
    int32_t count = 1;
    for (int32_t i = 0; i < run->length; i++) {
        const float *seen = evidence + (size_t)i * A;
        int32_t found = stepped(d, tree, rule, run, &s, count, seen, 0);
        if (found == 0) { /* nothing that was ever met goes on like this */
            found = stepped(d, tree, rule, run, &s, count, seen, 1);
        }
        count = found;
        settled(d, tree, run, &s, count, i);
    }
    answered(run, &s, count, A, chances, likeliest);
}

ml_status ml_tree_complete(const ml_tree_dims *dims, const ml_tree *tree, const ml_tree_rule *rule,
                           const ml_completion *run, const float *evidence, float *chances,
                           int32_t *likeliest, double *work) {
    const size_t own = ml_tree_work(dims, run);
    if (!own) {
        return ML_BAD_DIMS;
    }
    const size_t size = (size_t)run->length * (size_t)dims->symbols;
#pragma omp parallel for num_threads(run->threads) schedule(static)
    for (int32_t thread = 0; thread < run->threads; thread++) {
        const int64_t N = run->count, T = run->threads;
        for (int64_t n = N * thread / T; n < N * (thread + 1) / T; n++) {
            complete(dims, tree, rule, run, evidence + (size_t)n * size, chances + (size_t)n * size,
                     likeliest + (size_t)n * (size_t)run->length, beam_of(dims, run, work + (size_t)thread * own));
        }
    }
    return ML_OK;
}
