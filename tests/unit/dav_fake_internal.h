/* What the files of the back end in memory share. */
#ifndef TESTS_UNIT_DAV_FAKE_INTERNAL_H
#define TESTS_UNIT_DAV_FAKE_INTERNAL_H

#include "dav_fake_backend.h"

/* Removed objects too; NULL = never there. */
struct fake_object *fake_find(
    struct bridge *bridge, int64_t calendar_id, const char *name);
struct fake_object *fake_store(
    struct bridge *bridge, int64_t calendar_id, const char *name, const char *text);
void fake_bury(struct bridge *bridge, struct fake_object *object);
/* Numbers a change of the calendar. */
int64_t fake_touch(struct bridge *bridge, int64_t calendar_id);
char *fake_uid_of(struct arena *arena, const char *text);
/* The error that the test wants of the next write. */
enum err fake_next_err(struct ctx *cx, struct bridge *bridge);
/* A copy that lives as long as the world; otherwise for NULL. */
const char *fake_copy(
    struct bridge *bridge, const char *text, const char *otherwise);
/* What COPY, MOVE and DELETE (to NULL) do with the properties of an object. */
void fake_properties_move(struct bridge *bridge, const struct be_place *from,
    const struct be_place *to, bool copy);
void drop_answer(struct world *w);

#endif
