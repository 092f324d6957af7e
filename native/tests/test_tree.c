/* What trees of contexts promise of learning, run under the sanitizers: buffers are not one number
 * longer.
 *
 * With any argument it prints a digest of some steps, to compare builds with each other.
 */
#include "tree_world.h"

static void conserved(const plant *p) {
    const ml_tree *tree = &p->tree;
    for (int32_t v = ROOT; v < tree->used[0]; v++) {
        double below = 0, kinds = 0;
        for (int32_t w = FIRST; w < tree->used[0]; w++) {
            below += node_of(tree, w)[PARENT] == v ? trace_of(tree, w)[COUNT] : 0;
            kinds += node_of(tree, w)[LINK] == v ? trace_of(tree, w)[PRESENCE] : 0;
        }
        const double *trace = trace_of(tree, v);
        const int end = v >= FIRST && node_of(tree, v)[CHILD] == NOTHING; /* or as far as it goes */
        const int bare_root = v == ROOT && p->dims.reach < 0;
        promise(end || bare_root || near(below, trace[COUNT]), "a node counts as its children");
        promise(p->dims.reach < 0 || near(kinds, trace[KINDS]), "kinds are told by links");
        promise(trace[PRESENCE] * tree->scale[0] <= 1 + 1e-9, "presence is at most 1");
        promise(v < FIRST || trace[PRESENCE] <= trace[COUNT] * (1 + 1e-9), "nor above the count");
    }
}

static int alike(const plant *one, const plant *two) {
    plant a = copy_of(one, 0, 1, (int32_t)one->tree.used[0]);
    plant b = copy_of(two, 0, 1, (int32_t)two->tree.used[0]);
    const size_t used = (size_t)a.tree.used[0];
    int same = a.tree.used[0] == b.tree.used[0] &&
               !memcmp(a.tree.nodes, b.tree.nodes, used * ML_TREE_NODE * sizeof(int32_t));
    for (size_t i = 0; same && i < used * ML_TREE_TRACE; i++) {
        same = near(a.tree.traces[i], b.tree.traces[i]);
    }
    felled(&a);
    felled(&b);
    return same;
}

static void test_counts_are_conserved(int32_t reach) {
    const corpus c = spoken(N, 1);
    plant p = grown(reach, usual, &c);
    conserved(&p);
    promise(trace_of(&p.tree, START)[COUNT] == N, "the start counts strings");
    promise(trace_of(&p.tree, ROOT)[COUNT] == (double)c.starts[N], "the root counts symbols");
    felled(&p);
}

static void test_any_order_and_any_room(int32_t reach) {
    const corpus c = spoken(N, 1), b = backwards(&c);
    plant p = grown(reach, usual, &c), q = grown(reach, usual, &b);
    plant wide = seeded(reach, ENDLESS, 4096);
    int32_t done;
    promise(learn(&wide, usual, &c, 0, 1, &done) == ML_OK && done == N, "there is room");
    promise(alike(&p, &q), "the order of strings does not matter");
    promise(alike(&p, &wide), "a tree that was copied when it was full goes on as one with room");
    felled(&p);
    felled(&q);
    felled(&wide);
}

static void test_no_room(void) {
    const corpus c = spoken(N, 1);
    plant p = seeded(3, ENDLESS, 60);
    int32_t done = -1;
    promise(learn(&p, usual, &c, 0, 1, &done) == ML_FULL, "a full tree is told");
    promise(done > 0 && done < N, "and how far it came");
    promise(trace_of(&p.tree, START)[COUNT] == done, "the string that has no room leaves nothing");
    conserved(&p);
    felled(&p);
}

static void test_unlearning(int32_t reach) {
    const corpus c = spoken(N, 1);
    corpus some = spoken(N / 2, 1), gone = backwards(&c); /* the first half; then the second */
    gone.count = N / 2;
    for (int32_t n = 0; n < gone.count; n++) {
        gone.weights[n] = -1;
    }
    plant p = grown(reach, usual, &c), q = grown(reach, usual, &some);
    int32_t done;
    promise(learn(&p, usual, &gone, 0, 1, &done) == ML_OK, "what was learned is unlearned");
    promise(alike(&p, &q), "a tree that unlearned is one that never learned");
    conserved(&p);
    felled(&p);
    felled(&q);
}

static void refused_to_unlearn(plant *p, const int32_t *text, int32_t length, double weight) {
    plant before = copy_of(p, 0, 0, (int32_t)p->tree.used[0]);
    corpus c = {.count = 1, .starts = {0, length}, .weights = {weight}};
    memcpy(c.text, text, (size_t)length * sizeof(int32_t));
    int32_t done = -1;
    promise(learn(p, usual, &c, 0, 0.5, &done) == ML_ABSENT && done == 0,
            "what was never learned, or less, or only as a beginning, is not unlearned");
    promise(alike(p, &before) && p->tree.scale[0] == 1, "nor is anything half done");
    felled(&before);
}

static void test_absent(void) {
    corpus c = {.count = 2, .text = {1, 2, 3, 0, 1, 2, 0}, .starts = {0, 4, 7}, .weights = {1, 2}};
    plant p = grown(2, usual, &c);
    refused_to_unlearn(&p, (int32_t[]){2, 0}, 2, -1);
    refused_to_unlearn(&p, (int32_t[]){1, 2, 3, 0}, 4, -1.5);
    refused_to_unlearn(&p, (int32_t[]){1, 2}, 2, -1);
    refused_to_unlearn(&p, (int32_t[]){3, 0}, 2, -1); /* it is there, but not from the start */
    felled(&p);
}

