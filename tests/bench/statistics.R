# statistics.R FOLDER: what R takes for the calculations of bench/statistics, on the data that it left in FOLDER; prints a
# line each: name, seconds. R's own vector functions and packages where there are any, else plain vectorised R.
suppressMessages(library(survival))
folder <- commandArgs(trailingOnly = TRUE)[1]
column <- function(name) {
    path <- file.path(folder, name)
    readBin(path, "double", file.size(path) / 8)
}
measure <- function(name, work, times = 1) {
    seconds <- system.time(work)[["elapsed"]]
    cat(name, seconds * times, "\n")
}

x <- column("events")
e <- column("expected")
measure("poisson-tests", {
    upper <- ppois(x, e, lower.tail = FALSE)
    p <- ppois(x - 1, e, lower.tail = FALSE)
    midp <- upper + dpois(x, e) / 2
    lo <- qgamma(0.025, x) / e
    hi <- qgamma(0.975, x + 1) / e
    lower <- qgamma(0.05, x) / e
    higher <- qgamma(0.95, x + 1) / e
})
p <- column("p")
measure("benjamini-hochberg", p.adjust(p, "BH"))

time <- column("time")
entry <- column("entry")
status <- column("status")
freq <- column("freq")
measure("kaplan-meier", survfit(Surv(entry, time, status) ~ 1, weights = freq))
minus <- function(q) {
    shape <- exp(q[1])
    -sum(freq * (status * (q[1] - q[2] + (shape - 1) * (log(time) - q[2])) - (time / exp(q[2]))^shape +
                 (entry / exp(q[2]))^shape))
}
measure("weibull", optim(c(0, log(mean(time))), minus, method = "BFGS", hessian = TRUE))

# Mean, robust and Poisson variance: influence of each unit summed at each age, as plain R can do it for whole days.
time <- column("mcf-time")
unit <- column("mcf-unit") + 1
n <- max(unit)
measure("mcf", {
    end <- time[1:n]
    days <- max(time)
    at_risk <- rev(cumsum(rev(tabulate(end, days))))
    event <- (n + 1):length(time)
    jump <- tabulate(time[event], days)
    rate <- jump / at_risk
    mean <- cumsum(rate)
    ordered <- event[order(time[event])]
    by_day <- split(unit[ordered], time[ordered])
    influence <- numeric(n)
    robust <- numeric(days)
    alive <- rep(TRUE, n)
    for (day in as.integer(names(by_day))) {
        here <- end >= day
        influence[here] <- influence[here] - rate[day] / at_risk[day]
        count <- tabulate(by_day[[as.character(day)]], n)
        influence <- influence + count / at_risk[day]
        robust[day] <- sum(influence^2)
    }
})

# Every window of every group's replicas; a few replicas stand for 999.
expected <- matrix(column("lot-expected"), ncol = 25)
events <- matrix(column("lot-events"), ncol = 25)
lots <- nrow(expected)
first <- rep(1:lots, lots:1)
last <- sequence(lots:1, 1:lots)
replicas <- 8
measure("lot-windows", for (group in 1:25) {
    all <- sum(events[, group])
    scaled <- expected[, group] * all / sum(expected[, group])
    sums <- c(0, cumsum(scaled))
    e <- sums[last + 1] - sums[first]
    for (x in c(list(events[, group]), lapply(1:replicas, function(r) rmultinom(1, all, scaled)))) {
        sums <- c(0, cumsum(x))
        x <- sums[last + 1] - sums[first]
        more <- x > e
        y <- x[more]
        f <- e[more]
        outside <- ifelse(y < all, (all - y) * log((all - y) / (all - f)), 0)
        max(y * log(y / f) + outside)
    }
}, 1000 / (replicas + 1))
