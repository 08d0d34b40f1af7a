/* POST to the schedule outbox: free/busy of others (RFC 6638 section 5). */
#include "dav/availability.h"
#include "dav/freebusy.h"
#include "dav/post.h"
#include "ical/ics.h"

#include <string.h>

#define MAX_RECIPIENTS 100
#define MAX_RANGE_S (366LL * 86400)

struct asked {
    const char *uid, *mask_uid;
    const struct line *organizer;
    const struct comp *freebusy;
    int64_t from_s, until_s;
    LIST(const char *) recipients;
};

static enum err refuse(struct dav *dav, const char *text)
{
    return fail(dav->cx, ERR_SCHEDULING_MESSAGE, "%s", text);
}

static enum err read_time(struct dav *dav, const struct comp *calendar,
    const struct comp *component, const char *name, int64_t *unix_s)
{
    const struct line *line = comp_line(component, name);
    struct ics_time time;
    if (!line)
        return refuse(dav, "the request needs DTSTART and DTEND");
    if (ics_time(dav->cx, calendar, line, &time) != ERR_OK)
        return refuse(dav, "DTSTART or DTEND cannot be read");
    *unix_s = ics_time_unix(&time, NULL);
    return ERR_OK;
}

/* What is asked, out of the iCalendar body. Apple leaves the event that is being moved
 * out by X-CALENDARSERVER-MASK-UID. */
static enum err read_message(struct dav *dav, struct asked *asked)
{
    struct comp *calendar = NULL;
    const char *type = header_type(dav->cx, dav_header(dav, "Content-Type"));
    if (*type && !str_eq(type, "text/calendar"))
        return fail(
            dav->cx, ERR_SUPPORTED_CALENDAR_DATA, "the body must be text/calendar");
    TRY(lines_parse(dav->cx, dav->request->body, dav->request->body_bytes, &calendar));
    const struct line *method = comp_line(calendar, "METHOD");
    asked->freebusy = comp_sub(calendar, "VFREEBUSY");
    if (!method || !str_ieq(method->value, "REQUEST") || !asked->freebusy)
        return refuse(dav, "only a VFREEBUSY with METHOD:REQUEST is answered here: "
                           "invitations are delivered by the server itself");
    size_t at = 0;
    (void)comp_next_sub(calendar, "VFREEBUSY", &at);
    if (comp_next_sub(calendar, "VFREEBUSY", &at)) /* RFC 5546 section 3.3.2: one */
        return refuse(dav, "there is more than one VFREEBUSY");
    const struct line *uid = comp_line(asked->freebusy, "UID");
    const struct line *mask = comp_line(asked->freebusy, "X-CALENDARSERVER-MASK-UID");
    asked->uid = uid ? uid->value : NULL;
    asked->mask_uid = mask ? mask->value : NULL;
    asked->organizer = comp_line(asked->freebusy, "ORGANIZER");
    TRY(read_time(dav, calendar, asked->freebusy, "DTSTART", &asked->from_s));
    TRY(read_time(dav, calendar, asked->freebusy, "DTEND", &asked->until_s));
    if (asked->from_s >= asked->until_s || asked->until_s - asked->from_s > MAX_RANGE_S)
        return refuse(dav, "the time asked for must be between nothing and a year");
    return ERR_OK;
}

static bool sees_calendar_of(struct dav *dav, const struct be_user *other)
{
    struct be_calendar *list = NULL;
    size_t n = 0;
    if (be_calendars(dav->cx, dav->request->bridge, &dav->user, &list, &n) != ERR_OK)
        return true;
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i].owner, other->segment))
            return true;
    return false;
}

/* RFC 6638 section 5.2: one of the owner's addresses. Not all addresses that people have
 * are known in Feishu, and who acts for somebody else asks in her name: what is refused
 * is an address of somebody here whose calendars the person does not see. */
static enum err check_organizer(struct dav *dav, const struct asked *asked)
{
    struct be_user other;
    if (!asked->organizer ||
        be_user_by_address(
            dav->cx, dav->request->bridge, asked->organizer->value, &other) != ERR_OK ||
        other.id == dav->user.id || sees_calendar_of(dav, &other))
        return ERR_OK;
    return fail(dav->cx, ERR_VALID_ORGANIZER, "ORGANIZER is not the owner of the outbox");
}

