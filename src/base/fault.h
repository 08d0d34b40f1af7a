/*
 * What tests may do to a running process that nothing else can do: kill it between two
 * things that must not come apart, move its clock, and shorten its waits.
 *
 * Only in a build with --enable-test-hooks; a production build has none of it.
 *   TEST_FAULT_FILE    the file, when it is there, holds a number that every moment
 *                      (before and after a commit of the store, before and after a
 *                      call upstream) counts down, in whichever process; at zero the
 *                      process kills itself as a power cut would, without a word.
 *   TEST_CLOCK_FILE    eight bytes, a number of milliseconds in the machine's order: by
 *                      so much the wall clock of every process that is given the file
 *                      is ahead of the system's.
 *   TEST_WAIT_PERCENT  waits that are there only to let time pass last so much of what
 *                      they usually do.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdint.h>

#ifdef TEST_HOOKS
void fault_moment(void);
int64_t fault_clock_ms(void);
int64_t fault_wait_ms(int64_t usual_ms);
#else
static inline void fault_moment(void)
{
}
static inline int64_t fault_clock_ms(void)
{
    return 0;
}
static inline int64_t fault_wait_ms(int64_t usual_ms)
{
    return usual_ms;
}
#endif

#endif
