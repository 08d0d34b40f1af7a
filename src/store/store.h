/*
 * The store: SQLite in WAL mode, the read model of everything. One file, mode 0600,
 * schema versioned and migrated at opening. Each thread gets a connection of its own; any
 * function may be called from any thread and from several processes at once.
 *
 * Reading functions fill records whose texts live in cx->arena. Changes to what clients
 * see go through one door: store_begin, the change functions, store_end; each changed
 * object takes the next number of one counter, which is also the DAV sync token (RFC
 * 6578). Errors: STORE for anything SQLite reports, NOT_FOUND where said.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/ctx.h"
#include "base/crypto.h"

#include <stdbool.h>
#include <stdint.h>

struct store;
struct store_tx;

/* key seals tokens at rest. Makes the file and its directory when they are not there. */
enum err store_open(struct ctx *cx, const char *path,
    const unsigned char key[SEAL_KEY_BYTES], struct store **store);
void store_close(struct store *store); /* no other thread may be using it */
/* Reads the key file or makes it, 0600, on first use. */
enum err store_key(struct ctx *cx, const char *path, unsigned char key[SEAL_KEY_BYTES]);
/* Says that the program closes it in good order and wrote nothing since: sync tokens stay
 * good over a restart of the machine. Call it last before store_close. */
enum err store_rest(struct ctx *cx, struct store *store);
/* Random text in every sync token; another one when numbers may have been taken back. */
const char *store_epoch(const struct store *store);

/* One write transaction (BEGIN IMMEDIATE), one at a time on a thread. End it
 * exactly once; a commit that fails has rolled back (but for a disk that cannot
 * sync), and it fails when anything inside did. Functions that take the store join the
 * transaction that is open on their thread. What is committed is on disk. Other writers
 * wait for the transaction, up to ten seconds: do nothing slow inside. */
enum err store_begin(struct ctx *cx, struct store *store, struct store_tx **tx);
/* The same for a change that a journal entry, on disk already, would bring again: its
 * commit is not waited for and may be lost by a power failure (never by the end of the
 * program), the removal of the entry with it. */
enum err store_begin_journalled(
    struct ctx *cx, struct store *store, struct store_tx **tx);
/* Commits when err is ERR_OK, else rolls back; returns err or that of the commit. */
enum err store_end(struct ctx *cx, struct store_tx *tx, enum err err);
/* Returns when all is on disk that this thread wrote, journal entries too. STORE. */
enum err store_settle(struct ctx *cx, struct store *store);

/* Between the two, every read of this thread sees one state of the store and costs
 * less. May be nested. A transaction begun inside ends the snapshot: later reads see
 * the newest state. */
enum err store_snapshot_begin(struct ctx *cx, struct store *store);
void store_snapshot_end(struct store *store);

/* ---- settings: small named values ---- */
enum err store_setting(struct ctx *cx, struct store *store, const char *name,
    char **value); /* *value = NULL when there is none */
enum err store_setting_set(struct ctx *cx, struct store *store, const char *name,
    const char *value);

/* ---- accounts ---- */
enum account_state { ACCOUNT_OK, ACCOUNT_SIGN_IN_NEEDED };

struct account {
    int64_t id;
    const char *name; /* CalDAV user name, unique */
    const char *open_id, *union_id, *tenant_key, *display_name, *email;
    const char *timezone; /* IANA, NULL = unknown */
    const char *scopes;
    enum account_state state;
    const char *access_token, *refresh_token; /* opened; "" = none */
    int64_t access_expires_s, refresh_expires_s, authorized_s;
    const char *calendars_sync_token; /* of the upstream calendar list */
    int64_t last_sync_s;
    const char *last_error; /* "" = none */
    int64_t home_change;    /* number of the last change to the list of calendars */
    int64_t home_floor;     /* sync tokens of the home below it are no longer valid */
};
enum err store_accounts(
    struct ctx *cx, struct store *store, struct account **list, size_t *n);
/* NOT_FOUND. Tokens are opened only by store_account_tokens; here they are NULL. */
enum err store_account(
    struct ctx *cx, struct store *store, int64_t id, struct account *account);
