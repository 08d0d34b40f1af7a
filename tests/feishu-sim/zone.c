#include "zone.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "map.h"
#include "mem.h"

#define ZONEINFO "/usr/share/zoneinfo"
#define ZONE_FILE_MAX_BYTES (256 * 1024)

/* One end of daylight saving time in a POSIX TZ text: Mm.w.d/time (others do not occur).
 */
struct edge {
    int month, week, weekday, time_s;
};

struct zone {
    size_t n;
    int64_t *at;
    int *offset; /* offset[i] holds from at[i] on */
    int first;   /* before at[0] */
    bool has_rule, has_dst;
    int std_s, dst_s;
    struct edge begin, end;
};

static struct map zones;
static struct map canonical;
static bool canonical_read;

static void zone_free(void *p)
{
    struct zone *z = p;

    free(z->at);
    free(z->offset);
    free(z);
}

static int64_t big_endian(const unsigned char *p, int bytes)
{
    uint64_t v = p[0] & 0x80 ? UINT64_MAX : 0;

    for (int i = 0; i < bytes; i++)
        v = v << 8 | p[i];
    return (int64_t)v;
}

/* [+-]hh[:mm[:ss]] */
static bool posix_time(const char **at, int *seconds)
{
    int sign = 1, part[3] = {0, 0, 0};

    if (**at == '+' || **at == '-')
        sign = *(*at)++ == '-' ? -1 : 1;
    for (int i = 0; i < 3; i++) {
        if (!isdigit((unsigned char)**at))
            return false;
        while (isdigit((unsigned char)**at))
            part[i] = part[i] * 10 + (*(*at)++ - '0');
        if (**at != ':')
            break;
        (*at)++;
    }
    *seconds = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
    return true;
}

static bool posix_name(const char **at)
{
    const char *from = *at;

    if (**at == '<') {
        while (**at && **at != '>')
            (*at)++;
        return *(*at)++ == '>';
    }
    while (isalpha((unsigned char)**at))
        (*at)++;
    return *at > from;
}

static bool posix_edge(const char **at, struct edge *e)
{
    int used = 0;

    if (sscanf(*at, ",M%d.%d.%d%n", &e->month, &e->week, &e->weekday, &used) != 3)
        return false;
    *at += used;
    e->time_s = 7200;
    if (**at == '/') {
        (*at)++;
        return posix_time(at, &e->time_s);
    }
    return true;
}

static void read_footer(struct zone *z, const char *text)
{
    int west;

    if (!posix_name(&text) || !posix_time(&text, &west))
        return;
    z->std_s = -west;
    z->has_rule = true;
    if (!*text || *text == '\n')
        return;
    if (!posix_name(&text))
        return;
    z->dst_s = z->std_s + 3600;
    if (*text != ',') {
        if (!posix_time(&text, &west))
            return;
        z->dst_s = -west;
    }
    z->has_dst = posix_edge(&text, &z->begin) && posix_edge(&text, &z->end);
}

/* Counts of one header of RFC 8536, 3.1. */
struct header {
    size_t isut, isstd, leap, times, types, chars;
};

static bool read_header(const unsigned char *p, size_t n, struct header *h)
{
    if (n < 44 || memcmp(p, "TZif", 4) != 0)
        return false;
    h->isut = (size_t)big_endian(p + 20, 4);
    h->isstd = (size_t)big_endian(p + 24, 4);
    h->leap = (size_t)big_endian(p + 28, 4);
    h->times = (size_t)big_endian(p + 32, 4);
    h->types = (size_t)big_endian(p + 36, 4);
    h->chars = (size_t)big_endian(p + 40, 4);
    return h->types > 0 && h->times < 10000 && h->types < 1000 && h->chars < 10000;
}

static size_t block_bytes(const struct header *h, size_t time_bytes)
{
    return h->times * time_bytes + h->times + h->types * 6 + h->chars +
        h->leap * (time_bytes + 4) + h->isstd + h->isut;
}

static struct zone *parse(const unsigned char *p, size_t n)
{
    struct header h;
    struct zone *z;
    const unsigned char *types;
    size_t skip, block;