static void test_what_is_lost_is_not_unlearned_beyond_the_room(void) {
    corpus c = {.count = 1, .text = {1, 2, 3, 0}, .starts = {0, 4}, .weights = {1}};
    plant p = grown(2, usual, &c);
    for (int32_t v = FIRST; v < p.tree.used[0]; v++) { /* a lesion of all but the whole path */
        int32_t top = v;
        while (top >= FIRST) {
            top = node_of(&p.tree, top)[PARENT];
        }
        trace_of(&p.tree, v)[COUNT] *= top == START;
    }
    plant left = copy_of(&p, 0, 0, (int32_t)p.tree.used[0]);
    plant tight = copy_of(&left, 0, 0, (int32_t)left.tree.used[0]);
    c.weights[0] = -1;
    int32_t done;
    promise(learn(&tight, usual, &c, 0, 1, &done) == ML_FULL && done == 0,
            "unlearning needs room where nodes were lost");
    felled(&p);
    felled(&left);
    felled(&tight);
}

static void test_refusals(void) {
    const corpus c = spoken(3, 1);
    plant p = seeded(2, ENDLESS, 64);
    const ml_tree_dims wrong[] = {{1, 2, 1, 64, 128}, {A, -2, 1, 64, 128}, {A, 2, -1, 64, 128},
                                  {A, 2, 1, 1, 128},  {A, 2, 1, 64, 64},   {A, 2, 1, 64, 129}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        promise(ml_tree_clear(wrong + i, &p.tree) == ML_BAD_DIMS, "wrong sizes are refused");
    }
    int32_t done;
    for (int32_t symbol = -1; symbol <= A; symbol += A + 1) {
        corpus odd = c;
        odd.text[2] = symbol;
        promise(learn(&p, usual, &odd, 0, 1, &done) == ML_BAD_DIMS, "symbols must be known");
    }
    corpus odd = c;
    odd.starts[1] = odd.starts[2] + 1;
    promise(learn(&p, usual, &odd, 0, 1, &done) == ML_BAD_DIMS, "strings must lie in order");
    odd = c;
    odd.weights[1] = NAN;
    promise(learn(&p, usual, &odd, 0, 1, &done) == ML_NOT_FINITE, "weights must be numbers");
    promise(learn(&p, usual, &c, 0, 0, &done) == ML_BAD_DIMS, "something must be kept");
    promise(learn(&p, usual, &c, 0, 1.5, &done) == ML_BAD_DIMS, "and no more than all");
    promise(p.tree.used[0] == FIRST && trace_of(&p.tree, START)[COUNT] == 0, "nothing is learned");
    felled(&p);
}

static void test_fading(void) {
    plant p = seeded(3, ENDLESS, 64);
    for (uint32_t turn = 0; turn < 1000 / N; turn++) {
        const corpus c = spoken(N, turn);
        taught(&p, usual, &c, 0.5);
    }
    const double strings = trace_of(&p.tree, START)[COUNT] * p.tree.scale[0];
    promise(fabs(strings - 2) < 1e-6, "1 + 1/2 + 1/4 ... strings are left");
    plant fresh = copy_of(&p, 1e-9, 1, (int32_t)p.tree.used[0]);
    for (int64_t i = 0; i < fresh.tree.used[0] * ML_TREE_TRACE; i++) {
        promise(isfinite(fresh.tree.traces[i]), "what fades stays finite");
    }
    felled(&p);
    felled(&fresh);
}

static uint64_t mixed(uint64_t sum, const void *from, size_t bytes) { /* FNV-1a */
    const unsigned char *byte = from;
    for (size_t i = 0; i < bytes; i++) {
        sum = (sum ^ byte[i]) * 1099511628211u;
    }
    return sum;
}

static uint64_t digest(void) {
    uint64_t sum = 14695981039346656037u;
    for (size_t law = 0; law < sizeof laws / sizeof *laws; law++) {
        const corpus c = spoken(N, 1);
        plant p = seeded(laws[law].law == ML_PUBLISHED ? -1 : 3, ENDLESS, FIRST);
        taught(&p, laws + law, &c, 0.99);
        plant fresh = copy_of(&p, 0, 1, (int32_t)p.tree.used[0]);
        const size_t used = (size_t)fresh.tree.used[0];
        sum = mixed(sum, fresh.tree.nodes, used * ML_TREE_NODE * sizeof(int32_t));
        sum = mixed(sum, fresh.tree.traces, used * ML_TREE_TRACE * sizeof(double));
        felled(&p);
        felled(&fresh);
    }
    return sum;
}

int main(int count, char **arguments) {
    (void)arguments;
    if (count > 1) {
        printf("%016llx\n", (unsigned long long)digest());
        return 0;
    }
    for (int32_t reach = -1; reach <= 7; reach += 2) {
        test_counts_are_conserved(reach);
        test_any_order_and_any_room(reach);
        test_unlearning(reach);
    }
    test_no_room();
    test_absent();
    test_what_is_lost_is_not_unlearned_beyond_the_room();
    test_refusals();
    test_fading();
    return broken;
}
