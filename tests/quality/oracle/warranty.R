# warranty.R: tables with apply, survreg for the distributions, qgamma and ppois for the limits.

# From the exponential distribution on: survreg's own start goes astray when nearly all units are censored.
weibull <- function(y, freq, failed, age) {
    keep <- freq > 0
    survreg(y[keep] ~ 1, weights = freq[keep], dist = "weibull", init = c(log(sum(freq * age) / sum(failed)), 0),
            control = survreg.control(rel.tolerance = 1e-12, maxiter = 200))
}

for (i in 1:15) {
    rows <- sample(2:12, 1)
    delays <- sample(2:5, 1)
    triangle <- matrix(rpois(rows * delays, rep(c(40, 20, 10, 5, 2)[1:delays], each = rows)), rows)
    triangle[1, ] <- triangle[1, ] + 1
    for (r in seq_len(rows)) if (r > 1) triangle[r, seq_len(delays) > max(1, rows - r + 1)] <- NA
    g <- sapply(2:delays, function(d) {
        seen <- !is.na(triangle[, d])
        sum(triangle[seen, d]) / sum(triangle[seen, 1:d])
    })
    G <- rep(1, delays)
    for (d in delays:2) G[d - 1] <- G[d] * (1 - g[d - 1])
    reported <- rowSums(triangle, na.rm = TRUE)
    seen <- rowSums(!is.na(triangle))
    case("reporting_delay", list(triangle = triangle),
         list(reverse_hazard = g, G = G, reported = reported, max_delay_seen = seen, adjusted = reported / G[seen]))
}
refused("reporting_delay", list(triangle = matrix(c(1, -2, 3, 4), 2)))
refused("reporting_delay", list(triangle = matrix(c(0, 0, 0, 0), 2)))

for (i in 1:15) {
    months <- sample(2:10, 1)
    columns <- months + sample(1:4, 1)
    shipped <- sample(200:5000, months)
    returns <- matrix(NA, months, columns)
    for (r in 1:months) for (j in seq_len(columns)) if (j > r) returns[r, j] <- rpois(1, shipped[r] * 0.002 * (j - r)^0.5)
    age <- col(returns) - row(returns)
    ages <- 1:(columns - 1)
    failures <- sapply(ages, function(a) sum(returns[age == a], na.rm = TRUE))
    left <- shipped - rowSums(returns, na.rm = TRUE)
    suspensions <- sapply(ages, function(a) sum(left[columns - 1:months == a]))
    at_risk <- sapply(ages, function(a) sum((failures + suspensions)[ages >= a]))
    rate <- 1000 * failures / at_risk
    expected <- list(age = ages, failures = failures, suspensions = suspensions, at_risk = at_risk, r_per_1000_age = rate,
                     cumulative_iptv = cumsum(rate))
    if (sum(failures > 0) > 1) {
        fit <- weibull(Surv(rep(ages, 2), rep(1:0, each = columns - 1)), c(failures, suspensions), failures, rep(ages, 2))
        expected$weibull <- list(shape = 1 / fit$scale, scale = exp(fit$coefficients[[1]]), loglik = fit$loglik[1])
        case("nevada_to_life", list(shipped = shipped, returns = returns), expected, rel_tol = 1e-5)
    }
}
refused("nevada_to_life", list(shipped = c(5, 5), returns = matrix(c(NA, NA, 6, NA), 2)))
refused("nevada_to_life", list(shipped = c(50, 50), returns = matrix(c(3, NA, 6, NA), 2)))

poisson_limits <- function(x, level = 0.95)
    list(lo = ifelse(x > 0, qgamma((1 - level) / 2, x), 0), hi = qgamma((1 + level) / 2, x + 1))
# Failures within months, by nlminb: survreg goes astray when nearly all units are censored.
fit_months <- function(failed, running) {
    k <- length(failed)
    minus <- function(par) {
        H <- (0:k / exp(par[2]))^exp(par[1])
        v <- -sum(ifelse(failed > 0, failed * (log(-expm1(H[1:k] - H[-1])) - H[1:k]), 0)) + sum(running * H[-1])
        if (is.finite(v)) v else 1e300
    }
    fit <- list(par = c(0, log(sum((failed + running) * 1:k) / sum(failed))))
    for (again in 1:3)
        fit <- nlminb(fit$par, minus, control = list(rel.tol = 1e-15, x.tol = 1e-12, eval.max = 5000, iter.max = 5000))
    fit
}
for (i in 1:15) {
    k <- sample(3:24, 1)
    failed <- rpois(k, runif(1, 0.5, 20)) + c(1, rep(0, k - 1))
    running <- sample(c(0, 20, 1000, 1e6), k, replace = TRUE) + 5
    if (sum(failed[-1]) == 0) { # all in the first month: the smaller the shape the likelier
        refused("warranty_prediction", list(failures_by_month = failed, suspended_by_month = running, months_ahead = 6))
        next
    }
    fit <- fit_months(failed, running)
    shape <- exp(fit$par[1])
    scale <- exp(fit$par[2])
    F <- function(t) pweibull(t, shape, scale)
    R <- function(t) pweibull(t, shape, scale, lower.tail = FALSE)
    so_far <- sum(running * F(1:k)) + sum(failed * (F(1:k) - F(0:(k - 1))))
    ahead <- sapply(1:6, function(d) sum(running * (1 - R(1:k + d) / R(1:k))))
    case("warranty_prediction", list(failures_by_month = failed, suspended_by_month = running, months_ahead = 6),
         list(units = sum(failed + running), failures = sum(failed), shape = shape, scale = scale, loglik = -fit$objective,
              expected_failures = so_far, expected_failures_poisson_ci = poisson_limits(so_far), units_at_risk = sum(running),
              predicted_cumulative = ahead, predicted_cumulative_lo = poisson_limits(ahead)$lo,
              predicted_cumulative_hi = poisson_limits(ahead)$hi), rel_tol = 1e-4) # nlminb stops where the likelihood is flat
}
refused("warranty_prediction", list(failures_by_month = c(0, 0), suspended_by_month = c(5, 5), months_ahead = 2))

ratio <- function(obs, expo, base) {
    O <- sum(obs)
    E <- sum(expo * base)
    lower <- if (O > 0) qgamma(0.05, O) else 0
    list(expected = E, ratio = O / E, lo = poisson_limits(O)$lo / E, hi = poisson_limits(O)$hi / E,
         lower_one_sided_95 = lower / E, p_greater = ppois(O - 1, E, lower.tail = FALSE), attributable = O - E,
         attributable_lower_95 = lower - E, attributable_fraction = (O - E) / O)
}
for (i in 1:25) {
    k <- sample(c(1, 4, 30), 1)
    base <- 10^runif(k, -6, 0)
    expo <- 10^runif(k, 0, 6)
    obs <- rpois(k, base * expo * sample(c(0, 0.2, 1, 3, 1), 1))
    case("standardised_ratio", list(obs = obs, expo = expo, base = base), ratio(obs, expo, base), abs_tol = 1e-300)
}
case("standardised_ratio", list(obs = 1e6, expo = 1e12, base = 9.9e-7), ratio(1e6, 1e12, 9.9e-7), abs_tol = 0)
case("standardised_ratio", list(obs = 300, expo = 1, base = 8), ratio(300, 1, 8), abs_tol = 0)
refused("standardised_ratio", list(obs = c(1, 2), expo = c(1, 0), base = c(1, 1)))
refused("standardised_ratio", list(obs = c(1, -2), expo = c(1, 1), base = c(1, 1)))
refused("standardised_ratio", list(obs = 0, expo = 1, base = 0))
