# weibull.R: the likelihood written out and maximised by nlminb (truncation, any censoring), survreg for censored data, a
# loop for Johnson's ranks and lm for the line.

log_likelihood <- function(par, d) {
    shape <- exp(par[1])
    scale <- exp(par[2])
    H <- function(t) (t / scale)^shape
    exact <- d$lo == d$hi
    span <- !exact & is.finite(d$hi)
    ll <- -H(d$lo) + H(d$entry)
    ll[exact] <- ll[exact] + log(shape / scale) + (shape - 1) * log(d$lo[exact] / scale)
    ll[span] <- ll[span] + log(-expm1(H(d$lo[span]) - H(d$hi[span])))
    sum(d$freq * ll)
}

best <- function(fn, start) {
    minus <- function(p) {
        v <- fn(p)
        if (is.finite(v)) -v else 1e300
    }
    fit <- nlminb(start, minus, control = list(rel.tol = 1e-15, x.tol = 1e-12, eval.max = 5000, iter.max = 5000))
    nlminb(fit$par, minus, control = list(rel.tol = 1e-15, x.tol = 1e-13, eval.max = 5000, iter.max = 5000))
}

# Slope and curvature of the likelihood in log shape and log scale, differentiated by R.
part_survived <- deriv3(~ exp(exp(a) * (x - m)), c("a", "m"), function(a, m, x, x0) NULL)
part_failed <- deriv3(~ a + exp(a) * (x - m) - x, c("a", "m"), function(a, m, x, x0) NULL)
part_between <- deriv3(~ log(1 - exp(exp(exp(a) * (x0 - m)) - exp(exp(a) * (x - m)))), c("a", "m"), function(a, m, x, x0) NULL)
part_before <- deriv3(~ log(1 - exp(-exp(exp(a) * (x - m)))), c("a", "m"), function(a, m, x, x0) NULL)

slopes <- function(par, d) {
    total <- list(g = c(0, 0), H = matrix(0, 2, 2))
    add <- function(piece, sign, at, t, t0 = t) {
        at <- at & d$freq > 0
        if (!any(at)) return()
        v <- piece(par[1], par[2], log(t[at]), log(t0[at]))
        w <- sign * d$freq[at]
        total$g <<- total$g + colSums(w * attr(v, "gradient"))
        total$H <<- total$H + apply(w * attr(v, "hessian"), c(2, 3), sum)
    }
    exact <- d$lo == d$hi
    span <- !exact & is.finite(d$hi)
    add(part_survived, -1, d$lo > 0, d$lo)
    add(part_survived, 1, d$entry > 0, d$entry)
    add(part_failed, 1, exact, d$lo)
    add(part_between, 1, span & d$lo > 0, d$hi, d$lo)
    add(part_before, 1, span & d$lo == 0, d$hi)
    total
}

# nlminb stops where the likelihood is flat to the last digit; Newton's steps go on to where its slope is 0.
polish <- function(par, d) {
    for (step in 1:6) {
        s <- slopes(par, d)
        par <- par - solve(s$H, s$g)
    }
    par
}

fit_of <- function(d, level = 0.95, R_at = NULL, profile = TRUE) {
    known <- ifelse(is.finite(d$hi), (d$lo + d$hi) / 2, d$lo)
    top <- best(function(p) log_likelihood(p, d), c(0, log(sum(d$freq * (known - d$entry)) / sum(d$freq[is.finite(d$hi)]))))
    top$par <- polish(top$par, d)
    top$objective <- -log_likelihood(top$par, d)
    a <- top$par[1]
    m <- top$par[2]
    z <- qnorm((1 + level) / 2)
    v <- solve(-slopes(top$par, d)$H)
    se <- sqrt(diag(v))
    life <- function(p) {
        u <- log(-log1p(-p)) * exp(-a)
        half <- z * sqrt(sum(outer(c(-u, 1), c(-u, 1)) * v))
        list(est = exp(m + u), lo = exp(m + u - half), hi = exp(m + u + half))
    }
    out <- list(n_units = sum(d$freq), n_failures = sum(d$freq[is.finite(d$hi)]), shape = exp(a), scale = exp(m),
                loglik = -top$objective, se_log_shape = se[1], se_log_scale = se[2], cov_log_shape_log_scale = v[1, 2],
                wald_shape = limits(exp(a + c(-z, z) * se[1])), wald_scale = limits(exp(m + c(-z, z) * se[2])),
                B10 = life(0.1), B1 = life(0.01))
    if (!is.null(R_at)) {
        at <- exp(a) * (log(R_at) - m)
        half <- z * sqrt(sum(outer(c(at, -exp(a)), c(at, -exp(a))) * v))
        out$R_at <- list(t = R_at, est = exp(-exp(at)), lo = exp(-exp(at + half)), hi = exp(-exp(at - half)))
    }
    if (profile) {
        drop <- function(k) function(x) {
            p <- top$par
            inner <- function(q) { p[k] <- x; p[3 - k] <- q; log_likelihood(p, d) }
            -best(inner, top$par[3 - k])$objective + top$objective + z^2 / 2
        }
        end <- function(k, s) {
            from <- top$par[k]
            to <- from + s * z * se[k]
            while (drop(k)(to) > 0 && abs(to) < 40) to <- to + s * z * se[k]
            if (abs(to) >= 40) NA else exp(uniroot(drop(k), sort(c(from, to)), tol = 1e-11)$root)
        }
        out$lr_shape <- limits(c(end(1, -1), end(1, 1)))
        out$lr_scale <- limits(c(end(2, -1), end(2, 1)))
        # Where the profile flattens out before it falls far enough, uniroot finds what is not there.
        if (anyNA(unlist(out[c("lr_shape", "lr_scale")])) || out$lr_shape$lo < 0.05) out$lr_shape <- out$lr_scale <- NULL
    }
    out
}