static void add_recipient(struct dav *dav, struct asked *asked, const char *address)
{
    for (size_t i = 0; i < asked->recipients.n; i++)
        if (str_ieq(asked->recipients.items[i], address))
            return;
    LIST_ADD(dav->cx->arena, &asked->recipients, address);
}

/* The attendees, as the RFC has it, and who is in the Recipient header of earlier drafts:
 * Apple sends one with commas, Thunderbird one name. */
static enum err read_recipients(struct dav *dav, struct asked *asked)
{
    const char *header = dav_header(dav, "Recipient");
    if (header && !utf8_valid(header, strlen(header)))
        return fail(dav->cx, ERR_BAD_REQUEST, "the Recipient header is not UTF-8");
    char **parts = header ? str_split(dav->cx->arena, header, ',') : NULL;
    for (; parts && *parts; parts++)
        add_recipient(dav, asked, *parts);
    size_t at = 0;
    const struct line *line;
    while ((line = comp_next_line(asked->freebusy, "ATTENDEE", &at)))
        add_recipient(dav, asked, line->value);
    if (!asked->recipients.n)
        return refuse(dav, "nobody is asked for: no Recipient and no ATTENDEE");
    if (asked->recipients.n > MAX_RECIPIENTS)
        return fail(dav->cx, ERR_MAX_ATTENDEES, "more than %d people", MAX_RECIPIENTS);
    return ERR_OK;
}

static char *line_text(struct dav *dav, const struct line *line)
{
    if (!line)
        return NULL;
    size_t len_bytes = line->raw_bytes;
    while (len_bytes && strchr("\r\n", line->raw[len_bytes - 1]))
        len_bytes--;
    return arena_printf(dav->cx->arena, "%.*s\r\n", (int)len_bytes, line->raw);
}

/* The attendee's own line of the request, else one from the address. */
static char *attendee_line(
    struct dav *dav, const struct asked *asked, const char *address)
{
    size_t at = 0;
    struct line *line;
    while ((line = comp_next_line(asked->freebusy, "ATTENDEE", &at)))
        if (str_ieq(line->value, address))
            return line_text(dav, line);
    return line_text(dav, line_new(dav->cx, "ATTENDEE:%s", address));
}

static void write_answer(struct dav *dav, const struct asked *asked,
    const struct be_freebusy *answer)
{
    struct buf *out = &dav->response->body;
    buf_adds(out, "\n<C:response><C:recipient><D:href>");
    xml_adds(out, answer->address);
    buf_adds(out, "</D:href></C:recipient><C:request-status>");
    xml_adds(out, answer->request_status);
    buf_adds(out, "</C:request-status>");
    if (str_starts(answer->request_status, "2")) {
        struct freebusy made = {.method = "REPLY", .uid = asked->uid,
            .organizer = line_text(dav, asked->organizer),
            .attendee = attendee_line(dav, asked, answer->address),
            .from_s = asked->from_s, .until_s = asked->until_s, .busy = answer->busy,
            .n_busy = answer->n_busy};
        struct buf text = buf_new(dav->cx->arena);
        freebusy_print(dav->cx, &made, &text);
        buf_adds(out, "<C:calendar-data>");
        xml_adds(out, buf_str(&text));
        buf_adds(out, "</C:calendar-data>");
    }
    buf_adds(out, "</C:response>");
}

enum err post_freebusy(struct dav *dav, const struct xml *root)
{
    (void)root;
    struct asked asked = {0};
    struct be_freebusy *answers = NULL;
    TRY(read_message(dav, &asked));
    TRY(check_organizer(dav, &asked));
    TRY(read_recipients(dav, &asked));
    struct be_freebusy_query query = {
        .addresses = asked.recipients.items,
        .n = asked.recipients.n,
        .from_s = asked.from_s,
        .until_s = asked.until_s,
        .mask_uid = asked.mask_uid,
    };
    TRY(be_freebusy(dav->cx, dav->request->bridge, &dav->user, &query, &answers));
    dav->response->status = 200;
    dav->response->compressible = true;
    dav_set_header(dav, "Content-Type", XML_TYPE);
    buf_adds(&dav->response->body,
        XML_DECLARATION "<C:schedule-response" XML_NAMESPACES ">");
    for (size_t i = 0; i < asked.recipients.n; i++) {
        availability_join(dav, &answers[i], asked.from_s, asked.until_s);
        write_answer(dav, &asked, &answers[i]);
    }
    buf_adds(&dav->response->body, "</C:schedule-response>\n");
    return ERR_OK;
}
