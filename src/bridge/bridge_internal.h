/* What the files of the bridge share among themselves. Nobody else includes it. */
#ifndef BRIDGE_BRIDGE_INTERNAL_H
#define BRIDGE_BRIDGE_INTERNAL_H

#include "base/cache.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/str.h"
#include "bridge/account.h"
#include "bridge/backend.h"
#include "bridge/bridge.h"
#include "bridge/convert.h"
#include "bridge/events.h"
#include "bridge/lock.h"
#include "bridge/split.h"
#include "feishu/client.h"
#include "feishu/oauth.h"
#include "store/journal.h"
#include "store/polls.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

/* After a write, an older version may be read for about two seconds (feishu-api 15.18);
 * twice that and a bit is waited before what is read is believed against what was
 * written. */
#define WRITE_LAG_MS fault_wait_ms(2200)
#define WRITE_GUARD_MS fault_wait_ms(5000)
/* Longer than a pass may take: what was noted so far in the future was noted by a clock
 * that was set back since. */
#define CLOCK_SET_BACK_MS 3600000
#define TIMEZONE_DEFAULT "Asia/Shanghai"

struct comp;             /* ical/lines.h */
struct credential_cache; /* password.c */
struct interest;         /* interest.c */
struct readings;         /* pull_full.c */
struct spending;         /* spent.c */
struct scheduler;        /* schedule.c */
struct events;           /* events.c */
struct notifier;         /* notify_thread.c */
struct delivered;        /* delivered.c */
struct unanswered;       /* unanswered.c */

struct bridge {
    const struct conf *conf;
    struct store *store;
    struct feishu *feishu; /* NULL = no app is configured */
    unsigned char key[SEAL_KEY_BYTES];
    struct locks *locks;
    struct credential_cache *credentials;
    struct interest *interest;
    struct readings *readings;
    struct spending *spending;
    struct scheduler *scheduler; /* NULL until bridge_start */
    struct events *events; /* NULL until bridge_start, and without a Feishu app */
    struct cache *freebusy; /* freebusy.c: busy time of others */
    struct notifier *notifier; /* NULL until bridge_start */
    char *push_private, *push_public; /* keys for push services, on the heap */
    struct cache *search;   /* search.c: whom a search found */
    struct delivered *delivered;
    struct unanswered *unanswered;
    /* All-day end dates (feishu-api 16.1), from the probe of allday.c or the defaults. */
    atomic_bool read_end_exclusive, write_end_inclusive;
    /* Monotonic time before which no directory look-up is tried again, after a refusal.
     */
    _Atomic int64_t directory_wait_ms;
    _Atomic enum err directory_err; /* why it waits */
    /* The same for attendees that lists leave out. */
    _Atomic int64_t attendees_wait_ms;
    /* The same for access lists. */
    _Atomic int64_t shares_wait_ms;
    atomic_bool stopping; /* long work ends at the next page */
    atomic_bool journal_left; /* a write stays open in the journal: look at it soon */
    bool abandoned;       /* a thread did not end in time: nothing may be freed */
    _Atomic int64_t upstream_calls, upstream_errors, pulls, pull_errors;
    _Atomic int64_t stretch; /* of all intervals of polls, in thousandths (poll.h) */
};

/* UPSTREAM_APP when no app is configured. */
enum err bridge_need_feishu(struct ctx *cx, const struct bridge *bridge);
/* How long a poll or back-fill waits for its turn: somebody else may use the thread. */
#define TURN_WAIT_MS 1000
/* feishu_request with the account's token, or the tenant's for account_id 0, which is
 * paid by the account that cx->payer names; failures are counted. */
enum err bridge_request(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    struct feishu_call *call, int *code, cJSON **data);
/* For calls that do not go through bridge_request. */
void bridge_count(struct bridge *bridge, enum err err);
/* True for errors that tell of the connection, not of the thing asked for. */
bool err_is_transient(enum err kind);
/* True also for those that tell of the sign-in, the app or the store: what was begun can
 * be finished when that is in order again. */
bool err_is_open(enum err kind);