rows <- function(input) {
    n <- length(input$time)
    list(lo = input$time, hi = ifelse(input$status == 1, input$time, Inf),
         entry = if (is.null(input$entry)) rep(0, n) else input$entry,
         freq = if (is.null(input$freq)) rep(1, n) else input$freq)
}

# survreg can go astray without a word: it must have come as high as nlminb.
converged <- function(fit, own) isTRUE(abs(own$loglik - fit$loglik[1]) < 1e-6 * abs(own$loglik))

units <- function(n, shape, scale, late) {
    entry <- if (late > 0) runif(n, 0, late) * (runif(n) < 0.8) else rep(0, n)
    life <- scale * ((entry / scale)^shape + rexp(n))^(1 / shape)
    seen <- entry + rexp(n, 1 / scale) * sample(c(0.1, 1), 1)
    list(time = signif(pmin(life, seen), 8), status = as.integer(life <= seen), entry = signif(entry, 6))
}

enough <- function(u) {
    failed <- u$time[u$status == 1]
    length(failed) >= 2 && length(unique(failed)) > 1
}

made <- 0
while (made < 24) {
    u <- units(sample(c(8, 40, 200), 1), sample(c(0.4, 1, 2.3, 6), 1), 10^runif(1, -3, 6), 0)
    if (!enough(u)) next
    u$entry <- NULL
    if (runif(1) < 0.5) u$freq <- sample(c(1, 3, 20, 1000), length(u$time), replace = TRUE)
    u$R_at <- median(u$time)
    u$level <- sample(c(0.8, 0.95, 0.99), 1)
    expected <- fit_of(rows(u), u$level, u$R_at)
    case("weibull_mle", u, expected, rel_tol = 1e-5)
    fit <- survreg(Surv(time, status) ~ 1, u, dist = "weibull", weights = if (is.null(u$freq)) rep(1, length(u$time)) else u$freq,
                   control = survreg.control(rel.tolerance = 1e-12, maxiter = 200))
    if (converged(fit, expected)) case("weibull_mle", u, list(shape = 1 / fit$scale, scale = exp(fit$coefficients[[1]]), loglik = fit$loglik[1],
                                se_log_shape = sqrt(fit$var[2, 2]), se_log_scale = sqrt(fit$var[1, 1]),
                                cov_log_shape_log_scale = -fit$var[1, 2]), rel_tol = 1e-5)
    made <- made + 1
}
made <- 0
while (made < 16) {
    scale <- 10^runif(1, -1, 4)
    u <- units(sample(c(40, 300), 1), sample(c(0.7, 1, 2.3), 1), scale, scale * sample(c(0.5, 3), 1))
    if (!enough(u)) next
    if (runif(1) < 0.5) u$freq <- sample(c(1, 3, 20), length(u$time), replace = TRUE)
    u$R_at <- median(u$time)
    expected <- try(fit_of(rows(u), 0.95, u$R_at), silent = TRUE)
    if (inherits(expected, "try-error") || expected$shape < 0.05 || expected$se_log_shape > 1) next
    case("weibull_mle_truncated", u, expected, rel_tol = 1e-5)
    made <- made + 1
}

for (i in 1:12) {
    k <- sample(3:12, 1)
    hours <- sort(signif(rweibull(k, 1.5, 2000), 4)) + 1:k
    inspected <- sample(c(5, 40, 3000), k, replace = TRUE)
    failed <- rbinom(k, inspected, pweibull(hours, 1.7, 3000))
    d <- list(lo = c(rep(0, k), hours), hi = c(hours, rep(Inf, k)), entry = rep(0, 2 * k), freq = c(failed, inspected - failed))
    expected <- try(fit_of(d), silent = TRUE)
    if (inherits(expected, "try-error") || !isTRUE(expected$se_log_shape < 1) || expected$shape < 0.1) next
    case("weibull_mle_interval", list(hours = hours, inspected = inspected, failed = failed), expected, rel_tol = 1e-5)
    fit <- survreg(Surv(ifelse(d$lo == 0, NA, d$lo), ifelse(is.finite(d$hi), d$hi, NA), type = "interval2") ~ 1,
                   weights = d$freq, subset = d$freq > 0, dist = "weibull", control = survreg.control(rel.tolerance = 1e-12))
    if (converged(fit, expected)) case("weibull_mle_interval", list(hours = hours, inspected = inspected, failed = failed),
         list(shape = 1 / fit$scale, scale = exp(fit$coefficients[[1]]), loglik = fit$loglik[1],
              se_log_shape = sqrt(fit$var[2, 2]), se_log_scale = sqrt(fit$var[1, 1])), rel_tol = 1e-5)
}

