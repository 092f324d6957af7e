/* C and S of a block of columns, for kuramoto.c, on LANES of them at once: included once for each
 * instruction set, whose name is SET. LANES is the width of a vector: with any other, compilers make
 * long detours.
 */
#define VECTOR JOINED(lanes_, SET)
#define LOOSE JOINED(loose_, SET)

enum { JOINED(VECTORS_, SET) = BLOCK / LANES };
#define VECTORS JOINED(VECTORS_, SET)

typedef float VECTOR __attribute__((vector_size(LANES * sizeof(float))));
typedef float LOOSE
    __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));

/* k (neighbours, BLOCK); the square of side x side neighbours begins at cosine[0] and sine[0]. */
static void JOINED(near_, SET)(size_t side, size_t stride, const float *k, const float *cosine,
                   const float *sine, float *C, float *S) {
    const size_t centre = side * side / 2;
    VECTOR c[VECTORS] = {{0}}, s[VECTORS] = {{0}};
    for (size_t down = 0, n = 0; down < side; down++, cosine += stride, sine += stride) {
        for (size_t right = 0; right < side; right++, n++) {
            if (n == centre) {
                continue;
            }
            for (size_t i = 0; i < VECTORS; i++) {
                const VECTOR pull = *(const LOOSE *)(k + i * LANES);
                c[i] += pull * *(const LOOSE *)(cosine + right + i * LANES);
                s[i] += pull * *(const LOOSE *)(sine + right + i * LANES);
            }
            k += BLOCK;
        }
    }
    for (size_t i = 0; i < VECTORS; i++) {
        *(LOOSE *)(C + i * LANES) = c[i];
        *(LOOSE *)(S + i * LANES) = s[i];
    }
}

/* k (side, BLOCK): of the block to each of `side` others, which all count. */
static void JOINED(all_, SET)(size_t side, size_t stride, const float *k, const float *cosine,
                              const float *sine, float *C, float *S) {
    VECTOR c[VECTORS] = {{0}}, s[VECTORS] = {{0}};
    (void)stride;
    for (size_t other = 0; other < side; other++, k += BLOCK) {
        for (size_t i = 0; i < VECTORS; i++) {
            const VECTOR pull = *(const LOOSE *)(k + i * LANES);
            c[i] += pull * cosine[other];
            s[i] += pull * sine[other];
        }
    }
    for (size_t i = 0; i < VECTORS; i++) {
        *(LOOSE *)(C + i * LANES) = c[i];
        *(LOOSE *)(S + i * LANES) = s[i];
    }
}

#undef VECTORS
#undef VECTOR
#undef LOOSE
#undef SET
#undef LANES
