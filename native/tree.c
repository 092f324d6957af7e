/* Trees of contexts: what a string leaves in them, and how they grow; see tree.h. */
#include "tree.h"

#include <math.h>
#include <string.h>

#define SLACK 1e-9   /* of a count that rounding has left */
#define FADED 1e-100 /* a scale below this is due to be copied into a tree of scale 1 */

static int32_t added(const ml_tree *tree, size_t slot, int32_t parent, int32_t symbol) {
    const int32_t v = (int32_t)tree->used[0]++;
    int32_t *node = node_of(tree, v);
    node[SYMBOL] = symbol;
    node[PARENT] = parent;
    node[LINK] = NOTHING;
    node[CHILD] = NOTHING;
    node[SIBLING] = node_of(tree, parent)[CHILD];
    node_of(tree, parent)[CHILD] = v;
    memset(trace_of(tree, v), 0, ML_TREE_TRACE * sizeof(double));
    tree->slots[slot] = v;
    return v;
}

/* Give a node its suffix link where it has none, because it is new or lost it in a lesion. */
static void linked(const ml_tree *tree, int32_t v, int32_t link) {
    if (link != NOTHING && node_of(tree, v)[LINK] == NOTHING) {
        node_of(tree, v)[LINK] = link;
        trace_of(tree, link)[KINDS] += trace_of(tree, v)[PRESENCE];
    }
}

static void strengthened(const ml_tree *tree, int32_t v, double weight) {
    double *trace = trace_of(tree, v);
    const int32_t link = node_of(tree, v)[LINK];
    const double full = 1 / tree->scale[0], before = trace[PRESENCE];
    const double after = trace[COUNT] + weight;
    trace[COUNT] = after > SLACK * full ? after : 0;
    if (weight > 0) {
        trace[PRESENCE] = before + weight < full ? before + weight : full;
    } else {
        trace[PRESENCE] = before < trace[COUNT] ? before : trace[COUNT];
    }
    if (link != NOTHING) {
        trace_of(tree, link)[KINDS] += trace[PRESENCE] - before;
    }
}

/* The child by which a string goes on, stronger by so much. */
static int32_t followed(const ml_tree_dims *d, const ml_tree *tree, int32_t parent, int32_t symbol,
                        int32_t link, double weight) {
    const size_t slot = slot_of(d, tree, parent, symbol);
    const int32_t known = tree->slots[slot];
    const int32_t v = known == NOTHING ? added(tree, slot, parent, symbol) : known;
    linked(tree, v, link);
    strengthened(tree, v, weight);
    return v;
}

static int parting(const ml_tree *tree, int32_t v) {
    return living(tree, node_of(tree, v)[CHILD]) != NOTHING && only_child(tree, v) == NOTHING;
}

/* The published count, kept as kinds, of which a tree without suffixes has none: 2 where paths have
 * just parted, however many strings went there before; from then on every string counts. */
static void recounted(const ml_tree *tree, int32_t v, int parted, double weight) {
    double *trace = trace_of(tree, v);
    if (parting(tree, v)) {
        trace[KINDS] = parted ? trace[KINDS] + weight : 2 / tree->scale[0];
    } else if (living(tree, node_of(tree, v)[CHILD]) == NOTHING) {
        trace[KINDS] = trace[COUNT];
    }
}

static void ask(const ml_tree *tree, size_t slot) {
    const int32_t v = tree->slots[slot];
    if (v != NOTHING) {
        __builtin_prefetch(node_of(tree, v), 1);
        __builtin_prefetch(trace_of(tree, v), 1);
    }
}

/* Ask memory at once for all children by which a string may go on. A large tree is far away: to
 * wait for them one after the other takes longer than all that is done with them. */
static void asked_for(const ml_tree_dims *d, const ml_tree *tree, const contexts *c,
                      int32_t symbol) {
    for (int32_t k = 0; k < c->known; k++) {
        __builtin_prefetch(tree->slots + first_slot(d, c->at[k], symbol));
    }
    if (c->whole != NOTHING) {
        ask(tree, first_slot(d, c->whole, symbol));
    }
    for (int32_t k = 0; k < c->known; k++) {
        ask(tree, first_slot(d, c->at[k], symbol));
    }
}

