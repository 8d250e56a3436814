# oracle.R MODULE SEED: fresh random cases of one module with what R makes of them, as JSON on standard output, in the
# form of the reference cases (id, family, input, expected, rel_tol, abs_tol).
#
# oracle/MODULE.R beside this file calls, for each case,
#     case(family, input, expected, rel_tol = 1e-6, abs_tol = 1e-9)
# with lists; a refusal that must come is refused(family, input). Lists of one become single values, as in the reference
# cases. Chance comes from set.seed(SEED) before the file is read.
suppressMessages({
    library(survival)
    library(MASS)
    library(jsonlite)
})
arguments <- commandArgs(trailingOnly = TRUE)
here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)))
cases <- list()

add <- function(family, fields) {
    id <- sprintf("%s-%03d", family, length(cases) + 1)
    cases[[length(cases) + 1]] <<- c(list(id = id, family = family), fields)
}

case <- function(family, input, expected, rel_tol = 1e-6, abs_tol = 1e-9)
    add(family, list(input = input, expected = expected, rel_tol = rel_tol, abs_tol = abs_tol))

refused <- function(family, input)
    add(family, list(input = input, refused = TRUE))

# Limits as the reference cases have them.
limits <- function(x) list(lo = x[1], hi = x[2])

options(warn = -1)
set.seed(as.integer(arguments[2]))
source(file.path(here, paste0(arguments[1], ".R")))
cat(toJSON(list(cases = cases), auto_unbox = TRUE, digits = I(17), na = "string"))
