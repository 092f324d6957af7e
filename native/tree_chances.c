/* What a tree of contexts expects next: contexts from the shortest to the longest; see tree.h. */
#include "tree.h"

typedef struct {
    double total; /* what all symbols are worth after a context */
    double lower; /* of that, what shorter contexts share out */
    double own;   /* of that, what one symbol is worth beyond it */
} worth;

/* What was counted where paths part next, or where they end. */
static double counted_below(const ml_tree *tree, int32_t v) {
    for (int32_t next = only_child(tree, v); next != NOTHING; next = only_child(tree, v)) {
        v = next;
    }
    return trace_of(tree, v)[KINDS];
}

static double value_of(const ml_tree *tree, const ml_tree_rule *rule, int32_t v, int raw) {
    if (!alive(tree, v)) {
        return 0;
    }
    const double *trace = trace_of(tree, v);
    const double value = rule->law == ML_PUBLISHED ? counted_below(tree, v)
                                                   : trace[raw ? COUNT : KINDS];
    return value * tree->scale[0];
}

/* What of a value shorter contexts share. */
static double shared_of(const ml_tree_rule *rule, double value) {
    switch (rule->law) {
    case ML_KNESER_NEY:
        return rule->discount * (value < 1 ? value : 1);
    case ML_WITTEN_BELL:
        return value > 0;
    default:
        return 0;
    }
}

/* What of a value they do not. */
static double own_of(const ml_tree_rule *rule, double value) {
    return rule->law == ML_KNESER_NEY ? value - shared_of(rule, value) : value;
}

static worth worth_of(const ml_tree *tree, const ml_tree_rule *rule, int32_t context, int raw,
                      double strength, int32_t symbol) {
    worth w = {0, 0, 0};
    for (int32_t v = node_of(tree, context)[CHILD]; v != NOTHING; v = node_of(tree, v)[SIBLING]) {
        const double value = value_of(tree, rule, v, raw);
        w.total += value;
        w.lower += shared_of(rule, value);
        if (node_of(tree, v)[SYMBOL] == symbol) {
            w.own = own_of(rule, value);
        }
    }
    if (rule->law == ML_WITTEN_BELL) {
        w.total += w.lower;
    } else if (rule->law == ML_KNESER_NEY) {
        w.total += strength;
        w.lower += strength;
    }
    return w;
}

static double blended(const ml_tree *tree, const ml_tree_rule *rule, int32_t context, int raw,
                      double strength, int32_t symbol, double chance) {
    const worth w = worth_of(tree, rule, context, raw, strength, symbol);
    return w.total > 0 ? (w.own + w.lower * chance) / w.total : chance;
}

static void blend(const ml_tree_dims *d, const ml_tree *tree, const ml_tree_rule *rule,
                  int32_t context, int raw, double strength, double *chances) {
    const worth w = worth_of(tree, rule, context, raw, strength, NOTHING);
    if (!(w.total > 0)) {
        return;
    }
    const double share = w.lower / w.total, each = 1 / w.total;
    for (int32_t a = 0; a < d->symbols; a++) {
        chances[a] *= share;
    }
    for (int32_t v = node_of(tree, context)[CHILD]; v != NOTHING; v = node_of(tree, v)[SIBLING]) {
        chances[node_of(tree, v)[SYMBOL]] += own_of(rule, value_of(tree, rule, v, raw)) * each;
    }
}

static int counts_at(const ml_tree_dims *d, const ml_tree_rule *rule, int32_t length) {
    return rule->law != ML_KNESER_NEY || length == d->reach;
}

double tree_chance(const ml_tree_dims *d, const ml_tree *tree, const ml_tree_rule *rule,
                   const contexts *c, int32_t symbol) {
    double chance = 1.0 / d->symbols;
    for (int32_t k = 0; k < c->known && c->at[k] != NOTHING; k++) {
        const int raw = counts_at(d, rule, k);
        chance = blended(tree, rule, c->at[k], raw, rule->strength, symbol, chance);
    }
    if (c->whole != NOTHING) {
        chance = blended(tree, rule, c->whole, 1, rule->start, symbol, chance);
    }
    return chance;
}

void tree_chances(const ml_tree_dims *d, const ml_tree *tree, const ml_tree_rule *rule,
                  const contexts *c, double *chances) {
    for (int32_t a = 0; a < d->symbols; a++) {
        chances[a] = 1.0 / d->symbols;
    }
    for (int32_t k = 0; k < c->known && c->at[k] != NOTHING; k++) {
        blend(d, tree, rule, c->at[k], counts_at(d, rule, k), rule->strength, chances);
    }
    if (c->whole != NOTHING) {
        blend(d, tree, rule, c->whole, 1, rule->start, chances);
    }
}

void tree_look(const ml_tree_dims *d, const ml_tree *tree, const ml_tree_rule *rule,
               const int32_t *text, int64_t length, double *chances, int32_t *at) {
    contexts c = begun(d, at);
    for (int64_t i = 0; i < length; i++) {
        chances[i] = tree_chance(d, tree, rule, &c, text[i]);
        moved(d, tree, &c, i, text[i]);
    }
}
