# recurrence.R: the mean cumulative function unit by unit and age by age, as its definition stands; survfit with
# clusters where it applies.

mcf <- function(d, level) {
    n <- length(d$time)
    cost <- if (is.null(d$cost)) rep(1, n) else d$cost
    entry <- if (is.null(d$entry)) rep(-1, n) else d$entry
    freq <- if (is.null(d$freq)) rep(1, n) else d$freq
    units <- unique(d$id)
    start <- sapply(units, function(u) min(entry[d$id == u]))
    end <- sapply(units, function(u) max(d$time[d$id == u]))
    w <- sapply(units, function(u) freq[d$id == u][1])
    ages <- sort(unique(d$time[d$event == 1 & freq > 0]))
    own <- outer(units, ages, Vectorize(function(u, t) sum(cost[d$id == u & d$time == t & d$event == 1])))
    risk <- outer(seq_along(units), ages, function(u, t) (start[u] < t & t <= end[u]) * 1)
    n_risk <- colSums(risk * w)
    jump <- colSums(own * w)
    steps <- sweep(risk * sweep(own, 2, jump / n_risk), 2, n_risk, "/")
    influence <- if (length(ages) > 1) t(apply(steps, 1, cumsum)) else steps
    M <- cumsum(jump / n_risk)
    se <- sqrt(colSums(influence^2 * w))
    z <- qnorm((1 + level) / 2)
    list(time = ages, n_risk = n_risk, jump = jump, mcf = M, se_robust = se,
         se_poisson = sqrt(cumsum(colSums(own^2 * w) / n_risk^2)), lo_log = M * exp(-z * se / M), hi_log = M * exp(z * se / M))
}

histories <- function(units, late, ties) {
    one <- function(id) {
        start <- if (late) runif(1, 0, 400) * rbinom(1, 1, 0.7) else 0
        end <- start + runif(1, 50, 900)
        k <- rpois(1, (end - start) / 300 * rgamma(1, 2, 2))
        time <- c(sort(runif(k, start, end)), if (k == 0 || runif(1) < 0.8) end)
        if (ties) time <- ceiling(time / 50) * 50
        list(id = rep(id, length(time)), time = time, event = c(rep(1, k), rep(0, length(time) - k)),
             entry = rep(start, length(time)))
    }
    all <- lapply(sample(1:999, units), one)
    d <- as.list(do.call(rbind, lapply(all, as.data.frame)))
    if (!late) d$entry <- NULL
    shuffled <- sample(length(d$time))
    lapply(d, `[`, shuffled)
}

for (i in 1:40) {
    d <- histories(sample(c(2, 6, 40), 1), i %% 3 == 0, i %% 2 == 0)
    if (!any(d$event == 1)) next
    n <- length(d$time)
    family <- if (i %% 4 == 0) "mcf_cost" else "mcf"
    if (family == "mcf_cost") d$cost <- round(rexp(n, 1 / 200), 2) * d$event
    if (i %% 5 == 0) d$freq <- (d$id %% 4 + 1) * 10
    level <- sample(c(0.8, 0.95), 1)
    case(family, c(d, list(level = level)), mcf(d, level))
    if (!is.null(d$entry) || !is.null(d$cost) || !is.null(d$freq) || anyDuplicated(d[c("id", "time")])) next
    at <- order(d$id, d$time)
    s <- data.frame(id = d$id, stop = d$time, event = d$event)[at, ]
    s$start <- ave(s$stop, s$id, FUN = function(t) c(0, head(t, -1)))
    if (any(s$start >= s$stop)) next
    fit <- survfit(Surv(start, stop, event) ~ 1, s, cluster = s$id, robust = TRUE, timefix = FALSE)
    jumps <- fit$n.event > 0
    case("mcf", c(d, list(level = 0.95)), list(mcf = fit$cumhaz[jumps], se_robust = fit$std.chaz[jumps]))
}

at_age <- function(m, ages, what) sapply(ages, function(a) if (any(m$time <= a)) tail(m[[what]][m$time <= a], 1) else 0)
for (i in 1:12) {
    a <- histories(sample(c(5, 30), 1), i %% 2 == 0, FALSE)
    b <- histories(sample(c(5, 30), 1), i %% 2 == 0, FALSE)
    if (!any(a$event == 1) || !any(b$event == 1)) next
    ages <- c(1, 100, 350, 500.5, 2000)
    ma <- mcf(a, 0.9)
    mb <- mcf(b, 0.9)
    difference <- at_age(ma, ages, "mcf") - at_age(mb, ages, "mcf")
    se <- sqrt(at_age(ma, ages, "se_robust")^2 + at_age(mb, ages, "se_robust")^2)
    d <- c(mapply(c, a, b, SIMPLIFY = FALSE), list(group = rep(c("first", "second"), c(length(a$time), length(b$time))),
                                                   ages = ages, level = 0.9))
    case("mcf_difference", d, list(difference = difference, se = se, lo = difference - qnorm(0.95) * se,
                                   hi = difference + qnorm(0.95) * se))
}
refused("mcf", list(id = c(1, 1), time = c(3, -5), event = c(1, 0)))
refused("mcf", list(id = c(1, 1), time = c(3, 5), event = c(1, 0), entry = c(4, 4)))
refused("mcf", list(id = c(1, 1), time = c(3, 5), event = c(1, 0), freq = c(1, 2)))
