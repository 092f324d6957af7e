/* What trees of contexts are made of, and what they expect next; equations: memlab/text/tree.py.
 *
 * A node is a context and the symbol after it: the path from the root (node 0), or from the start
 * of strings (node 1). Its suffix link leads to the same without the oldest symbol. Traces of a
 * node: its count; its presence, at most 1; and its kinds, the presence of all that link to it, so
 * how many symbols came before it. In a context x the values v of its children are their counts,
 * where x is the longest or begins a string, and else their kinds:
 *   Kneser-Ney   P(c|x) = (v_c - d min(1, v_c) + (s + sum d min(1, v)) P(c|x')) / (sum v + s)
 *   Witten-Bell  P(c|x) = (n_c + T P(c|x')) / (sum n + T),  n the counts, T how many are not 0
 *   published    P(c|x) = n_c / sum n,  n what was counted where paths part, kept as kinds
 * x' is x without its oldest symbol, and below the empty context all symbols are alike.
 */
#ifndef MEMLAB_TREE_H
#define MEMLAB_TREE_H

#include "memlab.h"

enum { SYMBOL, PARENT, LINK, CHILD, SIBLING };
enum { COUNT, PRESENCE, KINDS };
enum { ROOT, START, FIRST };

#define NOTHING (-1)
#define GOLDEN 0x9E3779B97F4A7C15u /* 2^64 over the golden ratio */

static inline int32_t *node_of(const ml_tree *tree, int32_t v) {
    return tree->nodes + (size_t)v * ML_TREE_NODE;
}

static inline double *trace_of(const ml_tree *tree, int32_t v) {
    return tree->traces + (size_t)v * ML_TREE_TRACE;
}

static inline int alive(const ml_tree *tree, int32_t v) { return trace_of(tree, v)[COUNT] > 0; }

static inline int dims_ok(const ml_tree_dims *d) {
    return d && d->symbols > 1 && d->reach >= -1 && d->whole >= 0 && d->room >= FIRST &&
           d->slots > d->room && (d->slots & (d->slots - 1)) == 0;
}

static inline int strings_ok(const ml_strings *s, const int64_t *starts, const int32_t *text,
                             int32_t symbols) {
    if (!s || s->count < 0 || s->threads < 1 || starts[0] != 0) {
        return 0;
    }
    for (int32_t n = 0; n < s->count; n++) {
        if (starts[n + 1] < starts[n]) {
            return 0;
        }
    }
    for (int64_t i = 0; i < starts[s->count]; i++) {
        if (text[i] < 0 || text[i] >= symbols) {
            return 0;
        }
    }
    return 1;
}

/* Where the search for a child begins. */
static inline size_t first_slot(const ml_tree_dims *d, int32_t parent, int32_t symbol) {
    const uint64_t mixed = (((uint64_t)(uint32_t)parent << 32) | (uint32_t)symbol) * GOLDEN;
    return (size_t)(mixed >> 32) & ((size_t)d->slots - 1);
}

/* Where a child is found, or would be. */
static inline size_t slot_of(const ml_tree_dims *d, const ml_tree *tree, int32_t parent,
                             int32_t symbol) {
    const size_t mask = (size_t)d->slots - 1;
    size_t slot = first_slot(d, parent, symbol);
    while (tree->slots[slot] != NOTHING) {
        const int32_t *node = node_of(tree, tree->slots[slot]);
        if (node[PARENT] == parent && node[SYMBOL] == symbol) {
            break;
        }
        slot = (slot + 1) & mask;
    }
    return slot;
}

/* The child that is alive; NOTHING if there is none. */
static inline int32_t child_of(const ml_tree_dims *d, const ml_tree *tree, int32_t parent,
                               int32_t symbol) {
    if (parent == NOTHING) {
        return NOTHING;
    }
    const int32_t child = tree->slots[slot_of(d, tree, parent, symbol)];
    return child != NOTHING && alive(tree, child) ? child : NOTHING;
}

/* Of this node and its older siblings the first that is alive. */
static inline int32_t living(const ml_tree *tree, int32_t v) {
    while (v != NOTHING && !alive(tree, v)) {
        v = node_of(tree, v)[SIBLING];
    }
    return v;
}

/* Its only child, NOTHING where there are none or several. */
static inline int32_t only_child(const ml_tree *tree, int32_t v) {
    const int32_t first = living(tree, node_of(tree, v)[CHILD]);
    const int alone = first != NOTHING && living(tree, node_of(tree, first)[SIBLING]) == NOTHING;
    return alone ? first : NOTHING;
}

/* How much of what came to a node ends there. */
static inline double ended(const ml_tree *tree, int32_t v) {
    double left = trace_of(tree, v)[COUNT];
    for (int32_t w = node_of(tree, v)[CHILD]; w != NOTHING; w = node_of(tree, w)[SIBLING]) {
        left -= trace_of(tree, w)[COUNT];
    }
    return left;
}

/* How much a string was learned, times 1 / scale; 0 where its way leads nowhere. */
static inline double tree_count(const ml_tree_dims *d, const ml_tree *tree, const int32_t *text,
                                int64_t length) {
    int32_t v = START;
    for (int64_t i = 0; i < length; i++) {
        v = child_of(d, tree, v, text[i]);
    }
    return v == NOTHING ? 0 : ended(tree, v);
}

/* ---- where a string is ---- */

/* The contexts that end where a string is read; NOTHING where they were never met. */
typedef struct {
    int32_t *at;   /* (reach + 2) by their length, the root first */
    int32_t known; /* of them: as long as the string is, or can reach */
    int32_t whole; /* the one that begins the string */
} contexts;

static inline contexts begun(const ml_tree_dims *d, int32_t *at) {
    at[0] = ROOT;
    return (contexts){at, d->reach < 0 ? 0 : 1, d->whole > 0 ? START : NOTHING};
}

static inline void moved(const ml_tree_dims *d, const ml_tree *tree, contexts *c, int64_t place,
                         int32_t symbol) {
    for (int32_t k = c->known - 1; k >= 0; k--) {
        c->at[k + 1] = child_of(d, tree, c->at[k], symbol);
    }
    c->known += c->known > 0 && c->known <= d->reach;
    c->whole = place + 1 < d->whole ? child_of(d, tree, c->whole, symbol) : NOTHING;
}

/* ---- what comes next ---- */

double tree_chance(const ml_tree_dims *d, const ml_tree *tree, const ml_tree_rule *rule,
                   const contexts *c, int32_t symbol);

/* Of all symbols, (A). */
void tree_chances(const ml_tree_dims *d, const ml_tree *tree, const ml_tree_rule *rule,
                  const contexts *c, double *chances);

/* The chance of each symbol of a string where it stands: chances (length). */
void tree_look(const ml_tree_dims *d, const ml_tree *tree, const ml_tree_rule *rule,
               const int32_t *text, int64_t length, double *chances, int32_t *at);

#endif