for (i in 1:10) {
    one <- units(60, 1.2, 900, 0)
    other <- units(40, sample(c(1.2, 3), 1), sample(c(900, 300), 1), 0)
    if (!enough(one) || !enough(other)) next
    u <- mapply(c, one, other, SIMPLIFY = FALSE)
    u$entry <- NULL
    u$group <- rep(c("B", "A"), c(60, 40))
    u$freq <- sample(1:5, 100, replace = TRUE)
    part <- function(at) fit_of(lapply(rows(u), `[`, at), profile = FALSE)$loglik
    common <- part(rep(TRUE, 100))
    separate <- part(u$group == "A") + part(u$group == "B")
    lr <- 2 * (separate - common)
    case("weibull_lr_two_groups", u, list(loglik_common = common, loglik_separate = separate, lr_statistic = lr, df = 2,
                                          p = pchisq(lr, 2, lower.tail = FALSE)), rel_tol = 1e-5)
}

weibayes <- function(u, shape, level) {
    d <- rows(u)
    r <- sum(d$freq * u$status)
    total <- sum(d$freq * (u$time^shape - d$entry^shape))
    list(scale = if (r) (total / r)^(1 / shape) else "none",
         lower_one_sided = (2 * total / qchisq(level, 2 * r + 2))^(1 / shape))
}
for (i in 1:15) {
    u <- units(sample(c(1, 4, 50), 1), 2, 1000, sample(c(0, 500), 1))
    if (i %% 3 == 0) u$status[] <- 0
    u$freq <- sample(c(1, 10, 1e9), length(u$time), replace = TRUE)
    level <- sample(c(0.6, 0.9, 0.95), 1)
    shape <- sample(c(0.5, 1, 2, 3.3), 1)
    case("weibayes", c(u, list(shape = shape, level = level)), weibayes(u, shape, level))
    shapes <- c(1, 1.5, 2.25)
    case("weibayes", c(u, list(shapes = shapes, level = level)),
         setNames(lapply(shapes, function(s) weibayes(u, s, level)), paste0("shape_", shapes)))
}

# One unit after the other, failures before suspensions at one age.
johnson <- function(time, status) {
    at <- order(time, -status)
    n <- length(time)
    rank <- 0
    ranks <- c()
    for (i in seq_len(n)) {
        if (!status[at[i]]) next
        rank <- rank + (n + 1 - rank) / (1 + n - (i - 1))
        ranks <- c(ranks, rank)
    }
    list(time = sort(time[status == 1]), rank = ranks)
}
for (i in 1:24) {
    n <- sample(c(4, 30, 200), 1)
    u <- units(n, 1.6, 500, 0)
    if (i %% 2) u$time <- ceiling(u$time / 40)
    u$entry <- NULL
    if (!enough(u)) next
    freq <- rep(1, n)
    if (i %% 3 == 0) u$freq <- freq <- sample(1:4, n, replace = TRUE)
    j <- johnson(rep(u$time, freq), rep(u$status, freq))
    total <- sum(freq)
    plotting <- c("benard", "beta")[1 + (i %% 4 == 0)]
    position <- if (plotting == "benard") (j$rank - 0.3) / (total + 0.4) else qbeta(0.5, j$rank, total - j$rank + 1)
    x <- log(j$time)
    y <- log(-log(1 - position))
    direction <- sample(c("x_on_y", "y_on_x"), 1)
    line <- coef(if (direction == "x_on_y") lm(x ~ y) else lm(y ~ x))
    shape <- if (direction == "x_on_y") 1 / line[[2]] else line[[2]]
    scale <- if (direction == "x_on_y") exp(line[[1]]) else exp(-line[[1]] / line[[2]])
    case("weibull_rank_regression", c(u, list(plotting = plotting, direction = direction)),
         list(adjusted_rank = j$rank, median_rank = position, shape = shape, scale = scale, r_squared = cor(x, y)^2))
}

refused("weibull_mle", list(time = c(5, 6, 7), status = c(0, 0, 0)))
refused("weibull_mle", list(time = c(5, 6, 7), status = c(0, 0, 1)))
refused("weibull_mle", list(time = c(0, 6, 7), status = c(1, 1, 0)))
refused("weibull_mle_truncated", list(time = c(5, 6, 7), status = c(1, 1, 0), entry = c(1, 6, 2)))
refused("weibull_mle_truncated", list(time = c(1.001, 1.002, 900), status = c(1, 1, 0), entry = c(1, 1, 1)))
refused("weibull_mle_interval", list(hours = c(10, 20), inspected = c(5, 5), failed = c(0, 5)))
refused("weibull_mle_interval", list(hours = c(10, 20), inspected = c(50, 50), failed = c(30, 5)))
refused("weibull_mle_interval", list(hours = c(10, 20), inspected = c(5, 5), failed = c(5, 5)))
