/* The page of documentation that the table of fields is: docs/mapping.md. */
#include "bridge/bridge.h"
#include "bridge/field.h"

static const char *const writers[] = {
    [WRITER_NOBODY] = "nobody",
    [WRITER_ORGANIZER] = "organizer",
    [WRITER_PARTICIPANT] = "everybody, for the own view",
};

static void add_names(struct buf *out, const char *const names[FIELD_MAX_NAMES])
{
    for (size_t i = 0; i < FIELD_MAX_NAMES && names[i] != NULL; i++)
        buf_printf(out, "%s%s", i == 0 ? "" : ", ", names[i]);
}

static void add_row(struct buf *out, const struct field *field)
{
    buf_printf(out, "| `%s` | ", field->name);
    add_names(out, field->lines);
    buf_adds(out, " | ");
    add_names(out, field->repeated);
    buf_printf(out, " | %s | %s | ", writers[field->writer],
        field->concerns_others ? "yes" : "no");
    if (field->max_chars != 0)
        buf_printf(out, "at most %zu characters", field->max_chars);
    if (field->master_only)
        buf_adds(out, "exceptions have none");
    buf_printf(out, " | %s |\n", field->about == NULL ? "" : field->about);
}

const char *bridge_fields(struct ctx *cx)
{
    struct buf out = buf_new(cx->arena);
    buf_adds(&out,
        "# Fields of an event\n"
        "\n"
        "Made by `feishu-caldav convert --fields` from the table of "
        "`src/bridge/field.c`; do not edit.\n"
        "\n"
        "What is in no line of it is the client's own: the bridge keeps it and serves it "
        "back byte for byte.\n"
        "\"Goes along\" names properties that say the same again: they stay until the "
        "field changes in Feishu.\n"
        "\"Told\": a change by the organizer is worth a message to the guests "
        "([notifications](notifications.md)).\n"
        "\n"
        "| Feishu | iCalendar | Goes along | Written by | Told | Limit | |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < n_fields; i++)
        add_row(&out, &fields[i]);
    return buf_str(&out);
}
