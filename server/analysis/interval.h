/* interval.h: two ends of something estimated: what every module gives back for limits. */
#ifndef FAULTLINE_INTERVAL_H
#define FAULTLINE_INTERVAL_H

struct interval {
    double lo, hi;
};

#endif
