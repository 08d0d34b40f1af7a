/* Three-way merge: a write that names no condition may have been made from an older text
 * than the one that is served. Only what the client changed in it is written; what Feishu
 * changed meanwhile stays. */
#include "bridge/series.h"

#include <string.h>

/* One side, by its components. */
struct side {
    struct view view;
    cJSON *master; /* facts; NULL = no master */
};

static enum err read_side(struct ctx *cx, const struct convert_env *env, const char *text,
    struct side *side)
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
    struct buf fields; /* changed on both sides, and differently */
};

static void weigh(
    struct tally *tally, bool theirs, bool same, bool ours, const char *name)
{
    if (!theirs)
        return;
    tally->news = true;
    tally->known |= same;
    if (ours && !same)
        buf_printf(
            &tally->fields, "%s%s", tally->fields.len_bytes == 0 ? "" : ", ", name);
}

static void weigh_fields(struct tally *tally, const cJSON *base, const cJSON *upstream,
    const cJSON *text)
{
    for (size_t i = 0; i < n_fields; i++) {
        const struct field *field = &fields[i];
        if (field->up != NULL)
            weigh(tally, !facts_equal(field, base, upstream),
                facts_equal(field, upstream, text), !facts_equal(field, base, text),
                field->lines[0]);
    }
}

enum occurrence { AS_THE_RULE, CHANGED, CANCELLED };

static enum occurrence occurrence_in(const struct side *side, int64_t original)
{
    if (view_cancels(&side->view, original))
        return CANCELLED;
    return view_find(&side->view, original) == NULL ? AS_THE_RULE : CHANGED;
}

static void weigh_occurrence(struct tally *tally, const struct side *base,
    const struct side *upstream, const struct side *text, int64_t original)
{
    enum occurrence was = occurrence_in(base, original),
                    theirs = occurrence_in(upstream, original),
                    ours = occurrence_in(text, original);
    weigh(tally, was != theirs, theirs == ours, was != ours, "RECURRENCE-ID");
}

static void weigh_occurrences(struct tally *tally, const struct side *base,
    const struct side *upstream, const struct side *text)
{
    const struct side *sides[] = {base, upstream};
    for (size_t k = 0; k < 2; k++) {
        const struct view *view = &sides[k]->view;
        for (size_t i = 0; i < view->exdates.n; i++)
            weigh_occurrence(tally, base, upstream, text, view->exdates.items[i]);
        for (size_t i = 0; i < view->overrides.n; i++)
            weigh_occurrence(
                tally, base, upstream, text, view->overrides.items[i].original_time);
    }
}

static enum err compare(struct ctx *cx, const struct convert_env *env, const char *base,
    const struct merge *merge, struct tally *tally)
{
    struct side was, theirs, ours;
    *tally = (struct tally){.fields = buf_new(cx->arena)};
    TRY(read_side(cx, env, base, &was));
    TRY(read_side(cx, env, merge->upstream, &theirs));
    TRY(read_side(cx, env, merge->text, &ours));
    if (was.master != NULL && theirs.master != NULL && ours.master != NULL)
        weigh_fields(tally, was.master, theirs.master, ours.master);
    weigh_occurrences(tally, &was, &theirs, &ours);
    return ERR_OK;
}

const char *convert_merge_base(struct ctx *cx, const struct convert_env *env,
    const struct merge *merge, const char **conflicts)
{
    struct tally tally;
    const char *base = merge->served;
    *conflicts = "";
    if (merge->shadow != NULL &&
        compare(cx, env, merge->shadow, merge, &tally) == ERR_OK && tally.news &&
        !tally.known)
        base = merge->shadow;
    else if (compare(cx, env, base, merge, &tally) != ERR_OK)
        return base;
    *conflicts = buf_str(&tally.fields);
    return base;
}
