#include "ical/tzid_names.h"
#include "ical/tzid_rules.h"
#include "ical/zone.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MAX_TZID_BYTES 256

static const struct zone *by_table(const char *name)
{
    for (size_t i = 0; i < tzid_windows_n; i++)
        if (!strcasecmp(tzid_windows[i].name, name) ||
            !strcasecmp(tzid_windows[i].display, name))
            return zone_find(tzid_windows[i].iana);
    for (size_t i = 0; i < tzid_others_n; i++)
        if (!strcasecmp(tzid_others[i].name, name))
            return zone_find(tzid_others[i].iana);
    return NULL;
}

static const struct zone *by_iana(const char *name)
{
    const struct zone *zone = zone_find(name);
    return zone ? zone : zone_find_nocase(name);
}

/* The name with the first c changed; NULL when it has none. */
static char *swapped(struct ctx *cx, const char *name, char from, char to, bool all)
{
    char *copy = arena_strdup(cx->arena, name), *at = strchr(copy, from);
    if (!at)
        return NULL;
    for (; at; at = all ? strchr(at, from) : NULL)
        *at = to;
    return copy;
}

/* "/freeassociation.sourceforge.net/Europe/Berlin",
 * "/mozilla.org/20050126_1/Europe/Berlin" */
static const struct zone *behind_prefix(const char *name)
{
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        const struct zone *zone = zone_find(slash + 1);
        if (!zone && strchr(slash + 1, '/'))
            zone = zone_find_nocase(slash + 1);
        if (zone)
            return zone;
    }
    return NULL;
}

/* Outlook: "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna" */
static const char *without_offset(const char *name)
{
    const char *close = name[0] == '(' ? strchr(name, ')') : NULL;
    if (!close)
        return name;
    return close + 1 + strspn(close + 1, " ");
}

/* "Pacific Daylight Time", "China Standard Time 1": as some connectors to Exchange write
 * them. */
static const struct zone *by_variant(struct ctx *cx, const char *name)
{
    char *copy = arena_strdup(cx->arena, name);
    char *daylight = strstr(copy, " Daylight ");
    if (daylight) {
        memcpy(daylight, " Standard ", 10);
        return by_table(copy);
    }
    size_t len = strlen(copy);
    while (len && strchr("0123456789", copy[len - 1]))
        len--;
    if (!len || copy[len - 1] != ' ' || !copy[len])
        return NULL;
    copy[len - 1] = '\0';
    const struct zone *zone = by_table(copy);
    return zone ? zone : zone_find(copy);
}

static const struct zone *by_name(struct ctx *cx, const char *tzid)
{
    char *name = str_trim(cx->arena, tzid), *other;
    const struct zone *zone = by_iana(name);
    if (!zone)
        zone = by_table(name);
    if (!zone)
        zone = by_table(without_offset(name));
    if (!zone)
        zone = behind_prefix(name);
    if (!zone && (other = swapped(cx, name, '-', '/', false))) /* US-Eastern */
        zone = by_iana(other);
    if (!zone && (other = swapped(cx, name, ' ', '_', true))) /* America/New York */
        zone = by_iana(other);
    return zone ? zone : by_variant(cx, name);
}

/* Any of the cities in a name such as "(GMT+01:00) Amsterdam/Berlin/Bern". */
static const struct zone *by_city(struct ctx *cx, const char *tzid)
{
    static const char *const areas[] = {"Europe", "America", "Asia", "Australia",
        "Africa", "Pacific", "Atlantic", "Indian"};
    char *names = arena_strdup(cx->arena, without_offset(tzid));
    for (char *c = names; *c; c++)
        *c = *c == '/' || *c == ';' ? ',' : *c == ' ' ? '_' : *c;
    for (char **part = str_split(cx->arena, names, ','); *part; part++) {
        const char *city = *part + strspn(*part, "_");
        for (size_t i = 0; *city && i < sizeof(areas) / sizeof(areas[0]); i++) {
            const struct zone *zone =
                zone_find_nocase(arena_printf(cx->arena, "%s/%s", areas[i], city));
            if (zone)
                return zone;
        }
    }
    return NULL;
}

/* "UTC+8", "GMT-05:00", "+0800", "(UTC+05:30) somewhere": what is left when no name
 * fits. */
static const struct zone *by_offset(struct ctx *cx, const char *tzid)
{
    char text[8];
    int offset_s;
    const char *at = tzid + strspn(tzid, " (");
    if (str_istarts(at, "UTC") || str_istarts(at, "GMT"))
        at += 3;
    size_t len = strspn(at, "+-0123456789:");
    if (!len || len >= sizeof(text) - 1 || (at[len] && !strchr(" )", at[len])))
        return NULL;
    if (len == 2) /* +8 */
        snprintf(text, sizeof(text), "%c0%c", at[0], at[1]);
    else
        snprintf(text, sizeof(text), "%.*s", (int)len, at);
    return tzid_offset(text, &offset_s) ? tzid_by_offset(cx, offset_s) : NULL;
}

static uint64_t hash_lines(const struct comp *comp, uint64_t hash)
{
    for (size_t i = 0; i < comp->items.n; i++) {
        const struct line *line = comp->items.items[i].line;
        if (!line) {
            hash = hash_lines(comp->items.items[i].comp, hash);
            continue;
        }
        for (size_t k = 0; k < line->raw_bytes; k++)
            hash = (hash ^ (unsigned char)line->raw[k]) * 1099511628211u; /* FNV-1a */
    }
    return hash;
}

static const struct zone *by_vtimezone(struct ctx *cx, const struct comp *vtimezone)
{
    static const char *const names[] = {"X-LIC-LOCATION", "TZID-ALIAS-OF"};
    char key[32];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct line *line = comp_line(vtimezone, names[i]);
        const struct zone *zone = line ? by_name(cx, line->value) : NULL;
        if (zone)
            return zone;
    }
    snprintf(key, sizeof(key), "\2%016llx",
        (unsigned long long)hash_lines(vtimezone, 14695981039346656037u));
    const struct zone *zone = zone_remembered(key);
    if (!zone && (zone = tzid_by_rules(cx, vtimezone)))
        zone_remember(key, zone);
    return zone;
}

const struct zone *zone_from_tzid(
    struct ctx *cx, const char *tzid, const struct comp *vtimezone)
{
    /* The first character keeps these names apart from the IANA ones. */
    char key[MAX_TZID_BYTES + 2];
    const struct zone *zone = NULL;
    if (tzid && (zone = zone_find(tzid)))
        return zone;
    bool named = tzid && *tzid && strlen(tzid) < MAX_TZID_BYTES;
    if (named) {
        snprintf(key, sizeof(key), "\1%s", tzid);
        zone = zone_remembered(key);
        if (!zone && (zone = by_name(cx, tzid)))
            zone_remember(key, zone);
    }
    if (!zone && vtimezone)
        zone = by_vtimezone(cx, vtimezone);
    if (!zone && named)
        zone = by_offset(cx, tzid);
    if (!zone && named)
        zone = by_city(cx, tzid);
    return zone;
}
