# charts.R: u, p and Laney charts, dispersion, EWMA: the formulas written out, and pchisq.

chart <- function(x, n, sigma, most, spread) {
    center <- sum(x) / sum(n)
    se <- sqrt(spread(center) / n)
    list(center = center, value = x / n, se = se, lcl = pmax(0, center - sigma * se), ucl = pmin(most, center + sigma * se))
}

shewhart <- function(family, name, x, n, sigma, most, spread) {
    plain <- chart(x, n, sigma, most, spread)
    expected <- list(center = plain$center, lcl = plain$lcl, ucl = plain$ucl,
                     out = as.integer(plain$value < plain$lcl | plain$value > plain$ucl))
    expected[[name]] <- plain$value
    case(family, list(x = x, n = n, sigma = sigma), expected)
}

laney <- function(family, x, n, sigma, most, spread) {
    plain <- chart(x, n, sigma, most, spread)
    sigma_z <- mean(abs(diff((plain$value - plain$center) / plain$se))) / 1.128
    wide <- chart(x, n, sigma * sigma_z, most, spread)
    case(family, list(x = x, n = n, sigma = sigma),
         list(center = plain$center, sigma_z = sigma_z, lcl = wide$lcl, ucl = wide$ucl))
}

rate <- function(center) center
share <- function(center) center * (1 - center)

for (i in 1:30) {
    k <- sample(c(1:4, 20, 200), 1)
    sigma <- sample(c(1, 2, 2.5, 3), 1)
    n <- 10^runif(1, -9, 9) * runif(k, 0.2, 2)
    x <- rpois(k, exp(runif(k, -2, 6)))
    shewhart("u_chart", "u", x, n, sigma, Inf, rate)
    units <- sample(1:5000, k, replace = TRUE)
    bad <- rbinom(k, units, runif(1))
    shewhart("p_chart", "p", bad, units, sigma, 1, share)
    if (k >= 2 && sum(x) > 0) laney("laney_u_chart", x, n, sigma, Inf, rate)
    if (k >= 2 && sum(bad) > 0 && any(bad < units)) laney("laney_p_chart", bad, units, sigma, 1, share)
}
shewhart("u_chart", "u", c(0, 0, 0), c(5, 6, 7), 3, Inf, rate)
shewhart("u_chart", "u", c(1e6, 999000, 1001000), c(1e12, 1e12, 1e12), 3, Inf, rate)
refused("laney_u_chart", list(x = c(0, 0, 0), n = c(1, 1, 1), sigma = 3))
refused("u_chart", list(x = c(1, -1), n = c(1, 1), sigma = 3))
refused("u_chart", list(x = c(1, 1), n = c(1, 0), sigma = 3))

for (i in 1:20) {
    x <- rpois(sample(2:60, 1), exp(runif(1, -1, 12))) + c(1, 0)[1]
    statistic <- var(x) / mean(x) * (length(x) - 1)
    case("dispersion_test", list(x = x),
         list(ratio = var(x) / mean(x), statistic = statistic, df = length(x) - 1,
              p = pchisq(statistic, length(x) - 1, lower.tail = FALSE)), abs_tol = 0)
}
wide <- c(rep(0, 40), 5000)
case("dispersion_test", list(x = wide),
     list(p = pchisq(var(wide) / mean(wide) * 40, 40, lower.tail = FALSE)), rel_tol = 1e-9, abs_tol = 0)

for (i in 1:20) {
    k <- sample(c(1, 5, 60), 1)
    u0 <- 10^runif(1, -3, 3)
    n <- runif(k, 0.5, 20)
    x <- rpois(k, u0 * n * seq(1, 1.6, length.out = k))
    lambda <- sample(c(0.05, 0.2, 0.4, 1), 1)
    z <- v <- numeric(k)
    before <- c(u0, 0)
    for (j in seq_len(k)) {
        z[j] <- lambda * x[j] / n[j] + (1 - lambda) * before[1]
        v[j] <- lambda^2 * u0 / n[j] + (1 - lambda)^2 * before[2]
        before <- c(z[j], v[j])
    }
    out <- which(abs(z - u0) > 2.7 * sqrt(v))
    case("ewma_poisson", list(x = x, n = n, u0 = u0, lambda = lambda, L = 2.7),
         list(ewma = z, lcl = u0 - 2.7 * sqrt(v), ucl = u0 + 2.7 * sqrt(v),
              first_signal = if (length(out)) out[1] else 0))
}
