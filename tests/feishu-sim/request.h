/* One request and its reply, as every handler sees them. */
#ifndef SIM_REQUEST_H
#define SIM_REQUEST_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "world.h"

#define PARAMS_MAX 4

enum token_kind { TOKEN_NONE, TOKEN_TENANT, TOKEN_USER };
enum id_type { ID_OPEN, ID_UNION, ID_USER };

struct route;
struct token;

struct pair {
    char *name, *value;
};

struct request {
    const char *method;
    char *target;           /* as it came, with the query */
    char *path;             /* target without query, not decoded */
    const char *query_text; /* inside target; NULL without query */
    struct pair *query;
    size_t n_query;
    char *body;
    size_t n_body;
    /* Headers, NULL when missing. Like the method they belong to the connection. */
    const char *authorization, *content_type, *cookie, *host, *upgrade, *websocket_key;
    cJSON *json; /* parsed body; NULL when there is none */
    const struct route *route;
    char *params[PARAMS_MAX]; /* path parameters, decoded, in order */
    struct token *token;
    enum token_kind kind;
    struct person *who; /* the user, or the bot with a tenant token */
    enum id_type id_type;
    bool in_client; /* an edit as if in the Feishu client: no gateway */
};

struct header {
    const char *name; /* a constant */
    char *value;
};

struct reply {
    int status;            /* HTTP; 0 until decided */
    int code;              /* of the envelope */
    char *msg;             /* NULL: the table's */
    struct buf data;       /* JSON of the member data; empty: {} */
    struct buf violations; /* JSON objects of error.field_violations */
    struct buf permissions;
    bool flat; /* body is ready as it is */
    struct buf body;
    char *content_type; /* NULL: JSON */
    struct header headers[4];
    size_t n_headers;
    char log_id[40];
    bool upgrade;     /* the connection becomes a WebSocket */
    bool cut;         /* close the connection instead of answering */
    int64_t delay_ms; /* see fault_pause */
    unsigned fault_turn;
};

/* Splits the target into path and query. */
void request_target(struct request *rq);
void request_free(struct request *rq);
void reply_free(struct reply *rp);

/* First value of a query parameter, NULL when it is missing. */
const char *query_get(const struct request *rq, const char *name);
bool query_is_true(const struct request *rq, const char *name);
/* A number that check.c has accepted already, or the default. */
int64_t query_number(const struct request *rq, const char *name, int64_t missing);

void reply_header(struct reply *rp, const char *name, const char *value);
/* Sets an error of the table and returns it, for `return refuse(rp, 191000);`. */
int refuse(struct reply *rp, int code);
/* A page or sync token which nobody issued. */
int refuse_token(struct reply *rp);
/* The same with a text of its own instead of the table's. */
int refuse_with(struct reply *rp, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* An error that names a field (99992402, 190014 ...). */
int refuse_field(struct reply *rp, int code, const char *field, const char *value,
    const char *description);
/* Builds the body from data or error. */
void reply_finish(struct reply *rp, const struct request *rq);
void reply_not_found(struct reply *rp);

/* The lists of a reply obey the switch lists_empty. */
void list_begin(struct reply *rp, const char *key);
void list_end(struct reply *rp);
/* An optional text: the switch strings_empty decides how an empty one looks. */
void jw_optional(struct buf *out, const char *key, const char *text);

/* The user's id of the kind asked for. */
const char *id_of(const struct person *who, enum id_type type);
/* The user of an id of that kind; NULL and an error when there is none. */
struct person *user_of(const struct request *rq, struct reply *rp, const char *id);

char *percent_decode(const char *s, size_t n, bool plus_is_space);
/* Reads name=value&... (a query or a form); the caller frees with pairs_free. */
size_t pairs_parse(const char *text, struct pair **out);
void pairs_free(struct pair *pairs, size_t n);

#endif
