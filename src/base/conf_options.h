/*
 * The table of options: what conf.c reads and conf_print.c prints. Nobody else includes
 * this.
 */
#ifndef BASE_CONF_OPTIONS_H
#define BASE_CONF_OPTIONS_H

#include "base/conf.h"

/* How the text of an option is checked and what is at its offset in struct conf. */
enum option_type {
    OPTION_TEXT,      /* const char * */
    OPTION_URL,       /* const char *, http or https, no slash at the end */
    OPTION_PATH,      /* const char *, made absolute */
    OPTION_LISTEN,    /* const char *, addresses to listen on */
    OPTION_ADDRESSES, /* const char *, IP addresses or networks */
    OPTION_SECRET,    /* struct secret */
    OPTION_NUMBER,    /* long */
    OPTION_DURATION,  /* long, seconds; "90", "90s", "2m", "1h", "1d" */
    OPTION_CHOICE,    /* int: the place in choices */
    OPTION_WORD,      /* const char *, one of choices */
    OPTION_TOPICS,    /* const char *, log topics */
    OPTION_TYPES
};

struct option {
    const char *section, *name;
    enum option_type type;
    const char *fallback;   /* as it would stand in the file; NULL = not set */
    const char *fallback_text; /* for people, where fallback says too little */
    const char *unit;       /* NULL = none */
    const char *text;       /* one sentence for people */
    size_t offset;          /* in struct conf */
    long min, max;          /* of numbers and durations */
    const char *const *choices; /* NULL-terminated */
};

extern const struct option conf_options[]; /* grouped by section */
extern const size_t conf_options_n;

/* "text", "number" ... as `config --list` shows it. */
const char *option_type_name(enum option_type type);
/* FEISHU_CALDAV_<SECTION>_<OPTION> */
char *option_environment(struct arena *arena, const struct option *option);

/* Where the value of an option is; its type follows from the option type. */
static inline const void *option_at(const struct conf *conf, const struct option *option)
{
    return (const char *)conf + option->offset;
}

#endif