/* Weights and traces are both times 1 / scale. */
static void learn(const ml_tree_dims *d, const ml_tree *tree, const ml_tree_rule *rule,
                  const int32_t *text, int64_t length, double weight, int32_t *at) {
    contexts c = begun(d, at);
    trace_of(tree, START)[COUNT] += weight;
    for (int64_t i = 0; i < length; i++) {
        int32_t context = ROOT, below = ROOT;
        asked_for(d, tree, &c, text[i]);
        trace_of(tree, ROOT)[COUNT] += weight;
        for (int32_t k = 0; k < c.known; k++) {
            const int32_t longer = c.at[k + 1];
            below = c.at[k + 1] = followed(d, tree, context, text[i], below, weight);
            context = longer;
        }
        const int32_t link = c.known == i + 1 ? below : NOTHING;
        c.known += c.known > 0 && c.known <= d->reach;
        if (i < d->whole) {
            const int32_t before = c.whole;
            const int parted = parting(tree, before);
            c.whole = followed(d, tree, before, text[i], link, weight);
            if (rule->law == ML_PUBLISHED) {
                recounted(tree, before, parted, weight);
            }
        }
    }
    if (rule->law == ML_PUBLISHED && length > 0) {
        recounted(tree, c.whole, 0, weight);
    }
}

/* Nodes that a string of this length adds at the most. */
static int64_t wanted(const ml_tree_dims *d, int64_t length) {
    const int64_t longest = d->reach + 1;
    return length * ((length < longest ? length : longest) + 1);
}

/* Whether a string was learned at least as much as it is to be unlearned. */
static int known_enough(const ml_tree_dims *d, const ml_tree *tree, const int32_t *text,
                        int64_t length, double weight) {
    return tree_count(d, tree, text, length) >= -weight * (1 - SLACK);
}

/* Whether a string can be learned whole. To unlearn takes room too, where nodes were lost. */
static ml_status ready_for(const ml_tree_dims *d, const ml_tree *tree, const int32_t *text,
                           int64_t length, double weight) {
    const int64_t room = weight != 0 ? wanted(d, length) : 0;
    if (tree->used[0] + room > d->room || tree->scale[0] < FADED) {
        return ML_FULL;
    }
    return weight < 0 && !known_enough(d, tree, text, length, weight) ? ML_ABSENT : ML_OK;
}

static int all_finite(int32_t count, const double *weights) {
    for (int32_t n = 0; n < count; n++) {
        if (!isfinite(weights[n])) {
            return 0;
        }
    }
    return 1;
}

ml_status ml_tree_learn(const ml_tree_dims *dims, const ml_tree *tree, const ml_tree_rule *rule,
                        const ml_strings *strings, const int64_t *starts, const int32_t *text,
                        const double *weights, double keep, double *chances, int32_t *done,
                        int32_t *work) {
    done[0] = 0;
    if (!dims_ok(dims) || !strings_ok(strings, starts, text, dims->symbols) ||
        !(keep > 0 && keep <= 1)) {
        return ML_BAD_DIMS;
    }
    if (!all_finite(strings->count, weights)) {
        return ML_NOT_FINITE;
    }
    for (int32_t n = 0; n < strings->count; n++) {
        const int32_t *own = text + starts[n];
        const int64_t length = starts[n + 1] - starts[n];
        const double weight = weights[n] / (tree->scale[0] * keep);
        const ml_status status = ready_for(dims, tree, own, length, weight);
        if (status != ML_OK) {
            return status;
        }
        if (chances) {
            tree_look(dims, tree, rule, own, length, chances + starts[n], work);
        }
        tree->scale[0] *= keep;
        if (weights[n] != 0) { /* what counts for nothing takes no room */
            learn(dims, tree, rule, own, length, weight, work);
        }
        done[0] = n + 1;
    }
    return ML_OK;
}

/* ---- whole trees ---- */

