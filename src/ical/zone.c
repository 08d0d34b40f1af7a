#include "ical/tzif.h"
#include "ical/zone.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_DIR "/usr/share/zoneinfo"
#define MAX_PATH_BYTES 512
#define MAX_NAME_BYTES 64
#define BUCKETS 1024
#define MAX_ALIASES 8192
#define MAX_TAB_BYTES 262144
/* Offsets reach from -26 to 26 hours (RFC 9636). */
#define MAX_OFFSET_S (26 * (int64_t)3600)
#define FAR_S ((int64_t)1 << 40) /* where years still fit an int */

static struct zone_type utc_type = {.abbr = "UTC"};
static const struct zone utc = {.name = "UTC", .types = &utc_type, .n_types = 1};

static const char *const utc_names[] = {
    "Etc/GMT",
    "Etc/GMT+0",
    "Etc/GMT-0",
    "Etc/GMT0",
    "Etc/Greenwich",
    "Etc/UCT",
    "Etc/UTC",
    "Etc/Universal",
    "Etc/Zulu",
    "GMT",
    "GMT+0",
    "GMT-0",
    "GMT0",
    "Greenwich",
    "UCT",
    "UTC",
    "Universal",
    "Z",
    "Zulu",
};

/* Zones of no country, which Feishu may not take, and a country's that has kept the same
 * time for decades (those of letters as the time zone database has them since 2024b).
 * Nobody lives at Etc/GMT+12. */
static const struct {
    const char *name, *stand_in;
} stand_ins[] = {
    {"CET", "Europe/Brussels"},
    {"CST6CDT", "America/Chicago"},
    {"EET", "Europe/Athens"},
    {"EST", "America/Panama"},
    {"EST5EDT", "America/New_York"},
    {"Etc/GMT+1", "Atlantic/Cape_Verde"},
    {"Etc/GMT+10", "Pacific/Honolulu"},
    {"Etc/GMT+11", "Pacific/Pago_Pago"},
    {"Etc/GMT+2", "Atlantic/South_Georgia"},
    {"Etc/GMT+3", "America/Cayenne"},
    {"Etc/GMT+4", "America/Puerto_Rico"},
    {"Etc/GMT+5", "America/Panama"},
    {"Etc/GMT+6", "America/Costa_Rica"},
    {"Etc/GMT+7", "America/Phoenix"},
    {"Etc/GMT+8", "Pacific/Pitcairn"},
    {"Etc/GMT+9", "Pacific/Gambier"},
    {"Etc/GMT-1", "Africa/Lagos"},
    {"Etc/GMT-10", "Pacific/Port_Moresby"},
    {"Etc/GMT-11", "Pacific/Guadalcanal"},
    {"Etc/GMT-12", "Pacific/Tarawa"},
    {"Etc/GMT-13", "Pacific/Fakaofo"},
    {"Etc/GMT-14", "Pacific/Kiritimati"},
    {"Etc/GMT-2", "Africa/Maputo"},
    {"Etc/GMT-3", "Africa/Nairobi"},
    {"Etc/GMT-4", "Asia/Dubai"},
    {"Etc/GMT-5", "Indian/Maldives"},
    {"Etc/GMT-6", "Asia/Urumqi"},
    {"Etc/GMT-7", "Asia/Bangkok"},
    {"Etc/GMT-8", "Asia/Singapore"},
    {"Etc/GMT-9", "Asia/Tokyo"},
    {"HST", "Pacific/Honolulu"},
    {"MET", "Europe/Brussels"},
    {"MST", "America/Phoenix"},
    {"MST7MDT", "America/Denver"},
    {"PST8PDT", "America/Los_Angeles"},
    {"WET", "Europe/Lisbon"},
};

/* A name that was asked for. Entries are added at the front of their bucket and never
 * removed: readers need no lock. */
struct alias {
    struct alias *next;
    const struct zone *zone;
    char name[];
};
static _Atomic(struct alias *) buckets[BUCKETS];
static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER;
static size_t n_aliases;
static char *zone_tab;

static size_t bucket_of(const char *name)
{
    return str_hash(name) % BUCKETS;
}

