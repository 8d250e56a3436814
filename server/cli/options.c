/* options.c: see options.h. */
#include "options.h"

#include <getopt.h>
#include <string.h>

#include "cleanup.h"
#include "nearest.h"

enum { LONGEST_WORD = 40 };

static const struct option_row {
    const char *name, *value; /* value NULL = a switch */
    enum message help;
} option_rows[OPTION_COUNT] = {
    [OPTION_SERVER] = {"server", "URL", MESSAGE_HELP_SERVER},
    [OPTION_TOKEN_FILE] = {"token-file", "FILE", MESSAGE_HELP_TOKEN_FILE},
    [OPTION_CA_FILE] = {"ca-file", "FILE", MESSAGE_HELP_CA_FILE},
    [OPTION_DB] = {"db", "FILE", MESSAGE_HELP_DB},
    [OPTION_JSON] = {"json", NULL, MESSAGE_HELP_JSON},
    [OPTION_LANG] = {"lang", "en|zh", MESSAGE_HELP_LANG},
    [OPTION_HELP] = {"help", NULL, MESSAGE_HELP_HELP},
    [OPTION_VERSION] = {"version", NULL, MESSAGE_HELP_VERSION},
    [OPTION_DEVICE] = {"device", "ID", MESSAGE_HELP_DEVICE},
    [OPTION_STATE] = {"state", "STATE", MESSAGE_HELP_STATE},
    [OPTION_CLASS] = {"class", "CLASS", MESSAGE_HELP_CLASS},
    [OPTION_PRODUCT_LINE] = {"product-line", "NAME", MESSAGE_HELP_PRODUCT_LINE},
    [OPTION_MODEL] = {"model", "NAME", MESSAGE_HELP_MODEL},
    [OPTION_ALL] = {"all", NULL, MESSAGE_HELP_ALL},
    [OPTION_ONLINE] = {"online", NULL, MESSAGE_HELP_ONLINE},
    [OPTION_OFFLINE] = {"offline", NULL, MESSAGE_HELP_OFFLINE},
    [OPTION_LIMIT] = {"limit", "N", MESSAGE_HELP_LIMIT},
    [OPTION_SINCE] = {"since", "ID", MESSAGE_HELP_SINCE},
    [OPTION_REASON] = {"reason", "TEXT", MESSAGE_HELP_REASON},
    [OPTION_ROLE] = {"role", "reader|admin", MESSAGE_HELP_ROLE},
    [OPTION_TOKENS_FILE] = {"tokens-file", "FILE", MESSAGE_HELP_TOKENS_FILE},
};

static const unsigned options_of_all = 1u << OPTION_SERVER | 1u << OPTION_TOKEN_FILE | 1u << OPTION_CA_FILE |
                                       1u << OPTION_DB | 1u << OPTION_JSON | 1u << OPTION_LANG | 1u << OPTION_HELP |
                                       1u << OPTION_VERSION;

static size_t command_count(void)
{
    size_t n = 0;

    while (cli_commands[n].group)
        n++;
    return n;
}

/* ---------------------------------------------------------------- did you mean */

static void suggest(
    FILE *err, enum language lang, const char *prefix, const char *word, const char *const *candidates, size_t count)
{
    const char *nearest = nearest_word(word, candidates, count);
    char text[2 * LONGEST_WORD];

    if (!nearest)
        return;
    snprintf(text, sizeof text, "%s%s", prefix, nearest);
    message_print(err, lang, MESSAGE_DID_YOU_MEAN, text);
    putc('\n', err);
}

/* ---------------------------------------------------------------- problems */

static const char *full_name(const struct cli_command *c, char *text, size_t size)
{
    snprintf(text, size, "%s %s", c->group, c->verb);
    return text;
}

static int problem(FILE *err, enum language lang, enum message m, const char *a, const char *b)
{
    message_problem(err, lang, m, a, b);
    return -1;
}

static int unknown_option(FILE *err, enum language lang, const char *word)
{
    const char *names[OPTION_COUNT];

    for (size_t i = 0; i < OPTION_COUNT; i++)
        names[i] = option_rows[i].name;
    problem(err, lang, MESSAGE_NO_OPTION, word, NULL);
    if (strncmp(word, "--", 2) == 0)
        suggest(err, lang, "--", word + 2, names, OPTION_COUNT);
    return -1;
}

