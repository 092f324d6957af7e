/* memlab: the whole C interface. The Python bindings are generated from this file.
 *
 * Every function is pure work on buffers the caller owns: nothing is allocated, kept, printed or
 * drawn at random. Arrays are contiguous float32 in C order and must never overlap. The bits of a
 * result depend neither on the number of threads nor, but for recurrent cells, on the instruction
 * set.
 */
#ifndef MEMLAB_H
#define MEMLAB_H

#ifndef MEMLAB_CDEF
#include <stddef.h>
#include <stdint.h>
#endif

typedef enum { ML_OK, ML_BAD_DIMS, ML_NOT_FINITE, ML_FULL, ML_ABSENT } ml_status;

/* ---- Gray-Scott with scars: gray_scott.c ---- */

typedef struct {
    int32_t replicates; /* R: each has its own feed and kill */
    int32_t cues;       /* C: fields of one replicate, sharing its feed and kill */
    int32_t height;     /* H */
    int32_t width;      /* W */
} ml_field_dims;

typedef struct {
    float diffuse_u; /* weight of the stencil, per time */
    float diffuse_v;
    float decay; /* factor on v after each step */
    float dt;    /* time per step */
} ml_kinetics;

typedef enum { ML_SATURATING, ML_GRADED } ml_scar_law;

typedef struct {
    ml_scar_law law;
    float threshold;          /* v and target must both exceed it */
    float gate;               /* the similarity must exceed it */
    float fade;               /* share of the scar lost per step */
    float feed, kill;         /* unscarred values, 1/time */
    float feed_min, feed_max; /* bounds of the scarred values */
    float kill_min, kill_max;
} ml_scar_rule;

/* Floats of scratch that ml_gs_advance and ml_gs_train need; 0 for dimensions they refuse. */
size_t ml_gs_work(const ml_field_dims *dims, int32_t threads);

/* Let u, v (R, C, H, W) take `steps` steps in place; feed, kill (R, H, W). */
ml_status ml_gs_advance(const ml_field_dims *dims, const ml_kinetics *kinetics, int32_t steps,
                        int32_t threads, const float *restrict feed, const float *restrict kill,
                        float *restrict u, float *restrict v, float *restrict work);

/* The same with the scar rule after each step, so feed and kill change too. C must be 1.
 * target (R, H, W); feed_gain, kill_gain (R): what one act adds to feed and takes from kill
 * where the match is full (0: the rule never acts on this replicate); similarity (R, steps). */
ml_status ml_gs_train(const ml_field_dims *dims, const ml_kinetics *kinetics,
                      const ml_scar_rule *rule, int32_t steps, int32_t threads,
                      const float *restrict target, const float *restrict feed_gain,
                      const float *restrict kill_gain, float *restrict u, float *restrict v,
                      float *restrict feed, float *restrict kill, float *restrict similarity,
                      float *restrict work);

/* ---- Phase oscillators: kuramoto.c ---- */

typedef struct {
    int32_t replicates; /* R: each has its own couplings */
    int32_t cues;       /* C: fields of one replicate */
    int32_t height;     /* H; 1 of reach 0 */
    int32_t width;      /* W */
    int32_t reach;      /* r, below half of H and of W; 0: all are coupled to all */
} ml_phase_dims;

typedef struct {
    float injection; /* K_s, rad/time */
    float second;    /* eps: second harmonic that couples all alike, rad/time */
    float still;     /* a field has settled when no phase moves faster, rad/time */
} ml_phase_motion;

/* Floats of scratch that ml_kuramoto_relax needs; 0 for dimensions it refuses. */
size_t ml_kuramoto_work(const ml_phase_dims *dims, int32_t threads);

/* Let theta (R, C, H, W), rad, relax in place for at most `steps` steps.
 * coupling (R, (2r + 1)^2 - 1, H, W), of reach 0 (R, W from, W to); omega (R, H, W);
 * dt (R): time per step; loose (R, C, H, W): 1, or 0 where a phase is held. */
ml_status ml_kuramoto_relax(const ml_phase_dims *dims, const ml_phase_motion *motion,
                            int32_t steps, int32_t threads, const float *restrict coupling,
                            const float *restrict omega, const float *restrict dt,
                            const float *restrict loose, float *restrict theta,
                            float *restrict work);

