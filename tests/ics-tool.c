/*
 * Shows what the iCalendar layer makes of rules, for comparison with other
 * implementations.
 *
 * "ics-tool rules" reads lines "DTSTART RULE" (20200101T090000 FREQ=DAILY) from standard
 * input and prints a line of at most 60 occurrences for each; with a third word only
 * those from that time on, found by seeking. "ics-tool expand FROM UNTIL FILE" prints
 * start, end and RECURRENCE-ID of every instance in UTC. "ics-tool print FROM UNTIL FILE"
 * prints the expanded object.
 */
#include "ical/expand.h"
#include "ical/recur.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define MAX_OCCURRENCES 60
#define MAX_LINE_BYTES 4096
#define MAX_FILE_BYTES (1 << 20)

static int complain(struct ctx *cx)
{
    fprintf(stderr, "ics-tool: %s\n", ctx_error(cx));
    return EXIT_FAILURE;
}

static void print_rule(struct ctx *cx, char *line)
{
    char text[WHEN_TEXT_BYTES], *save = NULL;
    const char *start = strtok_r(line, " \n", &save),
               *rule = strtok_r(NULL, " \n", &save);
    const char *from = strtok_r(NULL, " \n", &save);
    struct civil civil, seek;
    bool is_date, is_utc;
    struct recur *recur;
    int64_t wall_s;
    if (!rule || !when_parse_ics(start, &civil, &is_date, &is_utc) ||
        recur_open(cx, rule, &civil, is_date, &recur) != ERR_OK) {
        puts("error");
        return;
    }
    const struct recur_until *until = recur_until(recur);
    if (until->set)
        recur_stop(recur, civil_seconds(&until->civil) + (until->is_date ? 86399 : 0));
    if (from && when_parse_ics(from, &seek, &is_date, &is_utc))
        recur_seek(recur, civil_seconds(&seek));
    for (int n = 0; n < MAX_OCCURRENCES && recur_next(recur, &wall_s); n++)
        printf("%s%.15s", n ? " " : "", when_ics_utc(wall_s, text));
    puts("");
}

static int rules(struct ctx *cx)
{
    char line[MAX_LINE_BYTES];
    while (fgets(line, sizeof(line), stdin)) {
        print_rule(cx, line);
        ctx_reset(cx);
    }
    return EXIT_SUCCESS;
}

static bool print_instance(void *self, const struct instance *one)
{
    char start[WHEN_TEXT_BYTES], end[WHEN_TEXT_BYTES], id[WHEN_TEXT_BYTES];
    (void)self;
    printf("%s %s %s\n", when_ics_utc(one->start_s, start), when_ics_utc(one->end_s, end),
        when_ics_utc(one->recurrence_s, id));
    return true;
}

static int expand(struct ctx *cx, char **args, bool whole)
{
    struct civil from, until;
    bool is_date, is_utc;
    struct ics_object object;
    struct comp *printed;
    char *data;
    size_t len_bytes;
    if (!when_parse_ics(args[0], &from, &is_date, &is_utc) ||
        !when_parse_ics(args[1], &until, &is_date, &is_utc))
        return complain(cx);
    struct expand_range range = {
        .from_s = civil_seconds(&from), .until_s = civil_seconds(&until)};
    if (file_read(cx, args[2], MAX_FILE_BYTES, &data, &len_bytes) != ERR_OK ||
        ics_object_parse(cx, data, len_bytes, &object) != ERR_OK)
        return complain(cx);
    if (!whole &&
        expand_each(cx, object.calendar, &range, print_instance, NULL) != ERR_OK)
        return complain(cx);
    if (whole && expand_print(cx, object.calendar, &range, &printed) != ERR_OK)
        return complain(cx);
    if (whole)
        fputs(lines_text(cx, printed), stdout);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct ctx *cx = ctx_new(NULL);
    int status = 2;
    if (argc == 2 && !strcmp(argv[1], "rules"))
        status = rules(cx);
    else if (argc == 5 && (!strcmp(argv[1], "expand") || !strcmp(argv[1], "print")))
        status = expand(cx, argv + 2, !strcmp(argv[1], "print"));
    else
        fputs("usage: ics-tool rules | expand FROM UNTIL FILE | print FROM UNTIL FILE\n",
            stderr);
    ctx_free(cx);
    return status;
}