enum err store_account_by_name(struct ctx *cx, struct store *store, const char *name,
    struct account *account);
enum err store_account_by_open_id(
    struct ctx *cx, struct store *store, const char *open_id, struct account *account);
/* With tokens. */
enum err store_account_tokens(struct ctx *cx, struct store *store, int64_t id,
    struct account *account);
/* With the access token alone: opening a token costs as much as reading the account. */
enum err store_account_access(struct ctx *cx, struct store *store, int64_t id,
    struct account *account);
/* Inserts, or updates the account with that open_id; sets account->id. Tokens that are
 * NULL stay as they are, "" removes them. Errors: CONFLICT when another account has
 * the name. */
enum err store_account_save(struct ctx *cx, struct store *store, struct account *account);
/* The token pair and its times only; on disk when it returns (outside a transaction). */
enum err store_account_save_tokens(struct ctx *cx, struct store *store,
    const struct account *account);
enum err store_account_set_state(struct ctx *cx, struct store *store, int64_t id,
    enum account_state state, const char *error);
enum err store_account_set_synced(struct ctx *cx, struct store *store, int64_t id,
    int64_t when_s, const char *error);
enum err store_account_set_timezone(
    struct ctx *cx, struct store *store, int64_t id, const char *zone);
enum err store_account_set_list_token(struct ctx *cx, struct store *store, int64_t id,
    const char *token);
/* With everything that belongs to it. */
enum err store_account_remove(struct ctx *cx, struct store *store, int64_t id);

/* ---- app passwords: only a digest is kept ---- */
struct password {
    int64_t id, account_id;
    const char *label;
    unsigned char digest[SHA256_BYTES];
    int64_t created_s, last_used_s;
};
enum err store_passwords(struct ctx *cx, struct store *store, int64_t account_id,
    struct password **list, size_t *n);
enum err store_password_add(
    struct ctx *cx, struct store *store, struct password *password);
/* Noted to the minute, and left out while another writer is at work. */
enum err store_password_used(
    struct ctx *cx, struct store *store, int64_t id, int64_t when_s);
/* NOT_FOUND when the account has no such password. */
enum err store_password_revoke(struct ctx *cx, struct store *store, int64_t account_id,
    int64_t id);
/* Grows with every change to accounts and passwords by any process: cached answers of
 * sign-in are good as long as it stays the same. One cheap read. */
enum err store_credentials_version(struct ctx *cx, struct store *store, int64_t *version);

/* ---- sign-ins under way ---- */
struct login {
    const char *state, *verifier, *redirect_uri;
    const char *wanted_name; /* user login --name, NULL */
    int64_t created_s;
    int64_t account_id; /* 0 until it is complete */
    const char *error;  /* NULL */
};
/* THROTTLED when thousands are under way. */
enum err store_login_add(struct ctx *cx, struct store *store, const struct login *login);
enum err store_login(struct ctx *cx, struct store *store, const char *state,
    struct login *login); /* NOT_FOUND */
enum err store_login_finish(struct ctx *cx, struct store *store, const char *state,
    int64_t account_id, const char *error);
/* Claims it for one exchange: NOT_FOUND when it is unknown, claimed or older than
 * max_age_s. */
enum err store_login_claim(struct ctx *cx, struct store *store, const char *state,
    int64_t now_s, int64_t max_age_s, struct login *login);

/* ---- sessions of browsers: only a digest is kept ---- */
struct session {
    unsigned char digest[SHA256_BYTES];
    int64_t account_id, until_s;
};
/* The oldest of the account's go when it has many. */
enum err store_session_add(
    struct ctx *cx, struct store *store, const struct session *one);
/* NOT_FOUND when it is unknown or over. */
enum err store_session(struct ctx *cx, struct store *store,
    const unsigned char digest[SHA256_BYTES], int64_t now_s, int64_t *account_id);
enum err store_session_remove(
    struct ctx *cx, struct store *store, const unsigned char digest[SHA256_BYTES]);
enum err store_sessions_remove(struct ctx *cx, struct store *store, int64_t account_id);