/* ---- token.c ---- */
#define TOKEN_MARGIN_S 120 /* a token that ends sooner is renewed */
struct token_source {
    struct bridge *bridge;
    int64_t account_id;
};
/* For feishu_user.token; self is a struct token_source. */
enum err token_get(void *self, struct ctx *cx, const char *stale, const char **token);
/* Refreshes now when the pair is older than a day (feishu-api 15.17). */
enum err token_keep_alive(struct ctx *cx, struct bridge *bridge, int64_t account_id);

/* ---- password.c ---- */
struct credential_cache *credential_cache_new(struct ctx *cx);
void credential_cache_free(struct credential_cache *cache);

/* ---- interest.c: when clients last asked for a calendar ---- */
struct interest *interest_new(void);
void interest_free(struct interest *interest);
void interest_note(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    int64_t calendar_id, int64_t last_pull_s);
/* The home was asked for: its list of calendars may be stale. */
void interest_home(struct ctx *cx, struct bridge *bridge, int64_t account_id);
/* Writes what was noted since into the store. */
void interest_flush(struct ctx *cx, struct bridge *bridge);

/* ---- directory.c ---- */
struct directory {
    struct bridge *bridge;
    int64_t account_id;
};
/* Make people known to the store. Failures are remembered. */
void directory_want_ids(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const char *const *open_ids, size_t n);
/* Errors: what may be over soon, so that who is not known then may be known later; most
 * callers go on with those who are. */
enum err directory_want_addresses(struct ctx *cx, struct bridge *bridge,
    int64_t account_id, const char *const *addresses, size_t n);
/* Everybody in a calendar object. */
void directory_want_people(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const struct comp *calendar);
/* Names that come with events: rooms, and people of whom the directory does not tell. */
enum err directory_note_names(
    struct ctx *cx, struct bridge *bridge, const cJSON *attendees);
/* The id of a person or room by a calendar user address, the own ones and those made up
 * here included; what the store knows. NULL = nobody. */
const char *directory_person(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const char *address);
/* For convert_env: what the store knows, no network. self is a struct bridge. */
const char *directory_address_of(void *self, struct ctx *cx, const char *open_id);
const char *directory_id_of(void *self, struct ctx *cx, const char *address);

/* ---- render.c ---- */
enum be_role role_of(const char *word);
/* The zone of floating times that a client gave the calendar; NULL when it gave none that
 * is known. */
const char *calendar_timezone(
    struct ctx *cx, struct bridge *bridge, const struct calendar *calendar);
/* env for a calendar of an account; borrows all three. */
void env_fill(struct ctx *cx, struct bridge *bridge, const struct account *account,
    const struct calendar *calendar, struct convert_env *env);
/* Reads rows as a series; master is NULL where no live master is among them. */
struct series_data {
    struct series series;
    struct row *rows;
    size_t n_rows;
    bool cancelled; /* the master says that it is deleted */
    size_t n_live;  /* exceptions that take place */
};
void series_read(
    struct ctx *cx, struct row *rows, size_t n_rows, struct series_data *data);
struct render {
    struct bridge *bridge;
    const struct account *account;
    const struct calendar *calendar;
    const char *uid; /* upstream */
    /* A client's write: its text, the name it chose, the UID it holds. NULL in a pull. */
    const char *shadow, *name, *ical_uid;
    bool hide;   /* a participant deleted it */
    bool orphan; /* show exceptions although the master is missing */
    bool reindex; /* also when the text stays */
};
struct render_result {
    bool changed, removed, orphaned, failed, unreadable;
    struct object object; /* where there is one */
};
/* Brings the object of one series up to its rows. A series that cannot be shown is logged
 * and its object left as it is: never an error of the pull. */
enum err render_series(struct ctx *cx, struct store_tx *tx, const struct render *render,
    struct render_result *result);

/* ---- event.c: small facts about upstream's event objects ---- */
/* "<uid>_<original_time>"; false when the id has another shape. */
bool event_id_split(
    struct ctx *cx, const char *event_id, char **uid, int64_t *original_time);
char *event_id_join(struct ctx *cx, const char *uid, int64_t original_time);
bool event_cancelled(const cJSON *event);
/* A copy in cx's arena, to be changed. */
cJSON *json_copy(struct ctx *cx, const cJSON *json);
/* The event as JSON text with attendees inside that are due for another look. */
const char *event_with_attendees(
    struct ctx *cx, const cJSON *event, const char *attendees);
