#include "feishu/hook.h"

#include "base/codec.h"
#include "unit.h"

/* One event, plain; encrypted under "the key" and signed by other programs; a URL check
 * likewise. */
static const char plain[] =
    "{\"schema\":\"2.0\",\"header\":{\"event_id\":\"5e3702a84e847582be8db7fb7"
    "3283c02\",\"event_type\":\"calendar.calendar.event.changed_v4\",\"create"
    "_time\":\"1795000000123\",\"token\":\"the token\",\"app_id\":\"cli_a\","
    "\"tenant_key\":\"t\"},\"event\":{\"calendar_id\":\"cal@group\",\"user_id"
    "_list\":[{\"union_id\":\"on_1\",\"user_id\":\"u\",\"open_id\":\"ou_1\"}]"
    "}}";
static const char encrypted[] =
    "{\"encrypt\":\"AAECAwQFBgcICQoLDA0OD9ienC2UZrWK3bFj8Z4Ybdy9DdTr9jPjwsy9A"
    "asz1g293sz0gSa0c3q+rmMP7su+bEslxusgeI7Pt6MQpmjf3PMIF/CpA/mVMY6mHF4s82tpu"
    "XV5ipCsAIH1Z8X3xilY5B8KnrfxDzAOeuQ9PC/63PnHVzy4FojJEjXI+d/XoWyFCoe615hbW"
    "ViKGKuim3MX0pPqdtZ7/6Bn8QfeYUc6buxecVhdSGoK3/wUwa4dYb+6q5LU1UmlIEEQq7ya/"
    "IFt1f0VA7ha78nxptWTRohuR/MNVJZ2jaov0F431x52jgcn0CDfTXbuo+UyHeMo5QvUpsiMD"
    "cTmDjvmgF2xfaFUNZmUMX84yZqkM+0G0qQk1sX56RQ6sGqH0ifLluZEGYjT4Hs7Qlm/X/gdA"
    "faA2tsg9BLne1bnKwp25sj2O8MrPKqX\"}";
static const char signature[] =
    "2754c12c0f79ecc25fc8cb81e5d2bba61f72c95c657db29e17dbab73a251b3b6";
static const char encrypted_check[] =
    "{\"encrypt\":\"AAECAwQFBgcICQoLDA0ODxpHFa3z3IpDRMyeGNHtv+6cOXOXUJLRZX7cP"
    "8jIz9iO4X8zgKtTxBfVtvO4DtdSPEMWXB3YmKpwf1Svm57OJNd/pKpuTJEqKJ1bbOzlEh/3"
    "\"}";
#define SIGNED_AT_S 1795000000

struct world {
    struct still still;
    struct seam seam;
    struct ctx *cx;
    struct hook_keys keys;
    struct hook_request request;
    struct hook_result result;
};

static struct world *world_new(const char *token, const char *key)
{
    struct world *world = test_calloc(1, sizeof(*world));
    world->still.wall_ms = SIGNED_AT_S * 1000LL;
    world->seam = still_seam(&world->still);
    world->cx = ctx_new(&world->seam);
    if (token)
        world->keys.verification_token = secret_new(world->cx->arena, token);
    if (key)
        world->keys.encrypt_key = secret_new(world->cx->arena, key);
    world->request = (struct hook_request){
        .body = encrypted,
        .body_bytes = strlen(encrypted),
        .timestamp = "1795000000",
        .nonce = "4321",
        .signature = signature,
    };
    return world;
}

static void world_free(struct world *world)
{
    ctx_free(world->cx);
    test_free(world);
}

static enum err open_body(struct world *world, const char *body)
{
    if (body)
        world->request = (struct hook_request){.body = body, .body_bytes = strlen(body)};
    return hook_open(world->cx, &world->keys, &world->request, &world->result);
}

/* feishu-api 11.3 */
static void the_published_check_value_decrypts(void **state)
{
    struct ctx *cx = *state;
    unsigned char key[SHA256_BYTES], *data;
    size_t n, plain_bytes;
    char *text;
    crypto_sha256("test key", 8, key);
    assert_true(base64_decode(
        cx->arena, "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=", &data, &n));
    assert_ok(cx, crypto_cbc_decrypt(cx, key, data, n, &text, &plain_bytes));
    assert_string_equal(text, "hello world");
    assert_int_equal(plain_bytes, 11);
    key[0] ^= 1;
    assert_err(
        cx, ERR_BAD_REQUEST, crypto_cbc_decrypt(cx, key, data, n, &text, &plain_bytes));
    assert_err(cx, ERR_BAD_REQUEST,
        crypto_cbc_decrypt(cx, key, data, n - 1, &text, &plain_bytes));
    assert_err(
        cx, ERR_BAD_REQUEST, crypto_cbc_decrypt(cx, key, data, 16, &text, &plain_bytes));
}

static void an_encrypted_and_signed_event_is_opened(void **state)
{
    struct world *world = world_new("the token", "the key");
    (void)state;
    assert_ok(world->cx, open_body(world, NULL));
    assert_null(world->result.challenge);
    const struct feishu_event *event = &world->result.event;
    assert_int_equal(event->kind, FEISHU_TOLD_EVENTS);
    assert_string_equal(event->calendar_id, "cal@group");
    assert_string_equal(event->event_id, "5e3702a84e847582be8db7fb73283c02");
    assert_true(event->created_ms == 1795000000123);
    assert_int_equal(event->n_users, 1);
    assert_string_equal(event->users[0].open_id, "ou_1");
    world_free(world);
}