/* What is over goes: sign-ins under way, sessions, and what is kept for a day about
 * creates. */
enum err store_expire(struct ctx *cx, struct store *store, int64_t now_s);

/* ---- calendars ---- */
enum calendar_pull { PULL_NEVER, PULL_RUNNING, PULL_DONE };

struct calendar {
    int64_t id, account_id;
    const char *name;        /* the segment in hrefs, unique in the account */
    const char *upstream_id; /* unique in the account */
    const char *summary, *alias, *description;
    int64_t color;           /* upstream's signed 32-bit ARGB; -1 = unset */
    /* what the client set, as long as color is what that made; NULL */
    const char *color_text;
    const char *type, *role, *permissions; /* upstream's words */
    bool third_party;
    const char *sync_token; /* of the upstream event list; NULL = full read needed */
    int64_t anchor_s;
    enum calendar_pull pull;
    int64_t last_pull_s, last_interest_s;
    const char *last_error; /* "" = none */
    int64_t change;         /* number of the last change inside */
    int64_t floor;          /* sync tokens below it are no longer valid */
    const char *owner;      /* open_id, "" = not to be found out, NULL = not looked for */
    int64_t shares_read_s;  /* when the list of shares was read; 0 = never */
    int64_t success_s;      /* when a pull last succeeded; 0 = never */
    int64_t changed_s;      /* when a pull last found something new; 0 = never */
    int64_t full_s;         /* when all was read last; 0 = it must be */
    int64_t cost;           /* calls of a pull of late, in hundredths */
    int64_t objects;        /* that clients see */
    int64_t born;           /* number with which it came; 0 = before that was noted */
    int64_t modified_s;     /* when it was given its number */
};
enum err store_calendars(struct ctx *cx, struct store *store, int64_t account_id,
    struct calendar **list, size_t *n);
enum err store_calendar(
    struct ctx *cx, struct store *store, int64_t id, struct calendar *one);
enum err store_calendar_by_name(struct ctx *cx, struct store *store, int64_t account_id,
    const char *name, struct calendar *one);
enum err store_calendar_by_upstream(struct ctx *cx, struct store *store,
    int64_t account_id, const char *upstream_id, struct calendar *one);
/* Of all accounts that are signed in. */
enum err store_calendars_by_upstream(struct ctx *cx, struct store *store,
    const char *upstream_id, struct calendar **list, size_t *n);
/* Inserts (id = 0; sets id) or updates what clients see; numbers a change of the home,
 * and of the calendar, only when something differs. */
enum err store_calendar_save(struct ctx *cx, struct store_tx *tx, struct calendar *one);
/* With its objects; numbers a change of the home, with a tombstone there. NOT_FOUND. */
enum err store_calendar_remove(struct ctx *cx, struct store_tx *tx, int64_t id);
struct gone_calendar {
    const char *name;
    int64_t change;
    bool again; /* another calendar has the name now */
};
/* Those that left after number since, of each name the last, in the order of numbers. */
enum err store_calendars_gone(struct ctx *cx, struct store *store, int64_t account_id,
    int64_t since, struct gone_calendar **list, size_t *n);
/* Clients do not see sync_token, anchor, pull, last_*, success, changed, full, cost. */
enum err store_calendar_set_pull(
    struct ctx *cx, struct store_tx *tx, const struct calendar *one);
/* Noted to the minute, and left out while another writer is at work: cheap in every
 * request. */
enum err store_calendar_interest(
    struct ctx *cx, struct store *store, int64_t id, int64_t now_s);
/* Clients see it: numbers a change when it differs. */
enum err store_calendar_set_owner(struct ctx *cx, struct store_tx *tx,
    const struct calendar *one, const char *owner);
/* The open_id of an account here whose role in that upstream calendar is owner; NULL =
 * there is none. */
enum err store_calendar_owner(
    struct ctx *cx, struct store *store, const char *upstream_id, const char **open_id);

/* ---- shares: the access list of an owned calendar as it was read last ---- */
struct share {
    const char *open_id, *acl_id;
    const char *role; /* upstream's word */
};
enum err store_shares(struct ctx *cx, struct store *store, int64_t calendar_id,
    struct share **list, size_t *n);