/* True when they differ in what people see; absent, null, "" and [] are the same. */
bool event_differs(const cJSON *a, const cJSON *b);
/* For a row that was just written: event remembers in which members it differs from
 * before, and what before remembered while that is still guarded. */
void event_keep_was(cJSON *event, const cJSON *before, bool guarded);
/* True when read may be a version older than the write of event: some member reads as it
 * was before. */
bool event_is_stale(const cJSON *event, const cJSON *read);
/* The same for exceptions that the write destroyed, which leave no row: remembered in the
 * master. */
void event_keep_destroyed(cJSON *event, const cJSON *before, const int64_t *times,
    size_t n);
bool event_destroyed(const cJSON *event, int64_t original_time);
/* True when event already says all that a patch's body says. */
bool event_covers(struct ctx *cx, const struct bridge *bridge, const cJSON *event,
    const cJSON *body);
/* Fetches an event with its attendees. *attendees: NULL when hidden and not even own
 * known. */
enum err event_fetch(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const char *calendar_id, const char *event_id, enum feishu_priority priority,
    cJSON **event, cJSON **attendees);
/* open_ids in an event and its attendees, for directory_want_ids. */
typedef LIST(const char *) text_list;
void event_people(
    struct ctx *cx, const cJSON *event, const cJSON *attendees, text_list *ids);
void text_list_add_once(struct ctx *cx, text_list *list, const char *text);
bool text_list_has(const text_list *list, const char *text);

/* ---- pull_*.c; more in pull.h ---- */
/* What row.seen holds: the time a pull or a push wrote it, told apart. */
int64_t seen_by_pull(int64_t ms);
int64_t seen_by_push(int64_t ms);
/* True when a push wrote the row so shortly before that reading may still give an older
 * version. */
bool seen_is_guarded(int64_t seen, int64_t now_ms);
enum err pull_calendars(struct ctx *cx, struct bridge *bridge, struct account *account,
    struct bridge_pull_result *result);
struct readings *readings_new(void);
void readings_free(struct readings *readings);
/* True when a room among them has not answered. */
bool attendees_wait(const cJSON *attendees);
/* A row's attendees as they were read. While a room has not answered they stay with the
 * event, and the row is due for another look, a few times. */
void attendees_note(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    struct row *row, const char *attendees);
/* A calendar upstream took away, or a full read did not meet: removes it when a second
 * look agrees. */
enum err pull_drop_calendar(struct ctx *cx, struct bridge *bridge,
    const struct account *account, const struct calendar *calendar, bool *dropped);

/* ---- calendar.c ---- */
/* A calendar that a client asked for and of which no answer came, perhaps this one:
 * entry->name is what it is to be called; entry->id 0 = none. The home's lock is held. */
enum err calendar_awaited(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const cJSON *item, struct journal *entry);
/* A journal entry without a calendar: finds what was made, or ends it. */
enum err calendar_finish(
    struct ctx *cx, struct bridge *bridge, const struct journal *entry);

/* ---- allday.c ---- */
void allday_load(struct ctx *cx, struct bridge *bridge);
/* Probes once a store; failures leave the defaults and are tried again another time. */
void allday_probe(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const char *primary_calendar_id);

/* ---- share.c, owner.c ---- */
/* The access list of a calendar of the account's own, when what is known is older than
 * max_age_s (after store_shares_stale it is). What Feishu refuses is remembered, not
 * returned. */
enum err pull_shares(struct ctx *cx, struct bridge *bridge, const struct account *account,
    const struct calendar *calendar, int64_t max_age_s);
/* Whose the account's other calendars are; primaries: upstream ids of those that are
 * colleagues' primary ones. */
enum err pull_owners(struct ctx *cx, struct bridge *bridge, const struct account *account,
    const char *const *primaries, size_t n);

/* ---- delivered.c ---- */
struct delivered *delivered_new(void);
void delivered_free(struct delivered *delivered);
/* The text of that change was made, and is given to nobody yet. */
void delivered_made(struct bridge *bridge, int64_t calendar_id, int64_t change);
/* True when it is certain that a client was given it (be_delivered), or that none was. */
bool delivered_has(struct bridge *bridge, int64_t calendar_id, int64_t change);
bool delivered_not(struct bridge *bridge, int64_t calendar_id, int64_t change);