    if (!read_header(p, n, &h) || p[4] < '2')
        return NULL;
    skip = 44 + block_bytes(&h, 4);
    if (skip >= n || !read_header(p + skip, n - skip, &h))
        return NULL;
    p += skip + 44;
    n -= skip + 44;
    block = block_bytes(&h, 8);
    if (block > n)
        return NULL;
    z = xcalloc(1, sizeof *z);
    z->n = h.times;
    z->at = xcalloc(h.times, sizeof *z->at);
    z->offset = xcalloc(h.times, sizeof *z->offset);
    types = p + h.times * 9;
    z->first = (int)big_endian(types, 4);
    for (size_t i = 0; i < h.times; i++) {
        unsigned type = p[h.times * 8 + i];

        z->at[i] = big_endian(p + i * 8, 8);
        z->offset[i] = type < h.types ? (int)big_endian(types + type * 6, 4) : 0;
    }
    if (block + 1 < n && p[block] == '\n')
        read_footer(z, (const char *)p + block + 1);
    return z;
}

static bool name_is_safe(const char *name)
{
    if (!*name || *name == '/' || strlen(name) > 64 || strstr(name, ".."))
        return false;
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("/_+-", *c))
            return false;
    return true;
}

const struct zone *zone_find(const char *name)
{
    struct zone *z = map_get(&zones, name);
    unsigned char *raw;
    char *path;
    FILE *f;
    size_t n;

    if (z || !name_is_safe(name))
        return z;
    path = xfmt("%s/%s", ZONEINFO, name);
    f = fopen(path, "rb");
    free(path);
    if (!f)
        return NULL;
    raw = xcalloc(1, ZONE_FILE_MAX_BYTES + 1);
    n = fread(raw, 1, ZONE_FILE_MAX_BYTES, f);
    fclose(f);
    z = parse(raw, n);
    free(raw);
    if (z)
        map_put(&zones, name, z);
    return z;
}

/* Third column of zone.tab and zone1970.tab. */
static void read_table(const char *path)
{
    char line[512], name[128];
    FILE *f = fopen(path, "r");

    if (!f)
        return;
    while (fgets(line, sizeof line, f))
        if (line[0] != '#' && sscanf(line, "%*s\t%*s\t%127[^\t\n]", name) == 1)
            map_put(&canonical, name, &canonical);
    fclose(f);
}

bool zone_is_canonical(const char *name)
{
    if (!canonical_read) {
        read_table(ZONEINFO "/zone.tab");
        read_table(ZONEINFO "/zone1970.tab");
        map_put(&canonical, "UTC", &canonical);
        canonical_read = true;
    }
    return map_get(&canonical, name) != NULL;
}

/* Local seconds (as if UTC) at which an edge lies in a year. */
static int64_t edge_in(const struct edge *e, int year)
{
    int64_t first = days_of(year, e->month, 1);
    int64_t next =
        e->month == 12 ? days_of(year + 1, 1, 1) : days_of(year, e->month + 1, 1);
    int weekday = (int)(((first + 4) % 7 + 7) % 7);
    int64_t day = first + (e->weekday - weekday + 7) % 7 + (e->week - 1) * 7;

    while (day >= next)
        day -= 7;
    return day * 86400 + e->time_s;
}

static int offset_by_rule(const struct zone *z, int64_t utc)
{
    int year, month, day;
    int64_t begin, end, local = utc + z->std_s;
    bool dst;

    if (!z->has_dst)
        return z->std_s;
    civil_of(local >= 0 ? local / 86400 : (local - 86399) / 86400, &year, &month, &day);
    begin = edge_in(&z->begin, year) - z->std_s;
    end = edge_in(&z->end, year) - z->dst_s;
    dst = begin < end ? utc >= begin && utc < end : utc >= begin || utc < end;
    return dst ? z->dst_s : z->std_s;
}

int zone_offset(const struct zone *z, int64_t utc)
{
    size_t low = 0, high = z->n;

    if (!z->n || utc >= z->at[z->n - 1]) {
        if (z->has_rule)
            return offset_by_rule(z, utc);
        return z->n ? z->offset[z->n - 1] : z->first;
    }
    if (utc < z->at[0])
        return z->first;
    while (high - low > 1) {
        size_t mid = (low + high) / 2;

        if (z->at[mid] <= utc)
            low = mid;
        else
            high = mid;
    }
    return z->offset[low];
}

int64_t zone_to_utc(const struct zone *z, int64_t local)
{
    int before = zone_offset(z, local - 86400), after = zone_offset(z, local + 86400);

    if (zone_offset(z, local - before) == before)
        return local - before;
    if (zone_offset(z, local - after) == after)
        return local - after;
    return local - before;
}

void zone_forget(void)
{
    map_free(&zones, zone_free);
    map_free(&canonical, NULL);
    canonical_read = false;
}
