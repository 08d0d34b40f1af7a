/*
 * Three-way merge. With If-Match it is known what a write was made from, and an older
 * text is refused before anything comes here. Without a condition it has to be found out,
 * from what is served now back through what was served before, to the client's last
 * write:
 *
 * - A text that has anything of what the last change in Feishu brought was made from what
 *   is served now: all that differs from that is the client's.
 * - A text that has none of it was made from an older one: that which it shows to know.
 *   What it changed there is written, what Feishu changed since stays; where both changed
 *   the same field the client's, being the newer write, counts, and that is logged.
 * - A text that is older and brings nothing of its own would be a write of nothing, or it
 *   puts back just what Feishu changed. It is taken for that, and logged, when what is
 *   served now was given to a client of the account (delivered.c), so that its user can
 *   have seen the change; otherwise it is an upload of the old text again, and Feishu's
 *   change stays.
 *
 * So the one thing that is not honoured is a text that puts Feishu's change back and
 * changes something else in the same breath, without a condition. What stays then is
 * served again, and the client that fetches it may put it back. Of a text older than the
 * few that are kept (OLDER_MAX, OLDER_MAX_S) the oldest is taken for its base.
 */
#include "bridge/attendee.h"
#include "bridge/plan.h"
#include "bridge/series.h"

#include <stdlib.h>
#include <string.h>

/* One side, by its components. */
struct side {
    struct view view;
    cJSON *master; /* facts; NULL = no master */
};

static enum err read_side(
    struct ctx *cx, const struct convert_env *env, const char *text, struct side *side)
{
    struct comp *calendar;
    TRY(lines_parse(cx, text, strlen(text), &calendar));
    TRY(view_of(cx, env, calendar, &side->view));
    side->master = NULL;
    if (side->view.master == NULL)
        return ERR_OK;
    struct scene scene = view_scene(env, &side->view, side->view.master);
    return facts_up(cx, &scene, &side->master);
}

/* What one thing did on its way to both sides. */
struct tally {
    bool news;         /* upstream changed something */
    bool known;        /* and the client has some of it: it saw the newer text */
    bool ours;         /* the client changed something */
    struct buf fields; /* changed on both sides, and differently */
    struct buf back;   /* changed by upstream, and as before in the client's text */
};

static void add_name(struct buf *names, const char *name)
{
    if (strstr(buf_str(names), name) != NULL)
        return;
    buf_printf(names, "%s%s", names->len_bytes == 0 ? "" : ", ", name);
}

static void weigh(
    struct tally *tally, bool theirs, bool same, bool ours, const char *name)
{
    tally->ours |= ours;
    if (!theirs)
        return;
    tally->news = true;
    tally->known |= same;
    if (ours && !same)
        add_name(&tally->fields, name);
    if (!ours && !same)
        add_name(&tally->back, name);
}

/* The facts of three texts. */
struct said {
    const cJSON *base, *upstream, *text;
};

static const cJSON *people_of(const cJSON *facts)
{
    return cJSON_GetObjectItemCaseSensitive(facts, "attendees");
}

static bool attends(struct ctx *cx, const struct convert_env *env,
    const struct people_index *people, const cJSON *one)
{
    return plan_find_person(cx, env, people, one) != NULL;
}

/* Guests come and go one by one: who has somebody that upstream invited saw that, whoever
 * else is invited beside. */
static bool knows_a_guest(
    struct ctx *cx, const struct convert_env *env, const struct said *said)
{
    const cJSON *one, *theirs = people_of(said->upstream), *ours = people_of(said->text);
    bool known = false;
    if (theirs == NULL || ours == NULL || equal_people(people_of(said->base), theirs))
        return false;
    const struct people_index *was = people_index(cx, env, people_of(said->base), true),
                              *now = people_index(cx, env, ours, true);
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(theirs, "list")) known |=
        !json_bool(one, "self", false) && !json_bool(one, "organizer", false) &&
        !attends(cx, env, was, one) && attends(cx, env, now, one);
    return known;
}

static void weigh_fields(struct ctx *cx, const struct convert_env *env,
    const struct said *said, struct tally *tally)
{
    const cJSON *base = said->base, *upstream = said->upstream, *text = said->text;
    for (size_t i = 0; i < n_fields; i++) {
        const struct field *field = &fields[i];
        if (field->up != NULL)
            weigh(tally, !facts_equal(field, base, upstream),
                facts_equal(field, upstream, text), !facts_equal(field, base, text),
                field->lines[0]);
    }
    weigh(tally, !facts_same_answer(upstream, base), facts_same_answer(upstream, text),
        !facts_same_answer(text, base), "PARTSTAT");
    tally->known |= knows_a_guest(cx, env, said);
}