/* ---- floating.c ---- */
/* Renders what has floating times or dates again, after the calendar's zone changed. The
 * calendar's lock is held. */
enum err floating_render(struct ctx *cx, struct bridge *bridge,
    const struct account *account, const struct calendar *calendar);
/* The same in the calendars that have none of their own, after the account's zone was
 * learnt. Takes their locks; what fails is logged. */
void floating_render_all(
    struct ctx *cx, struct bridge *bridge, const struct account *account);

/* ---- notify.c, notify_thread.c, notify_hush.c: pushes to clients ---- */
enum err notify_keys(struct ctx *cx, struct bridge *bridge); /* reads or makes them */
void notify_start(struct bridge *bridge);
void notify_stop(struct bridge *bridge);
void notify_free(struct notifier *notifier); /* after it was stopped; NULL is allowed */

/* ---- sync.c, schedule.c ---- */
/* A line for the administrator: the only place of the bridge that warns. */
void sync_warn(struct ctx *cx, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct job_mark; /* job.h */
struct sync_pass {
    bool list;            /* the list of calendars, too */
    bool all;             /* changes of every calendar, whether it is due or not */
    bool shares;          /* access lists that are stale, of all calendars */
    const int64_t *dirty; /* calendars to pull in any case */
    size_t n_dirty;
    const struct job_mark *due; /* calendars whose time has come */
    size_t n_due;
    bool is_long;    /* a slice of long work */
    bool whole;      /* readings are no slice, but go on to their end */
    int64_t wait_ms; /* for another process that pulls this account */
    bool more;       /* out: long work is left */
    int busy_s;      /* out: for which the budget has no room so long */
};
/* One pass over an account in the calling thread. CONFLICT: another process is at it. */
enum err sync_account(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    struct sync_pass *pass, struct bridge_pull_result *result);
/* As bridge_poke, but not before delay_ms. */
void bridge_poke_later(
    struct bridge *bridge, int64_t account_id, int64_t calendar_id, int64_t delay_ms);
/* The list of calendars of the account alone; its stale access lists alone. */
void bridge_poke_list(struct bridge *bridge, int64_t account_id);
void bridge_poke_shares(struct bridge *bridge, int64_t account_id);
/* The list, when it was read before that time; says whether it was. */
bool bridge_poke_stale_list(struct bridge *bridge, int64_t account_id, int64_t before_s);
/* Everything of all accounts, one after the other, not before delay_ms. */
void bridge_poke_all(struct bridge *bridge, int64_t delay_ms);

/* ---- events.c ---- */
/* Names the way that is in use, for other processes. */
#define EVENTS_SETTING "events"
enum events_way { EVENTS_POLLING, EVENTS_LONG_CONNECTION, EVENTS_CALLBACK };
struct events_counts {
    _Atomic int64_t received, duplicates, refused, connections;
};
/* Before any thread of the bridge runs: they ask which way is in use. */
void events_prepare(struct bridge *bridge);
enum err events_start(struct ctx *cx, struct bridge *bridge);
/* Tells its threads to end; events_end waits for them, a second at most. False: a thread
 * did not end. */
void events_stop(struct bridge *bridge);
bool events_end(struct bridge *bridge);
enum events_way events_way(const struct bridge *bridge);
/* NULL where no events are taken. */
const struct events_counts *events_counts(const struct bridge *bridge);

/* ---- subscriptions.c ---- */
#define SUBSCRIPTIONS_LOOK_S 15
/* Made again after that, or up to a quarter earlier, so that a tenant's are spread. */
#define SUBSCRIPTION_RENEW_S 86400
/* Not made again for so long: it may have lapsed. */
#define SUBSCRIPTION_GONE_S (2 * SUBSCRIPTION_RENEW_S)
/* Something may be due: look soon. */
void subscriptions_look(struct bridge *bridge);
/* Makes, renews and drops what is due; true when more is left. */
bool subscriptions_step(struct ctx *cx, struct bridge *bridge);
/* All of an account, before it goes, as far as can be. */
void subscriptions_drop(struct ctx *cx, struct bridge *bridge, int64_t account_id);
/* Upstream ids of calendars whose access lists Feishu tells of. */
enum err subscriptions_of_shares(
    struct ctx *cx, struct bridge *bridge, int64_t account_id, text_list *calendars);

#endif