static const struct zone *cached(const char *name)
{
    const struct alias *alias =
        atomic_load_explicit(&buckets[bucket_of(name)], memory_order_acquire);
    for (; alias; alias = alias->next)
        if (!strcmp(alias->name, name))
            return alias->zone;
    return NULL;
}

/* Needs the lock. */
static void remember(const char *name, const struct zone *zone)
{
    if (cached(name))
        return;
    struct alias *alias = malloc(sizeof(*alias) + strlen(name) + 1);
    if (!alias)
        return;
    size_t bucket = bucket_of(name);
    memcpy(alias->name, name, strlen(name) + 1);
    alias->zone = zone;
    alias->next = atomic_load_explicit(&buckets[bucket], memory_order_relaxed);
    atomic_store_explicit(&buckets[bucket], alias, memory_order_release);
}

/* Needs the lock. Zones of the database are not many, but clients make up names for them:
 * what does not fit any more is found anew each time. */
static void remember_alias(const char *name, const struct zone *zone)
{
    if (n_aliases >= MAX_ALIASES || cached(name))
        return;
    n_aliases++;
    remember(name, zone);
}

static const char *directory(void)
{
    const char *dir = getenv("TZDIR");
    return dir && *dir ? dir : DEFAULT_DIR;
}

/* "Area/Place" with plain characters: it becomes a path. */
static bool plain_name(const char *name)
{
    size_t len = strlen(name);
    if (!len || len >= MAX_NAME_BYTES || name[0] == '/' || name[len - 1] == '/' ||
        !strncmp(name, "posix/", 6) || !strncmp(name, "right/", 6) ||
        !strcmp(name, "localtime") || !strcmp(name, "posixrules") ||
        !strcmp(name, "Factory"))
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                (c >= '0' && c <= '9') || strchr("_+-/", c)))
            return false;
    }
    return true;
}

/* The heap's copy of a file with a NUL behind it; NULL when it cannot be read. */
static char *read_all(const char *path, size_t max_bytes, size_t *len_bytes)
{
    FILE *file = fopen(path, "rbe");
    if (!file)
        return NULL;
    char *data = malloc(max_bytes + 1);
    size_t len = data ? fread(data, 1, max_bytes, file) : 0;
    bool good = data && !ferror(file);
    fclose(file);
    if (!good) {
        free(data);
        return NULL;
    }
    data[len] = '\0';
    *len_bytes = len;
    return data;
}

static void read_tab(void)
{
    char path[MAX_PATH_BYTES];
    size_t len_bytes;
    snprintf(path, sizeof(path), "%s/zone.tab", directory());
    zone_tab = read_all(path, MAX_TAB_BYTES, &len_bytes);
}

const char *zone_tab_text(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_tab);
    return zone_tab ? zone_tab : "";
}

/* True for the names a country's list has; others that are links are old spellings. */
static bool current_name(const char *name)
{
    size_t len = strlen(name);
    for (const char *at = zone_tab_text(); (at = strstr(at, name)); at += len)
        if (at > zone_tab && at[-1] == '\t' && strchr("\t\n", at[len]))
            return true;
    return false;
}

/* The name a link leads to, so that one zone has one name: "PRC" is Asia/Shanghai. Feishu
 * does not know all old spellings. */
static void settle_name(char name[MAX_NAME_BYTES])
{
    char path[MAX_PATH_BYTES];
    snprintf(path, sizeof(path), "%s/%s", directory(), name);
    char *target = realpath(path, NULL), *base = realpath(directory(), NULL);
    size_t len = base ? strlen(base) : 0;
    if (target && base && !strncmp(target, base, len) && target[len] == '/' &&
        plain_name(target + len + 1) && !current_name(name))
        snprintf(name, MAX_NAME_BYTES, "%s", target + len + 1);
    free(target);
    free(base);
    for (size_t i = 0; i < sizeof(stand_ins) / sizeof(*stand_ins); i++)
        if (!strcmp(name, stand_ins[i].name)) {
            snprintf(name, MAX_NAME_BYTES, "%s", stand_ins[i].stand_in);
            return;
        }
}