ml_status ml_tree_clear(const ml_tree_dims *dims, const ml_tree *tree) {
    if (!dims_ok(dims)) {
        return ML_BAD_DIMS;
    }
    memset(tree->slots, 0xFF, (size_t)dims->slots * sizeof(int32_t)); /* NOTHING */
    for (int32_t v = ROOT; v < FIRST; v++) {
        for (int32_t i = 0; i < ML_TREE_NODE; i++) {
            node_of(tree, v)[i] = NOTHING;
        }
        memset(trace_of(tree, v), 0, ML_TREE_TRACE * sizeof(double));
    }
    tree->used[0] = FIRST;
    tree->scale[0] = 1;
    return ML_OK;
}

/* The children of a node that are worth enough, by symbol: how many. */
static int32_t sorted_children(const ml_tree *tree, int32_t v, double least, int32_t *children) {
    int32_t count = 0;
    for (int32_t w = node_of(tree, v)[CHILD]; w != NOTHING; w = node_of(tree, w)[SIBLING]) {
        if (alive(tree, w) && trace_of(tree, w)[COUNT] >= least) {
            const int32_t symbol = node_of(tree, w)[SYMBOL];
            int32_t place = count++;
            for (; place > 0 && node_of(tree, children[place - 1])[SYMBOL] > symbol; place--) {
                children[place] = children[place - 1];
            }
            children[place] = w;
        }
    }
    return count;
}

/* The nodes that are worth enough, children after their parents; gives how many. */
static int64_t breadth_first(const ml_tree *tree, double least, int32_t *origin) {
    int64_t count = FIRST;
    origin[ROOT] = ROOT;
    origin[START] = START;
    for (int64_t v = ROOT; v < count; v++) {
        count += sorted_children(tree, origin[v], least, origin + count);
    }
    return count;
}

/* The same in the order they have. */
static int64_t as_they_are(const ml_tree *tree, double least, int32_t *origin, int32_t *kept) {
    int64_t count = 0;
    for (int32_t v = ROOT; v < tree->used[0]; v++) {
        const int32_t parent = node_of(tree, v)[PARENT];
        const int reached = parent >= 0 && parent < v && kept[parent];
        kept[v] = v < FIRST || (reached && alive(tree, v) && trace_of(tree, v)[COUNT] >= least);
        if (kept[v]) {
            origin[count++] = v;
        }
    }
    return count;
}

/* Plant an old node in its new place; its kinds only where no suffix links tell them. */
static void planted(const ml_tree *from, int32_t old, const ml_tree_dims *dims,
                    const ml_tree *tree, const int32_t *place) {
    const int32_t symbol = node_of(from, old)[SYMBOL];
    int32_t v = old;
    if (old >= FIRST) {
        const int32_t parent = place[node_of(from, old)[PARENT]];
        v = added(tree, slot_of(dims, tree, parent, symbol), parent, symbol);
    }
    for (int32_t i = COUNT; i <= KINDS; i++) {
        const int told = i != KINDS || dims->reach < 0;
        trace_of(tree, v)[i] = told ? trace_of(from, old)[i] * from->scale[0] : 0;
    }
}

ml_status ml_tree_copy(const ml_tree_dims *from_dims, const ml_tree *from, double faint,
                       int32_t sorted, const ml_tree_dims *dims, const ml_tree *tree,
                       int32_t *work) {
    if (!dims_ok(from_dims) || from->used[0] < FIRST || from->used[0] > from_dims->room ||
        !dims_ok(dims) || from->used[0] > dims->room) {
        return ML_BAD_DIMS;
    }
    const size_t used = (size_t)from->used[0];
    const double least = faint / from->scale[0];
    int32_t *origin = work, *place = work + used; /* of a new node; of an old one */
    const int64_t count = sorted ? breadth_first(from, least, origin)
                                 : as_they_are(from, least, origin, place);
    memset(place, 0xFF, used * sizeof(int32_t)); /* NOTHING */
    ml_tree_clear(dims, tree);
    for (int64_t v = ROOT; v < count; v++) {
        place[origin[v]] = (int32_t)v;
        planted(from, origin[v], dims, tree, place);
    }
    for (int64_t v = FIRST; v < count; v++) {
        const int32_t link = node_of(from, origin[v])[LINK];
        if (link >= 0 && link < from->used[0]) {
            linked(tree, (int32_t)v, place[link]);
        }
    }
    return ML_OK;
}
