# counts.R: exact tests and limits, Fisher's test, adjusted p-values, against stats.

columns <- function(rows) lapply(setNames(names(rows[[1]]), names(rows[[1]])), function(k) sapply(rows, function(r) r[[k]]))
some <- function(n) sample(c(0, 0, 1, 2, 3, 7, 12, 30, 99, 150, 199, 200, 201, 350, 1000, 12345, 1e6), n, replace = TRUE)

for (i in 1:20) {
    x <- some(8)
    t <- 10^runif(8, -9, 12)
    level <- sample(c(0.5, 0.8, 0.9, 0.95, 0.99, 0.999999), 1)
    a <- 1 - level
    case("poisson_rate_ci", list(count = x, exposure = t, level = level),
         list(rate = x / t, lo = qgamma(a / 2, x) / t, hi = qgamma(a / 2, x + 1, lower.tail = FALSE) / t,
              lower_one_sided = qgamma(a, x) / t, upper_one_sided = qgamma(a, x + 1, lower.tail = FALSE) / t),
         rel_tol = 1e-9, abs_tol = 0)
}

for (i in 1:30) {
    x <- some(8)
    e <- x * 10^(rnorm(8) / sqrt(x + 1)) + sample(c(0, 0.3, 5), 8, replace = TRUE)
    case("poisson_test_vs_expected", list(observed = x, expected = e), columns(Map(function(x, e) {
        g <- ppois(x - 1, e, lower.tail = FALSE)
        l <- ppois(x, e)
        list(p_two_sided_minlike = poisson.test(x, r = e)$p.value, p_greater = g, p_less = l,
             p_two_sided_central = min(1, 2 * min(g, l)), midp_greater = ppois(x, e, lower.tail = FALSE) + dpois(x, e) / 2,
             log_p_greater = ppois(x - 1, e, lower.tail = FALSE, log.p = TRUE), log_p_less = ppois(x, e, log.p = TRUE))
    }, x, e)), rel_tol = 1e-8, abs_tol = 0)
}

# far out: 1e-300 and beyond, where logarithms count
x <- c(400, 1e6, 0, 3, 250)
e <- c(10, 9.6e5, 700, 1200, 0.01)
case("poisson_test_vs_expected", list(observed = x, expected = e),
     list(p_greater = ppois(x - 1, e, lower.tail = FALSE), p_less = ppois(x, e),
          log_p_greater = ppois(x - 1, e, lower.tail = FALSE, log.p = TRUE), log_p_less = ppois(x, e, log.p = TRUE)),
     rel_tol = 1e-8, abs_tol = 0)

for (i in 1:30) {
    x1 <- some(6)
    x2 <- some(6)
    x2[x1 + x2 == 0] <- 1
    t1 <- 10^runif(6, -9, 12)
    t2 <- t1 * pmax(x2, 1) / pmax(x1, 1) * 10^rnorm(6, 0, 1 / sqrt(1 + pmin(x1, x2)))
    level <- sample(c(0.8, 0.95, 0.99), 1)
    case("poisson_rate_ratio", list(x1 = x1, t1 = t1, x2 = x2, t2 = t2, level = level), columns(Map(function(x1, t1, x2, t2) {
        n <- x1 + x2
        p <- t1 / (t1 + t2)
        g <- pbinom(x1 - 1, n, p, lower.tail = FALSE)
        l <- pbinom(x1, n, p)
        odds <- function(a, x, y, lower) { # both ends of the beta distribution keep their digits
            q <- qbeta(a, x, y, lower.tail = lower)
            if (q < 0.5) q / (1 - q) else { r <- qbeta(a, y, x, lower.tail = !lower); (1 - r) / r }
        }
        test <- poisson.test(c(x1, x2), c(t1, t2))
        list(ratio = (x1 / t1) / (x2 / t2), p_two_sided_minlike = test$p.value, p_greater = g, p_less = l,
             p_two_sided_central = min(1, 2 * min(g, l)),
             midp_greater = pbinom(x1, n, p, lower.tail = FALSE) + dbinom(x1, n, p) / 2,
             lo = if (x1 == 0) 0 else odds((1 - level) / 2, x1, x2 + 1, TRUE) * t2 / t1,
             hi = if (x2 == 0) Inf else odds((1 - level) / 2, x1 + 1, x2, FALSE) * t2 / t1,
             lower_one_sided = if (x1 == 0) 0 else odds(1 - level, x1, x2 + 1, TRUE) * t2 / t1)
    }, x1, t1, x2, t2)), rel_tol = 1e-7, abs_tol = 1e-300)
}
case("poisson_rate_ratio", list(x1 = 0, t1 = 4, x2 = 0, t2 = 7, level = 0.95),
     list(ratio = NaN, lo = 0, hi = Inf, lower_one_sided = 0, p_greater = 1, p_less = 1, p_two_sided_central = 1,
          p_two_sided_minlike = 1, midp_greater = 0.5))

# R's own search leaves digits open; the same search finds the same ones but where rounding decides a step.
for (i in 1:120) {
    t <- rpois(4, sample(c(1, 5, 20, 100, 2000), 1) * rexp(4))
    level <- sample(c(0.8, 0.95, 0.99), 1)
    f <- fisher.test(matrix(t, 2, byrow = TRUE), conf.level = level)
    one <- function(side) fisher.test(matrix(t, 2, byrow = TRUE), alternative = side)$p.value
    case("fisher_2x2", list(a = t[1], b = t[2], c = t[3], d = t[4], level = level),
         list(p_two_sided = f$p.value, p_greater = one("greater"), p_less = one("less"),
              cond_mle_odds_ratio = unname(f$estimate), ci = limits(f$conf.int),
              sample_odds_ratio = t[1] * t[4] / (t[2] * t[3])), rel_tol = 1e-4, abs_tol = 1e-12)
}

for (i in 1:20) {
    n <- sample(c(1, 2, 15, 4000), 1)
    p <- switch(1 + i %% 3, runif(n)^3, 10^runif(n, -300, 0), round(rbeta(n, 0.3, 1), 2))
    bh <- p.adjust(p, "BH")
    case("p_adjust", list(p = p), list(BH = bh, BY = p.adjust(p, "BY"), holm = p.adjust(p, "holm"),
         bonferroni = p.adjust(p, "bonferroni"), rejected_at_0.05_BH = sum(bh <= 0.05)), rel_tol = 1e-12, abs_tol = 0)
}

refused("poisson_rate_ci", list(count = -1, exposure = 2, level = 0.95))
refused("poisson_rate_ci", list(count = 1, exposure = 0, level = 0.95))
refused("poisson_rate_ci", list(count = 1.5, exposure = 1, level = 0.95))
refused("poisson_rate_ratio", list(x1 = 1, t1 = Inf, x2 = 3, t2 = 1, level = 0.95))
refused("fisher_2x2", list(a = 1, b = -2, c = 3, d = 4, level = 0.95))
refused("p_adjust", list(p = c(0.1, 1.1)))