static void a_wrong_signature_is_refused(void **state)
{
    struct world *world = world_new("the token", "the key");
    char other[2 * SHA256_BYTES + 1];
    (void)state;
    memcpy(other, signature, sizeof(other));
    other[63] = other[63] == '0' ? '1' : '0';
    world->request.signature = other;
    assert_err(world->cx, ERR_FORBIDDEN, open_body(world, NULL));
    world->request.signature = "";
    assert_err(world->cx, ERR_FORBIDDEN, open_body(world, NULL));
    world->request.signature = signature;
    world->request.nonce = "4322";
    assert_err(world->cx, ERR_FORBIDDEN, open_body(world, NULL));
    world_free(world);
}

static void an_event_without_signature_is_refused(void **state)
{
    struct world *world = world_new("the token", "the key");
    (void)state;
    world->request.signature = NULL;
    assert_err(world->cx, ERR_FORBIDDEN, open_body(world, NULL));
    world_free(world);
}

static void a_signature_is_good_for_five_minutes(void **state)
{
    struct world *world = world_new("the token", "the key");
    (void)state;
    world->still.wall_ms += HOOK_WINDOW_S * 1000LL;
    assert_ok(world->cx, open_body(world, NULL));
    world->still.wall_ms += 1000;
    assert_err(world->cx, ERR_FORBIDDEN, open_body(world, NULL));
    world->still.wall_ms -= (2 * HOOK_WINDOW_S + 2) * 1000LL;
    assert_err(world->cx, ERR_FORBIDDEN, open_body(world, NULL));
    world_free(world);
}

static void a_body_under_another_key_is_refused(void **state)
{
    struct world *world = world_new(NULL, "another key");
    (void)state;
    assert_err(world->cx, ERR_FORBIDDEN, open_body(world, encrypted_check));
    world_free(world);
}

static void a_plain_body_is_refused_where_a_key_is_set(void **state)
{
    struct world *world = world_new("the token", "the key");
    (void)state;
    assert_err(world->cx, ERR_FORBIDDEN, open_body(world, plain));
    world_free(world);
}

static void an_encrypted_body_without_a_key_is_refused(void **state)
{
    struct world *world = world_new("the token", NULL);
    (void)state;
    assert_err(world->cx, ERR_FORBIDDEN, open_body(world, NULL));
    world_free(world);
}

static void the_url_check_is_answered_encrypted_and_plain(void **state)
{
    struct world *world = world_new("the token", "the key");
    (void)state;
    assert_ok(world->cx, open_body(world, encrypted_check));
    assert_string_equal(world->result.challenge, "ajls384kdjx98XX");
    world_free(world);
    world = world_new("the token", NULL);
    assert_ok(world->cx,
        open_body(world,
            "{\"challenge\":\"abc\",\"token\":\"the token\","
            "\"type\":\"url_verification\"}"));
    assert_string_equal(world->result.challenge, "abc");
    assert_err(world->cx, ERR_FORBIDDEN,
        open_body(world,
            "{\"challenge\":\"abc\",\"token\":\"another\","
            "\"type\":\"url_verification\"}"));
    world_free(world);
}

static void a_plain_event_needs_the_verification_token(void **state)
{
    struct world *world = world_new("the token", NULL);
    (void)state;
    assert_ok(world->cx, open_body(world, plain));
    assert_string_equal(world->result.event.calendar_id, "cal@group");
    world_free(world);
    world = world_new("the token!", NULL);
    assert_err(world->cx, ERR_FORBIDDEN, open_body(world, plain));
    world_free(world);
    world = world_new(NULL, NULL);
    assert_err(world->cx, ERR_FORBIDDEN, open_body(world, plain));
    world_free(world);
}

static void an_event_older_than_its_last_repetition_is_refused(void **state)
{
    struct world *world = world_new("the token", NULL);
    (void)state;
    world->still.wall_ms += HOOK_EVENT_AGE_MS;
    assert_ok(world->cx, open_body(world, plain));
    world->still.wall_ms += 1000;
    assert_err(world->cx, ERR_FORBIDDEN, open_body(world, plain));
    world_free(world);
}

static void what_is_no_callback_is_a_bad_request(void **state)
{
    static const char *const bodies[] = {"", "x", "[]", "{}", "{\"header\":{}}",
        "{\"schema\":\"2.0\",\"header\":{\"event_id\":\"x\"}}"};
    struct world *world = world_new("the token", NULL);
    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
        assert_err(world->cx, ERR_BAD_REQUEST, open_body(world, bodies[i]));
    world->request.body_bytes = HOOK_BODY_MAX_BYTES + 1;
    assert_err(world->cx, ERR_TOO_LARGE, open_body(world, NULL));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(the_published_check_value_decrypts),
        cmocka_unit_test(an_encrypted_and_signed_event_is_opened),
        cmocka_unit_test(a_wrong_signature_is_refused),
        cmocka_unit_test(an_event_without_signature_is_refused),
        cmocka_unit_test(a_signature_is_good_for_five_minutes),
        cmocka_unit_test(a_body_under_another_key_is_refused),
        cmocka_unit_test(a_plain_body_is_refused_where_a_key_is_set),
        cmocka_unit_test(an_encrypted_body_without_a_key_is_refused),
        cmocka_unit_test(the_url_check_is_answered_encrypted_and_plain),
        cmocka_unit_test(a_plain_event_needs_the_verification_token),
        cmocka_unit_test(an_event_older_than_its_last_repetition_is_refused),
        cmocka_unit_test(what_is_no_callback_is_a_bad_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
