# fleet.R: small fleets end to end, with poisson.test and p.adjust. The files go beside the cases, in build/quality.

cells <- function(items, by) {
    key <- do.call(paste, c(items[by], sep = "\r"))
    rows <- lapply(sort(unique(key), method = "radix"), function(k) {
        mine <- key == k
        first <- items[mine, ][1, ]
        same <- items$part == first$part
        x <- c(sum(items$failed[mine]), sum(items$failed[same & !mine]))
        days <- c(sum(items$days[mine]), sum(items$days[same & !mine]))
        test <- poisson.test(x, days, alternative = "greater")
        c(as.list(first[by]),
          list(fail = x[1], days = days[1], ratio = (x[1] / days[1]) / (x[2] / days[2]),
               lower_one_sided_95 = test$conf.int[1], p_greater = test$p.value,
               expected = days[1] * x[2] / days[2], attributable = x[1] - days[1] * x[2] / days[2]))
    })
    adjusted <- p.adjust(sapply(rows, function(r) r$p_greater), "BH")
    Map(function(r, p) c(r, list(p_BH = p)), rows, adjusted)
}

for (i in 1:6) {
    n <- sample(c(40, 300), 1)
    cutoff <- sample(c(200, 400), 1)
    devices <- data.frame(device = sprintf("D%04d", 1:n), model = "M1", build_day = 0, region = "N",
                          in_service_day = sample(0:300, n, replace = TRUE))
    parts <- data.frame()
    # The LED has one supplier, so nothing to compare it with; some lots of the others never come into service.
    for (part in c("FAN", "LED", "PCB-7", "PUMP")) {
        supplier <- sample(if (part == "LED") "Only" else c("Acme", "BOLT", "b-2"), n, replace = TRUE)
        parts <- rbind(parts, data.frame(device = devices$device, part = part, supplier = supplier,
                                         lot = paste0(supplier, "-L", sample(1:(n / 10), n, replace = TRUE)),
                                         install_day = sample(0:40, n, replace = TRUE), remove_day = NA))
    }
    # Some fail: removed on a day in service, replaced the same day; reports come twice, or name no part.
    fails <- sample(nrow(parts), nrow(parts) %/% 5)
    service <- devices$in_service_day[match(parts$device, devices$device)]
    parts$remove_day[fails] <- pmax(parts$install_day, service)[fails] + sample(1:200, length(fails), replace = TRUE)
    events <- data.frame(device = parts$device[fails], day = parts$remove_day[fails], fault = "F",
                         confirmed_part = ifelse(runif(length(fails)) < 0.8, parts$part[fails], "NONE"),
                         case = sprintf("C%05d", sample(length(fails))))
    renewed <- parts[fails, ]
    renewed$install_day <- renewed$remove_day
    renewed$remove_day <- NA
    parts <- rbind(parts, renewed)
    events <- rbind(events, events[runif(nrow(events)) < 0.2, ])
    events <- events[order(events$day), ]

    files <- sprintf("fleet-%d-%s.csv", i, c("devices", "parts", "events"))
    Map(function(table, name) write.csv(table, file.path("build/quality", name), row.names = FALSE, quote = FALSE, na = ""),
        list(devices, parts, events), files)

    service <- devices$in_service_day[match(parts$device, devices$device)]
    ends <- pmin(ifelse(is.na(parts$remove_day), Inf, parts$remove_day), cutoff)
    parts$days <- pmax(0, ends - pmax(parts$install_day, service))
    counted <- subset(events, confirmed_part != "NONE" & day <= cutoff)
    counted <- counted[!duplicated(counted$case), ]
    parts$failed <- paste(parts$device, parts$part, parts$remove_day) %in%
        paste(counted$device, counted$confirmed_part, counted$day)
    by_lot <- cells(parts, c("part", "supplier", "lot"))
    flagged <- Filter(function(r) r$p_BH < 0.05, by_lot)
    case("mini_fleet", list(devices = files[1], parts = files[2], events = files[3], cutoff_day = cutoff),
         list(total_confirmed = sum(parts$failed), total_part_days = sum(parts$days),
              supplier_cells = cells(parts, c("part", "supplier")), lot_cells = by_lot,
              flagged_lots = vapply(flagged, function(r) r$lot, "")))
}