static int unknown_command(FILE *err, enum language lang, const char *group, const char *verb)
{
    const char *names[32];
    char word[2 * LONGEST_WORD];
    size_t n = 0;
    bool group_is_known = false;

    for (size_t i = 0; i < command_count(); i++)
        group_is_known |= strcmp(cli_commands[i].group, group) == 0;
    for (size_t i = 0; i < command_count() && n < countof(names); i++)
        if (!group_is_known)
            names[n++] = cli_commands[i].group;
        else if (strcmp(cli_commands[i].group, group) == 0)
            names[n++] = cli_commands[i].verb;
    snprintf(word, sizeof word, "%s%s%s", group, verb ? " " : "", verb ? verb : "");
    problem(err, lang, MESSAGE_NO_COMMAND, word, NULL);
    snprintf(word, sizeof word, "%s ", group);
    if (!group_is_known)
        suggest(err, lang, "", group, names, n);
    else
        suggest(err, lang, word, verb ? verb : "", names, n);
    message_print(err, lang, MESSAGE_SEE_HELP, group_is_known ? word : "");
    putc('\n', err);
    return -1;
}

/* ---------------------------------------------------------------- parsing */

/* Also for messages about a command line that is wrong elsewhere, so before all else. */
static enum language find_language(int argc, char **argv, const char *locale)
{
    enum language lang = language_from_locale(locale);

    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], "--lang=", 7) == 0)
            language_from_word(argv[i] + 7, &lang);
        else if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc)
            language_from_word(argv[i + 1], &lang);
    return lang;
}