/* ---- Recurrent cells: cells.c; equations and adjoints: memlab/cells/equations ---- */

typedef enum {
    ML_AMRC,
    ML_PMRC,
    ML_AMN,
    ML_DTPN,
    ML_HYPER_AMN,
    ML_SGW_AMN,
    ML_NDM
} ml_cell_kind;

enum {
    ML_RECURRENT = 1,     /* PMRC: units see each other */
    ML_GATES = 2,         /* PMRC: gated memories */
    ML_OUTPUT_MEMORY = 4, /* PMRC: outputs are low-passed */
    ML_FROZEN = 8         /* NDM: fast weights stay */
};

typedef struct {
    ml_cell_kind kind;
    int32_t flags;
    int32_t inputs;     /* I */
    int32_t hidden;     /* H */
    int32_t outputs;    /* O */
    int32_t slots;      /* M: AMN, DTPN (keys), Hyper-AMN, SGW-AMN, NDM */
    int32_t heads;      /* Hyper-AMN */
    int32_t rank;       /* AMRC; 0: units do not see each other */
    int32_t candidates; /* SGW-AMN */
    int32_t workspace;  /* SGW-AMN */
} ml_cell;

/* Numbers, not bytes. */
typedef struct {
    size_t parameters; /* of all parameters, one after the other */
    size_t state;      /* of a stream's state */
    size_t tape;       /* of what a stream leaves of one step for the adjoint */
    size_t kept;       /* of what it leaves besides in the first of every few steps */
    size_t every;      /* how many steps those are */
    size_t packed;     /* of all that follows from the parameters */
    size_t work;       /* of scratch for one thread */
    size_t streams;    /* whose gradients are summed apart: a tile */
} ml_cell_size;

/* What walks through float32: sums in another order, so other bits. float64 has the plain one. */
typedef enum { ML_BEST, ML_PLAIN, ML_AVX2, ML_AVX512 } ml_instructions;

typedef struct {
    int32_t batch;   /* B: streams */
    int32_t steps;   /* T */
    int32_t threads; /* change no bit */
    int32_t doubles; /* whether arrays are of float64 instead of float32 */
    ml_instructions instructions; /* ML_ABSENT: the machine or the build lacks them */
} ml_cell_run;

ml_status ml_cell_sizes(const ml_cell *cell, ml_cell_size *sizes);

/* What every run with these parameters, the effective ones, reads besides them; laid out the same
 * for all instruction sets. */
ml_status ml_cell_pack(const ml_cell *cell, int32_t doubles, const void *parameters, void *packed);

/* x (B, T, I), mask (B, T) of 0 for padding or NULL, state (B, S) in place, NULL for a blank one that
 * nobody wants afterwards, y (B, T, O); tape
 * (B (T tape + ceil(T / every) kept)) or NULL; work (threads, work). */
ml_status ml_cell_forward(const ml_cell *cell, const ml_cell_run *run, const void *parameters,
                          const void *packed, const void *x, const uint8_t *mask, void *state,
                          void *y, void *tape, void *work);

/* A float32 cell with all that a walk of one thread needs, work (work), in one place: whoever calls
 * from Python pays for every argument. */
typedef struct {
    const ml_cell *cell;
    const void *parameters, *packed;
    void *work;
} ml_cell_seat;

/* One stream of float32 numbers: x (T, I), y (T, O); state (S) in place, NULL for a blank one that
 * nobody wants afterwards. ML_NOT_FINITE for x that is not, before anything is changed. */
ml_status ml_cell_answer(const ml_cell_seat *seat, int32_t steps, const void *x, void *state,
                         void *y);

/* The exact adjoint of a forward with tape, which it uses up: gy (B, T, O) and gstate (B, S) of
 * the last state give gstate of the first, gx (B, T, I), and the gradient of the parameters in the
 * first of gradients (ceil(B / streams), parameters). */
ml_status ml_cell_backward(const ml_cell *cell, const ml_cell_run *run, const void *parameters,
                           const void *packed, const uint8_t *mask, void *tape, const void *gy,
                           void *gstate, void *gx, void *gradients, void *work);