static const struct zone *load(const char *name)
{
    char path[MAX_PATH_BYTES];
    size_t len_bytes;
    snprintf(path, sizeof(path), "%s/%s", directory(), name);
    char *data = read_all(path, TZIF_MAX_BYTES, &len_bytes);
    struct zone *zone = data ? calloc(1, sizeof(*zone)) : NULL;
    bool good = zone && tzif_read((const unsigned char *)data, len_bytes, zone);
    free(data);
    if (good)
        zone->name = strdup(name);
    if (!good || !zone->name) {
        free(zone);
        return NULL;
    }
    return zone;
}

const struct zone *zone_utc(void)
{
    return &utc;
}

static bool utc_name(const char *name)
{
    for (size_t i = 0; i < sizeof(utc_names) / sizeof(utc_names[0]); i++)
        if (!strcasecmp(name, utc_names[i]))
            return true;
    return false;
}

const struct zone *zone_find(const char *iana)
{
    char name[MAX_NAME_BYTES];
    if (!iana)
        return NULL;
    const struct zone *zone = cached(iana);
    if (zone || !plain_name(iana))
        return zone;
    snprintf(name, sizeof(name), "%s", iana);
    pthread_mutex_lock(&write_lock);
    if (utc_name(iana)) {
        zone = &utc;
    } else {
        settle_name(name);
        zone = cached(name);
        if (!zone)
            zone = load(name);
        if (zone)
            remember(name, zone);
    }
    if (zone)
        remember_alias(iana, zone);
    pthread_mutex_unlock(&write_lock);
    return zone;
}

void zone_remember(const char *name, const struct zone *zone)
{
    pthread_mutex_lock(&write_lock);
    remember_alias(name, zone);
    pthread_mutex_unlock(&write_lock);
}

const struct zone *zone_remembered(const char *name)
{
    return cached(name);
}

/* Replaces one segment by the entry of that directory that differs in letter case
 * only. */
static bool match_case(const char *dir_path, char *segment, size_t len)
{
    DIR *dir = opendir(dir_path);
    bool found = false;
    const struct dirent *entry;
    while (dir && !found && (entry = readdir(dir))) {
        if (strlen(entry->d_name) == len && !strncasecmp(entry->d_name, segment, len)) {
            memcpy(segment, entry->d_name, len);
            found = true;
        }
    }
    if (dir)
        closedir(dir);
    return found;
}

const struct zone *zone_find_nocase(const char *iana)
{
    char name[MAX_NAME_BYTES], path[MAX_PATH_BYTES];
    if (utc_name(iana))
        return &utc;
    if (!plain_name(iana))
        return NULL;
    snprintf(name, sizeof(name), "%s", iana);
    for (char *segment = name;;) {
        size_t len = strcspn(segment, "/");
        snprintf(path, sizeof(path), "%s/%.*s", directory(), (int)(segment - name), name);
        if (!match_case(path, segment, len))
            return NULL;
        if (!segment[len])
            return zone_find(name);
        segment += len + 1;
    }
}

const char *zone_name(const struct zone *zone)
{
    return zone->name;
}

int zone_offset_s(const struct zone *zone, int64_t unix_s)
{
    struct zone_span span;
    zone_span(zone, unix_s, &span);
    return span.type->offset_s;
}

struct civil zone_to_local(const struct zone *zone, int64_t unix_s)
{
    if (unix_s > FAR_S)
        unix_s = FAR_S;
    if (unix_s < -FAR_S)
        unix_s = -FAR_S;
    return civil_from_seconds(unix_s + zone_offset_s(zone, unix_s));
}

int64_t zone_to_unix(const struct zone *zone, const struct civil *local)
{
    int64_t wall_s = civil_seconds(local);
    struct zone_span span;
    if (zone == &utc)
        return wall_s;
    zone_span(zone, wall_s - MAX_OFFSET_S, &span);
    for (;;) {
        int64_t unix_s = wall_s - span.type->offset_s;
        if (unix_s < span.until_s)
            return unix_s;
        int before_s = span.type->offset_s;
        zone_span(zone, span.until_s, &span);
        /* A gap: the clock was put forward over this time. */
        if (wall_s - span.type->offset_s < span.from_s)
            return wall_s - before_s;
    }
}
