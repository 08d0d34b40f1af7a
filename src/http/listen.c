#include "http/listen.h"

#include "base/str.h"
#include "base/url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_BACKLOG 511

const char *peer_text(struct ctx *cx, const struct sockaddr *peer)
{
    char text[INET6_ADDRSTRLEN];
    if (!peer || peer->sa_family == AF_UNIX)
        return "unix";
    if (peer->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)peer;
        inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
        return arena_strdup(cx->arena, text);
    }
    const struct sockaddr_in6 *in6 = (const void *)peer;
    inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text);
    return arena_strdup(cx->arena, str_starts(text, "::ffff:") ? text + 7 : text);
}

bool peer_loopback(const char *peer)
{
    return str_eq(peer, "unix") || str_eq(peer, "::1") || str_starts(peer, "127.");
}

/* The first bits of two addresses are the same. */
static bool same_bits(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned rest = bits % 8;
    return memcmp(a, b, bits / 8) == 0 &&
        (!rest || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0);
}

bool peer_within(const char *peer, const char *network)
{
    unsigned char a[sizeof(struct in6_addr)], b[sizeof(struct in6_addr)];
    char address[INET6_ADDRSTRLEN];
    size_t len_bytes = strcspn(network, "/");
    int family = memchr(network, ':', len_bytes) ? AF_INET6 : AF_INET;
    long long most = family == AF_INET6 ? 128 : 32, bits = most;
    if (str_eq(peer, network))
        return true;
    if (len_bytes >= sizeof address)
        return false;
    memcpy(address, network, len_bytes);
    address[len_bytes] = '\0';
    if (network[len_bytes] && !str_to_ll(network + len_bytes + 1, 0, most, &bits))
        return false;
    return inet_pton(family, address, a) == 1 && inet_pton(family, peer, b) == 1 &&
        same_bits(a, b, (unsigned)bits);
}

static const char *bound_address(struct ctx *cx, int fd, bool *loopback)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof name;
    memset(&name, 0, sizeof name);
    if (getsockname(fd, (struct sockaddr *)&name, &len) != 0)
        return NULL;
    const char *host = peer_text(cx, (struct sockaddr *)&name);
    *loopback = peer_loopback(host);
    if (name.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)&name;
        return arena_printf(cx->arena, "[%s]:%u", host, ntohs(in6->sin6_port));
    }
    const struct sockaddr_in *in = (const void *)&name;
    return arena_printf(cx->arena, "%s:%u", host, ntohs(in->sin_port));
}

static enum err open_tcp(struct ctx *cx, const char *text, struct listener *listener)
{
    char *host, *port;
    if (!host_port_split(cx->arena, text, &host, &port))
        return fail(cx, ERR_CONFIG, "server.listen: \"%s\" is not address:port", text);
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found;
    if (str_eq(host, "localhost"))
        host = arena_strdup(cx->arena, "127.0.0.1");
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return fail(
            cx, ERR_CONFIG, "server.listen: \"%s\" is not a numeric address:port", text);
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1, rc = -1;
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        /* An accepted socket inherits it: an answer must not wait for an
         * acknowledgement. */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        rc = bind(fd, found->ai_addr, found->ai_addrlen);
    }
    freeaddrinfo(found);
    if (rc != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        int saved = errno;
        if (fd >= 0)
            close(fd);
        return fail(cx, ERR_IO, "cannot listen on %s: %s", text, strerror(saved));
    }
    bool loopback = false;
    const char *address = bound_address(cx, fd, &loopback);
    *listener = (struct listener){.fd = fd, .loopback = loopback, .address = address};
    return ERR_OK;
}

static enum err open_unix(struct ctx *cx, const char *text, struct listener *listener)
{
    const char *path = text + strlen("unix:");
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (path[0] != '/' || strlen(path) >= sizeof name.sun_path)
        return fail(
            cx, ERR_CONFIG, "server.listen: \"%s\" is not unix:/absolute/path", text);
    memcpy(name.sun_path, path, strlen(path) + 1);
    struct stat old;
    if (lstat(path, &old) == 0 && S_ISSOCK(old.st_mode))
        unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof name) != 0 ||
        listen(fd, LISTEN_BACKLOG) != 0) {
        int saved = errno;
        if (fd >= 0)
            close(fd);
        return fail(cx, ERR_IO, "cannot listen on %s: %s", text, strerror(saved));
    }
    *listener = (struct listener){.fd = fd,
        .loopback = true,
        .address = arena_strdup(cx->arena, text),
        .unix_path = arena_strdup(cx->arena, path)};
    return ERR_OK;
}

enum err listen_open(struct ctx *cx, const char *text, struct listener *listener)
{
    return str_starts(text, "unix:") ? open_unix(cx, text, listener)
                                     : open_tcp(cx, text, listener);
}

void listen_close(const struct listener *listener)
{
    if (listener->fd >= 0)
        close(listener->fd);
    if (listener->unix_path)
        unlink(listener->unix_path);
}
