/* RRULEs of a series that is cut in two, as text. */
#include "bridge/split.h"

#include <string.h>

/* Every month has this day. */
#define SAFE_DAY 28

static const char *const weekdays[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};

/* "NAME=value" of that name. */
static bool is_part(const char *text, const char *name)
{
    size_t len = strlen(name);
    return str_istarts(text, name) && text[len] == '=';
}

const char *rule_part(struct ctx *cx, const char *rule, const char *name)
{
    for (char **part = str_split(cx->arena, rule, ';'); *part != NULL; part++) {
        if (is_part(*part, name))
            return *part + strlen(name) + 1;
    }
    return NULL;
}

char *rule_ending(struct ctx *cx, const char *rule, const char *name, const char *value)
{
    struct buf out = buf_new(cx->arena);
    bool done = false;
    for (char **part = str_split(cx->arena, rule, ';'); *part != NULL; part++) {
        const char *separator = out.len_bytes == 0 ? "" : ";";
        if (!is_part(*part, "COUNT") && !is_part(*part, "UNTIL"))
            buf_printf(&out, "%s%s", separator, *part);
        else if (!done)
            buf_printf(&out, "%s%s=%s", separator, name, value);
        done = done || is_part(*part, "COUNT") || is_part(*part, "UNTIL");
    }
    if (!done)
        buf_printf(&out, ";%s=%s", name, value);
    return out.data;
}

/* ---- moved by days ---- */

struct mover {
    struct ctx *cx;
    int64_t days;
    struct buf out;
};

/* "MO,WE"; an ordinal ("2MO") counts in the month, and its day after is another. */
static bool move_weekdays(struct mover *mover, const char *value)
{
    char **items = str_split(mover->cx->arena, value, ',');
    for (size_t i = 0; items[i] != NULL; i++) {
        int at = 0;
        while (at < 7 && !str_ieq(items[i], weekdays[at]))
            at++;
        if (at == 7)
            return false;
        int64_t moved = ((at + mover->days) % 7 + 7) % 7;
        buf_printf(&mover->out, "%s%s", i == 0 ? "" : ",", weekdays[moved]);
    }
    return true;
}

static bool is_safe_day(int64_t day)
{
    return day >= 1 && day <= SAFE_DAY;
}

static bool move_month_days(struct mover *mover, const char *value)
{
    char **items = str_split(mover->cx->arena, value, ',');
    for (size_t i = 0; items[i] != NULL; i++) {
        long long day;
        const char *digits = items[i] + (items[i][0] == '+');
        if (!str_to_ll(digits, 1, SAFE_DAY, &day) || !is_safe_day(day + mover->days))
            return false;
        buf_printf(
            &mover->out, "%s%lld", i == 0 ? "" : ",", day + (long long)mover->days);
    }
    return true;
}

/* Parts that say the same of moved occurrences. */
static const char *const unmoved[] = {"FREQ", "INTERVAL", "COUNT", "UNTIL"};

static bool move_part(struct mover *mover, const char *freq, const char *part)
{
    bool by_day = is_part(part, "BYDAY"), week = is_part(part, "WKST");
    const char *value = strchr(part, '=') + 1;
    for (size_t i = 0; i < sizeof unmoved / sizeof unmoved[0]; i++) {
        if (is_part(part, unmoved[i])) {
            buf_printf(&mover->out, "%s", part);
            return true;
        }
    }
    buf_printf(&mover->out, "%.*s", (int)(value - part), part);
    if (week || (by_day && (str_ieq(freq, "WEEKLY") || str_ieq(freq, "DAILY"))))
        return move_weekdays(mover, value);
    if (is_part(part, "BYMONTHDAY"))
        return move_month_days(mover, value);
    /* A day of a month that stays in its month; anything else might cross its end. */
    buf_printf(&mover->out, "%s", value);
    return is_part(part, "BYMONTH") && str_ieq(freq, "YEARLY");
}

char *rule_moved(
    struct ctx *cx, const char *rule, int day, int64_t days, const char **part)
{
    struct mover mover = {.cx = cx, .days = days, .out = buf_new(cx->arena)};
    const char *freq = rule_part(cx, rule, "FREQ");
    bool by_day = rule_part(cx, rule, "BYDAY") != NULL;
    bool by_month_day = rule_part(cx, rule, "BYMONTHDAY") != NULL;
    bool monthly = str_ieq(freq, "MONTHLY") || str_ieq(freq, "YEARLY");
    if (monthly && !by_day && !by_month_day &&
        (!is_safe_day(day) || !is_safe_day(day + days))) {
        *part = arena_printf(cx->arena, "FREQ=%s", freq);
        return NULL;
    }
    for (char **one = str_split(cx->arena, rule, ';'); *one != NULL; one++) {
        if (strchr(*one, '=') == NULL)
            continue;
        if (mover.out.len_bytes > 0)
            buf_addc(&mover.out, ';');
        if (!move_part(&mover, freq, *one)) {
            *part = *one;
            return NULL;
        }
    }
    /* Weeks that are counted begin with the moved days, too. */
    if (str_ieq(freq, "WEEKLY") && by_day && rule_part(cx, rule, "WKST") == NULL) {
        buf_adds(&mover.out, ";WKST=");
        move_weekdays(&mover, "MO");
    }
    return mover.out.data;
}
