# survival.R: survfit for Kaplan-Meier with weights and late entry; survdiff, and the sums written out, for log-rank.

ages <- function(n, ties) if (ties) sample(1:12, n, replace = TRUE) else round(rweibull(n, 1.3, 800), 3)
whole <- function(n) sample(c(1, 2, 5, 40, 1e9), n, replace = TRUE)

# Never at risk before entry: entry < time, with 0 among them.
entries <- function(time) time * sample(c(0, 0.2, 0.9, 0.9999), length(time), replace = TRUE)

table_of <- function(input) {
    freq <- if (is.null(input$freq)) rep(1, length(input$time)) else input$freq
    y <- if (is.null(input$entry)) Surv(input$time, input$status) else Surv(input$entry, input$time, input$status)
    fit <- survfit(y ~ 1, weights = freq, conf.type = input$ci, conf.int = input$level, timefix = FALSE)
    at <- fit$n.event > 0
    se <- if (fit$logse) fit$std.err * fit$surv else fit$std.err
    list(time = fit$time[at], n_risk = fit$n.risk[at], n_event = fit$n.event[at], surv = fit$surv[at],
         std_err_greenwood = se[at], lo = fit$lower[at], hi = fit$upper[at])
}

for (i in 1:60) {
    n <- sample(c(1, 2, 5, 30, 300), 1)
    time <- ages(n, i %% 2 == 0)
    input <- list(time = time, status = rbinom(n, 1, sample(c(0.1, 0.5, 1), 1)), level = sample(c(0.5, 0.9, 0.95, 0.999), 1),
                  ci = sample(c("log-log", "log", "plain", "logit", "arcsin"), 1))
    if (runif(1) < 0.4) input$entry <- entries(time)
    if (runif(1) < 0.5) input$freq <- whole(n)
    if (any(input$status == 1)) case("kaplan_meier", input, table_of(input), abs_tol = 1e-12)
}
input <- list(time = c(1, 2, 3), status = c(1, 1, 1), level = 0.95, ci = "log")
case("kaplan_meier", input, table_of(input))
case("kaplan_meier", list(time = c(5, 9), status = c(0, 0)), list(time = numeric(0), surv = numeric(0)))
refused("kaplan_meier", list(time = c(5, -1), status = c(1, 0)))
refused("kaplan_meier", list(time = c(5, 6), status = c(1, 2)))
refused("kaplan_meier", list(time = c(5, 6), status = c(1, 0), entry = c(0, 7)))
refused("kaplan_meier", list(time = c(5, 6), status = c(1, 0), freq = c(1, -2)))

# Observed, expected and covariances of one stratum, over the failure times.
one_stratum <- function(time, status, entry, freq, group, levels) {
    k <- length(levels)
    sums <- list(o = numeric(k), e = numeric(k), v = matrix(0, k, k))
    for (t in sort(unique(time[status == 1]))) {
        risk <- entry < t & t <= time
        n_g <- sapply(levels, function(g) sum(freq[risk & group == g]))
        d_g <- sapply(levels, function(g) sum(freq[time == t & status == 1 & group == g]))
        n <- sum(n_g)
        d <- sum(d_g)
        sums$o <- sums$o + d_g
        sums$e <- sums$e + d * n_g / n
        if (n > 1) sums$v <- sums$v + d * (n - d) / (n - 1) * (diag(n_g / n, k) - outer(n_g, n_g) / n^2)
    }
    sums
}

logrank <- function(time, status, entry, freq, group, stratum) {
    levels <- sort(unique(group))
    parts <- lapply(unique(stratum), function(s) {
        at <- stratum == s
        one_stratum(time[at], status[at], entry[at], freq[at], group[at], levels)
    })
    total <- function(name) Reduce(`+`, lapply(parts, `[[`, name))
    o <- total("o")
    e <- total("e")
    used <- which(e > 0)[-1]
    chisq <- sum(solve(total("v")[used, used, drop = FALSE], (o - e)[used]) * (o - e)[used])
    list(observed = o, expected = e, chisq = chisq, df = length(used), p = pchisq(chisq, length(used), lower.tail = FALSE))
}

for (i in 1:40) {
    n <- sample(c(20, 60, 300), 1)
    k <- sample(2:5, 1)
    group <- c(1:k, sample(1:k, n - k, replace = TRUE))
    time <- ages(n, i %% 2 == 0) * ifelse(runif(n) < 0.5, 1 + group, 1)
    status <- c(1, rbinom(n - 1, 1, 0.6))
    labels <- if (runif(1) < 0.5) c("old", "new", "x10", "x9", "a")[group] else group * 5
    strata <- sample(1:3, n, replace = TRUE)
    if (i %% 3 == 0) strata <- rep(1, n)
    input <- list(time = time, status = status, group = labels, stratum = strata)
    family <- if (i %% 3) "logrank_stratified" else "logrank"
    if (family == "logrank") input$stratum <- NULL
    entry <- rep(0, n)
    freq <- rep(1, n)
    if (i %% 4 == 0) input$entry <- entry <- entries(time)
    if (i %% 5 == 0) input$freq <- freq <- sample(1:4, n, replace = TRUE)
    expected <- try(logrank(time, status, entry, freq, labels, strata), silent = TRUE)
    if (inherits(expected, "try-error")) next
    case(family, input, expected)
    if (i %% 4 == 0) next
    rows <- rep(seq_len(n), freq)
    peer <- survdiff(Surv(time, status) ~ labels + strata(strata), data.frame(time, status, labels, strata)[rows, ])
    case(family, input, list(observed = rowSums(cbind(peer$obs)), expected = rowSums(cbind(peer$exp)), chisq = peer$chisq,
                             p = peer$pvalue))
}
n <- 4000
group <- rep(c("A", "B"), each = n)
time <- c(rexp(n, 1), rexp(n, 4))
peer <- survdiff(Surv(time, rep(1, 2 * n)) ~ group)
case("logrank", list(time = time, status = rep(1, 2 * n), group = group),
     list(chisq = peer$chisq, p = pchisq(peer$chisq, 1, lower.tail = FALSE)), abs_tol = 0)
refused("logrank", list(time = c(1, 2, 3, 4), status = c(0, 0, 0, 0), group = c(1, 1, 2, 2)))
refused("logrank", list(time = c(1, 2, 3, 4), status = c(1, 1, 1, 1), group = c(1, 1, 1, 1)))
refused("logrank", list(time = c(1, 2, 8, 9), status = c(1, 1, 1, 1), entry = c(0, 0, 5, 5), group = c(1, 1, 2, 2)))
