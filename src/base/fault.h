/*
 * The moments at which the process may die between two things that must not come apart:
 * before and after a commit of the store, before and after a call upstream.
 *
 * In a build with --enable-test-hooks the file named by TEST_FAULT_FILE, when it is
 * there, holds a number that every such moment counts down, in whichever process;
 * at zero the process kills itself as a power cut would, without a word. A production
 * build has none of it.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#ifdef TEST_HOOKS
void fault_moment(void);
#else
static inline void fault_moment(void)
{
}
#endif

#endif
