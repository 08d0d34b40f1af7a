#include "base/file.h"

#include "base/str.h"
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory of this test alone. */
static char here[64];

static int make_directory(void **state)
{
    (void)state;
    snprintf(here, sizeof(here), "/tmp/feishu-caldav-unit.XXXXXX");
    return mkdtemp(here) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    char path[128];
    snprintf(path, sizeof(path), "%s/a/b/c", here);
    rmdir(path);
    path[strlen(here) + 4] = '\0';
    rmdir(path);
    path[strlen(here) + 2] = '\0';
    rmdir(path);
    return rmdir(here);
}

static char *in_here(struct ctx *cx, const char *name)
{
    return arena_printf(cx->arena, "%s/%s", here, name);
}

static void a_private_file_reads_back_and_nobody_else_may_read_it(void **state)
{
    struct ctx *cx = *state;
    const char *path = in_here(cx, "secret");
    char *data;
    size_t n;
    struct stat status;
    mode_t before = umask(0);
    assert_ok(cx, file_write_private(cx, path, "one\0two", 7));
    assert_ok(cx, file_write_private(cx, path, "three\0four", 10)); /* replaces */
    umask(before);
    assert_ok(cx, file_read(cx, path, 10, &data, &n));
    assert_int_equal(n, 10);
    assert_memory_equal(data, "three\0four", 11); /* and a NUL behind it */
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    /* remove_directory sees that nothing lies beside it */
    assert_int_equal(unlink(path), 0);
}

static void a_file_larger_than_allowed_is_refused(void **state)
{
    struct ctx *cx = *state;
    const char *path = in_here(cx, "large");
    char *data = "untouched";
    size_t n = 77;
    assert_ok(cx, file_write_private(cx, path, "12345", 5));
    assert_err(cx, ERR_TOO_LARGE, file_read(cx, path, 4, &data, &n));
    assert_string_equal(data, "untouched");
    assert_int_equal(n, 77);
    assert_non_null(strstr(ctx_error(cx), path));
    assert_ok(cx, file_read(cx, path, 5, &data, &n));
    unlink(path);
}

static void a_missing_file_is_not_found_by_name(void **state)
{
    struct ctx *cx = *state;
    char *data;
    size_t n;
    assert_err(cx, ERR_NOT_FOUND, file_read(cx, in_here(cx, "none"), 10, &data, &n));
    assert_non_null(strstr(ctx_error(cx), "/none: "));
    assert_err(cx, ERR_NOT_FOUND, file_read(cx, in_here(cx, "none/none"), 10, &data, &n));
    assert_err(cx, ERR_IO, file_read(cx, here, 10, &data, &n));
}

static void a_write_that_fails_leaves_nothing_behind(void **state)
{
    struct ctx *cx = *state;
    assert_err(cx, ERR_NOT_FOUND, file_write_private(cx, in_here(cx, "none/x"), "x", 1));
    assert_err(cx, ERR_IO, file_write_private(cx, here, "x", 1)); /* a directory */
}

static void a_pipe_is_read_to_its_end(void **state)
{
    struct ctx *cx = *state;
    int ends[2];
    char *data, block[5000];
    size_t n;
    memset(block, 'x', sizeof(block));
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(write(ends[1], block, sizeof(block)), sizeof(block));
    close(ends[1]);
    assert_ok(cx, file_read_fd(cx, ends[0], 50000, &data, &n));
    assert_int_equal(n, 50000);
    assert_int_equal(strspn(data, "x"), 50000);
    close(ends[0]);
}

static void directories_are_made_with_their_parents(void **state)
{
    struct ctx *cx = *state;
    struct stat status;
    mode_t before = umask(0);
    assert_ok(cx, dir_make_private(cx, in_here(cx, "a/b/c")));
    assert_ok(cx, dir_make_private(cx, in_here(cx, "a/b/c/"))); /* is there already */
    umask(before);
    assert_int_equal(stat(in_here(cx, "a/b/c"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_equal(stat(in_here(cx, "a"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
}

static void a_file_in_the_way_is_no_directory(void **state)
{
    struct ctx *cx = *state;
    const char *path = in_here(cx, "file");
    assert_ok(cx, file_write_private(cx, path, "", 0));
    assert_err(cx, ERR_IO, dir_make_private(cx, path));
    assert_int_not_equal(dir_make_private(cx, in_here(cx, "file/below")), ERR_OK);
    unlink(path);
}

static void the_directory_of_a_path_is_found(void **state)
{
    struct ctx *cx = *state;
    static const char *const cases[][2] = {
        {"/a/b", "/a"},
        {"/a/b/", "/a"},
        {"/a", "/"},
        {"/", "/"},
        {"a", "."},
        {"a/b", "a"},
        {"a//b", "a"},
        {"//a", "/"},
        {"", "."},
        {"./a", "."},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_string_equal(path_dirname(cx->arena, cases[i][0]), cases[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(a_private_file_reads_back_and_nobody_else_may_read_it),
        CTX_TEST(a_file_larger_than_allowed_is_refused),
        CTX_TEST(a_missing_file_is_not_found_by_name),
        CTX_TEST(a_write_that_fails_leaves_nothing_behind),
        CTX_TEST(a_pipe_is_read_to_its_end),
        CTX_TEST(directories_are_made_with_their_parents),
        CTX_TEST(a_file_in_the_way_is_no_directory),
        CTX_TEST(the_directory_of_a_path_is_found),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
