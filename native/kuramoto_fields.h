/* C and S of a block of columns, for kuramoto.c, on LANES of them at once: included once for each
 * instruction set, under the name FIELDS. LANES is the width of a vector: with any other, compilers
 * make long detours.
 *
 * k (neighbours, BLOCK); the square of side x side neighbours begins at cosine[0] and sine[0].
 */
#define VECTOR JOINED(FIELDS, _lanes)
#define LOOSE JOINED(FIELDS, _loose)

typedef float VECTOR __attribute__((vector_size(LANES * sizeof(float))));
typedef float LOOSE
    __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));

static void FIELDS(size_t side, size_t stride, const float *k, const float *cosine,
                   const float *sine, float *C, float *S) {
    enum { VECTORS = BLOCK / LANES };
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

#undef VECTOR
#undef LOOSE
#undef FIELDS
#undef LANES
