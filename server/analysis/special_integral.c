/* special_integral.c: the area under the far side of a bell: Gauss-Legendre quadrature of a log-concave function from
 * where a tail begins to where nothing is left. All terms are positive, so no digits are lost however far out the
 * tail begins; and the work does not grow with the shape. */
#include "special_parts.h"

#include "cleanup.h"

#include <math.h>
#include <stddef.h>

/* e^-44 of the value at the start is below the last bit of the area. */
static const double NOTHING_LEFT = -44;

static double log_decay(const struct special_decay *d, double u)
{
    double sum = d->k1 * special_log1p_less(u / d->m1) - d->slope * u;

    if (d->k2 != 0)
        sum += d->k2 * special_log1p_less(u / d->m2);
    return sum;
}

/* Where nothing is left: from the parabola at the start, then outwards while it falls more slowly than that. */
static double end_of_decay(const struct special_decay *d)
{
    double bend1 = sqrt(d->k1) / fabs(d->m1), bend2 = d->k2 != 0 ? sqrt(d->k2) / fabs(d->m2) : 0;
    double slope = fmax(d->slope, 0);

    /* not of squares, which would be beyond a double for means as small or large as 1e-160 and 1e160 */
    double bend = sqrt(-2 * NOTHING_LEFT) * hypot(bend1, bend2), end = -2 * NOTHING_LEFT / (slope + hypot(slope, bend));

    while (end < d->most && log_decay(d, end) > NOTHING_LEFT)
        end *= 1.1;
    return fmin(end, d->most);
}

double special_decay_integral(const struct special_decay *d)
{
    /* Nodes and weights of 32 points, the positive half (computed with 40 digits). */
    static const double rule[][2] = {{0.997263861849481564, 0.0070186100094700966},
        {0.985611511545268335, 0.0162743947309056706}, {0.964762255587506431, 0.0253920653092620595},
        {0.934906075937739689, 0.0342738629130214331}, {0.896321155766052124, 0.0428358980222266807},
        {0.84936761373256997, 0.0509980592623761762}, {0.794483795967942407, 0.0586840934785355471},
        {0.73218211874028968, 0.0658222227763618468}, {0.663044266930215201, 0.0723457941088485062},
        {0.587715757240762329, 0.0781938957870703065}, {0.50689990893222939, 0.0833119242269467552},
        {0.421351276130635345, 0.0876520930044038111}, {0.33186860228212765, 0.0911738786957638847},
        {0.239287362252137075, 0.0938443990808045656}, {0.144471961582796493, 0.0956387200792748594},
        {0.0483076656877383162, 0.0965400885147278006}};
    double half = end_of_decay(d) / 2, sum = 0;

    for (size_t i = 0; i < countof(rule); i++) {
        double near = half * (1 - rule[i][0]), far = half * (1 + rule[i][0]);

        sum += rule[i][1] * (exp(log_decay(d, near)) + exp(log_decay(d, far)));
    }
    return half * sum;
}
