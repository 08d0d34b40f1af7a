#include "config.h"

#include "notify/send.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIMEOUT_MS 8000L
#define TTL_S 86400
#define RETRY_AFTER_MAX_S 86400

bool notify_url_good(const char *url, bool anywhere)
{
    if (strlen(url) > NOTIFY_URL_MAX_BYTES || strpbrk(url, " \t\r\n\"\\") ||
        !utf8_valid(url, strlen(url)))
        return false;
    if (!str_istarts(url, "https://") && !(anywhere && str_istarts(url, "http://")))
        return false;
    const char *host = strstr(url, "://") + 3;
    return strcspn(host, "/?#") > 0 && !memchr(host, '@', strcspn(host, "/?#"));
}

char *notify_origin(struct ctx *cx, const char *url)
{
    const char *host = strstr(url, "://");
    size_t n = host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?#") : strlen(url);
    return arena_strndup(cx->arena, url, n);
}

/* ---- a subscriber names an address, not the way into the server's own network ---- */

static bool is_private_v4(uint32_t address)
{
    static const struct {
        uint32_t net;
        int bits;
    } nets[] = {
        {0x00000000, 8}, {0x0a000000, 8}, {0x64400000, 10}, {0x7f000000, 8},
        {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0000000, 24}, {0xc0a80000, 16},
        {0xc6120000, 15}, {0xe0000000, 3},
    };
    for (size_t i = 0; i < sizeof(nets) / sizeof(*nets); i++)
        if ((address ^ nets[i].net) >> (32 - nets[i].bits) == 0)
            return true;
    return false;
}

static bool is_private(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof(v4));
        return is_private_v4(ntohl(v4.sin_addr.s_addr));
    }
    if (address->sa_family != AF_INET6)
        return true;
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof(v6));
    const unsigned char *b = v6.sin6_addr.s6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
        return is_private_v4((uint32_t)b[12] << 24 | (uint32_t)b[13] << 16 |
            (uint32_t)b[14] << 8 | b[15]);
    return (b[0] & 0xe0) != 0x20; /* all that is not global unicast */
}

static curl_socket_t open_socket(
    void *self, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)self, (void)purpose;
    if (is_private(&address->addr))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Behind a proxy it is the proxy's address that would be looked at. */
static bool has_proxy(void)
{
    static const char *const names[] = {
        "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (!str_empty(getenv(names[i])))
            return true;
    return false;
}

/* ---- one message ---- */

struct transfer {
    struct transfer *next;
    CURL *easy;
    struct curl_slist *headers;
    void *self;
};
struct notify_wire {
    CURLM *multi;
    struct transfer *first;
};

static size_t discard(char *data, size_t size, size_t n, void *self)
{
    (void)data, (void)self;
    return size * n;
}

static struct curl_slist *headers_of(
    struct ctx *cx, const struct notify_message *message)
{
    const char *const lines[] = {
        arena_printf(cx->arena, "Authorization: %s", message->authorization),
        arena_printf(cx->arena, "Topic: %s", message->topic),
        arena_printf(cx->arena, "TTL: %d", TTL_S),
        "Urgency: normal",
        "Content-Type: application/xml; charset=\"UTF-8\"",
        "Content-Encoding: aes128gcm",
        "Expect:",
    };
    struct curl_slist *headers = NULL;
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
        headers = curl_slist_append(headers, lines[i]);
    return headers;
}

static void set_up(
    CURL *easy, const struct notify_message *message, struct curl_slist *headers)
{
    curl_easy_setopt(easy, CURLOPT_URL, message->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(
        easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)message->body_bytes);
    curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, message->body);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
    if (message->anywhere)
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    else if (!has_proxy())
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
}

/* ---- many at once ---- */

struct notify_wire *notify_wire_new(void)
{
    struct notify_wire *wire = calloc(1, sizeof(*wire));
    if (!wire || !(wire->multi = curl_multi_init()))
        abort();
    return wire;
}

static void drop(struct notify_wire *wire, struct transfer *transfer)
{
    struct transfer **at = &wire->first;
    while (*at != transfer)
        at = &(*at)->next;
    *at = transfer->next;
    curl_multi_remove_handle(wire->multi, transfer->easy);
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    free(transfer);
}

void notify_wire_free(struct notify_wire *wire)
{
    while (wire->first)
        drop(wire, wire->first);
    curl_multi_cleanup(wire->multi);
    free(wire);
}

void notify_wire_send(struct ctx *cx, struct notify_wire *wire,
    const struct notify_message *message, void *self)
{
    struct transfer *transfer = calloc(1, sizeof(*transfer));
    if (!transfer || !(transfer->easy = curl_easy_init()))
        abort();
    transfer->self = self;
    transfer->headers = headers_of(cx, message);
    transfer->next = wire->first;
    wire->first = transfer;
    set_up(transfer->easy, message, transfer->headers);
    curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
    curl_multi_add_handle(wire->multi, transfer->easy);
}

static struct notify_result result_of(CURL *easy, CURLcode code)
{
    struct notify_result result = {.why = curl_easy_strerror(code)};
    curl_off_t wait_s = 0;
    if (code != CURLE_OK)
        return result;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &result.status);
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &wait_s);
    result.retry_after_s = wait_s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : (int)wait_s;
    return result;
}

void notify_wire_poll(struct notify_wire *wire, int wait_ms,
    void (*done)(void *self, const struct notify_result *result))
{
    int running, left;
    CURLMsg *said;
    curl_multi_perform(wire->multi, &running);
    curl_multi_poll(wire->multi, NULL, 0, wait_ms, NULL);
    curl_multi_perform(wire->multi, &running);
    while ((said = curl_multi_info_read(wire->multi, &left))) {
        struct transfer *transfer = NULL;
        if (said->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(said->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        struct notify_result result =
            result_of(said->easy_handle, said->data.result);
        void *self = transfer->self;
        drop(wire, transfer);
        done(self, &result);
    }
}

void notify_wire_wake(struct notify_wire *wire)
{
    curl_multi_wakeup(wire->multi);
}
