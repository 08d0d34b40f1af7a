#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "edit.h"
#include "event.h"
#include "routes.h"
#include "scenario_events.h"
#include "switches.h"
#include "token.h"
#include "zone.h"

#define SCENARIO_MAX_BYTES (64 * 1024 * 1024)

/* The tenant without a file: three people, a primary calendar each. */
static const char BUILTIN[] =
    "{\"tenant\":{\"tenant_key\":\"2ed263bf32cf1651\",\"name\":\"Simulated tenant\"},"
    "\"app\":{\"app_id\":\"cli_sim0000000000000\",\"app_secret\":\"secret\","
    "\"name\":\"feishu-caldav\",\"redirect_uris\":[\"loopback\"]},"
    "\"people\":["
    "{\"open_id\":\"ou_ada00000000000000000000000000001\",\"name\":\"Ada\","
    "\"email\":\"ada@example.com\",\"user_id\":\"ada00001\","
    "\"mobile\":\"+8613800000001\"},"
    "{\"open_id\":\"ou_bob00000000000000000000000000002\",\"name\":\"Bob\","
    "\"email\":\"bob@example.com\",\"user_id\":\"bob00002\","
    "\"mobile\":\"+8613800000002\"},"
    "{\"open_id\":\"ou_eve00000000000000000000000000003\",\"name\":\"Eve\","
    "\"email\":\"eve@example.com\",\"user_id\":\"eve00003\","
    "\"mobile\":\"+8613800000003\","
    "\"admin\":true}],"
    "\"rooms\":[{\"room_id\":\"omm_0000000000000000000000000000a001\",\"name\":\"Lotus\","
    "\"capacity\":8}],"
    "\"chats\":[{\"chat_id\":\"oc_00000000000000000000000000000c01\",\"name\":\"Team\","
    "\"members\":[\"ada@example.com\",\"bob@example.com\"]}]}";

static cJSON *loaded;

static char *own(const cJSON *object, const char *name, const char *missing)
{
    const char *s = json_text(object, name);

    return xstrdup(s ? s : missing);
}

static void texts_into(struct vec *out, const cJSON *list)
{
    const cJSON *one;

    cJSON_ArrayForEach(one, list) if (cJSON_IsString(one))
        vec_add(out, xstrdup(one->valuestring));
}

static void load_app(const cJSON *scenario)
{
    const cJSON *tenant = json_get(scenario, "tenant"), *app = json_get(scenario, "app");
    struct person bot = {.bot = true};

    W.tenant_key = own(tenant, "tenant_key", "2ed263bf32cf1651");
    W.tenant_name = own(tenant, "name", "Simulated tenant");
    W.app_id = own(app, "app_id", "cli_sim0000000000000");
    W.app_secret = own(app, "app_secret", "secret");
    W.app_name = own(app, "name", "feishu-caldav");
    texts_into(&W.redirect_uris, json_get(app, "redirect_uris"));
    if (!W.redirect_uris.n)
        vec_add(&W.redirect_uris, xstrdup("loopback"));
    texts_into(&W.scopes, json_get(app, "scopes"));
    bot.open_id = xstrdup("ou_bot00000000000000000000000000000");
    bot.union_id = xstrdup("on_bot00000000000000000000000000000");
    bot.user_id = xstrdup("");
    bot.name = xstrdup(W.app_name);
    W.bot = person_add(&bot);
    W.bot->primary = calendar_add(W.bot, "primary", NULL);
    set_str(&W.bot->primary->summary, W.app_name);
}

static void calendar_fields(struct calendar *cal, const cJSON *in)
{
    static const char *const permissions[] = {"private", "show_only_free_busy", "public"};
    const char *wanted = json_text(in, "permissions");
    const cJSON *color = json_get(in, "color");

    if (json_text(in, "summary"))
        set_str(&cal->summary, json_text(in, "summary"));
    if (json_text(in, "description"))
        set_str(&cal->description, json_text(in, "description"));
    for (size_t i = 0; wanted && i < 3; i++)
        if (strcmp(permissions[i], wanted) == 0)
            cal->permissions = permissions[i];
    if (cJSON_IsNumber(color)) {
        struct member *m = cal->owner ? member_of(cal->owner, cal) : NULL;

        cal->color = (int)color->valuedouble;
        if (m)
            m->color = cal->color;
    }
    cal->third_party = cJSON_IsTrue(json_get(in, "is_third_party"));
}