/* Replaces the list; numbers a change of the calendar when it differs. */
enum err store_shares_save(struct ctx *cx, struct store_tx *tx,
    const struct calendar *one, const struct share *list, size_t n, int64_t now_s);
/* Upstream has another list: shares_read_s becomes 0, so the next pull reads it. */
enum err store_shares_stale(struct ctx *cx, struct store *store, int64_t calendar_id);

/* ---- what Feishu was asked to tell of ---- */
enum subscription_kind {
    SUBSCRIPTION_LIST,   /* the account's list of calendars; upstream_id "" */
    SUBSCRIPTION_EVENTS, /* events of a calendar */
    SUBSCRIPTION_ACL,    /* access list of a calendar */
};
struct subscription {
    int64_t account_id;
    enum subscription_kind kind;
    const char *upstream_id;
    int64_t made_s;  /* 0 = it is not, or no longer, there */
    int64_t sign_in_s; /* the account's authorized_s when it was asked for */
    int64_t due_s;   /* when it is to be made again */
    const char *error;
    bool wanted;     /* false: what it is for has gone */
};
enum err store_subscriptions(struct ctx *cx, struct store *store, int64_t account_id,
    struct subscription **list, size_t *n);
/* Those to be made, renewed or dropped now, of accounts that are signed in, at most max;
 * what was never tried first. A new sign-in makes all of an account due. */
enum err store_subscriptions_due(struct ctx *cx, struct store *store, int64_t now_s,
    size_t max, struct subscription **list, size_t *n);
enum err store_subscription_save(
    struct ctx *cx, struct store *store, const struct subscription *one);
enum err store_subscription_remove(
    struct ctx *cx, struct store *store, const struct subscription *one);
/* Those that are there, of all accounts. */
enum err store_subscriptions_count(struct ctx *cx, struct store *store, int64_t *count);

/* ---- rows: the upstream mirror, master and exceptions as they were read ---- */
struct row {
    int64_t calendar_id;
    const char *uid;        /* upstream uid, without _<original_time> */
    int64_t original_time;  /* 0 = master */
    const char *json;       /* the event object */
    const char *attendees;  /* JSON array; NULL = not read yet */
    int64_t seen;           /* number of the full read that saw it last */
};
enum err store_rows(struct ctx *cx, struct store *store, int64_t calendar_id,
    const char *uid, struct row **list, size_t *n); /* by original_time, master first */
enum err store_rows_tx(struct ctx *cx, struct store_tx *tx, int64_t calendar_id,
    const char *uid, struct row **list, size_t *n);
enum err store_row_save(struct ctx *cx, struct store_tx *tx, const struct row *row);
enum err store_row_remove(struct ctx *cx, struct store_tx *tx, int64_t calendar_id,
    const char *uid, int64_t original_time);
/* Rows that a full read numbered seen did not meet, without json and attendees; *all
 * counts every row of the calendar. */
enum err store_rows_unseen(struct ctx *cx, struct store *store, int64_t calendar_id,
    int64_t seen, struct row **list, size_t *n, size_t *all);
/* Of rows that were seen above a number, which is later than now, nothing is known. */
enum err store_rows_set_back(
    struct ctx *cx, struct store *store, int64_t calendar_id, int64_t seen);
/* Uids whose master's attendees were not read yet, at most max: those whose object
 * runs now or nearest to now first, those without an object last. */
enum err store_rows_without_attendees(struct ctx *cx, struct store *store,
    int64_t calendar_id, int64_t now_s, size_t max, const char ***uids, size_t *n);

