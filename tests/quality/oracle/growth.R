# growth.R: Crow-AMSAA and Laplace, the formulas written out.

for (i in 1:25) {
    n <- sample(c(2, 3, 10, 500), 1)
    times <- sort(signif(10^runif(1, -6, 6) * runif(n)^sample(c(0.5, 1, 2), 1), 9))
    for (T in c(times[n], times[n] * (1 + rexp(1)))) {
        ends <- T > times[n]
        beta <- n / sum(log(T / times))
        if (is.finite(beta))
            case("crow_amsaa", c(list(times = times), if (ends) list(T = T)),
                 list(beta_mle = beta, lambda_mle = n / T^beta, beta_unbiased = beta * (n - (if (ends) 1 else 2)) / n,
                      mtbf_instantaneous = T / (n * beta), mtbf_cumulative = T / n))
    }
    T <- times[n] * 1.1
    U <- (sum(times) - n * T / 2) / (T * sqrt(n / 12))
    case("laplace_trend", list(times = times, T = T), list(U = U, p_two_sided = 2 * pnorm(-abs(U))))
    between <- diff(c(0, times))
    L <- times[n]
    m <- n - 1
    case("laplace_trend_failure_truncated", list(times_between = between),
         list(U = (sum(times[-n]) - m * L / 2) / (L * sqrt(m / 12))))
}
early <- seq(0.001, 1, length.out = 5000)
U <- (sum(early) - 5000 * 100 / 2) / (100 * sqrt(5000 / 12))
case("laplace_trend", list(times = early, T = 100), list(U = U, p_two_sided = 2 * pnorm(-abs(U))), abs_tol = 0)
refused("laplace_trend", list(times = c(1, 2, 3), T = 2))
refused("laplace_trend", list(times = c(1, 3, 2), T = 5))
refused("crow_amsaa", list(times = c(7)))
refused("crow_amsaa", list(times = c(-1, 7)))
refused("crow_amsaa", list(times = c(1, 7), T = 6))