static char *load_person(const cJSON *in, size_t n)
{
    struct person p = {0};
    struct person *who;

    p.open_id = own(in, "open_id", NULL);
    if (!p.open_id)
        p.open_id = xfmt("ou_%032zu", n);
    if (map_get(&W.people_by_id, p.open_id)) {
        char *complaint = xfmt("open_id %s appears twice", p.open_id);

        free(p.open_id);
        return complaint;
    }
    p.union_id = own(in, "union_id", NULL);
    if (!p.union_id)
        p.union_id = xfmt("on_%s", p.open_id + (strlen(p.open_id) > 3 ? 3 : 0));
    p.user_id = own(in, "user_id", NULL);
    if (!p.user_id)
        p.user_id = xfmt("u%07zu", n);
    p.name = own(in, "name", "Somebody");
    p.en_name = own(in, "en_name", NULL);
    p.email = own(in, "email", NULL);
    p.enterprise_email = own(in, "enterprise_email", NULL);
    p.mobile = own(in, "mobile", NULL);
    p.admin = cJSON_IsTrue(json_get(in, "admin"));
    p.hidden = cJSON_IsTrue(json_get(in, "hidden"));
    p.resigned = cJSON_IsTrue(json_get(in, "resigned"));
    p.frozen = cJSON_IsTrue(json_get(in, "frozen"));
    who = person_add(&p);
    who->primary =
        calendar_add(who, "primary", json_text(json_get(in, "primary"), "calendar_id"));
    set_str(&who->primary->summary, who->name);
    calendar_fields(who->primary, json_get(in, "primary"));
    return NULL;
}

static char *load_room(const cJSON *in, size_t n)
{
    struct room r = {0};
    const cJSON *capacity = json_get(in, "capacity");

    r.id = own(in, "room_id", NULL);
    if (!r.id)
        r.id = xfmt("omm_%032zu", n);
    r.name = own(in, "name", "Room");
    r.description = own(in, "description", "");
    r.display_id = own(in, "display_id", "");
    r.custom_id = own(in, "custom_room_id", "");
    r.level_id = own(in, "room_level_id", "omb_00000000000000000000000000000001");
    r.capacity = cJSON_IsNumber(capacity) ? capacity->valueint : 6;
    r.disabled = cJSON_IsTrue(json_get(in, "disabled"));
    r.approval = cJSON_IsTrue(json_get(in, "approval"));
    room_add(&r);
    return NULL;
}

static char *load_chat(const cJSON *in, size_t n)
{
    char *id = own(in, "chat_id", NULL), *name = own(in, "name", "Chat");
    struct chat *chat;
    const cJSON *one;

    if (!id)
        id = xfmt("oc_%032zu", n);
    chat = chat_add(id, name);
    free(id);
    free(name);
    cJSON_ArrayForEach(one, json_get(in, "members"))
    {
        struct person *who = person_find(cJSON_GetStringValue(one));

        if (!who)
            return xfmt("chat %s: a member is not known", chat->name);
        vec_add(&chat->members, who);
    }
    return NULL;
}

static char *load_access(struct calendar *cal, const cJSON *in)
{
    struct person *who = person_find(json_text(in, "user"));
    const cJSON *color = json_get(in, "color");
    enum role role = ROLE_READER;
    struct member *m;

    if (!who || (json_text(in, "role") && !role_of(json_text(in, "role"), &role)))
        return xfmt("calendar %s: an acl entry has no known user or role", cal->summary);
    if (role != ROLE_NONE)
        acl_add(cal, who, role);
    if (cJSON_IsFalse(json_get(in, "listed")))
        return NULL;
    m = member_join(who, cal);
    if (json_text(in, "alias"))
        set_str(&m->alias, json_text(in, "alias"));
    if (cJSON_IsNumber(color))
        m->color = (int)color->valuedouble;
    return NULL;
}

