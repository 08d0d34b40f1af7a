/*
 * Why "once" opens a new connection. When a kept connection turns out dead before the
 * first byte of a reply, libcurl sends the request again on a new one, without asking and
 * for every method, POST too (Curl_retry_request: reused connection, no byte received).
 * Usually the peer had closed an idle connection and nothing happened; but a server, or a
 * balancer on the way, that dies after it did the work looks just the same. So a request
 * that must not arrive twice never travels on a kept connection. On a new one libcurl
 * does not repeat, and its end without a reply is told as it is: sent, outcome unknown.
 * The TLS session is resumed from the shared cache, so this costs a round trip or two,
 * for a few rare calls.
 *
 * HTTP/1.1 keeps this reasoning whole: HTTP/2 has repeats of its own (REFUSED_STREAM,
 * GOAWAY).
 */
#include "feishu/transport.h"

#include "config.h"

#include "base/fault.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONNECT_TIMEOUT_MS 10000L
#define IDLE_HANDLES_MAX 16
#define CONNECTIONS_A_HANDLE 3L /* API, accounts, and one spare */
#define KEEPALIVE_IDLE_S 60L
#define SHARED_LOCKS (CURL_LOCK_DATA_LAST + 1)
#define HEADER_VALUE_BYTES 256

struct transport {
    pthread_mutex_t lock;
    CURL *idle[IDLE_HANDLES_MAX]; /* the last one put back is the first one taken */
    size_t n_idle;
    CURLSH *share;
    pthread_mutex_t share_locks[SHARED_LOCKS];
    atomic_bool stopped;
};

/* One perform. */
struct run {
    struct transport *transport;
    const struct transport_request *request;
    struct transport_reply *reply;
    bool too_large;
};

static pthread_once_t global_once = PTHREAD_ONCE_INIT;

static void global_init(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
}

static void share_lock(
    CURL *easy, curl_lock_data data, curl_lock_access access, void *self)
{
    (void)easy;
    (void)access;
    pthread_mutex_lock(&((struct transport *)self)->share_locks[data]);
}

static void share_unlock(CURL *easy, curl_lock_data data, void *self)
{
    (void)easy;
    pthread_mutex_unlock(&((struct transport *)self)->share_locks[data]);
}

static size_t on_body(char *data, size_t size, size_t n, void *self)
{
    struct run *run = self;
    size_t len_bytes = size * n;
    if (run->reply->body.len_bytes + len_bytes > TRANSPORT_BODY_MAX_BYTES) {
        run->too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    buf_add(&run->reply->body, data, len_bytes);
    return len_bytes;
}

/* "Name: value\r\n" -> the value when the name is that one. */
static bool header_value(
    const char *line, size_t len_bytes, const char *name, char value[HEADER_VALUE_BYTES])
{
    size_t name_bytes = strlen(name);
    if (len_bytes <= name_bytes || line[name_bytes] != ':' ||
        strncasecmp(line, name, name_bytes) != 0)
        return false;
    const char *from = line + name_bytes + 1, *end = line + len_bytes;
    while (from < end && (*from == ' ' || *from == '\t'))
        from++;
    while (end > from && (unsigned char)end[-1] <= ' ')
        end--;
    snprintf(value, HEADER_VALUE_BYTES, "%.*s", (int)(end - from), from);
    return true;
}

static size_t on_header(char *line, size_t size, size_t n, void *self)
{
    struct run *run = self;
    size_t len_bytes = size * n;
    char value[HEADER_VALUE_BYTES];
    long long number;
    if (header_value(line, len_bytes, "X-Tt-Logid", value))
        snprintf(run->reply->log_id, TRANSPORT_LOG_ID_BYTES, "%.127s", value);
    else if (header_value(line, len_bytes, "X-Request-Id", value) &&
        !run->reply->log_id[0])
        snprintf(run->reply->log_id, TRANSPORT_LOG_ID_BYTES, "%.127s", value);
    else if (header_value(line, len_bytes, "x-ogw-ratelimit-reset", value) &&
        str_to_ll(value, 0, 86400, &number))
        run->reply->reset_s = (long)number;
    return len_bytes;
}

static int on_progress(void *self, curl_off_t dltotal, curl_off_t dlnow,
    curl_off_t ultotal, curl_off_t ulnow)
{
    const struct run *run = self;
    (void)dltotal, (void)dlnow, (void)ultotal, (void)ulnow;
    return run->request->can_be_cut && run->transport->stopped;
}

static CURL *take_handle(struct transport *transport)
{
    CURL *easy = NULL;
    pthread_mutex_lock(&transport->lock);
    if (transport->n_idle)
        easy = transport->idle[--transport->n_idle];
    pthread_mutex_unlock(&transport->lock);
    if (!easy && !(easy = curl_easy_init()))
        abort();
    return easy;
}

static void put_handle(struct transport *transport, CURL *easy)
{
    curl_easy_reset(easy); /* keeps the connections */
    pthread_mutex_lock(&transport->lock);
    if (transport->n_idle < IDLE_HANDLES_MAX) {
        transport->idle[transport->n_idle++] = easy;
        easy = NULL;
    }
    pthread_mutex_unlock(&transport->lock);
    if (easy)
        curl_easy_cleanup(easy);
}

static bool is_loopback(const char *url)
{
    static const char *const hosts[] = {"http://127.", "http://localhost", "http://[::1]",
        "https://127.", "https://localhost", "https://[::1]"};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++)
        if (str_istarts(url, hosts[i]))
            return true;
    return false;
}