enum occurrence { AS_THE_RULE, CHANGED, CANCELLED };

static enum occurrence occurrence_in(const struct side *side, int64_t original)
{
    if (view_cancels(&side->view, original))
        return CANCELLED;
    return view_find(&side->view, original) == NULL ? AS_THE_RULE : CHANGED;
}

/* The three texts. */
struct sides {
    const struct convert_env *env;
    struct side base, upstream, text;
    bool moved; /* the text moves the series and names occurrences by their new starts */
};

/* What the text calls an occurrence of the other two. */
static int64_t name_in_text(const struct sides *sides, int64_t original)
{
    return sides->moved
        ? occurrence_moved(sides->base.master, sides->text.master, original)
        : original;
}

/* What a side says of an occurrence; stays NULL where it does not take place. */
static enum err occurrence_facts(struct ctx *cx, const struct sides *sides,
    const struct side *side, int64_t original, cJSON **facts)
{
    const struct view_override *one = view_find(&side->view, original);
    switch (occurrence_in(side, original)) {
    case CHANGED: {
        struct scene scene = view_scene(sides->env, &side->view, one->event);
        return facts_up(cx, &scene, facts);
    }
    case AS_THE_RULE:
        if (side->master != NULL)
            *facts = facts_of_occurrence(cx, side->master, original);
        return ERR_OK;
    case CANCELLED:
        break;
    }
    return ERR_OK;
}

/* One that two sides have changed says the same, or not; a is the newer one, which may
 * have an answer more. */
static bool alike(
    enum occurrence a, enum occurrence b, const cJSON *says_a, const cJSON *says_b)
{
    return a == b && (a != CHANGED || facts_same_occurrence(says_a, says_b));
}

static enum err weigh_occurrence(
    struct ctx *cx, const struct sides *sides, int64_t original, struct tally *tally)
{
    int64_t named = name_in_text(sides, original);
    enum occurrence was = occurrence_in(&sides->base, original),
                    theirs = occurrence_in(&sides->upstream, original),
                    ours = occurrence_in(&sides->text, named);
    cJSON *said = NULL, *they_say = NULL, *we_say = NULL;
    TRY(occurrence_facts(cx, sides, &sides->base, original, &said));
    TRY(occurrence_facts(cx, sides, &sides->upstream, original, &they_say));
    TRY(occurrence_facts(cx, sides, &sides->text, named, &we_say));
    if (said != NULL && theirs == CHANGED && ours == CHANGED)
        weigh_fields(cx, sides->env, &(struct said){said, they_say, we_say}, tally);
    else
        weigh(tally, !alike(theirs, was, they_say, said),
            alike(theirs, ours, they_say, we_say), !alike(ours, was, we_say, said),
            "RECURRENCE-ID");
    return ERR_OK;
}

typedef LIST(int64_t) name_list;

static void add_names(struct ctx *cx, const struct view *view, name_list *names)
{
    for (size_t i = 0; i < view->exdates.n; i++)
        LIST_ADD(cx->arena, names, view->exdates.items[i]);
    for (size_t i = 0; i < view->overrides.n; i++)
        LIST_ADD(cx->arena, names, view->overrides.items[i].original_time);
}

static bool starts_alike(const struct side *a, const struct side *b)
{
    return cJSON_Compare(cJSON_GetObjectItemCaseSensitive(a->master, "start_time"),
        cJSON_GetObjectItemCaseSensitive(b->master, "start_time"), true);
}

/* A client that moves a series names its occurrences anew; one that gives it a later
 * first day does not. Which of both is told by those that the texts name. */
static bool names_anew(const struct sides *sides, const name_list *names)
{
    if (sides->base.master == NULL || sides->upstream.master == NULL ||
        sides->text.master == NULL || !starts_alike(&sides->base, &sides->upstream) ||
        starts_alike(&sides->base, &sides->text))
        return false;
    size_t n_new = 0, n_old = 0;
    for (size_t i = 0; i < names->n; i++) {
        int64_t old = names->items[i];
        int64_t new = occurrence_moved(sides->base.master, sides->text.master, old);
        n_new += occurrence_in(&sides->text, new) != AS_THE_RULE;
        n_old += occurrence_in(&sides->text, old) != AS_THE_RULE;
    }
    return n_new >= n_old;
}