static char *load_calendar(const cJSON *in, size_t n)
{
    static const char *const types[] = {"shared", "resource", "google", "exchange"};
    struct person *owner = person_find(json_text(in, "owner"));
    const char *wanted = json_text(in, "type"), *type = types[0];
    struct calendar *cal;
    const cJSON *one;
    char *complaint = NULL;

    if (!owner)
        return xfmt("calendar %zu: the owner is not known", n);
    for (size_t i = 0; wanted && i < 4; i++)
        if (strcmp(types[i], wanted) == 0)
            type = types[i];
    cal = calendar_add(owner, type, json_text(in, "calendar_id"));
    if (json_text(in, "key"))
        map_put(&W.calendar_keys, json_text(in, "key"), cal);
    calendar_fields(cal, in);
    cJSON_ArrayForEach(one, json_get(in, "acl"))
    {
        complaint = load_access(cal, one);
        if (complaint)
            break;
    }
    return complaint;
}

static char *each(
    const cJSON *scenario, const char *name, char *(*load)(const cJSON *, size_t))
{
    const cJSON *one;
    size_t n = 0;

    cJSON_ArrayForEach(one, json_get(scenario, name))
    {
        char *complaint = load(one, ++n);

        if (complaint)
            return complaint;
    }
    return NULL;
}

static char *load_clock(const cJSON *scenario)
{
    const cJSON *set = json_get(json_get(scenario, "clock"), "set");
    int64_t at;

    if (cJSON_IsNumber(set))
        at = (int64_t)set->valuedouble;
    else if (!cJSON_IsString(set))
        return NULL;
    else if (!rfc3339_parse(set->valuestring, &at))
        return xstrdup("clock.set is neither a number nor RFC 3339");
    clock_set_ms(at * 1000);
    return NULL;
}

char *scenario_load(const cJSON *scenario)
{
    const char *login = json_text(scenario, "login");
    char *complaint;

    world_reset();
    tokens_reset();
    routes_reset();
    feed_clear();
    sw_defaults();
    clock_real();
    load_app(scenario);
    complaint = load_clock(scenario);
    if (!complaint)
        complaint = sw_set(json_get(scenario, "switches"));
    if (!complaint)
        complaint = each(scenario, "people", load_person);
    if (!complaint)
        complaint = each(scenario, "rooms", load_room);
    if (!complaint)
        complaint = each(scenario, "chats", load_chat);
    if (!complaint)
        complaint = each(scenario, "calendars", load_calendar);
    if (!complaint)
        complaint = each(scenario, "events", scenario_event);
    if (!complaint && login && !(W.login = person_find(login)))
        complaint = xfmt("login: %s is not known", login);
    vec_free(&W.notifications, free);
    feed_clear();
    if (!complaint && scenario != loaded) {
        cJSON_Delete(loaded);
        loaded = cJSON_Duplicate(scenario, true);
    }
    return complaint;
}

static char *load_text(const char *json, size_t n)
{
    cJSON *scenario = cJSON_ParseWithLength(json, n);
    char *complaint =
        scenario ? scenario_load(scenario) : xstrdup("the scenario is not JSON");

    cJSON_Delete(scenario);
    return complaint;
}

char *scenario_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *json, *complaint;
    size_t n;

    if (!f)
        return xfmt("cannot read %s", path);
    json = xcalloc(1, SCENARIO_MAX_BYTES);
    n = fread(json, 1, SCENARIO_MAX_BYTES, f);
    fclose(f);
    complaint = load_text(json, n);
    free(json);
    if (complaint) {
        char *with_name = xfmt("%s: %s", path, complaint);

        free(complaint);
        return with_name;
    }
    return NULL;
}

char *scenario_builtin(void)
{
    return load_text(BUILTIN, strlen(BUILTIN));
}

char *scenario_again(void)
{
    return scenario_load(loaded);
}

void scenario_forget(void)
{
    world_reset();
    tokens_reset();
    feed_clear();
    zone_forget();
    cJSON_Delete(loaded);
    loaded = NULL;
}
