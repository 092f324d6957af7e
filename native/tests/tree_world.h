/* Strings, and trees of contexts of them in buffers as long as is documented, for their tests. */
#ifndef MEMLAB_TREE_WORLD_H
#define MEMLAB_TREE_WORLD_H

#include "tree.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { A = 4, N = 40, LONGEST = 6, ENDLESS = INT32_MAX - 1 };

static const ml_tree_rule laws[] = {
    {ML_KNESER_NEY, 0.75, 0.8, 6}, {ML_WITTEN_BELL, 0, 0, 0}, {ML_PUBLISHED, 0, 0, 0}};
static const ml_tree_rule *const usual = laws;

static int broken = 0;

static inline void promise(int kept, const char *what) {
    if (!kept) {
        printf("broken: %s\n", what);
        broken++;
    }
}

/* ---- strings, and trees in buffers as long as is documented ---- */

typedef struct {
    int32_t count;
    int32_t text[N * LONGEST];
    int64_t starts[N + 1];
    double weights[N];
} corpus;

/* Random strings that end with 0 and have it nowhere else. */
static inline corpus spoken(int32_t count, uint32_t seed) {
    corpus c = {.count = count};
    int64_t used = 0;
    for (int32_t n = 0; n < count; n++) {
        seed = seed * 1664525u + 1013904223u;
        const int64_t length = 1 + (seed >> 16) % LONGEST;
        for (int64_t i = 1; i < length; i++) {
            seed = seed * 1664525u + 1013904223u;
            c.text[used++] = 1 + (int32_t)((seed >> 16) % (A - 1));
        }
        c.text[used++] = 0;
        c.starts[n + 1] = used;
        c.weights[n] = 1;
    }
    return c;
}

static inline corpus backwards(const corpus *c) {
    corpus b = {.count = c->count};
    for (int32_t n = 0; n < c->count; n++) {
        const int32_t m = c->count - 1 - n;
        const int64_t length = c->starts[m + 1] - c->starts[m];
        memcpy(b.text + b.starts[n], c->text + c->starts[m], (size_t)length * sizeof(int32_t));
        b.starts[n + 1] = b.starts[n] + length;
        b.weights[n] = c->weights[m];
    }
    return b;
}

static inline void *room_for(size_t bytes) {
    void *found = malloc(bytes ? bytes : 1);
    if (!found) {
        exit(1);
    }
    memset(found, 0x7F, bytes); /* what is not cleared shows */
    return found;
}

static inline void *twin(const void *from, size_t bytes) {
    void *found = room_for(bytes);
    memcpy(found, from, bytes);
    return found;
}

typedef struct {
    ml_tree_dims dims;
    ml_tree tree;
    int32_t *work; /* (reach + 2) */
} plant;

static inline plant bare(int32_t reach, int32_t whole, int32_t room) {
    int32_t slots = 1;
    while (slots <= room) {
        slots *= 2;
    }
    const ml_tree tree = {room_for((size_t)room * ML_TREE_NODE * sizeof(int32_t)),
                          room_for((size_t)room * ML_TREE_TRACE * sizeof(double)),
                          room_for((size_t)slots * sizeof(int32_t)), room_for(sizeof(int64_t)),
                          room_for(sizeof(double))};
    return (plant){{A, reach, whole, room, slots},
                   tree,
                   room_for((size_t)(reach + 2) * sizeof(int32_t))};
}

static inline plant seeded(int32_t reach, int32_t whole, int32_t room) {
    plant p = bare(reach, whole, room);
    promise(ml_tree_clear(&p.dims, &p.tree) == ML_OK, "a tree is cleared");
    return p;
}

static inline void felled(plant *p) {
    free(p->tree.nodes);
    free(p->tree.traces);
    free(p->tree.slots);
    free(p->tree.used);
    free(p->tree.scale);
    free(p->work);
}

static inline plant copy_of(const plant *p, double faint, int32_t sorted, int32_t room) {
    plant fresh = bare(p->dims.reach, p->dims.whole, room);
    int32_t *work = room_for(2 * (size_t)p->tree.used[0] * sizeof(int32_t));
    promise(ml_tree_copy(&p->dims, &p->tree, faint, sorted, &fresh.dims, &fresh.tree, work) ==
                ML_OK,
            "a tree is copied");
    free(work);
    return fresh;
}

/* Learn from the text of a corpus, copied into buffers that are not longer than it. */
static inline ml_status learn(plant *p, const ml_tree_rule *rule, const corpus *c, int32_t first,
                              double keep, int32_t *done) {
    const ml_strings strings = {c->count - first, 1, 1};
    const int64_t from = c->starts[first], length = c->starts[c->count] - from;
    int64_t *starts = room_for(((size_t)strings.count + 1) * sizeof(int64_t));
    for (int32_t n = 0; n <= strings.count; n++) {
        starts[n] = c->starts[first + n] - from;
    }
    int32_t *text = twin(c->text + from, (size_t)length * sizeof(int32_t));
    double *weights = twin(c->weights + first, (size_t)strings.count * sizeof(double));
    const ml_status status = ml_tree_learn(&p->dims, &p->tree, rule, &strings, starts, text,
                                           weights, keep, NULL, done, p->work);
    free(weights);
    free(text);
    free(starts);
    return status;
}

/* Learn all, in as many larger trees as it takes. */
static inline void taught(plant *p, const ml_tree_rule *rule, const corpus *c, double keep) {
    int32_t done = 0, first = 0;
    while (first < c->count) {
        const ml_status status = learn(p, rule, c, first, keep, &done);
        first += done;
        promise(status == ML_FULL || (status == ML_OK && first == c->count), "strings are learned");
        if (status == ML_FULL) {
            const int32_t room = 2 * (int32_t)p->tree.used[0] + LONGEST * (LONGEST + 1);
            plant fresh = copy_of(p, 1e-9, 0, room);
            felled(p);
            *p = fresh;
        } else if (status != ML_OK) {
            return;
        }
    }
}

static inline plant grown(int32_t reach, const ml_tree_rule *rule, const corpus *c) {
    plant p = seeded(reach, ENDLESS, FIRST);
    taught(&p, rule, c, 1);
    return p;
}

static inline int near(double a, double b) { return fabs(a - b) <= 1e-9 * (1 + fabs(a) + fabs(b)); }

#endif
