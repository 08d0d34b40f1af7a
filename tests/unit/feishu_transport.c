#include "feishu/transport.h"

#include "feishu_server.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define PEM_BYTES 8192

/* A key and a certificate that it signed itself, as a man in the middle has them. */
struct self_signed {
    char key[PEM_BYTES], certificate[PEM_BYTES];
};

static void read_pem(BIO *bio, char out[PEM_BYTES])
{
    int n = BIO_read(bio, out, PEM_BYTES - 1);
    assert_true(n > 0);
    out[n] = '\0';
    BIO_free(bio);
}

static void self_sign(struct self_signed *made)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(
        name, "CN", MBSTRING_ASC, (const unsigned char *)"127.0.0.1", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_EXTENSION *alt =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(certificate, alt, -1);
    X509_EXTENSION_free(alt);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    read_pem(bio, made->key);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate);
    read_pem(bio, made->certificate);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static bool perform(const char *method, const char *url, struct transport_reply *reply)
{
    struct transport *transport = transport_new();
    struct transport_request request = {
        .method = method, .url = url, .token = "eyJ-secret", .timeout_ms = 5000};
    bool done = transport_perform(transport, &request, reply);
    transport_free(transport);
    return done;
}

static void a_certificate_nobody_vouches_for_ends_the_call_before_a_byte_is_sent(
    void **state)
{
    struct server *server = calloc(1, sizeof(*server));
    struct self_signed made;
    struct transport_reply reply;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    (void)state;
    self_sign(&made);
    pthread_mutex_init(&server->lock, NULL);
    server->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS, 0,
        NULL, NULL, server_handle, server, MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_HTTPS_MEM_KEY, made.key, MHD_OPTION_HTTPS_MEM_CERT, made.certificate,
        MHD_OPTION_END);
    assert_non_null(server->daemon);
    snprintf(server->url, sizeof(server->url), "https://127.0.0.1:%u",
        (unsigned)MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    SERVER_SCRIPT(server, {.status = 200, .body = "{}"});
    assert_false(perform("GET", server->url, &reply));
    assert_int_equal(reply.status, 0);
    assert_false(reply.sent);
    assert_non_null(strstr(reply.failure, "certificate"));
    transport_reply_free(&reply);
    MHD_stop_daemon(server->daemon);
    assert_int_equal(server->n_seen, 0);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

static void only_http_and_https_are_spoken(void **state)
{
    static const char *const urls[] = {"file:///etc/hostname", "ftp://127.0.0.1:1/x",
        "gopher://127.0.0.1:1/", "nonsense:"};
    struct transport_reply reply;
    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
        assert_false(perform("GET", urls[i], &reply));
        assert_false(reply.sent);
        assert_int_equal(reply.body.len_bytes, 0);
        assert_true(reply.failure[0] != '\0');
        transport_reply_free(&reply);
    }
}

static void headers_are_read_whatever_their_case_and_type_without_parameters(void **state)
{
    struct server *server = server_start();
    struct transport_reply reply;
    (void)state;
    SERVER_SCRIPT(server,
        {.status = 429,
            .type = "Application/JSON; charset=utf-8",
            .body = "{}",
            .header = "X-Ogw-Ratelimit-Reset",
            .value = " 17 "});
    assert_true(perform("GET", server->url, &reply));
    assert_int_equal(reply.status, 429);
    assert_true(reply.sent);
    assert_int_equal(reply.reset_s, 17);
    assert_string_equal(reply.content_type, "application/json");
    assert_string_equal(reply.log_id, "2026090412000000000000000000LOGID");
    transport_reply_free(&reply);
    SERVER_SCRIPT(server,
        {.status = 429, .header = "x-ogw-ratelimit-reset", .value = "soon", .type = ""});
    assert_true(perform("GET", server->url, &reply));
    assert_int_equal(reply.reset_s, -1);
    assert_string_equal(reply.content_type, "");
    transport_reply_free(&reply);
    server_stop(server);
}

static void a_cut_request_says_that_it_was_sent(void **state)
{
    struct server *server = server_start();
    struct transport_reply reply;
    (void)state;
    SERVER_SCRIPT(server, {.status = 0});
    assert_false(perform("GET", server->url, &reply));
    assert_true(reply.sent);
    assert_int_equal(reply.status, 0);
    assert_null(strstr(reply.failure, "eyJ"));
    transport_reply_free(&reply);
    server_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_certificate_nobody_vouches_for_ends_the_call_before_a_byte_is_sent),
        cmocka_unit_test(only_http_and_https_are_spoken),
        cmocka_unit_test(
            headers_are_read_whatever_their_case_and_type_without_parameters),
        cmocka_unit_test(a_cut_request_says_that_it_was_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
