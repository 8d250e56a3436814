# strata.R: stats::mantelhaen.test, and the rate ratio's formulas written out.

odds <- function(tables, level) {
    counts <- array(unlist(lapply(tables, function(t) c(t$a, t$c, t$b, t$d))), c(2, 2, length(tables)))
    plain <- mantelhaen.test(counts, correct = FALSE, conf.level = level)
    corrected <- mantelhaen.test(counts, conf.level = level)
    all <- apply(counts, 1:2, sum)
    case("mantel_haenszel_or", list(strata = do.call(rbind.data.frame, tables), level = level),
         list(or_mh = unname(plain$estimate), ci_rbg = limits(plain$conf.int),
              chisq_no_correction = unname(plain$statistic), p_no_correction = plain$p.value,
              chisq_correction = unname(corrected$statistic), p_correction = corrected$p.value,
              crude_or = all[1, 1] * all[2, 2] / (all[1, 2] * all[2, 1])), abs_tol = 1e-300)
}

for (i in 1:60) {
    k <- sample(2:12, 1)
    most <- sample(c(3, 30, 5000, 1e6), 1)
    tables <- lapply(1:k, function(s) as.list(setNames(floor(runif(4, 0, most + 1)), c("a", "b", "c", "d"))))
    large <- sapply(tables, function(t) t$a + t$b + t$c + t$d) > 1
    informative <- sapply(tables, function(t) (t$a + t$b) * (t$c + t$d) * (t$a + t$c) * (t$b + t$d)) > 0
    if (all(large) && any(informative)) odds(tables, sample(c(0.9, 0.95, 0.99), 1))
}
# Complete separation, both ways; and a p near 1e-300.
odds(list(list(a = 5, b = 0, c = 0, d = 6), list(a = 3, b = 0, c = 0, d = 4)), 0.95)
odds(list(list(a = 0, b = 5, c = 6, d = 0), list(a = 0, b = 2, c = 4, d = 0)), 0.95)
odds(list(list(a = 900, b = 100, c = 100, d = 900), list(a = 350, b = 150, c = 130, d = 370)), 0.95)
refused("mantel_haenszel_or", list(strata = data.frame(a = c(0, 0), b = c(3, 4), c = c(0, 0), d = c(5, 6)), level = 0.95))

rates <- function(x1, t1, x0, t0, level = 0.95) {
    all <- t1 + t0
    first <- sum(x1 * t0 / all)
    second <- sum(x0 * t1 / all)
    variance <- sum((x1 + x0) * t1 * t0 / all^2)
    ratio <- first / second
    se <- sqrt(variance / (first * second))
    expected <- sum((x1 + x0) * t1 / all)
    chisq <- (sum(x1) - expected)^2 / variance
    wide <- qnorm(1 - (1 - level) / 2) * se
    case("mantel_haenszel_rate_ratio", list(x1 = x1, t1 = t1, x0 = x0, t0 = t0, level = level),
         list(rate_ratio_mh = ratio, se_log = se, lo = exp(log(ratio) - wide), hi = exp(log(ratio) + wide),
              expected_events = expected, chisq = chisq, p = pchisq(chisq, 1, lower.tail = FALSE),
              crude_ratio = sum(x1) / sum(t1) / (sum(x0) / sum(t0))), abs_tol = 1e-300)
}

for (i in 1:60) {
    k <- sample(1:15, 1)
    scale <- 10^runif(1, -3, 8)
    t1 <- runif(k) * scale
    t0 <- runif(k) * scale * 10^runif(k, -2, 2)
    x1 <- rpois(k, sample(c(0.3, 5, 1000), 1))
    x0 <- rpois(k, 3)
    if (sum(x1 + x0) > 0) rates(x1, t1, x0, t0, sample(c(0.8, 0.95), 1))
}
rates(c(0, 0), c(10, 20), c(3, 4), c(20, 10))
rates(c(3, 4), c(10, 20), c(0, 0), c(20, 10))
case("mantel_haenszel_rate_ratio", list(x1 = c(0, 0), t1 = c(1, 1), x0 = c(0, 0), t0 = c(1, 1), level = 0.95),
     list(rate_ratio_mh = NaN, se_log = NaN, lo = NaN, hi = NaN, expected_events = 0, chisq = NaN, p = NaN, crude_ratio = NaN))
refused("mantel_haenszel_rate_ratio", list(x1 = c(1, 0), t1 = c(0, 1), x0 = c(0, 0), t0 = c(1, 1), level = 0.95))
