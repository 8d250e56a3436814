/* disk_system: the spool on a real folder of the operating system. */
#include "rig.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char parent[64], path[80];
static struct spool *spool;

static int set_up(void **state)
{
    (void)state;
    strcpy(parent, "/tmp/faultline-spool-XXXXXX");
    assert_non_null(mkdtemp(parent));
    snprintf(path, sizeof path, "%s/spool", parent);
    rig_init(&rig, model_new());
    rig.settings.path = path;
    return 0;
}

static int remove_one(void *arg, const char *name)
{
    (void)arg;
    char file[200];

    snprintf(file, sizeof file, "%s/%s", path, name);
    return unlink(file);
}

static int tear_down(void **state)
{
    (void)state;
    spool_close(spool);
    spool = NULL;
    int dir = disk_system.open_dir(NULL, path);
    assert_int_equal(disk_system.list(NULL, dir, remove_one, NULL), 0);
    disk_system.close(NULL, dir);
    rmdir(path);
    rmdir(parent);
    rig_done(&rig);
    return 0;
}

static int open_spool(struct spool **ret, struct fail *f)
{
    return spool_open(&rig.settings, &disk_system, &clock_system, &rng_system, ret, f);
}

static void put(enum lane lane, uint64_t seed)
{
    static struct rig_record m;
    struct fail f;

    assert_int_equal(spool_append(spool, rig_make(&m, lane, seed, 700), &f), 0);
    assert_int_equal(spool_sync(spool, &f), 0);
}

static void records_survive_on_a_real_disk(void **state)
{
    static struct rig_record m;
    uint8_t bytes[BOUND_RECORD_BYTES], expected[BOUND_RECORD_BYTES];
    size_t n, expected_n;
    uint64_t number;
    struct fail f;
    (void)state;

    assert_int_equal(open_spool(&spool, &f), 0);
    uint64_t epoch = spool_epoch(spool);
    for (uint64_t i = 1; i <= 300; i++)
        put(LANE_FAULT, i);
    put(LANE_HEALTH, 1);
    spool_close(spool);
    assert_int_equal(open_spool(&spool, &f), 0);
    assert_true(spool_epoch(spool) == epoch);
    assert_int_equal(spool_next(spool, LANE_FAULT), 301);
    for (uint64_t i = 1; i <= 300; i++) {
        struct record *r = rig_make(&m, LANE_FAULT, i, 700);

        r->number = i;
        assert_int_equal(codec_record_encode(r, expected, sizeof expected, &expected_n, &f), 0);
        assert_int_equal(spool_read(spool, LANE_FAULT, i, bytes, sizeof bytes, &n, &number, &f), 0);
        assert_int_equal(n, expected_n);
        assert_memory_equal(bytes, expected, n);
    }
}

static void the_folder_and_its_files_are_private(void **state)
{
    char file[200];
    struct stat st;
    struct fail f;
    (void)state;

    assert_int_equal(open_spool(&spool, &f), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    snprintf(file, sizeof file, "%s/epoch", path);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0177, 0);
}

static void a_second_process_is_told_that_the_folder_is_held(void **state)
{
    struct spool *second = NULL;
    struct fail f;
    int status;
    (void)state;

    assert_int_equal(open_spool(&spool, &f), 0);
    pid_t child = fork();
    if (child == 0) {
        int rc = open_spool(&second, &f);

        _exit(rc == -1 && f.code == FAIL_CONFLICT ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    put(LANE_FAULT, 1);
}

static void a_folder_whose_parent_is_missing_is_refused(void **state)
{
    struct fail f;
    (void)state;

    rig.settings.path = "/tmp/faultline-no-such-folder/spool";
    assert_int_equal(open_spool(&spool, &f), -1);
    assert_int_equal(f.code, FAIL_IO);
    assert_int_equal(f.sys, ENOENT);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        test(records_survive_on_a_real_disk),
        test(the_folder_and_its_files_are_private),
        test(a_second_process_is_told_that_the_folder_is_held),
        test(a_folder_whose_parent_is_missing_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
