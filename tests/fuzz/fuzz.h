/*
 * A fuzzer is tests/fuzz/fuzz_NAME.c with one function, and the files it starts from are
 * in tests/fuzz/corpus/NAME. With --enable-fuzzing it is linked with libFuzzer ("make
 * fuzz" lets each run for a while); without, replay.c runs the corpus in "make check".
 *
 * To add one: a line in FUZZERS and one for its sources in Makefile.am, a folder with a
 * few small files, and for every crash that is found and mended the file that caused it.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/ctx.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Returns 0. What must hold for every input is said with FUZZ_CHECK. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(claim)                                                                \
    do {                                                                                 \
        if (!(claim)) {                                                                  \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #claim);   \
            abort();                                                                     \
        }                                                                                \
    } while (0)

#endif