void transport_prepare(struct transport *transport, void *easy, const char *url)
{
    curl_easy_setopt(easy, CURLOPT_SHARE, transport->share);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    /* A proxy of the environment has no business with a simulator on this machine. */
    if (is_loopback(url))
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
}

static void set_connection(
    CURL *easy, struct transport *transport, const struct transport_request *request)
{
    long timeout_ms = request->timeout_ms < 1 ? 1 : (long)request->timeout_ms;
    transport_prepare(transport, easy, request->url);
    curl_easy_setopt(easy, CURLOPT_MAXCONNECTS, CONNECTIONS_A_HANDLE);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request->once ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
        timeout_ms < CONNECT_TIMEOUT_MS ? timeout_ms : CONNECT_TIMEOUT_MS);
}

static struct curl_slist *set_request(CURL *easy, const struct transport_request *request)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
    struct buf line = buf_new(NULL);
    headers = curl_slist_append(headers, "Expect:"); /* no pause before a body */
    if (request->token) {
        buf_printf(&line, "Authorization: Bearer %s", request->token);
        headers = curl_slist_append(headers, buf_str(&line));
        explicit_bzero(line.data, line.len_bytes);
        line.len_bytes = 0;
    }
    if (request->header)
        headers = curl_slist_append(headers, request->header);
    if (request->content_type) {
        buf_printf(&line, "Content-Type: %s", request->content_type);
        headers = curl_slist_append(headers, buf_str(&line));
        curl_easy_setopt(
            easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_bytes);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
    }
    buf_free(&line);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    return headers;
}

static void set_callbacks(CURL *easy, struct run *run, char *error)
{
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, run);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, run);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, run);
}

static void read_content_type(CURL *easy, struct transport_reply *reply)
{
    char *type = NULL;
    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
    size_t n = 0;
    for (; type && *type && *type != ';' && *type != ' ' && n < TRANSPORT_TYPE_BYTES - 1;
         type++)
        reply->content_type[n++] =
            (char)(*type >= 'A' && *type <= 'Z' ? *type - 'A' + 'a' : *type);
    reply->content_type[n] = '\0';
}

/* The texts of libcurl name host and port, never headers or bodies. */
static void describe_failure(const struct run *run, CURLcode code, const char *error)
{
    const char *why = error[0] ? error : curl_easy_strerror(code);
    if (run->too_large)
        why = "the reply is too large";
    else if (code == CURLE_ABORTED_BY_CALLBACK)
        why = "the Feishu client is stopping";
    snprintf(run->reply->failure, sizeof(run->reply->failure), "%.191s", why);
}

struct transport *transport_new(void)
{
    pthread_once(&global_once, global_init);
    struct transport *transport = calloc(1, sizeof(*transport));
    if (!transport || !(transport->share = curl_share_init()))
        abort();
    pthread_mutex_init(&transport->lock, NULL);
    for (size_t i = 0; i < SHARED_LOCKS; i++)
        pthread_mutex_init(&transport->share_locks[i], NULL);
    curl_share_setopt(transport->share, CURLSHOPT_LOCKFUNC, share_lock);
    curl_share_setopt(transport->share, CURLSHOPT_UNLOCKFUNC, share_unlock);
    curl_share_setopt(transport->share, CURLSHOPT_USERDATA, transport);
    curl_share_setopt(transport->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    curl_share_setopt(transport->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    return transport;
}

void transport_free(struct transport *transport)
{
    if (!transport)
        return;
    while (transport->n_idle)
        curl_easy_cleanup(transport->idle[--transport->n_idle]);
    curl_share_cleanup(transport->share);
    for (size_t i = 0; i < SHARED_LOCKS; i++)
        pthread_mutex_destroy(&transport->share_locks[i]);
    pthread_mutex_destroy(&transport->lock);
    free(transport);
}

bool transport_perform(struct transport *transport,
    const struct transport_request *request, struct transport_reply *reply)
{
    *reply = (struct transport_reply){.reset_s = -1, .body = buf_new(NULL)};
    struct run run = {.transport = transport, .request = request, .reply = reply};
    char error[CURL_ERROR_SIZE] = "";
    CURL *easy = take_handle(transport);
    set_connection(easy, transport, request);
    struct curl_slist *headers = set_request(easy, request);
    set_callbacks(easy, &run, error);

    fault_moment();
    CURLcode code = curl_easy_perform(easy);
    fault_moment();

    long request_bytes = 0;
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    reply->sent = request_bytes > 0;
    if (code == CURLE_OK) {
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply->status);
        read_content_type(easy, reply);
    } else {
        describe_failure(&run, code, error);
    }
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    put_handle(transport, easy);
    curl_slist_free_all(headers);
    return code == CURLE_OK;
}

void transport_reply_free(struct transport_reply *reply)
{
    if (reply->body.data)
        explicit_bzero(reply->body.data, reply->body.len_bytes);
    buf_free(&reply->body);
}

bool transport_stopped(const struct transport *transport)
{
    return transport->stopped;
}

void transport_stop(struct transport *transport)
{
    transport->stopped = true;
}
