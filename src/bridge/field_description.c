#include "bridge/field_description.h"

#include "bridge/field_text.h"
#include "bridge/html.h"

#include <ctype.h>
#include <string.h>

/* Line ends as \n, no white space before them nor at the end. */
static char *tidy(struct arena *arena, const char *text)
{
    struct buf out = buf_new(arena);
    for (const char *at = text;; at++) {
        size_t run_bytes = strcspn(at, "\r\n");
        buf_add(&out, at, run_bytes);
        at += run_bytes;
        if (*at == '\r')
            continue;
        while (out.len_bytes > 0 &&
            (out.data[out.len_bytes - 1] == ' ' || out.data[out.len_bytes - 1] == '\t' ||
                (*at == '\0' && out.data[out.len_bytes - 1] == '\n')))
            out.data[--out.len_bytes] = '\0';
        if (*at == '\0')
            return out.data;
        buf_addc(&out, '\n');
    }
}

enum err up_description(struct ctx *cx, const struct scene *scene, cJSON **value)
{
    return fact_text(cx, tidy(cx->arena, scene_text(cx, scene, "DESCRIPTION")), value);
}

enum err read_description(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value)
{
    (void)env;
    const char *html = json_text(row->event, "description");
    return fact_text(cx, tidy(cx->arena, html_to_text(cx->arena, html)), value);
}

void down_description(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines)
{
    (void)scene;
    const char *text = json_text(facts, "description");
    if (*text != '\0')
        LIST_ADD(cx->arena, lines,
            line_new(cx, "DESCRIPTION:%s", text_escape(cx->arena, text)));
}

/* ---- the twins ---- */

static const struct {
    const char *line, *html, *text; /* property; members of the fact */
} twins[] = {
    {"X-ALT-DESC", "alt", "alt_text"},
    {"STYLED-DESCRIPTION", "styled", "styled_text"},
};
#define N_TWINS (sizeof twins / sizeof twins[0])

/* The component's HTML under that name, if it is any: STYLED-DESCRIPTION may be of
 * another format, or a link to somewhere else, which are the client's own. */
static bool is_html(const struct line *line)
{
    const char *type = line_param(line, "FMTTYPE");
    return (type == NULL || str_ieq(type, "text/html")) &&
        !str_ieq(line_param(line, "VALUE"), "URI");
}

static struct line *twin_line(const struct comp *event, const char *name)
{
    size_t at = 0;
    struct line *line;
    while ((line = comp_next_line(event, name, &at)) != NULL) {
        if (is_html(line))
            return line;
    }
    return NULL;
}

static bool is_twin(void *self, const struct line *line)
{
    return str_eq(line->name, self) && is_html(line);
}

/* A program may have written several. */
static void drop_twins(struct comp *event, const char *name)
{
    comp_drop_lines(event, is_twin, (void *)name);
}

/* The words alone: programs that show HTML space it as they like. */
static char *words(struct arena *arena, const char *text)
{
    struct buf out = buf_new(arena);
    bool space = false;
    for (const char *at = text; *at != '\0'; at++) {
        if (isspace((unsigned char)*at)) {
            space = true;
            continue;
        }
        if (space && out.len_bytes > 0)
            buf_addc(&out, ' ');
        space = false;
        buf_addc(&out, *at);
    }
    return arena_strdup(arena, buf_str(&out));
}

static char *html_words(struct arena *arena, const char *html)
{
    return words(arena, html_to_text(arena, html));
}

enum err up_html(struct ctx *cx, const struct scene *scene, cJSON **value)
{
    for (size_t i = 0; i < N_TWINS; i++) {
        const struct line *line = twin_line(scene->event, twins[i].line);
        if (line == NULL)
            continue;
        const char *html = text_unescape(cx->arena, line->value);
        if (*value == NULL)
            *value = cJSON_CreateObject();
        cJSON_AddStringToObject(*value, twins[i].html, html);
        cJSON_AddStringToObject(*value, twins[i].text, html_words(cx->arena, html));
    }
    return ERR_OK;
}

enum err read_html(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value)
{
    (void)env;
    const char *html = html_clean(cx->arena, json_text(row->event, "description"));
    if (strlen(html) > HTML_MAX_BYTES || !html_has_tags(html))
        return ERR_OK;
    *value = cJSON_CreateObject();
    cJSON_AddStringToObject(*value, "html", html);
    return ERR_OK;
}

static bool twin_changed(const cJSON *was, const cJSON *now, size_t i)
{
    return cJSON_HasObjectItem(was, twins[i].text) &&
        cJSON_HasObjectItem(now, twins[i].text) &&
        !str_eq(json_text(was, twins[i].text), json_text(now, twins[i].text));
}

