/* Memory that never fails (the simulator aborts instead), growing arrays of pointers. */
#ifndef SIM_MEM_H
#define SIM_MEM_H

#include <stddef.h>

struct vec {
    void **p;
    size_t n, cap;
};

void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
/* Copies text; NULL stays NULL. */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xfmt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Replaces an owned text by a copy of another (NULL allowed). */
void set_str(char **slot, const char *s);

void vec_add(struct vec *v, void *p);
void vec_drop(struct vec *v, size_t i);
void vec_free(struct vec *v, void (*free_one)(void *));

/* Fills out with n random characters of [A-Za-z0-9] and a NUL. */
void random_text(char *out, size_t n);
void random_digits(char *out, size_t n);
void random_hex(char *out, size_t n);
void random_uuid(char out[37]);
/* 0 to n - 1 */
unsigned random_below(unsigned n);

#endif
