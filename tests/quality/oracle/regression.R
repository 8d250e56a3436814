# regression.R: stats::glm, to the end of its digits.

control <- glm.control(epsilon = 1e-14, maxit = 100)

# The case's data frame with texts and whole numbers as factors whose levels stand in byte order.
framed <- function(columns) {
    for (name in setdiff(names(columns), c("y", "days")))
        if (is.character(columns[[name]]) || all(columns[[name]] == trunc(columns[[name]])))
            columns[[name]] <- factor(columns[[name]], sort(unique(columns[[name]]), method = "radix"))
    as.data.frame(columns)
}

fitted_case <- function(columns, formula, more = function(coef, data) list(), rel_tol = 1e-6) {
    data <- framed(columns)
    all <- glm(as.formula(formula), poisson, data, control = glm.control(maxit = 1))
    # At this epsilon glm no longer sees what is confounded, so that is left out before.
    design <- model.matrix(all)
    order <- qr(design, tol = 1e-10)
    keep <- sort(order$pivot[seq_len(order$rank)])
    fit <- glm(all$y ~ design[, keep] - 1, poisson, offset = all$offset, control = control)
    spread <- function(x) replace(rep(NA_real_, ncol(design)), keep, unname(x))
    # Where a group has no events the coefficients are only where the rounds ended: noise in the fourth digit.
    if (any(fitted(fit) < 1e-7)) {
        case("poisson_glm_offset", c(columns, list(formula = formula)),
             c(list(terms = colnames(design), deviance = deviance(fit), df_residual = df.residual(fit),
                    loglik = as.numeric(logLik(fit)), separated = TRUE), more(spread(coef(fit)), data)), rel_tol, abs_tol = 1e-7)
        return(invisible())
    }
    case("poisson_glm_offset", c(columns, list(formula = formula)),
         c(list(terms = colnames(design), coef = spread(coef(fit)), se = spread(sqrt(diag(vcov(fit)))), deviance = deviance(fit),
                df_residual = df.residual(fit),
                pearson_dispersion = sum(residuals(fit, "pearson")^2) / df.residual(fit),
                loglik = as.numeric(logLik(fit)), separated = FALSE),
           more(spread(coef(fit)), data)), rel_tol, abs_tol = 1e-7)
}

ratios <- function(coef, data) {
    crude <- stats::coef(glm(y ~ supplier + offset(log(days)), poisson, data, control = control))
    list(crude_rate_ratio_S2_vs_S1 = unname(exp(crude["supplierS2"])),
         adjusted_rate_ratio_S2_vs_S1 = unname(exp(coef[2])))
}

for (i in 1:25) {
    n <- sample(c(30, 60, 200), 1)
    supplier <- sample(c("S1", "S2", "S3"), n, replace = TRUE)
    region <- sample(c("hot", "Cold", "mild-2"), n, replace = TRUE)
    hours <- runif(n, 0, 3)
    days <- 10^runif(n, 1, 6)
    y <- rpois(n, days * 10^runif(1, -5, 0) * exp(0.7 * (supplier == "S2") + 1.2 * (region == "hot") + 0.3 * hours))
    if (all(tapply(y, supplier, sum) > 0) && all(tapply(y, region, sum) > 0)) {
        columns <- list(y = y, days = days, supplier = supplier, region = region, hours = hours)
        fitted_case(columns[1:4], "y ~ supplier + region + offset(log(days))", ratios)
        fitted_case(columns, "y ~ region + hours + supplier + offset(log(days))")
        fitted_case(columns[1:4], "y ~ supplier*region + offset(log(days))")
        fitted_case(columns[c(1, 2, 4, 5)], "y ~ log(hours) + region + offset(log(days))")
        fitted_case(columns[1:2], "y ~ 1 + offset(log(days))")
        fitted_case(c(columns[1:3], list(band = 1 + floor(hours))), "y ~ supplier + band + offset(log(days))", ratios)
    }
}

# A million events, exposures far apart, one row a parameter.
fitted_case(list(y = c(1e6, 2e6, 1.5e6, 1.1e6), days = c(1e12, 1e12, 5e11, 1e11), supplier = c("A", "B", "A", "B"),
                 region = c("x", "x", "y", "y")), "y ~ supplier + region + offset(log(days))")
fitted_case(list(y = c(3, 4, 5, 9), days = c(1e-9, 1e-9, 2e-9, 1e-9), supplier = c("A", "A", "B", "B")),
            "y ~ supplier + offset(log(days))")

# Confounded: the supplier that went to one region only, and that region.
fitted_case(list(y = c(3, 4, 5, 9, 7), days = c(100, 120, 90, 80, 60), supplier = c("S1", "S1", "S2", "S2", "S1"),
                 region = c("N", "N", "S", "S", "N")), "y ~ supplier + region + offset(log(days))")

# Separated: a supplier without events, in the middle and as the base.
fitted_case(list(y = c(0, 0, 5, 9, 7, 8), days = c(100, 120, 90, 80, 60, 30),
                 supplier = c("S2", "S2", "S1", "S1", "S3", "S3")), "y ~ supplier + offset(log(days))", ratios)
fitted_case(list(y = c(0, 0, 5, 9, 7, 8), days = c(100, 120, 90, 80, 60, 30),
                 supplier = c("S1", "S1", "S2", "S2", "S3", "S3")), "y ~ supplier + offset(log(days))")
fitted_case(list(y = c(0, 0, 0), days = c(10, 20, 30)), "y ~ 1 + offset(log(days))")
refused("poisson_glm_offset", list(y = c(1, -2), days = c(1, 1), formula = "y ~ 1 + offset(log(days))"))
refused("poisson_glm_offset", list(y = c(1, 2), days = c(1, 0), formula = "y ~ 1 + offset(log(days))"))
