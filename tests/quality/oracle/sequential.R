# sequential.R: CUSUM paths step by step, run lengths by solving the chain's equations, MaxSPRT by summing over first
# signals, the e-process by numerical integration.

for (i in 1:15) {
    n <- sample(c(1, 5, 60), 1)
    k <- sample(c(0, 1.3, 3, 2.75), 1)
    h <- sample(c(0.5, 4, 10), 1)
    x <- rpois(n, k + sample(c(-1, 0, 1), 1) * 0.3 + 0.35)
    s <- Reduce(function(s, x) max(0, s + x - k), x, 0, accumulate = TRUE)[-1]
    case("poisson_cusum", list(x = x, k = k, h = h), list(S = s, first_signal = if (any(s >= h)) which(s >= h)[1] else 0))
}

for (i in 1:15) {
    n <- sample(c(1, 8, 80), 1)
    R <- sample(c(1.2, 2, 3.5), 1)
    h <- sample(c(0.3, 2, 5), 1)
    e <- runif(n, 0, 2)
    x <- rpois(n, e * sample(c(1, 2.5), 1))
    s <- numeric(n)
    last <- 0
    alarms <- c()
    for (t in 1:n) {
        last <- s[t] <- max(0, last + x[t] * log(R) - (R - 1) * e[t])
        if (s[t] >= h) {
            alarms <- c(alarms, t)
            last <- 0
        }
    }
    case("poisson_cusum_expected", list(x = x, expected = e, R = R, h = h),
         list(S = s, alarms = if (length(alarms)) alarms else list()))
}

arl <- function(h, k, theta, q) {
    n <- ceiling(h * q - 1e-9)
    a <- sapply(0:(n - 1), function(to) sapply(0:(n - 1), function(from) {
        x <- (to - from + k * q) / q
        if (to == 0) ppois(floor(x + 1e-9), theta) else if (abs(x - round(x)) < 1e-9) dpois(round(x), theta) else 0
    }))
    solve(diag(n) - a, rep(1, n))[1]
}
for (i in 1:20) {
    q <- sample(c(1, 1, 2, 10, 4), 1)
    h <- sample(1:(8 * q), 3, replace = TRUE) / q
    k <- sample(0:(4 * q), 3, replace = TRUE) / q
    theta <- pmax(k * runif(3, 0.6, 1.5), 0.1)
    case("poisson_cusum_arl", list(h = h, k = k, theta = theta), list(arl = mapply(arl, h, k, theta, q)))
}

# The chance that the c-th event is the first to signal: fewer than j events by tau(j) for all j < c.
signal <- function(cv, horizon, M) {
    tau <- function(n) uniroot(function(u) u - n + n * log(n / u) - cv, c(1e-300, n), tol = 1e-14)$root
    p <- 1
    at <- 0
    crossed <- 0
    for (n in M:1000) {
        until <- min(tau(n), horizon)
        all <- outer(seq_along(p) - 1, 0:(n - 1), function(from, to) ifelse(to >= from, dpois(to - from, until - at), 0))
        crossed <- crossed + sum(p * ppois(n - seq_along(p), until - at, lower.tail = FALSE))
        p <- as.vector(p %*% all)
        at <- until
        if (at >= horizon) return(crossed)
    }
}
for (i in 1:12) {
    horizon <- round(runif(2, 0.5, 25), 2)
    M <- sample(1:4, 1)
    alpha <- sample(c(0.05, 0.01, 0.2, 0.001), 1)
    cv <- sapply(horizon, function(t) if (signal(1e-9, t, M) <= alpha) NA else
        uniroot(function(v) signal(v, t, M) - alpha, c(1e-9, 20), tol = 1e-10)$root)
    case("maxsprt_poisson_cv", list(T = horizon, M = M, alpha = alpha), list(cv = ifelse(is.na(cv), NaN, cv)), rel_tol = 1e-7)
}

for (i in 1:12) {
    n <- sample(c(1, 12, 50), 1)
    e <- cumsum(runif(n, 0, 1))
    x <- cumsum(rpois(n, sample(c(0.5, 1.2), 1)))
    M <- sample(1:5, 1)
    l <- ifelse(x > e, e - x + x * log(pmax(x, 1) / e), 0)
    hit <- which(l >= 2.5 & x >= M)
    case("maxsprt_llr", list(cum_events = x, cum_expected = e, cv = 2.5, M = M),
         list(llr = l, first_signal = if (length(hit)) hit[1] else 0))
}
case("maxsprt_llr", list(cum_events = c(0, 1), cum_expected = c(0, 0), cv = 3), list(llr = c(0, Inf), first_signal = 2))

for (i in 1:20) {
    a <- sample(c(0.5, 1, 2.5), 1)
    b <- sample(c(0.2, 1, 4), 1)
    n <- rpois(4, sample(c(0, 3, 20), 1))
    e <- runif(4, 0, 15)
    log_e <- mapply(function(n, e) {
        density <- function(r) n * log(r) - (r - 1) * e + dgamma(r, a, b, log = TRUE)
        top <- density(max(1, (a + n - 1) / (b + e)))
        mode <- max(1, (a + n - 1) / (b + e))
        area <- function(from, to) integrate(function(r) exp(density(r) - top), from, to, rel.tol = 1e-11)$value
        total <- (if (mode > 1) area(1, mode) else 0) + area(mode, 3 * mode + 3) + area(3 * mode + 3, Inf)
        top + log(total) - pgamma(1, a, b, lower.tail = FALSE, log.p = TRUE)
    }, n, e)
    case("poisson_mixture_e_process", list(n = n, E = e, a = a, b = b), list(log_e = log_e, e = exp(log_e)))
}

refused("poisson_cusum", list(x = c(1, NaN), k = 1, h = 3))
refused("poisson_cusum_arl", list(h = 5, k = pi, theta = 2))
refused("maxsprt_llr", list(cum_events = c(3, 1), cum_expected = c(1, 2), cv = 3))
