#include "ical/tzif.h"

#include "base/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 44
#define MAX_TYPES 250
#define MAX_FOOTER_BYTES 128
#define FAR_S ((int64_t)1 << 40) /* where years still fit an int */
#define YEAR_S (366 * (int64_t)86400)

struct header {
    size_t n_isut, n_isstd, n_leap, n_time, n_type, n_char;
};

struct block {
    const unsigned char *times, *indices, *types, *chars;
    struct header header;
};

static size_t be32(const unsigned char *data)
{
    return (size_t)data[0] << 24 | (size_t)data[1] << 16 | (size_t)data[2] << 8 | data[3];
}

static int64_t be64(const unsigned char *data)
{
    return (int64_t)((uint64_t)be32(data) << 32 | be32(data + 4));
}

static void *heap(size_t n, size_t size_bytes)
{
    void *memory = calloc(n ? n : 1, size_bytes);
    if (!memory) {
        fputs("feishu-caldav: out of memory\n", stderr);
        abort();
    }
    return memory;
}

static bool read_header(
    const unsigned char *data, size_t len_bytes, struct header *header)
{
    if (len_bytes < HEADER_BYTES || memcmp(data, "TZif", 4) || data[4] < '2')
        return false;
    header->n_isut = be32(data + 20);
    header->n_isstd = be32(data + 24);
    header->n_leap = be32(data + 28);
    header->n_time = be32(data + 32);
    header->n_type = be32(data + 36);
    header->n_char = be32(data + 40);
    return header->n_isut <= TZIF_MAX_BYTES && header->n_isstd <= TZIF_MAX_BYTES &&
        header->n_leap <= TZIF_MAX_BYTES && header->n_time <= TZIF_MAX_BYTES &&
        header->n_type <= MAX_TYPES && header->n_char <= TZIF_MAX_BYTES;
}

static size_t block_bytes(const struct header *header, size_t time_bytes)
{
    return header->n_time * (time_bytes + 1) + header->n_type * 6 + header->n_char +
        header->n_leap * (time_bytes + 4) + header->n_isstd + header->n_isut;
}

/* Finds the second data block (64-bit times) and the footer behind it. */
static bool find_block(const unsigned char *data, size_t len_bytes, struct block *block,
    char footer[MAX_FOOTER_BYTES])
{
    struct header first;
    if (!read_header(data, len_bytes, &first))
        return false;
    size_t skip = HEADER_BYTES + block_bytes(&first, 4);
    if (skip > len_bytes || !read_header(data + skip, len_bytes - skip, &block->header))
        return false;
    const unsigned char *at = data + skip + HEADER_BYTES;
    size_t left = len_bytes - skip - HEADER_BYTES, size = block_bytes(&block->header, 8);
    /* Leap seconds mean one of the "right" zones, whose clock is not Unix time. */
    if (size >= left || !block->header.n_type || block->header.n_leap || at[size] != '\n')
        return false;
    block->times = at;
    block->indices = at + block->header.n_time * 8;
    block->types = block->indices + block->header.n_time;
    block->chars = block->types + block->header.n_type * 6;
    const unsigned char *text = at + size + 1;
    const unsigned char *stop = memchr(text, '\n', left - size - 1);
    if (!stop || stop - text >= MAX_FOOTER_BYTES)
        return false;
    memcpy(footer, text, (size_t)(stop - text));
    footer[stop - text] = '\0';
    return true;
}

static bool read_types(const struct block *block, struct zone *zone)
{
    for (size_t i = 0; i < block->header.n_type; i++) {
        const unsigned char *data = block->types + i * 6;
        struct zone_type *type = &zone->types[i];
        const char *abbr = (const char *)block->chars + data[5];
        if (data[5] >= block->header.n_char)
            return false;
        type->offset_s = (int)(int32_t)(uint32_t)be32(data);
        type->dst = data[4] != 0;
        size_t len = strnlen(abbr, block->header.n_char - data[5]);
        if (len >= sizeof(type->abbr))
            len = sizeof(type->abbr) - 1;
        memcpy(type->abbr, abbr, len);
    }
    zone->n_types = block->header.n_type;
    return true;
}

/* Files may hold a type twice, with and without marks that do not matter here. */
static size_t first_equal(const struct zone *zone, size_t type)
{
    const struct zone_type *one = &zone->types[type];
    for (size_t i = 0; i < type; i++)
        if (zone->types[i].offset_s == one->offset_s && zone->types[i].dst == one->dst &&
            !strcmp(zone->types[i].abbr, one->abbr))
            return i;
    return type;
}

static bool read_transitions(const struct block *block, struct zone *zone)
{
    int64_t last_s = INT64_MIN;
    for (size_t i = 0; i < block->header.n_time; i++) {
        int64_t at_s = be64(block->times + i * 8);
        if (block->indices[i] >= zone->n_types || (i && at_s <= last_s))
            return false;
        last_s = at_s;
        size_t type = first_equal(zone, block->indices[i]);
        /* Some say nothing: zic puts one in 2038 for readers with 32 bits. */
        if (zone->n && zone->type_of[zone->n - 1] == type)
            continue;
        zone->at_s[zone->n] = at_s;
        zone->type_of[zone->n++] = (unsigned char)type;
    }
    return true;
}

static size_t find_type(struct zone *zone, int offset_s, bool dst, const char *abbr)
{
    for (size_t i = 0; i < zone->n_types; i++) {
        const struct zone_type *type = &zone->types[i];
        if (type->offset_s == offset_s && type->dst == dst && !strcmp(type->abbr, abbr))
            return i;
    }
    struct zone_type *type = &zone->types[zone->n_types];
    *type = (struct zone_type){.offset_s = offset_s, .dst = dst};
    memcpy(type->abbr, abbr, strlen(abbr));
    return zone->n_types++;
}