/* Options may stand anywhere; getopt_long() moves the other words behind them. */
static int parse_options(int argc, char **argv, struct options *ret, FILE *err)
{
    struct option table[OPTION_COUNT + 1] = {0};
    int which = 0, c;

    for (int i = 0; i < OPTION_COUNT; i++)
        table[i] = (struct option){.name = option_rows[i].name,
            .has_arg = option_rows[i].value ? required_argument : no_argument,
            .flag = &which,
            .val = i};
    opterr = 0;
    optind = 0; /* glibc: begin anew */
    while ((c = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
        const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "";

        if (c == 'h')
            ret->help = true;
        else if (c == ':')
            return problem(err, ret->lang, MESSAGE_OPTION_NEEDS_VALUE, word, NULL);
        else if (c == '?' && strchr(word, '=') && optopt)
            return problem(err, ret->lang, MESSAGE_OPTION_TAKES_NO_VALUE, word, NULL);
        else if (c == '?')
            return unknown_option(err, ret->lang, word);
        else
            ret->values[which] = optarg ? optarg : "";
    }
    ret->help |= ret->values[OPTION_HELP] != NULL;
    return optind;
}

static const struct cli_command *find_command(const char *group, const char *verb)
{
    for (size_t i = 0; i < command_count(); i++)
        if (strcmp(cli_commands[i].group, group) == 0 && strcmp(cli_commands[i].verb, verb) == 0)
            return &cli_commands[i];
    return NULL;
}

static bool is_group(const char *word)
{
    for (size_t i = 0; i < command_count(); i++)
        if (strcmp(cli_commands[i].group, word) == 0)
            return true;
    return false;
}

static int take_command(int n, char **words, struct options *ret, FILE *err)
{
    if (n > 0 && strcmp(words[0], "help") == 0) {
        ret->help = true;
        words++, n--;
    }
    if (n == 0)
        return 0;
    if (n == 1 && is_group(words[0]) && ret->help) {
        ret->group = words[0];
        return 0;
    }
    ret->command = n > 1 ? find_command(words[0], words[1]) : NULL;
    if (!ret->command)
        return unknown_command(err, ret->lang, words[0], n > 1 ? words[1] : NULL);
    ret->argument = n > 2 ? words[2] : NULL;
    char name[LONGEST_WORD];
    full_name(ret->command, name, sizeof name);
    if (n > 2 + (ret->command->argument != NULL))
        return problem(err, ret->lang, MESSAGE_TOO_MANY_ARGUMENTS, name, words[n - 1]);
    if (ret->command->argument && !ret->argument && !ret->help)
        return problem(err, ret->lang, MESSAGE_NEEDS_ARGUMENT, name, ret->command->argument);
    return 0;
}

static int check_options(const struct options *o, FILE *err)
{
    enum language lang;
    char name[LONGEST_WORD];

    for (unsigned i = 0; o->command && i < OPTION_COUNT; i++)
        if (o->values[i] && !((options_of_all | o->command->options) >> i & 1))
            return problem(
                err, o->lang, MESSAGE_OPTION_NOT_HERE, full_name(o->command, name, sizeof name), option_rows[i].name);
    if (o->values[OPTION_LANG] && !language_from_word(o->values[OPTION_LANG], &lang)) {
        message_problem(err, o->lang, MESSAGE_BAD_VALUE, "lang", o->values[OPTION_LANG], "en, zh");
        return -1;
    }
    return 0;
}

int options_parse(int argc, char **argv, const char *locale, struct options *ret, FILE *err)
{
    *ret = (struct options){.lang = find_language(argc, argv, locale)};
    int first = parse_options(argc, argv, ret, err);

    if (first < 0 || take_command(argc - first, argv + first, ret, err) != 0 || check_options(ret, err) != 0)
        return -1;
    if (!ret->command)
        ret->help = !ret->values[OPTION_VERSION];
    return 0;
}

/* ---------------------------------------------------------------- help */

static void put_line(FILE *out, enum language lang, enum message m, const char *arg)
{
    message_print(out, lang, m, arg);
    putc('\n', out);
}

static void put_option(FILE *out, enum language lang, unsigned i)
{
    char left[LONGEST_WORD];

    snprintf(left, sizeof left, "--%s%s%s", option_rows[i].name, option_rows[i].value ? " " : "",
        option_rows[i].value ? option_rows[i].value : "");
    fprintf(out, "  %-20s ", left);
    put_line(out, lang, option_rows[i].help, NULL);
}

static void put_examples(FILE *out, enum language lang, const char *const *examples)
{
    put_line(out, lang, MESSAGE_EXAMPLES, NULL);
    for (; *examples; examples++)
        fprintf(out, "  %s\n", *examples);
}

static void help_of_command(FILE *out, const struct options *o)
{
    const struct cli_command *c = o->command;
    char usage[2 * LONGEST_WORD];

    snprintf(
        usage, sizeof usage, "%s %s%s%s", c->group, c->verb, c->argument ? " " : "", c->argument ? c->argument : "");
    put_examples(out, o->lang, c->examples);
    put_line(out, o->lang, MESSAGE_USAGE, usage);
    fputs("  ", out);
    put_line(out, o->lang, c->summary, NULL);
    put_line(out, o->lang, MESSAGE_OPTIONS, NULL);
    for (unsigned i = 0; i < OPTION_COUNT; i++)
        if (c->options >> i & 1)
            put_option(out, o->lang, i);
    for (unsigned i = 0; i < OPTION_COUNT; i++)
        if (options_of_all >> i & 1)
            put_option(out, o->lang, i);
}

static void help_of_all(FILE *out, const struct options *o)
{
    static const char *const examples[] = {
        "faultline ticket list --class urgent", "faultline device show engine-7", "faultline event watch", NULL};

    put_examples(out, o->lang, examples);
    put_line(out, o->lang, MESSAGE_COMMANDS, NULL);
    for (size_t i = 0; i < command_count(); i++) {
        const struct cli_command *c = &cli_commands[i];
        char name[LONGEST_WORD];

        if (o->group && strcmp(o->group, c->group) != 0)
            continue;
        snprintf(
            name, sizeof name, "%s %s%s%s", c->group, c->verb, c->argument ? " " : "", c->argument ? c->argument : "");
        fprintf(out, "  %-20s ", name);
        put_line(out, o->lang, c->summary, NULL);
    }
    put_line(
        out, o->lang, MESSAGE_EVERYWHERE, "--server URL, --token-file FILE, --db FILE, --json, --lang en|zh, --help");
    put_line(out, o->lang, MESSAGE_MORE_HELP, NULL);
}

void options_help(FILE *out, const struct options *o)
{
    if (o->command)
        help_of_command(out, o);
    else
        help_of_all(out, o);
}
