# shrinkage.R: the gamma-Poisson shrinker from dnbinom, digamma and pgamma; the prior's fit by nlminb from many starts.

weight <- function(t, n, e) {
    f1 <- log(t$P) + dnbinom(n, size = t$alpha1, prob = t$beta1 / (t$beta1 + e), log = TRUE)
    f2 <- log1p(-t$P) + dnbinom(n, size = t$alpha2, prob = t$beta2 / (t$beta2 + e), log = TRUE)
    list(q = 1 / (1 + exp(f2 - f1)), loss = -sum(pmax(f1, f2) + log1p(exp(-abs(f1 - f2)))))
}

quantile_of <- function(t, n, e, p) {
    q <- weight(t, n, e)$q
    mapply(function(q, n, e) {
        ends <- log(c(qgamma(p, t$alpha1 + n, t$beta1 + e), qgamma(p, t$alpha2 + n, t$beta2 + e)))
        f <- function(u) q * pgamma(exp(u), t$alpha1 + n, t$beta1 + e) + (1 - q) * pgamma(exp(u), t$alpha2 + n, t$beta2 + e) - p
        exp(uniroot(f, range(ends) + c(-1e-9, 1e-9), tol = 1e-14)$root)
    }, q, n, e)
}

for (i in 1:25) {
    t <- list(alpha1 = 10^runif(1, -1, 2), beta1 = 10^runif(1, -1, 2), alpha2 = 10^runif(1, -1, 4), beta2 = 10^runif(1, -1, 4),
              P = sample(c(0.5, 0.03, 0.999), 1))
    n <- c(rpois(6, 3), rpois(2, 100), 0)
    e <- 10^runif(9, -2, 2)
    q <- weight(t, n, e)$q
    mean_log <- q * (digamma(t$alpha1 + n) - log(t$beta1 + e)) + (1 - q) * (digamma(t$alpha2 + n) - log(t$beta2 + e))
    case("ebgm_given_prior", list(theta = t, N = n, E = e),
         list(RR = n / e, Qn = q, EBGM = exp(mean_log), EB05 = quantile_of(t, n, e, 0.05), EB95 = quantile_of(t, n, e, 0.95)),
         abs_tol = 0)
}

prior <- function(x) list(alpha1 = exp(x[2]), beta1 = exp(x[2] - x[1]), alpha2 = exp(x[4]), beta2 = exp(x[4] - x[3]), P = plogis(x[5]))
for (i in 1:8) {
    cells <- sample(c(60, 400, 1500), 1)
    e <- round(rgamma(cells, 1, 0.2), 3) + 0.01
    high <- runif(cells) < sample(c(0.02, 0.1), 1)
    spread <- sample(c(3, 30, 1e5), 1)
    ratio <- ifelse(high, rgamma(cells, 5, 1), rgamma(cells, spread, spread))
    n <- rpois(cells, e * ratio)
    best <- NULL
    for (m in c(0.3, 2, 6)) for (a in c(1, 50)) for (p in c(-3, -0.5)) {
        fit <- nlminb(c(log(m), log(a), 0, log(5), p), function(x) weight(prior(x), n, e)$loss,
                      lower = c(-9, -12, -9, -12, -25), upper = c(9, 18, 9, 18, 25), control = list(eval.max = 900, iter.max = 600))
        if (is.null(best) || fit$objective < best$objective) best <- fit
    }
    case("gps_fit", list(N = n, E = e), list(neg_loglik_max = best$objective + 1e-3))
}

refused("gps_fit", list(N = c(0, 0), E = c(1, 2)))
refused("ebgm_given_prior", list(theta = list(alpha1 = 0, beta1 = 1, alpha2 = 1, beta2 = 1, P = 0.5), N = 1, E = 1))
refused("ebgm_given_prior", list(theta = list(alpha1 = 1, beta1 = 1, alpha2 = 1, beta2 = 1, P = 0.5), N = 1, E = 0))
