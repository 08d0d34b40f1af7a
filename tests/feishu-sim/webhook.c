#include "webhook.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "lock.h"
#include "mem.h"
#include "push.h"

#define ANSWER_MS 3000
#define CONNECT_MS 2000
#define IV_BYTES 16
#define BODY_SHOWN_BYTES 500

struct sending {
    struct webhook to;
    char *message_id, *json;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static unsigned n_threads;
static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_once_init(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* {"encrypt": base64(IV + AES-256-CBC with PKCS#7 padding)}, key = SHA-256(Encrypt Key).
 */
static void encrypt(const char *key_text, const char *plain, struct buf *out)
{
    unsigned char key[SHA256_DIGEST_LENGTH];
    size_t n = strlen(plain);
    unsigned char *bytes = xcalloc(IV_BYTES + n + IV_BYTES, 1);
    char *text = xcalloc((IV_BYTES + n + IV_BYTES) / 3 * 4 + 8, 1);
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int first = 0, last = 0;

    SHA256((const unsigned char *)key_text, strlen(key_text), key);
    if (!cipher || RAND_bytes(bytes, IV_BYTES) != 1 ||
        EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key, bytes) != 1 ||
        EVP_EncryptUpdate(cipher, bytes + IV_BYTES, &first, (const unsigned char *)plain,
            (int)n) != 1 ||
        EVP_EncryptFinal_ex(cipher, bytes + IV_BYTES + first, &last) != 1)
        abort();
    EVP_CIPHER_CTX_free(cipher);
    EVP_EncodeBlock((unsigned char *)text, bytes, IV_BYTES + first + last);
    jw_open(out, NULL, '{');
    jw_str(out, "encrypt", text);
    jw_close(out, '}');
    free(bytes);
    free(text);
}

static struct curl_slist *header(
    struct curl_slist *list, const char *name, const char *value)
{
    char *line = xfmt("%s: %s", name, value);

    list = curl_slist_append(list, line);
    free(line);
    return list;
}

/* The receiver bounds the age of the timestamp by its own clock, which the control
 * interface does not move: so this one is real. */
static struct curl_slist *sign(
    struct curl_slist *list, const char *encrypt_key, const struct buf *body)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char nonce[17], hex[2 * SHA256_DIGEST_LENGTH + 1];
    char *timestamp = xfmt("%lld", (long long)time(NULL));
    struct buf text = {0};

    random_digits(nonce, 16);
    buf_fmt(&text, "%s%s%s", timestamp, nonce, encrypt_key);
    buf_add(&text, body->p, body->n);
    SHA256((const unsigned char *)text.p, text.n, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    list = header(list, "X-Lark-Request-Timestamp", timestamp);
    list = header(list, "X-Lark-Request-Nonce", nonce);
    list = header(list, "X-Lark-Signature", hex);
    buf_free(&text);
    free(timestamp);
    return list;
}

static size_t on_body(char *data, size_t size, size_t n, void *self)
{
    buf_add(self, data, size * n);
    return size * n;
}

void webhook_post(const struct webhook *to, const char *json, bool is_check,
    int64_t timeout_ms, struct webhook_answer *out)
{
    struct curl_slist *headers = NULL;
    struct buf body = {0};
    int64_t started_ms = monotonic_ms();
    long status = 0;
    CURL *easy;

    pthread_once(&curl_once, curl_once_init);
    easy = curl_easy_init();
    if (!easy)
        abort();
    *out = (struct webhook_answer){0};
    if (to->encrypt_key)
        encrypt(to->encrypt_key, json, &body);
    else
        buf_str(&body, json);
    headers = header(headers, "Content-Type", "application/json;charset=utf-8");
    headers = curl_slist_append(headers, "Expect:");
    if (to->encrypt_key && !is_check)
        headers = sign(headers, to->encrypt_key, &body);
    curl_easy_setopt(easy, CURLOPT_URL, to->url);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.p);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)body.n);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &out->body);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (curl_easy_perform(easy) == CURLE_OK)
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    out->status = (int)status;
    out->took_ms = monotonic_ms() - started_ms;
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    buf_free(&body);
}

static void *send_in_thread(void *self)
{
    struct sending *s = self;
    struct webhook_answer answer;

    webhook_post(&s->to, s->json, false, ANSWER_MS, &answer);
    buf_text(&answer.body);
    if (answer.body.n > BODY_SHOWN_BYTES)
        answer.body.p[BODY_SHOWN_BYTES] = '\0';
    big_lock();
    push_answered(s->message_id, answer.status, buf_text(&answer.body));
    big_unlock();
    buf_free(&answer.body);
    free(s->to.url);
    free(s->to.encrypt_key);
    free(s->message_id);
    free(s->json);
    free(s);
    pthread_mutex_lock(&lock);
    n_threads--;
    pthread_cond_broadcast(&ended);
    pthread_mutex_unlock(&lock);
    return NULL;
}

void webhook_send(const struct webhook *to, const char *message_id, const char *json)
{
    struct sending *s = xcalloc(1, sizeof *s);
    pthread_t thread;

    s->to.url = xstrdup(to->url);
    s->to.encrypt_key = xstrdup(to->encrypt_key);
    s->message_id = xstrdup(message_id);
    s->json = xstrdup(json);
    pthread_mutex_lock(&lock);
    n_threads++;
    pthread_mutex_unlock(&lock);
    if (pthread_create(&thread, NULL, send_in_thread, s))
        abort();
    pthread_detach(thread);
}

void webhook_stop(void)
{
    pthread_mutex_lock(&lock);
    while (n_threads)
        pthread_cond_wait(&ended, &lock);
    pthread_mutex_unlock(&lock);
}
