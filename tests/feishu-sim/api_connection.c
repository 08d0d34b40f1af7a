/* The way into a long connection: bootstrap and handshake (11.4). */

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api.h"
#include "connection.h"
#include "connection_faults.h"

#define CONNECTIONS_PER_APP 50
#define TICKETS_MAX 64
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

enum { FORBIDDEN = 403, AUTH_FAILED = 514, NO_CREDENTIAL = 1000040344 };
enum { TOO_MANY = 1000040350 };

/* Given out and not used yet; the oldest is forgotten first. */
static char tickets[TICKETS_MAX][37];
static size_t next_ticket;

static bool take_ticket(const char *ticket)
{
    for (size_t i = 0; ticket && *ticket && i < TICKETS_MAX; i++)
        if (strcmp(tickets[i], ticket) == 0) {
            tickets[i][0] = '\0';
            return true;
        }
    return false;
}

static int answer(struct reply *rp, int code, const char *msg, const char *url)
{
    rp->flat = true;
    rp->status = 200;
    rp->code = code;
    jw_open(&rp->body, NULL, '{');
    jw_int(&rp->body, "code", code);
    jw_str(&rp->body, "msg", msg);
    /* The SDK takes data apart before it looks at the code: it is never null. */
    jw_open(&rp->body, "data", '{');
    if (url) {
        jw_str(&rp->body, "URL", url);
        connection_config_print(&rp->body, "ClientConfig");
    }
    jw_close(&rp->body, '}');
    jw_close(&rp->body, '}');
    return code;
}

int api_connection_endpoint(struct request *rq, struct reply *rp)
{
    const char *id, *secret;
    char device[20], key[33], *ticket, *url;
    int code;

    rq->json = rq->n_body ? cJSON_ParseWithLength(rq->body, rq->n_body) : NULL;
    id = body_text(rq, "AppID");
    secret = body_text(rq, "AppSecret");
    if (!id || !*id || !secret || !*secret)
        return answer(rp, NO_CREDENTIAL, "no credential", NULL);
    if (connection_refused(&connection_faults.bootstrap))
        return answer(
            rp, connection_faults.bootstrap.code, connection_faults.bootstrap.msg, NULL);
    if (strcmp(id, W.app_id) != 0 || strcmp(secret, W.app_secret) != 0)
        return answer(rp, AUTH_FAILED, "app_id or app_secret is invalid", NULL);
    if (connections_count() >= CONNECTIONS_PER_APP)
        return answer(rp, TOO_MANY, "the number of connections exceeded the limit", NULL);
    ticket = tickets[next_ticket++ % TICKETS_MAX];
    random_uuid(ticket);
    random_digits(device, 19);
    random_hex(key, 32);
    url = xfmt("%s://%s/ws/v2?fpid=493&aid=552564&device_id=%s&access_key=%s"
               "&service_id=%d&ticket=%s",
        connection_faults.tls ? "wss" : "ws", rq->host ? rq->host : "127.0.0.1", device,
        key, CONNECTION_SERVICE, ticket);
    code = answer(rp, 0, "", url);
    free(url);
    return code;
}

static void refuse_handshake(struct reply *rp, int status, int auth_code, const char *msg)
{
    char digits[24];

    rp->flat = true;
    rp->status = 403;
    rp->content_type = xstrdup("text/plain");
    snprintf(digits, sizeof digits, "%d", status);
    reply_header(rp, "Handshake-Status", digits);
    reply_header(rp, "Handshake-Msg", msg);
    snprintf(digits, sizeof digits, "%d", auth_code);
    if (auth_code)
        reply_header(rp, "Handshake-Autherrcode", digits);
}

/* RFC 6455 section 4.2.2 */
static void accept_handshake(struct request *rq, struct reply *rp)
{
    unsigned char digest[SHA_DIGEST_LENGTH], text[32];
    char *joined = xfmt("%s%s", rq->websocket_key, GUID);

    SHA1((const unsigned char *)joined, strlen(joined), digest);
    EVP_EncodeBlock(text, digest, sizeof digest);
    free(joined);
    rp->flat = true;
    rp->status = 101;
    rp->upgrade = true;
    reply_header(rp, "Upgrade", "websocket");
    reply_header(rp, "Sec-WebSocket-Accept", (const char *)text);
}

void connection_handshake(struct request *rq, struct reply *rp)
{
    const struct connection_refusal *refusal = &connection_faults.handshake;

    if (!rq->websocket_key || !rq->upgrade || strcasecmp(rq->upgrade, "websocket") != 0)
        reply_not_found(rp);
    else if (connection_refused(&connection_faults.handshake))
        refuse_handshake(rp, refusal->code, refusal->auth_code, refusal->msg);
    else if (!take_ticket(query_get(rq, "ticket")))
        refuse_handshake(rp, AUTH_FAILED, 0, "the ticket is not valid");
    else if (connections_count() >= CONNECTIONS_PER_APP)
        refuse_handshake(rp, AUTH_FAILED, TOO_MANY, "too many connections");
    else
        accept_handshake(rq, rp);
}