/* ---- Optimisers that clip the norm of their gradient: optimisers.c ---- */

typedef struct {
    int32_t replicates; /* R: each an optimiser of its own */
    int32_t parameters; /* P: of each */
    int32_t threads;    /* change no bit */
    int32_t doubles;    /* whether arrays are of float64 instead of float32; norm always is */
} ml_flat_run;

typedef struct {
    double rate;
    double first;   /* what is kept of the mean gradient: beta_1, the momentum of SGD */
    double second;  /* beta_2 of Adam */
    double epsilon; /* of Adam */
    double clip;    /* of the norm; INFINITY: none */
} ml_optimiser;

/* One step in place of parameters, mean, square (R, P) and of their count, steps (R), along
 * gradient (R, P). Where trained (P) is 0, parameters keep their bits and the gradient counts as 0;
 * NULL: all are trained. share (R) of a step, 0 for none; NULL: all of it. Gives norm (R), before
 * clipping; if one that is to be followed is not finite, nothing moves. */
ml_status ml_adam_step(const ml_optimiser *adam, const ml_flat_run *run,
                       const void *restrict gradient, const uint8_t *restrict trained,
                       const void *restrict share, void *restrict parameters, void *restrict mean,
                       void *restrict square, void *restrict steps, double *restrict norm);

/* The same by momentum: mean (R, P) is the velocity. */
ml_status ml_sgd_step(const ml_optimiser *sgd, const ml_flat_run *run,
                      const void *restrict gradient, const uint8_t *restrict trained,
                      const void *restrict share, void *restrict parameters, void *restrict mean,
                      double *restrict norm);

/* ---- Hebbian layers: hebbian.c; equations: memlab/hebbian/stable.py ---- */

typedef struct {
    int32_t replicates; /* R: each a layer of its own */
    int32_t steps;      /* T */
    int32_t vocabulary; /* V: tokens there are */
    int32_t features;   /* F: of a token */
    int32_t units;      /* H */
    int32_t winners;    /* k, at most H */
    int32_t threads;    /* change no bit */
} ml_layer_dims;

typedef enum { ML_ROW_NORM, ML_OJA } ml_layer_law;

typedef struct {
    ml_layer_law law;
    float rate; /* all of them per step */
    float threshold_rate;
    float mean_rate;
    float decay;         /* share of the fast weights lost */
    float consolidation; /* share of the fast weights that becomes slow */
} ml_layer_rule;

/* Floats of scratch that ml_layer_learn needs; 0 for dimensions it refuses. */
size_t ml_layer_work(const ml_layer_dims *dims);

/* Let slow, fast (R, H, F), mean (R, F) and threshold (R, H) learn in place from `steps` batches.
 * features (R, V, F); shares (R, T, V) of each token in each batch; salience (R, T). */
ml_status ml_layer_learn(const ml_layer_dims *dims, const ml_layer_rule *rule,
                         const float *restrict features, const float *restrict shares,
                         const float *restrict salience, float *restrict slow,
                         float *restrict fast, float *restrict mean, float *restrict threshold,
                         float *restrict work);

/* Where won (rows, units) is 1, fields is among the k largest of its row; equal ones win by the
 * lower index, so that there are exactly k. work (2 k). */
ml_status ml_winners(int32_t rows, int32_t units, int32_t winners, const float *restrict fields,
                     uint8_t *restrict won, float *restrict work);

/* ---- Trees of contexts: tree.c; equations: memlab/text/tree.py ---- */

enum { ML_TREE_NODE = 5, ML_TREE_TRACE = 3 }; /* numbers of a node, and of its traces */

typedef struct {
    int32_t symbols; /* A: symbols are 0 ... A - 1 */
    int32_t reach;   /* of the longest context that does not begin a string; -1: there are none */
    int32_t whole;   /* of the longest that does, its start among it; 0: there are none */
    int32_t room;    /* nodes there is room for */
    int32_t slots;   /* a power of two, more than room */
} ml_tree_dims;