/* ---- objects: what clients see, rendered ---- */
struct object_instance {
    int64_t start_s, end_s;
    int busy; /* enum busy_kind of ical/expand.h */
};
struct object {
    int64_t id, calendar_id;
    const char *name;         /* segment, "x.ics" */
    const char *uid;          /* iCalendar UID */
    const char *upstream_uid; /* NULL only inside a create */
    const char *shadow;       /* the last text a client sent, NULL = never */
    const char *text;         /* rendered, what GET answers */
    size_t text_bytes;
    const char *etag, *schedule_tag; /* without quotes; schedule_tag NULL = none */
    int64_t change;
    int64_t modified_s;       /* when it was given that number; of each another one */
    bool hidden;              /* deleted by a participant, declined upstream */
    int64_t from_s, until_s;  /* hull of all instances; INT64_MAX = no end */
    int64_t indexed_from_s, indexed_until_s; /* instances inside are all listed */
    const struct object_instance *instances;
    size_t n_instances;
};
/* Readers do not see hidden objects. instances, shadow are filled only by
 * store_object_full. */
enum err store_object(struct ctx *cx, struct store *store, int64_t calendar_id,
    const char *name, struct object *one); /* NOT_FOUND */
enum err store_object_by_uid(struct ctx *cx, struct store *store, int64_t calendar_id,
    const char *uid, struct object *one);
/* By upstream uid, hidden ones included, with shadow. tx or store, the other NULL. */
enum err store_object_full(struct ctx *cx, struct store *store, struct store_tx *tx,
    int64_t calendar_id, const char *upstream_uid, struct object *one);
/* Inserts or replaces by (calendar, name). Takes a number only when clients see a
 * difference: the text, or hidden; writes a tombstone when it becomes hidden. Needs
 * name, uid, text (terminated) and etag. Sets id, change, modified_s, text_bytes. */
enum err store_object_save(struct ctx *cx, struct store_tx *tx, struct object *one);
/* Leaves a tombstone. NOT_FOUND is no error. */
enum err store_object_remove(struct ctx *cx, struct store_tx *tx, int64_t calendar_id,
    const char *name);
/* The UID of an object of any account with that upstream uid and with a shadow: what a
 * client gave; *uid NULL = none. */
enum err store_uid_of(
    struct ctx *cx, struct store *store, const char *upstream_uid, char **uid);

/* Texts that an object was served with since a client wrote it last, newest first: a few,
 * for some time. add: one as it was read, before another text is saved. */
#define OLDER_MAX 4
#define OLDER_MAX_S (14 * 86400LL)
enum err store_older_add(
    struct ctx *cx, struct store_tx *tx, const struct object *one, int64_t now_s);
enum err store_olders_remove(struct ctx *cx, struct store_tx *tx, int64_t object_id);
enum err store_olders(struct ctx *cx, struct store *store, int64_t object_id,
    const char ***list, size_t *n);

struct object_query {
    int64_t calendar_id;
    bool has_range;
    int64_t from_s, until_s;
    bool with_text;
    const char *after; /* without a range: names behind this one; NULL = all */
};
/* Visible objects, each once; without a range by name, else in no promised order. With
 * a range those with an instance that overlaps it (RFC 4791 9.9: start < until and end
 * > from, or an instant with from <= start); exact = false: none is known, but the
 * index does not cover all of the range that the hull meets, the caller must look into
 * the text. text is NULL unless with_text, or not exact. Without range and text only
 * the fields of store_changes are filled. each's texts are good only during the call;
 * it may read the store, not write. each returns false to stop. */
enum err store_objects(struct ctx *cx, struct store *store,
    const struct object_query *query,
    bool (*each)(void *self, const struct object *one, bool exact), void *self);
/* Busy instances in a range that the index covers; objects that it does not cover come to
 * other (text filled). */
enum err store_busy(struct ctx *cx, struct store *store, int64_t calendar_id,
    int64_t from_s, int64_t until_s,
    void (*each)(void *self, const struct object_instance *one),
    void (*other)(void *self, const struct object *one), void *self);
/* Objects changed and removed (etag NULL) after number since, in the order of numbers;
 * for the first synchronisation leave the removed out. Only name, etag, schedule_tag,
 * change, modified_s and text_bytes are filled. */
enum err store_changes(struct ctx *cx, struct store *store, int64_t calendar_id,
    int64_t since, bool (*each)(void *self, const struct object *one), void *self);
/* Tombstones (of objects and calendars) older than before_s go; floors rise. */
enum err store_expire_tombstones(struct ctx *cx, struct store *store, int64_t before_s);

