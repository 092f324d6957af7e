/* What trees of contexts promise of reading, run under the sanitizers: buffers are not one number
 * longer.
 *
 * With any argument it prints a digest of some steps, to compare builds with each other.
 */
#include "tree_world.h"

/* The chances of each symbol of some text, then of all symbols at each place, then after each
 * string: (text), (text, A), (N, A). */
static double *read(const plant *p, const ml_tree_rule *rule, const corpus *c, int32_t threads) {
    const ml_strings each = {c->count, threads, 1}, last = {c->count, threads, 0};
    const size_t length = (size_t)c->starts[c->count], own = (size_t)p->dims.reach + 2;
    const size_t after = (size_t)c->count;
    double *found = room_for((length + length * A + after * A) * sizeof(double));
    int32_t *text = twin(c->text, length * sizeof(int32_t));
    int32_t *work = room_for((size_t)threads * own * sizeof(int32_t));
    int kept = ml_tree_chances(&p->dims, &p->tree, rule, &each, c->starts, text, found, work);
    kept |= ml_tree_foretell(&p->dims, &p->tree, rule, &each, c->starts, text, found + length,
                             work);
    kept |= ml_tree_foretell(&p->dims, &p->tree, rule, &last, c->starts, text,
                             found + length + length * A, work);
    promise(kept == ML_OK, "a tree is read");
    free(work);
    free(text);
    return found;
}
static void test_chances(int32_t reach, const ml_tree_rule *rule) {
    const corpus c = spoken(N, 1), asked = spoken(N, 2);
    plant p = grown(reach, rule, &c);
    double *found = read(&p, rule, &asked, 1), *many = read(&p, rule, &asked, 5);
    const size_t length = (size_t)asked.starts[N], rows = length + N;
    const double *every = found + length;
    promise(!memcmp(found, many, (length + rows * A) * sizeof(double)), "threads change no bit");
    for (size_t i = 0; i < length; i++) {
        promise(near(found[i], every[i * A + (size_t)asked.text[i]]), "a chance is that foretold");
    }
    for (size_t row = 0; row < rows; row++) {
        double sum = 0;
        for (size_t a = 0; a < A; a++) {
            sum += every[row * A + a];
            promise(every[row * A + a] >= 0, "no chance is below 0");
        }
        promise(near(sum, 1), "chances sum to 1");
    }
    free(found);
    free(many);
    felled(&p);
}

/* How many strings of a corpus are like one of another; a beginning is not. */
static int32_t alike(const corpus *c, const int32_t *text, int64_t length) {
    int32_t found = 0;
    for (int32_t n = 0; n < c->count; n++) {
        const int64_t own = c->starts[n + 1] - c->starts[n];
        found += own == length &&
                 !memcmp(c->text + c->starts[n], text, (size_t)length * sizeof(int32_t));
    }
    return found;
}

static void test_counts(int32_t reach) {
    const corpus c = spoken(N, 1), asked = spoken(N, 2);
    plant p = grown(reach, usual, &c);
    const ml_strings each = {N, 1, 1};
    int32_t *text = twin(asked.text, (size_t)asked.starts[N] * sizeof(int32_t));
    double *counts = room_for(N * sizeof(double));
    promise(ml_tree_counts(&p.dims, &p.tree, &each, asked.starts, text, counts) == ML_OK,
            "strings are counted");
    for (int32_t n = 0; n < N; n++) {
        const int64_t length = asked.starts[n + 1] - asked.starts[n];
        promise(near(counts[n], alike(&c, asked.text + asked.starts[n], length)),
                "a string counts as often as it was learned");
    }
    text[0] = A;
    promise(ml_tree_counts(&p.dims, &p.tree, &each, asked.starts, text, counts) == ML_BAD_DIMS,
            "no symbol is counted that there is not");
    free(counts);
    free(text);
    felled(&p);
}

/* ---- completion, against all strings that there are ---- */

enum { L = 4, C = 3, ALL = A * A * A * A };

static void seen(float *evidence) {
    for (size_t i = 0; i < C * L * A; i++) {
        evidence[i] = (float)(1 + (i * 7) % 5) / 5;
    }
    memset(evidence, 0, A * sizeof(float)); /* the first symbol of the first is known */
    evidence[2] = 1;
}

