# scan.R: change point, windows and trees, by going through all of them.

for (i in 1:30) {
    k <- sample(c(2, 3, 20, 150), 1)
    n <- 10^runif(1, -9, 9) * runif(k, 0.5, 2)
    x <- rpois(k, 4 * (1 + (seq_len(k) > k / 2)))
    part <- function(x, n) if (sum(x) > 0) sum(x) * log(sum(x) / sum(n)) else 0
    gain <- sapply(1:(k - 1), function(b) 2 * (part(x[1:b], n[1:b]) + part(x[-(1:b)], n[-(1:b)]) - part(x, n)))
    b <- which.max(gain)
    case("changepoint_poisson", list(x = x, n = n, first_year = 1900),
         list(last_index_before = b, lr_statistic = gain[b], rate_before = sum(x[1:b]) / sum(n[1:b]),
              rate_after = sum(x[-(1:b)]) / sum(n[-(1:b)]), year_last_before = 1900 + b - 1))
}

llr <- function(x, e, all) {
    outside <- if (x < all) (all - x) * log((all - x) / (all - e)) else 0
    if (x > e) x * log(x / e) + outside else 0
}

for (i in 1:30) {
    k <- sample(c(1, 5, 30), 1)
    n <- sample(200:900, k, replace = TRUE)
    x <- rpois(k, n / 200 * (1 + 2 * (seq_len(k) %in% 4:6)))
    x[1] <- x[1] + 1
    longest <- sample(c(1, 4, 26), 1)
    best <- list(llr = -1)
    for (a in 1:k) for (b in a:min(k, a + longest - 1)) {
        e <- sum(x) * sum(n[a:b]) / sum(n)
        value <- llr(sum(x[a:b]), e, sum(x))
        if (value > best$llr + 1e-9) best <- list(llr = value, first = a, last = b, observed = sum(x[a:b]), expected = e)
    }
    if (best$llr > 0)
        case("scan_build_weeks", list(x = x, n = n, max_window = longest), best)
}

for (i in 1:30) {
    leaf <- unique(sprintf("P%d/S%d/L%d", sample(1:12, 40, TRUE), sample(1:3, 40, TRUE), sample(1:3, 40, TRUE)))
    if (i %% 3 == 0) leaf <- paste0("EU/", leaf)
    expected <- round(runif(length(leaf), 1, 9), 2)
    observed <- rpois(length(leaf), expected * ifelse(grepl("P1/S2", leaf), 3, 1))
    paths <- lapply(strsplit(leaf, "/"), function(p) sapply(seq_along(p), function(d) paste(p[1:d], collapse = "/")))
    node <- sort(unique(unlist(paths)), method = "radix")
    scaled <- expected * sum(observed) / sum(expected)
    under <- function(v) sapply(paths, function(p) v %in% p)
    x <- sapply(node, function(v) sum(observed[under(v)]))
    e <- sapply(node, function(v) sum(scaled[under(v)]))
    value <- mapply(llr, x, e, sum(observed))
    case("tree_scan_llr", list(leaf = leaf, obs = observed, exp = expected),
         list(node = node, observed = unname(x), expected_scaled = unname(e), llr = unname(value),
              best = node[which.max(value)]))
}