/* ---- dead properties and properties without a place upstream ---- */
struct property {
    const char *ns, *name;
    const char *xml; /* the whole element, namespaces declared */
};
/* place: "home", "calendar:<id>", "principal". */
enum err store_properties(struct ctx *cx, struct store *store, int64_t account_id,
    const char *place, struct property **list, size_t *n);
/* xml NULL removes. A difference numbers the home, and the calendar of the place. */
enum err store_property_set(struct ctx *cx, struct store_tx *tx, int64_t account_id,
    const char *place, const struct property *property);

/* Of an object: they go when it is removed or hidden, and number no change, because its
 * text and etag stay (RFC 6578 section 3.5 leaves that to the server). */
struct object_place {
    int64_t calendar_id;
    const char *name;
};
enum err store_object_properties(struct ctx *cx, struct store *store,
    const struct object_place *place, struct property **list, size_t *n);
/* Whether any object of the calendar has one. */
enum err store_object_properties_any(
    struct ctx *cx, struct store *store, int64_t calendar_id, bool *any);
/* xml NULL removes. NOT_FOUND when clients see no such object. */
enum err store_object_property_set(struct ctx *cx, struct store_tx *tx,
    const struct object_place *place, const struct property *property);
/* In place of those that the other one has; both objects are there. */
enum err store_object_properties_copy(struct ctx *cx, struct store_tx *tx,
    const struct object_place *from, const struct object_place *to);

/* ---- pushes to clients ---- */
struct push_target {
    int64_t id, account_id, calendar_id; /* 0 = the home */
    const char *name;     /* unique, of the registration */
    const char *resource; /* where to push to; one a place */
    const char *public_key, *auth_secret; /* auth_secret as the caller has sealed it */
    bool content, properties; /* what is asked for */
    int64_t expires_s;
    int64_t sent;       /* number of the newest change that was told */
    const char *state;  /* of the properties that were told, "" = none yet */
    int64_t failed_s, retry_s; /* the first failure in a row, 0 = none; not before */
    int64_t change;     /* number of the newest change there is */
};
/* Inserts, or updates that of the same place and resource, whose name, sent and state
 * stay; sets name. */
enum err store_push_save(struct ctx *cx, struct store *store, struct push_target *one);
enum err store_pushes_count(
    struct ctx *cx, struct store *store, int64_t account_id, int64_t *n);
enum err store_push_remove(struct ctx *cx, struct store *store,
    int64_t account_id, const char *name); /* NOT_FOUND */
enum err store_push_drop(struct ctx *cx, struct store *store, int64_t id);
/* Writes sent, state, failed_s and retry_s. */
enum err store_push_sent(
    struct ctx *cx, struct store *store, const struct push_target *one);
/* All of an account. */
enum err store_pushes(struct ctx *cx, struct store *store, int64_t account_id,
    struct push_target **list, size_t *n);
/* Those with something to tell, and those that have expired. */
enum err store_pushes_due(struct ctx *cx, struct store *store, int64_t now_s,
    struct push_target **list, size_t *n);

/* ---- people and rooms: address <-> id, cached ---- */
enum person_kind { PERSON_USER, PERSON_ROOM };
struct person {
    const char *open_id; /* "" = the address is known to belong to nobody */
    const char *address; /* e-mail in lower case, "" = unknown */
    const char *name;
    int64_t fetched_s;
    enum person_kind kind;
    const char *words; /* that find it besides name and address, such as another name */
};
enum err store_person_by_id(struct ctx *cx, struct store *store, const char *open_id,
    struct person *one);
enum err store_person_by_address(struct ctx *cx, struct store *store, const char *address,
    struct person *one);
/* An address, name or words that are not given stay as they are known. */
enum err store_person_save(struct ctx *cx, struct store *store, const struct person *one);
/* Those of a kind with part (ASCII in lower case; "" = all) in name, words or address, by
 * name; at most max. */
enum err store_people_search(struct ctx *cx, struct store *store, enum person_kind kind,
    const char *part, size_t max, struct person **list, size_t *n);

#endif