bool equal_html(const cJSON *a, const cJSON *b)
{
    for (size_t i = 0; i < N_TWINS; i++) {
        if (twin_changed(a, b, i))
            return false;
    }
    return true;
}

static void insert_twins(struct ctx *cx, struct comp *event, const char *html)
{
    const char *text = text_escape(cx->arena, html);
    size_t place = 0;
    for (size_t i = 0; i < event->items.n; i++) {
        const struct line *line = event->items.items[i].line;
        if (line != NULL)
            place = i + 1;
        if (line != NULL && str_eq(line->name, "DESCRIPTION"))
            break;
    }
    struct line *lines[] = {
        line_new(cx, "X-ALT-DESC;FMTTYPE=text/html:%s", text),
        line_new(cx, "STYLED-DESCRIPTION;VALUE=TEXT;FMTTYPE=text/html:%s", text),
    };
    for (size_t i = 0; i < N_TWINS; i++)
        comp_insert(cx, event, place + i, (struct comp_item){.line = lines[i]});
}

/* A program that knows one of the twins leaves the other behind: it goes when it says
 * something else than the text, and the first does not. */
static void drop_stale(struct ctx *cx, struct comp *event, const cJSON *facts,
    const struct line *const lines[N_TWINS])
{
    const char *text = words(cx->arena, json_text(facts, "description"));
    bool agrees[N_TWINS];
    for (size_t i = 0; i < N_TWINS; i++)
        agrees[i] = str_eq(
            text, html_words(cx->arena, text_unescape(cx->arena, lines[i]->value)));
    for (size_t i = 0; i < N_TWINS; i++) {
        if (!agrees[i] && agrees[N_TWINS - 1 - i])
            drop_twins(event, twins[i].line);
    }
}

/* Both twins with the same HTML are what is made here, and are kept up to date. Any other
 * are the client's own: they go with the text (repeated lines of its row). */
void patch_html(struct ctx *cx, const struct scene *scene, const cJSON *facts)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(facts, "description_html");
    const char *html = json_text(value, "html");
    struct line *alt = twin_line(scene->event, twins[0].line);
    struct line *styled = twin_line(scene->event, twins[1].line);
    if (alt == NULL && styled == NULL) {
        if (*html != '\0')
            insert_twins(cx, scene->event, html);
        return;
    }
    if (alt == NULL || styled == NULL)
        return;
    if (!str_eq(alt->value, styled->value)) {
        drop_stale(cx, scene->event, facts, (const struct line *const[]){alt, styled});
        return;
    }
    if (str_eq(text_unescape(cx->arena, alt->value), html))
        return;
    for (size_t i = 0; i < N_TWINS; i++)
        drop_twins(scene->event, twins[i].line);
    if (*html != '\0')
        insert_twins(cx, scene->event, html);
}

/* ---- writing ---- */

static const cJSON *html_of(const cJSON *facts)
{
    return cJSON_GetObjectItemCaseSensitive(facts, "description_html");
}

static bool is_short(const char *html)
{
    return utf8_length(html) <= DESCRIPTION_MAX_CHARS;
}

/* The markup of a new text: that of a twin which says the very same, so that what comes
 * back from upstream is the client's text again. NULL = none. */
static const char *markup_of(
    struct ctx *cx, const struct field_write *write, const char *text)
{
    for (size_t i = 0; i < N_TWINS; i++) {
        const char *html =
            html_clean(cx->arena, json_text(html_of(write->facts), twins[i].html));
        if (html_has_tags(html) && is_short(html) &&
            str_eq(tidy(cx->arena, html_to_text(cx->arena, html)), text))
            return html;
    }
    return NULL;
}

enum err write_description(struct ctx *cx, const struct field_write *write, cJSON *body)
{
    const char *text = json_text(write->facts, "description");
    const char *html = markup_of(cx, write, text);
    cJSON_AddStringToObject(
        body, "description", html != NULL ? html : html_from_text(cx->arena, text));
    return ERR_OK;
}

/* DESCRIPTION, if it has changed too, has been written before (the order of the rows). */
enum err write_html(struct ctx *cx, const struct field_write *write, cJSON *body)
{
    const cJSON *now = html_of(write->facts), *was = html_of(write->was);
    if (*json_text(write->facts, "description") == '\0')
        return ERR_OK;
    for (size_t i = 0; i < N_TWINS; i++) {
        if (!twin_changed(was, now, i))
            continue;
        const char *html = html_clean(cx->arena, json_text(now, twins[i].html));
        if (!is_short(html))
            return fail(cx, ERR_UPSTREAM_REFUSED,
                "%s: Feishu holds at most %d characters, not %zu", twins[i].line,
                DESCRIPTION_MAX_CHARS, utf8_length(html));
        cJSON_AddStringToObject(body, "description", html);
        break;
    }
    return ERR_OK;
}
