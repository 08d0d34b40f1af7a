/*
 * Stands in for libFuzzer: runs the corpus of the fuzzer it is linked with, each file
 * whole and cut after every byte.
 */
#include "base/file.h"
#include "fuzz.h"

#include <dirent.h>
#include <string.h>

#define FILE_MAX_BYTES (1024 * 1024)
#define CUT_MAX_BYTES 4096 /* of longer files only the whole is run */

/* On the heap in its very size, so that a sanitizer sees the first byte behind it. */
static void run(const char *data, size_t len_bytes)
{
    uint8_t *copy = malloc(len_bytes ? len_bytes : 1);
    if (!copy)
        abort();
    memcpy(copy, data, len_bytes);
    LLVMFuzzerTestOneInput(copy, len_bytes);
    free(copy);
}

static void replay(const char *path)
{
    struct ctx *cx = ctx_new(NULL);
    char *data;
    size_t len_bytes;
    if (file_read(cx, path, FILE_MAX_BYTES, &data, &len_bytes)) {
        fprintf(stderr, "%s\n", ctx_error(cx));
        exit(1);
    }
    printf("%s\n", path);
    fflush(stdout);
    for (size_t n = 0; len_bytes <= CUT_MAX_BYTES && n < len_bytes; n++)
        run(data, n);
    run(data, len_bytes);
    ctx_free(cx);
}

int main(int argc, char **argv)
{
    const char *srcdir = getenv("srcdir"), *name = strrchr(argv[0], '/');
    char path[4096];
    unsigned n = 0;
    name = name ? name + 1 : argv[0];
    name = strstr(name, "fuzz_"); /* libtool would put "lt-" before it */
    if (!name || argc > 1) {
        fputs("usage: fuzz_NAME; runs $srcdir/tests/fuzz/corpus/NAME\n", stderr);
        return 2;
    }
    snprintf(
        path, sizeof(path), "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".", name + 5);
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char file[sizeof(path) + sizeof(entry->d_name)];
        if (*entry->d_name == '.')
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        replay(file);
        n++;
    }
    if (dir)
        closedir(dir);
    if (!n)
        fprintf(stderr, "%s: no corpus\n", path);
    return n ? 0 : 1;
}