static enum err weigh_occurrences(
    struct ctx *cx, struct sides *sides, struct tally *tally)
{
    name_list names = {0}, own = {0};
    add_names(cx, &sides->base.view, &names);
    add_names(cx, &sides->upstream.view, &names);
    add_names(cx, &sides->text.view, &own);
    sides->moved = names_anew(sides, &names);
    for (size_t i = 0; i < own.n; i++)
        LIST_ADD(cx->arena, &names,
            sides->moved
                ? occurrence_moved(sides->text.master, sides->base.master, own.items[i])
                : own.items[i]);
    for (size_t i = 0; i < names.n; i++)
        TRY(weigh_occurrence(cx, sides, names.items[i], tally));
    return ERR_OK;
}

static enum err compare(struct ctx *cx, const struct convert_env *env, const char *base,
    const char *upstream, const char *text, struct tally *tally)
{
    struct sides sides = {.env = env};
    *tally = (struct tally){.fields = buf_new(cx->arena), .back = buf_new(cx->arena)};
    TRY(read_side(cx, env, base, &sides.base));
    TRY(read_side(cx, env, upstream, &sides.upstream));
    TRY(read_side(cx, env, text, &sides.text));
    if (sides.base.master != NULL && sides.upstream.master != NULL &&
        sides.text.master != NULL)
        weigh_fields(cx, env,
            &(struct said){sides.base.master, sides.upstream.master, sides.text.master},
            tally);
    return weigh_occurrences(cx, &sides, tally);
}

/* ---- what a text brings ---- */

static const char *const bookkeeping[] = {
    "DTSTAMP", "LAST-MODIFIED", "SEQUENCE", "CREATED", "PRODID"};

static bool is_bookkeeping(const char *name)
{
    for (size_t i = 0; i < sizeof bookkeeping / sizeof bookkeeping[0]; i++) {
        if (str_eq(name, bookkeeping[i]))
            return true;
    }
    return false;
}

typedef LIST(const char *) text_list;

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void collect(struct ctx *cx, const struct comp *comp, text_list *list)
{
    for (size_t i = 0; i < comp->items.n; i++) {
        const struct line *line = comp->items.items[i].line;
        if (comp->items.items[i].comp != NULL)
            collect(cx, comp->items.items[i].comp, list);
        if (line == NULL || is_bookkeeping(line->name))
            continue;
        struct buf out = buf_new(cx->arena);
        buf_printf(&out, "%s %s", comp->name, line->name);
        for (size_t k = 0; k < line->n_params; k++)
            buf_printf(&out, ";%s=%s", line->params[k].name, line->params[k].value);
        buf_printf(&out, ":%s", line->value);
        LIST_ADD(cx->arena, list, buf_str(&out));
    }
}

static enum err lines_of(struct ctx *cx, const char *text, text_list *list)
{
    struct comp *calendar;
    TRY(lines_parse(cx, text, strlen(text), &calendar));
    collect(cx, calendar, list);
    return ERR_OK;
}

/* A line that neither the client's last text nor what is served has: a snoozed alarm,
 * say, in a copy that is old. */
static bool brings_lines(struct ctx *cx, const struct merge *merge, const char *base)
{
    text_list known = {0}, own = {0};
    if (lines_of(cx, base, &known) != ERR_OK ||
        lines_of(cx, merge->served, &known) != ERR_OK ||
        lines_of(cx, merge->text, &own) != ERR_OK)
        return true;
    qsort(known.items, known.n, sizeof *known.items, by_text);
    for (size_t i = 0; i < own.n; i++) {
        if (bsearch(&own.items[i], known.items, known.n, sizeof *known.items, by_text) ==
            NULL)
            return true;
    }
    return false;
}

/* From text to older text, as long as the write shows nothing of what the newer one of
 * both brought; NULL = it knows what is served. */
static const char *find_base(
    struct ctx *cx, const struct convert_env *env, const struct merge *merge)
{
    const char *base = NULL, *newer = merge->upstream;
    for (size_t i = 0; i < merge->n_older; i++) {
        struct tally tally;
        if (compare(cx, env, merge->older[i], newer, merge->text, &tally) != ERR_OK ||
            tally.known)
            break;
        if (tally.news || base != NULL)
            base = merge->older[i];
        newer = merge->older[i];
    }
    return base;
}

const char *convert_merge_base(struct ctx *cx, const struct convert_env *env,
    const struct merge *merge, const char **conflicts)
{
    struct tally tally;
    const char *base = find_base(cx, env, merge);
    *conflicts = "";
    if (compare(cx, env, base != NULL ? base : merge->served, merge->upstream,
            merge->text, &tally) != ERR_OK)
        return merge->served;
    bool back =
        base != NULL && merge->given && !tally.ours && !brings_lines(cx, merge, base);
    *conflicts = buf_str(back ? &tally.back : &tally.fields);
    return base == NULL || back ? merge->served : base;
}