typedef struct {
    int32_t *nodes; /* (room, ML_TREE_NODE) symbol, parent, suffix link, newest child, sibling */
    double *traces; /* (room, ML_TREE_TRACE) count, presence, kinds; all times 1 / scale */
    int32_t *slots; /* (slots) the node found under a parent and a symbol; -1 */
    int64_t *used;  /* (1) nodes; the first two are the root and the start of strings */
    double *scale;  /* (1) */
} ml_tree;

typedef enum { ML_KNESER_NEY, ML_WITTEN_BELL, ML_PUBLISHED } ml_tree_law;

typedef struct {
    ml_tree_law law;
    double discount; /* of a count; Kneser-Ney only, as what follows */
    double strength; /* of shorter contexts */
    double start;    /* the same in contexts that begin a string */
} ml_tree_rule;

typedef struct {
    int32_t count;   /* N strings, string n at text[starts[n]] ... text[starts[n + 1] - 1] */
    int32_t threads; /* change no bit */
    int32_t every;   /* whether every place is foretold, or only what follows the last */
} ml_strings;

/* A tree that knows nothing. */
ml_status ml_tree_clear(const ml_tree_dims *dims, const ml_tree *tree);

/* Copy what is worth `faint` or more into a tree with room for it, with a scale of 1. Its nodes keep
 * their order, or are `sorted` breadth first and by symbol: twice as fast to read. work (2 used). */
ml_status ml_tree_copy(const ml_tree_dims *from_dims, const ml_tree *from, double faint,
                       int32_t sorted, const ml_tree_dims *dims, const ml_tree *tree,
                       int32_t *work);

/* Learn strings one after the other. weights (N), below 0 to unlearn; keep: what a string leaves
 * of all before it, in (0, 1]. Where chances (text) is not NULL, it gets the chance of each symbol
 * before its string was learned. done (1): strings learned when there was no more room (ML_FULL) or
 * the next one had never been learned as much as it is to be unlearned (ML_ABSENT), as no string is
 * whose beginning alone is kept. ML_NOT_FINITE: a weight is no number. work (reach + 2). */
ml_status ml_tree_learn(const ml_tree_dims *dims, const ml_tree *tree, const ml_tree_rule *rule,
                        const ml_strings *strings, const int64_t *starts, const int32_t *text,
                        const double *weights, double keep, double *chances, int32_t *done,
                        int32_t *work);

/* How much each string was learned that ends where it ends: counts (N). */
ml_status ml_tree_counts(const ml_tree_dims *dims, const ml_tree *tree, const ml_strings *strings,
                         const int64_t *starts, const int32_t *text, double *counts);

/* The chance of each symbol in the place it stands at: chances (text). work (threads, reach + 2).
 */
ml_status ml_tree_chances(const ml_tree_dims *dims, const ml_tree *tree, const ml_tree_rule *rule,
                          const ml_strings *strings, const int64_t *starts, const int32_t *text,
                          double *chances, int32_t *work);

/* Of all symbols: chances (text, A) at every place, or (N, A) after each string. */
ml_status ml_tree_foretell(const ml_tree_dims *dims, const ml_tree *tree, const ml_tree_rule *rule,
                           const ml_strings *strings, const int64_t *starts, const int32_t *text,
                           double *chances, int32_t *work);

typedef struct {
    int32_t count;   /* N patterns */
    int32_t length;  /* L */
    int32_t beam;    /* B: ways of completing one that are followed at once */
    int32_t ends;    /* whether 0 ends a pattern, and fills it up */
    int32_t threads; /* change no bit */
} ml_completion;

/* Numbers of scratch for one thread of ml_tree_complete; 0 for sizes it refuses. */
size_t ml_tree_work(const ml_tree_dims *dims, const ml_completion *run);

/* What patterns are likely to be, chances (N, L, A), where evidence (N, L, A) is how likely what is
 * seen of them is for each symbol; likeliest (N, L) is the way that is so as a whole.
 * work (threads, ml_tree_work) of doubles. */
ml_status ml_tree_complete(const ml_tree_dims *dims, const ml_tree *tree, const ml_tree_rule *rule,
                           const ml_completion *run, const float *evidence, float *chances,
                           int32_t *likeliest, double *work);

#endif
