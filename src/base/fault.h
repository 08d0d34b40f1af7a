/*
 * The moments at which the process may die between two things that must not come apart:
 * before and after a commit of the store, before and after a call upstream.
 *
 * In a build with --enable-test-hooks the file named by TEST_FAULT_FILE, when it is
 * there, holds a number that every such moment counts down, in whichever process;
 * at zero the process kills itself as a power cut would, without a word. And a time that
 * the program waits out can be made another by the environment, so that a test need not
 * wait as long. A production build has none of it.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdint.h>

#ifdef TEST_HOOKS
void fault_moment(void);
/* The number in the environment variable, where there is one, else usual_ms. */
int64_t fault_time_ms(const char *variable, int64_t usual_ms);
#else
static inline void fault_moment(void)
{
}
#define fault_time_ms(variable, usual_ms) ((int64_t)(usual_ms))
#endif

#endif