static void add_transition(struct zone *zone, int64_t at_s, size_t type)
{
    if (zone->n && zone->at_s[zone->n - 1] >= at_s)
        return;
    zone->at_s[zone->n] = at_s;
    zone->type_of[zone->n++] = (unsigned char)type;
}

/* Files may end with their last irregular transition: the rule's are added, so that
 * lookups seldom have to compute them. */
static void extend(struct zone *zone)
{
    int first = zone->n ? civil_from_seconds(zone->at_s[zone->n - 1]).year : 1970;
    for (int year = first; year <= TZIF_TABLE_YEAR; year++) {
        int64_t to_dst_s, to_std_s;
        posix_tz_year(&zone->rule, year, &to_dst_s, &to_std_s);
        if (to_dst_s < to_std_s) {
            add_transition(zone, to_dst_s, zone->dst_type);
            add_transition(zone, to_std_s, zone->std_type);
        } else {
            add_transition(zone, to_std_s, zone->std_type);
            add_transition(zone, to_dst_s, zone->dst_type);
        }
    }
}

const struct zone_type *zone_type_before(const struct zone *zone, size_t i)
{
    return &zone->types[i ? zone->type_of[i - 1] : zone->first_type];
}

/* True when transition i is one of the rule's, offsets and names included. */
static bool by_rule(const struct zone *zone, size_t i)
{
    const struct zone_type *before = zone_type_before(zone, i);
    bool dst = zone->type_of[i] == zone->dst_type;
    if (!dst && zone->type_of[i] != zone->std_type)
        return false;
    int year = civil_from_seconds(zone->at_s[i] + before->offset_s).year;
    int64_t to_dst_s, to_std_s;
    posix_tz_year(&zone->rule, year, &to_dst_s, &to_std_s);
    return zone->at_s[i] == (dst ? to_dst_s : to_std_s) &&
        before->offset_s == (dst ? zone->rule.std_offset_s : zone->rule.dst_offset_s);
}

static size_t find_era(const struct zone *zone)
{
    size_t era = zone->n;
    if (!zone->has_rule || !zone->rule.has_dst)
        return era;
    while (era > 0 && by_rule(zone, era - 1)) {
        if (era < zone->n &&
            (zone->type_of[era] == zone->type_of[era - 1] ||
                zone->at_s[era] - zone->at_s[era - 1] >= YEAR_S))
            break;
        era--;
    }
    return era;
}

bool tzif_read(const unsigned char *data, size_t len_bytes, struct zone *zone)
{
    struct block block;
    char footer[MAX_FOOTER_BYTES];
    if (len_bytes > TZIF_MAX_BYTES || !find_block(data, len_bytes, &block, footer))
        return false;
    size_t cap = block.header.n_time + 2 * (TZIF_TABLE_YEAR - 1900 + 1);
    struct zone read = {
        .types = heap(block.header.n_type + 2, sizeof(struct zone_type)),
        .at_s = heap(cap, sizeof(int64_t)),
        .type_of = heap(cap, 1),
    };
    bool good = read_types(&block, &read) && read_transitions(&block, &read) &&
        (!footer[0] || posix_tz_parse(footer, &read.rule));
    /* Room was made for transitions of 1900 and later. */
    if (good && read.n && read.at_s[read.n - 1] < civil_days(1900, 1, 1) * 86400 &&
        read.rule.has_dst)
        good = false;
    if (!good) {
        free(read.types);
        free(read.at_s);
        free(read.type_of);
        return false;
    }
    read.has_rule = footer[0] != '\0';
    if (read.has_rule) {
        read.std_type =
            find_type(&read, read.rule.std_offset_s, false, read.rule.std_abbr);
        if (read.rule.has_dst) {
            read.dst_type =
                find_type(&read, read.rule.dst_offset_s, true, read.rule.dst_abbr);
            extend(&read);
        }
    }
    read.era = find_era(&read);
    *zone = read;
    return true;
}

/* Behind the table: the rule's changes of the years around. */
static void rule_span(const struct zone *zone, int64_t unix_s, struct zone_span *span)
{
    int year = civil_from_seconds(unix_s < FAR_S ? unix_s : FAR_S).year;
    for (int y = year - 1; y <= year + 1; y++) {
        int64_t change_s[2];
        posix_tz_year(&zone->rule, y, &change_s[0], &change_s[1]);
        for (int which = 0; which < 2; which++) {
            if (change_s[which] <= unix_s && change_s[which] > span->from_s) {
                span->from_s = change_s[which];
                span->type = &zone->types[which ? zone->std_type : zone->dst_type];
            } else if (change_s[which] > unix_s && change_s[which] < span->until_s) {
                span->until_s = change_s[which];
            }
        }
    }
}

void zone_span(const struct zone *zone, int64_t unix_s, struct zone_span *span)
{
    size_t low = 0, high = zone->n; /* the first transition behind unix_s */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->at_s[middle] <= unix_s)
            low = middle + 1;
        else
            high = middle;
    }
    span->from_s = low ? zone->at_s[low - 1] : INT64_MIN;
    span->until_s = low < zone->n ? zone->at_s[low] : INT64_MAX;
    span->type = zone_type_before(zone, low);
    if (low == zone->n && zone->has_rule && zone->rule.has_dst)
        rule_span(zone, unix_s, span);
}
