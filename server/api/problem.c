/* problem.c: see problem.h. */
#include "problem.h"

#include <jansson.h>
#include <stdlib.h>

#include "cleanup.h"

static const struct {
    int status;
    const char *title;
} titles[] = {
    {200, "OK"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {417, "Expectation Failed"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

const char *problem_title(int status)
{
    for (size_t i = 0; i < countof(titles); i++)
        if (titles[i].status == status)
            return titles[i].title;
    return "";
}

char *problem_body(int status, const char *code, const char *detail)
{
    json_t *text = json_string(detail);
    json_t *root = json_pack("{s:s+, s:s, s:i, s:s, s:o}", "type", "urn:faultline:problem:", code, "title",
        problem_title(status), "status", status, "code", code, "detail", text ? text : json_string(""));
    char *body = root ? json_dumps(root, JSON_COMPACT) : NULL;

    if (!body)
        abort(); /* out of memory */
    json_decref(root);
    return body;
}
