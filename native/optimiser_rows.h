/* One row of parameters in one precision: REAL, ROOT its square root, NAMED what a name becomes. */

/* Σ g² over what is trained, in SUMS parts whatever the vectors. */
INLINED double NAMED(squares_of)(size_t count, const REAL *restrict g,
                                 const uint8_t *restrict trained) {
    double part[SUMS] = {0}, sum = 0;
    const size_t whole = count / SUMS * SUMS;
    for (size_t i = 0; i < whole; i += SUMS) {
        for (size_t j = 0; j < SUMS; j++) {
            const double x = !trained || trained[i + j] ? (double)g[i + j] : 0;
            part[j] += x * x;
        }
    }
    for (size_t i = whole; i < count; i++) {
        const double x = !trained || trained[i] ? (double)g[i] : 0;
        part[i - whole] += x * x;
    }
    for (size_t j = 0; j < SUMS; j++) {
        sum += part[j];
    }
    return sum;
}

WIDE static double NAMED(squares)(size_t count, const REAL *restrict g,
                                  const uint8_t *restrict trained) {
    return trained ? NAMED(squares_of)(count, g, trained) : NAMED(squares_of)(count, g, NULL);
}

INLINED void NAMED(adam_of)(size_t count, const pace *of, const REAL *restrict g,
                            const uint8_t *restrict trained, REAL *restrict theta,
                            REAL *restrict m, REAL *restrict v) {
    const REAL scale = (REAL)of->scale, step = (REAL)of->step, spread = (REAL)of->spread;
    const REAL b = (REAL)of->first, c = (REAL)(1 - of->first), e = (REAL)of->epsilon;
    const REAL d = (REAL)of->second, f = (REAL)(1 - of->second);
    for (size_t i = 0; i < count; i++) {
        const int moves = !trained || trained[i];
        const REAL x = moves ? scale * g[i] : 0;
        m[i] = b * m[i] + c * x;
        v[i] = d * v[i] + f * x * x;
        const REAL moved = theta[i] - step * m[i] / (ROOT(v[i]) * spread + e);
        theta[i] = moves ? moved : theta[i];
    }
}

WIDE static void NAMED(adam)(size_t count, const pace *of, const REAL *restrict g,
                             const uint8_t *restrict trained, REAL *restrict theta,
                             REAL *restrict m, REAL *restrict v) {
    if (trained) {
        NAMED(adam_of)(count, of, g, trained, theta, m, v);
    } else {
        NAMED(adam_of)(count, of, g, NULL, theta, m, v);
    }
}

INLINED void NAMED(sgd_of)(size_t count, const pace *of, const REAL *restrict g,
                           const uint8_t *restrict trained, REAL *restrict theta,
                           REAL *restrict m) {
    const REAL scale = (REAL)of->scale, step = (REAL)of->step, kept = (REAL)of->first;
    for (size_t i = 0; i < count; i++) {
        const int moves = !trained || trained[i];
        const REAL x = moves ? scale * g[i] : 0;
        m[i] = kept * m[i] + x;
        const REAL moved = theta[i] - step * m[i];
        theta[i] = moves ? moved : theta[i];
    }
}

WIDE static void NAMED(sgd)(size_t count, const pace *of, const REAL *restrict g,
                            const uint8_t *restrict trained, REAL *restrict theta,
                            REAL *restrict m) {
    if (trained) {
        NAMED(sgd_of)(count, of, g, trained, theta, m);
    } else {
        NAMED(sgd_of)(count, of, g, NULL, theta, m);
    }
}
