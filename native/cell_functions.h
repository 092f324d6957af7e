/* exp, tanh and the logistic of whole fields; in float32 within 2e-7 of the true ones. */

#if REAL_IS_FLOAT
/* 2^n e^r with |r| <= ln 2 / 2 (Cody and Waite), e^r by its series. Beyond e^±60 tanh, logistic and
 * softmax stay as they are to the last place, but what they are multiplied with would become smaller
 * than the normal numbers, which are slow. */
INLINED float exponential(float x) {
    const float rounder = 12582912.0f; /* 1.5 * 2^23: adding it leaves no binary places */
    const float y = x < -60.0f ? -60.0f : x > 60.0f ? 60.0f : x;
    const float n = (y * 1.44269504f + rounder) - rounder;
    const float r = (y - n * 0.693359375f) - n * -2.12194440e-4f;
    const float tail = 1.0f / 6 + r * (1.0f / 24 + r * (1.0f / 120 + r * (1.0f / 720)));
    const float series = 1 + r + r * r * (0.5f + r * tail);
    const int32_t bits = ((int32_t)n + 127) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return series * scale;
}
#else
INLINED double exponential(double x) { return exp(x); }
#endif

INLINED REAL magnitude(REAL x) { return x < 0 ? -x : x; }

INLINED REAL sign_of(REAL x) { return x > 0 ? (REAL)1 : x < 0 ? (REAL)-1 : (REAL)0; }

INLINED REAL hyperbolic(REAL x) {
    const REAL e = exponential(-2 * magnitude(x)), t = (1 - e) / (1 + e);
    return x < 0 ? -t : t;
}

INLINED REAL logistic(REAL x) { return 1 / (1 + exponential(-x)); }

static void tanh_all(size_t count, REAL *restrict x) {
#pragma omp simd
    for (size_t i = 0; i < count; i++) {
        x[i] = hyperbolic(x[i]);
    }
}

static void logistic_all(size_t count, REAL *restrict x) {
#pragma omp simd
    for (size_t i = 0; i < count; i++) {
        x[i] = logistic(x[i]);
    }
}
