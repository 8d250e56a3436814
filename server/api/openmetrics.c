/* openmetrics.c: see openmetrics.h. */
#include "openmetrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

struct sink {
    FILE *out;
    char last[64]; /* name of the sample before: its TYPE and HELP stand already */
};

/* Label values and help texts: backslash, quote and line feed are escaped (OpenMetrics 1.0, "Escaping"). */
static void put_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            fputs("\\n", out);
        else if (*text == '\\' || *text == '"')
            fprintf(out, "\\%c", *text);
        else
            putc(*text, out);
    }
}

static void emit(void *ctx, const struct api_metric *m)
{
    struct sink *s = ctx;

    if (strcmp(s->last, m->name) != 0) {
        fprintf(s->out, "# TYPE faultline_%s %s\n# HELP faultline_%s ", m->name,
            m->kind == API_COUNTER ? "counter" : "gauge", m->name);
        put_escaped(s->out, m->help);
        putc('\n', s->out);
        snprintf(s->last, sizeof s->last, "%s", m->name);
    }
    fprintf(s->out, "faultline_%s%s", m->name, m->kind == API_COUNTER ? "_total" : "");
    if (m->label) {
        fprintf(s->out, "{%s=\"", m->label);
        put_escaped(s->out, m->label_value);
        fputs("\"}", s->out);
    }
    fprintf(s->out, " %.17g\n", m->value);
}

static void emit_store(struct sink *s, const struct store_counts *c)
{
    const struct api_metric samples[] = {
        {"devices", "Devices that ever reported.", API_GAUGE, NULL, NULL, (double)c->devices},
        {"devices_online", "Devices with a connection now.", API_GAUGE, NULL, NULL, (double)c->devices_online},
        {"conditions_confirmed", "Conditions that are confirmed.", API_GAUGE, NULL, NULL,
            (double)c->conditions_confirmed},
        {"tickets_open", "Tickets neither closed nor cancelled.", API_GAUGE, NULL, NULL, (double)c->tickets_open},
        {"ticket_clocks_past_due", "Ticket clocks that run or ran past their due time.", API_GAUGE, NULL, NULL,
            (double)c->clocks_breached},
        {"transitions_stored", "Fault transitions committed to the store.", API_COUNTER, NULL, NULL,
            (double)c->transitions},
    };

    for (size_t i = 0; i < countof(samples); i++)
        emit(s, &samples[i]);
}

static void emit_http(struct sink *s, const struct openmetrics_inputs *in)
{
    static const char *const classes[] = {"0xx", "1xx", "2xx", "3xx", "4xx", "5xx"};
    const struct api_metric samples[] = {
        {"http_refused_requests", "Requests that were ambiguous, too large or too slow.", API_COUNTER, NULL, NULL,
            (double)in->http.refused},
        {"http_auth_failures", "Requests without a valid token.", API_COUNTER, NULL, NULL, (double)in->auth_failures},
        {"http_overload", "Requests answered 503 because the queue was full.", API_COUNTER, NULL, NULL,
            (double)in->overload},
        {"http_gave_way_connections", "Waiting connections closed for a new one because a cap was reached.",
            API_COUNTER, NULL, NULL, (double)in->http.gave_way},
        {"http_turned_away_connections", "Connections closed because a cap was reached.", API_COUNTER, NULL, NULL,
            (double)in->http.turned_away},
        {"http_cut_streams", "Event streams that ended with something unread.", API_COUNTER, NULL, NULL,
            (double)in->http.cut_streams},
        {"http_connections", "Open HTTP connections.", API_GAUGE, NULL, NULL, in->http.open},
        {"http_streams", "Open event streams.", API_GAUGE, NULL, NULL, in->streams},
        {"http_queue_depth", "Requests that wait for a reader thread.", API_GAUGE, NULL, NULL, in->queued},
    };

    for (size_t i = 2; i < countof(classes); i++)
        emit(s, &(struct api_metric){"http_answers", "HTTP answers by status class.", API_COUNTER, "status", classes[i],
                    (double)in->http.answers[i]});
    for (size_t i = 0; i < countof(samples); i++)
        emit(s, &samples[i]);
}

char *openmetrics_text(const struct openmetrics_inputs *in, const struct store_counts *counts, size_t *ret_bytes)
{
    char *text = NULL;
    struct sink s = {.out = open_memstream(&text, ret_bytes)};

    if (!s.out)
        abort();
    fputs("# TYPE faultline_build info\n# HELP faultline_build The running program.\n"
          "faultline_build_info{version=\"" FAULTLINE_VERSION "\"} 1\n",
        s.out);
    if (counts)
        emit_store(&s, counts);
    emit_http(&s, in);
    if (in->host.metrics)
        in->host.metrics(in->host.ctx, emit, &s);
    fputs("# EOF\n", s.out);
    if (fclose(s.out) != 0)
        abort(); /* a memory stream fails only without memory */
    return text;
}