static double likely(const plant *p, const ml_tree_rule *rule, const float *evidence, int ends,
                     const int32_t *text) {
    const ml_strings one = {1, 1, 1};
    const int64_t starts[2] = {0, L};
    double chances[L], weight = 1;
    ml_tree_chances(&p->dims, &p->tree, rule, &one, starts, text, chances, p->work);
    int ended = 0;
    for (size_t i = 0; i < L; i++) {
        weight *= evidence[i * A + (size_t)text[i]];
        weight *= ended ? text[i] == 0 : chances[i];
        ended |= ends && text[i] == 0;
    }
    return weight;
}

static void by_force(const plant *p, const ml_tree_rule *rule, const float *evidence, int ends,
                     double *chances) {
    double total = 0;
    memset(chances, 0, L * A * sizeof(double));
    for (int32_t which = 0; which < ALL; which++) {
        const int32_t text[L] = {which % A, which / A % A, which / A / A % A, which / A / A / A};
        const double weight = likely(p, rule, evidence, ends, text);
        total += weight;
        for (size_t i = 0; i < L; i++) {
            chances[i * A + (size_t)text[i]] += weight;
        }
    }
    for (size_t i = 0; i < L * A; i++) {
        chances[i] /= total;
    }
}

static float *completed(const plant *p, const ml_tree_rule *rule, const ml_completion *run) {
    float *evidence = room_for(C * L * A * sizeof(float));
    float *chances = room_for(C * L * A * sizeof(float));
    double *work =
        room_for((size_t)run->threads * ml_tree_work(&p->dims, run) * sizeof(double));
    int32_t *likeliest = room_for(C * L * sizeof(int32_t));
    seen(evidence);
    promise(ml_tree_complete(&p->dims, &p->tree, rule, run, evidence, chances, likeliest, work) ==
                ML_OK,
            "patterns are completed");
    for (size_t i = 0; i < C * L; i++) {
        promise(chances[i * A + (size_t)likeliest[i]] > 0, "the likeliest way is one of all");
    }
    free(likeliest);
    free(work);
    free(evidence);
    return chances;
}

static void test_completion(const ml_tree_rule *rule, int32_t ends) {
    const corpus c = spoken(N, 1);
    plant p = grown(2, rule, &c);
    float evidence[C * L * A];
    double known[L * A];
    seen(evidence);
    float *chances = completed(&p, rule, &(ml_completion){C, L, ALL, ends, 1});
    for (size_t n = 0; n < C; n++) {
        by_force(&p, rule, evidence + n * L * A, ends, known);
        for (size_t i = 0; i < L * A; i++) {
            promise(fabs(chances[n * L * A + i] - known[i]) < 1e-5, "no way is forgotten");
        }
    }
    free(chances);
    felled(&p);
}

static void test_narrow_completion(int32_t reach) {
    const corpus c = spoken(N, 1);
    plant p = grown(reach, usual, &c);
    float *one = completed(&p, usual, &(ml_completion){C, L, 3, 1, 1});
    float *many = completed(&p, usual, &(ml_completion){C, L, 3, 1, 5});
    promise(!memcmp(one, many, C * L * A * sizeof(float)), "threads change no bit of completions");
    for (size_t i = 0; i < C * L; i++) {
        float sum = 0;
        for (size_t a = 0; a < A; a++) {
            sum += one[i * A + a];
        }
        promise(fabsf(sum - 1) < 1e-5f, "a posterior sums to 1");
    }
    const ml_completion wrong[] = {{C, 0, 3, 1, 1}, {C, L, 0, 1, 1}, {C, L, 3, 1, 0}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        promise(!ml_tree_work(&p.dims, wrong + i), "completions of no length, ways or threads");
    }
    free(one);
    free(many);
    felled(&p);
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
    const corpus c = spoken(N, 1), asked = spoken(N, 2);
    for (size_t law = 0; law < sizeof laws / sizeof *laws; law++) {
        plant p = seeded(laws[law].law == ML_PUBLISHED ? -1 : 3, ENDLESS, FIRST);
        taught(&p, laws + law, &c, 0.99);
        double *chances = read(&p, laws + law, &asked, 1);
        float *ways = completed(&p, laws + law, &(ml_completion){C, L, 3, 1, 1});
        sum = mixed(sum, chances, (size_t)(asked.starts[N] * (A + 1) + N * A) * sizeof(double));
        sum = mixed(sum, ways, C * L * A * sizeof(float));
        free(ways);
        free(chances);
        felled(&p);
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
        test_narrow_completion(reach);
        test_counts(reach);
        test_chances(reach, laws);
        test_chances(reach, laws + 1);
    }
    test_chances(-1, laws + 2);
    for (int32_t ends = 0; ends < 2; ends++) {
        test_completion(laws, ends);
        test_completion(laws + 1, ends);
    }
    return broken;
}
