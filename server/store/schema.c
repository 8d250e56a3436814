/* schema.c: schema files into the program, versions and checksums, upgrades. See schema.h. */
#include "schema.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The assembler reads the file (paths from the root of the tree, where the build runs), so that nothing has to be
 * generated. Each file is listed three times: here twice, and in schema_steps. */
#define EMBED(symbol, path) __asm__(".pushsection .rodata\n" symbol ":\n.incbin \"" path "\"\n.byte 0\n.popsection\n")

EMBED("schema_001_base", "server/store/schema/001_base.sql");
EMBED("schema_002_lane_tail", "server/store/schema/002_lane_tail.sql");
EMBED("schema_003_device_silence", "server/store/schema/003_device_silence.sql");
extern const char schema_001_base[] __attribute__((visibility("hidden")));
extern const char schema_002_lane_tail[] __attribute__((visibility("hidden")));
extern const char schema_003_device_silence[] __attribute__((visibility("hidden")));

const struct schema_step schema_steps[] = {
    {"001_base.sql", schema_001_base},
    {"002_lane_tail.sql", schema_002_lane_tail},
    {"003_device_silence.sql", schema_003_device_silence},
};
const size_t schema_step_count = countof(schema_steps);

static const char version_table[] = "CREATE TABLE schema_version ("
                                    "version BIGINT NOT NULL PRIMARY KEY, "
                                    "name TEXT NOT NULL, "
                                    "checksum TEXT NOT NULL)"; /* FNV-1a 64 of the file, hex */

enum { CHECKSUM_BYTES = 17 };

static const char *checksum_of(const char *text, char hex[static CHECKSUM_BYTES])
{
    uint64_t hash = 0xcbf29ce484222325;

    for (const char *c = text; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
    snprintf(hex, CHECKSUM_BYTES, "%016" PRIx64, hash);
    return hex;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The text with the words BLOB and TEXT as the driver calls them. The caller frees it. */
static char *translated(const struct db_driver *driver, const char *sql)
{
    char *out = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&out, &size);

    if (!to)
        abort();
    for (const char *c = sql; *c;) {
        size_t n = 0;
        while (is_word(c[n]))
            n++;
        if (n == 4 && memcmp(c, "BLOB", 4) == 0)
            fputs(driver->blob_type, to);
        else if (n == 4 && memcmp(c, "TEXT", 4) == 0)
            fputs(driver->text_type, to);
        else
            fwrite(c, 1, n > 0 ? n : 1, to);
        c += n > 0 ? n : 1;
    }
    if (fclose(to) != 0)
        abort();
    return out;
}

static int has_versions(struct db *db, bool *ret_has, struct fail *f)
{
    autodone struct db_rows rows = {0};
    const struct db_value values[] = {db_text("schema_version")};
    bool found;

    if (db_query(db, db->driver->has_table, values, countof(values), &rows, f) < 0 || db_next(&rows, &found, f) < 0)
        return -1;
    *ret_has = found && db_get_i64(&rows, 0) > 0;
    return 0;
}

/* A file that holds somebody else's tables is not made ours. */
static int check_empty(struct db *db, struct fail *f)
{
    autodone struct db_rows rows = {0};
    bool found;

    if (!db->driver->all_tables)
        return 0;
    if (db_query(db, db->driver->all_tables, NULL, 0, &rows, f) < 0 || db_next(&rows, &found, f) < 0)
        return -1;
    if (found && db_get_i64(&rows, 0) > 0)
        return fail_set(f, FAIL_SETTINGS, "the database holds other tables: it is not a collector's");
    return 0;
}

/* How many steps the database has gone through. */
static int read_version(
    struct db *db, const struct schema_step *steps, size_t count, size_t *ret_version, struct fail *f)
{
    autodone struct db_rows rows = {0};
    char checksum[CHECKSUM_BYTES];
    size_t version = 0, newest = 0;
    bool found, changed = false;

    if (db_query(db, "SELECT version, checksum FROM schema_version ORDER BY version", NULL, 0, &rows, f) < 0)
        return -1;
    while (db_next(&rows, &found, f) == 0) {
        if (!found) {
            if (newest > count)
                return fail_set(f, FAIL_NEWER, "the database is of schema version %zu, this program knows up to %zu",
                    newest, count);
            if (changed || version != newest)
                return fail_set(f, FAIL_CORRUPT, "the database went through another %s", steps[version - 1].name);
            *ret_version = version;
            return 0;
        }
        newest = (size_t)db_get_i64(&rows, 0);
        if (newest > count || changed)
            continue;
        version++;
        changed =
            newest != version || strcmp(db_get_text(&rows, 1), checksum_of(steps[version - 1].sql, checksum)) != 0;
    }
    return -1;
}

static int take_step(struct db *db, const struct schema_step *step, size_t version, struct fail *f)
{
    char checksum[CHECKSUM_BYTES];
    autofree char *sql = translated(db->driver, step->sql);
    const struct db_value values[] = {
        db_i64((int64_t)version), db_text(step->name), db_text(checksum_of(step->sql, checksum))};

    /* First: of two writers that upgrade at once, the second fails here with FAIL_CONFLICT. */
    if (db_run(db, "INSERT INTO schema_version (version, name, checksum) VALUES ($1, $2, $3)", values, countof(values),
            f) < 0 ||
        db_script(db, sql, f) < 0)
        return fail_add(f, "schema %s", step->name);
    return 0;
}

static int upgrade(struct db *db, const struct schema_step *steps, size_t count, struct fail *f)
{
    bool has;
    size_t version = 0;
    autofree char *table = translated(db->driver, version_table);

    if (has_versions(db, &has, f) < 0)
        return -1;
    if (has ? read_version(db, steps, count, &version, f) < 0 : check_empty(db, f) < 0 || db_script(db, table, f) < 0)
        return -1;
    for (; version < count; version++)
        if (take_step(db, &steps[version], version + 1, f) < 0)
            return -1;
    return 0;
}

int schema_upgrade(struct db *db, const struct schema_step *steps, size_t count, struct fail *f)
{
    if (db_begin(db, f) < 0)
        return -1;
    if (upgrade(db, steps, count, f) < 0) {
        db_rollback(db);
        return -1;
    }
    return db_commit(db, f);
}

int schema_check(struct db *db, const struct schema_step *steps, size_t count, struct fail *f)
{
    bool has;
    size_t version = 0;

    if (has_versions(db, &has, f) < 0 || (has && read_version(db, steps, count, &version, f) < 0))
        return -1;
    if (version < count)
        return fail_set(f, FAIL_NOT_FOUND,
            "the database is of schema version %zu, this program reads %zu: start the collector on it first", version,
            count);
    return 0;
}
