#include "base/conf.h"

#include "base/conf_options.h"
#include "base/file.h"
#include "base/str.h"
#include "unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char here[64], file[96], secret_file[96];

static int make_directory(void **state)
{
    (void)state;
    snprintf(here, sizeof(here), "/tmp/feishu-caldav-unit.XXXXXX");
    if (!mkdtemp(here))
        return -1;
    snprintf(file, sizeof(file), "%s/feishu-caldav.conf", here);
    snprintf(secret_file, sizeof(secret_file), "%s/app-secret", here);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(file);
    unlink(secret_file);
    return rmdir(here);
}

/* A person's environment with nothing of ours in it. */
static int setup(void **state)
{
    clearenv();
    setenv("HOME", here, 1);
    return with_ctx(state);
}

static enum err load(struct ctx *cx, const char *text, const struct conf **conf)
{
    TRY(file_write_private(cx, file, text, strlen(text)));
    return conf_load(cx, file, conf);
}

/* The text of the error without the file's name. */
static const char *complaint(struct ctx *cx, const char *text)
{
    const struct conf *conf = NULL;
    assert_err(cx, ERR_CONFIG, load(cx, text, &conf));
    assert_null(conf);
    const char *error = ctx_error(cx);
    return str_starts(error, file) ? error + strlen(file) : error;
}

static void nothing_set_gives_the_defaults_of_the_contract(void **state)
{
    struct ctx *cx = *state;
    const struct conf *conf;
    assert_ok(cx, load(cx, "", &conf));
    assert_string_equal(conf->file, file);
    assert_string_equal(conf->server.listen, "127.0.0.1:5280");
    assert_string_equal(conf->server.base_url, "http://127.0.0.1:5280");
    assert_null(conf->server.tls_cert);
    assert_string_equal(conf->server.trusted_proxy, "");
    assert_int_equal(conf->server.max_body_bytes, 10 * 1024 * 1024);
    assert_null(conf->feishu.app_id);
    assert_null(secret_text(&conf->feishu.app_secret));
    assert_string_equal(conf->feishu.base_url, "https://open.feishu.cn");
    assert_string_equal(conf->feishu.accounts_url, "https://accounts.feishu.cn");
    assert_null(conf->feishu.token_path);
    assert_int_equal(conf->feishu.rate_per_second, 50);
    assert_int_equal(conf->feishu.rate_per_minute, 1000);
    assert_true(str_starts(conf->feishu.scopes, "offline_access "));
    assert_int_equal(conf->sync.poll_interval_s, 120);
    assert_int_equal(conf->sync.history_days, 0);
    assert_int_equal(conf->sync.events, SYNC_EVENTS_AUTO);
    assert_string_equal(conf->log.level, "info");
    assert_string_equal(conf->log.topics, "");
}

static void a_file_sets_every_kind_of_option(void **state)
{
    struct ctx *cx = *state;
    const struct conf *conf;
    assert_ok(cx, load(cx,
        "\xef\xbb\xbf# a comment\n"
        "; another\n"
        "[server]\r\n"
        "listen = [::]:80 unix:/run/x.sock 10.0.0.1:0\r\n"
        "base-url = https://cal.example.org/feishu//\n"
        "trusted-proxy = 10.0.0.0/8 ::1 unix\n"
        "  workers=3\n"
        "[feishu]\n"
        "app-id = cli_a1\n"
        "app-secret = s3 #cr;et=x:y  \n"
        "timeout = 1m\n"
        "\n"
        "[sync]\n"
        "events = long-connection\n"
        "history = 365\n"
        "[log]\n"
        "level = debug\n"
        "topics = http, sync\n"
        "[feishu]\n"
        "encrypt-key = k\n", &conf));
    assert_string_equal(conf->server.listen, "[::]:80 unix:/run/x.sock 10.0.0.1:0");
    assert_string_equal(conf->server.base_url, "https://cal.example.org/feishu");
    assert_string_equal(conf->server.trusted_proxy, "10.0.0.0/8 ::1 unix");
    assert_int_equal(conf->server.workers, 3);
    assert_string_equal(conf->feishu.app_id, "cli_a1");
    assert_string_equal(secret_text(&conf->feishu.app_secret), "s3 #cr;et=x:y");
    assert_int_equal(conf->feishu.timeout_s, 60);
    assert_int_equal(conf->sync.events, SYNC_EVENTS_LONG_CONNECTION);
    assert_int_equal(conf->sync.history_days, 365);
    assert_string_equal(conf->log.level, "debug");
    assert_string_equal(conf->log.topics, "http, sync");
    assert_string_equal(secret_text(&conf->feishu.encrypt_key), "k");
}

static void wrong_files_are_refused_with_line_and_reason(void **state)
{
    struct ctx *cx = *state;
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"[server]\nlisten = 127.0.0.1:1\nport = 7\n", ":3: unknown option server.port"},
        {"[servers]\nlisten = x\n", ":2: unknown section [servers]"},
        {"\nlisten = x\n", ":2: option listen stands before the first [section]"},
        {"[sync]\nhistory = 1\n\nhistory = 1\n",
            ":4: sync.history is already set in line 2"},
        {"[sync]\nhistory = 1\n[log]\n[sync]\nhistory = 1\n",
            ":5: sync.history is already set in line 2"},
        {"[sync]\nwhat is this\n",
            ":2: neither a [section] nor name = value nor a comment"},
        {"[sync\nhistory = 1\n",
            ":1: neither a [section] nor name = value nor a comment"},
        {"[sync]\nhistory = many\n",
            ":2: sync.history: must be a number from 0 to 36500 days"},
        {"[sync]\nhistory =\n",
            ":2: sync.history: must be a number from 0 to 36500 days"},
        {"[sync]\nhistory = -1\n",
            ":2: sync.history: must be a number from 0 to 36500 days"},
        {"[sync]\nhistory = 36501\n",
            ":2: sync.history: must be a number from 0 to 36500 days"},
        {"[sync]\npoll-interval = 0\n",
            ":2: sync.poll-interval: must be a number from 1 to 86400 s"},
        {"[sync]\npoll-interval = 2d\n",
            ":2: sync.poll-interval: must be a number from 1 to 86400 s"},
        {"[sync]\npoll-interval = 99999999999999999999d\n",
            ":2: sync.poll-interval: must be a number from 1 to 86400 s"},
        {"[sync]\nevents = push\n",
            ":2: sync.events: must be one of auto, long-connection, callback, none"},
        {"[log]\nlevel = loud\n",
            ":2: log.level: must be one of error, warning, info, debug"},
        {"[log]\ntopics = http everything\n",
            ":2: log.topics: must be names out of http dav xml feishu sync store"},
        {"[feishu]\nbase-url = open.feishu.cn\n",
            ":2: feishu.base-url: must be a URL such as https://example.org"},
        {"[feishu]\nbase-url = https://\n",
            ":2: feishu.base-url: must be a URL such as https://example.org"},
        {"[feishu]\nbase-url = https://a b\n",
            ":2: feishu.base-url: must be a URL such as https://example.org"},
        {"[server]\nlisten = \n",
            ":2: server.listen: must be address:port, [address]:port or unix:/path"},
        {"[server]\nlisten = 127.0.0.1\n",
            ":2: server.listen: must be address:port, [address]:port or unix:/path"},
        {"[server]\nlisten = 127.0.0.1:65536\n",
            ":2: server.listen: must be address:port, [address]:port or unix:/path"},
        {"[server]\nlisten = ::1:80\n",
            ":2: server.listen: must be address:port, [address]:port or unix:/path"},
        {"[server]\nlisten = [127.0.0.1]:80\n",
            ":2: server.listen: must be address:port, [address]:port or unix:/path"},
        {"[server]\nlisten = unix:run\n",
            ":2: server.listen: must be address:port, [address]:port or unix:/path"},
        {"[server]\ntrusted-proxy = proxy.example.org\n",
            ":2: server.trusted-proxy: must be IP addresses separated by spaces"},
        {"[server]\ntrusted-proxy = 10.0.0.0/33\n",
            ":2: server.trusted-proxy: must be IP addresses separated by spaces"},
        {"[server]\ntls-cert = /x\n",
            ":2: server.tls-cert and server.tls-key need each other"},
        {"[server]\nlisten = 127.0.0.1:1\n\ntls-key = /x\n",
            ":4: server.tls-cert and server.tls-key need each other"},
        {"[server]\nlisten = 127.0.0.1:1 192.0.2.1:1\n",
            ":2: server.listen: 192.0.2.1:1 is not loopback: plain HTTP there would show "
            "passwords; set server.tls-cert and server.tls-key, or server.trusted-proxy"},
        {"[feishu]\napp-id = \xff\n", ":2: feishu.app-id: is not UTF-8"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_string_equal(complaint(cx, cases[i].text), cases[i].complaint);
}

static void an_error_does_not_repeat_the_value(void **state)
{
    struct ctx *cx = *state;
    assert_null(strstr(complaint(cx, "[sync]\nhistory = s3cret\n"), "s3cret"));
    assert_null(strstr(complaint(cx, "[sync]\nevents = s3cret\n"), "s3cret"));
    assert_null(strstr(complaint(cx, "[feishu]\nbase-url = s3cret\n"), "s3cret"));
}

static void lines_may_be_long_but_not_endless(void **state)
{
    struct ctx *cx = *state;
    const struct conf *conf;
    struct buf buf = buf_new(cx->arena);
    buf_adds(&buf, "[feishu]\nscopes = a");
    for (int i = 0; i < 2000; i++)
        buf_adds(&buf, " bc");
    assert_ok(cx, load(cx, buf.data, &conf));
    assert_int_equal(strlen(conf->feishu.scopes), 6001);
    for (int i = 0; i < 2000; i++)
        buf_adds(&buf, " bc");
    assert_true(str_starts(complaint(cx, buf.data), ":2: the line has more than "));
}

static void durations_have_units(void **state)
{
    struct ctx *cx = *state;
    static const struct {
        const char *text;
        long seconds;
    } cases[] = {{"120", 120}, {"120s", 120}, {"120 s", 120}, {"2m", 120}, {"1h", 3600},
        {"1d", 86400}, {"1440m", 86400}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct conf *conf;
        assert_ok(cx, load(cx, arena_printf(cx->arena, "[sync]\npoll-interval = %s\n",
            cases[i].text), &conf));
        assert_int_equal(conf->sync.poll_interval_s, cases[i].seconds);
    }
}

static void the_environment_wins_over_the_file(void **state)
{
    struct ctx *cx = *state;
    const struct conf *conf;
    setenv("FEISHU_CALDAV_SERVER_LISTEN", "[::1]:99", 1);
    setenv("FEISHU_CALDAV_SYNC_POLL_INTERVAL", " 5m ", 1);
    setenv("FEISHU_CALDAV_LOG_TOPICS", "", 1);
    assert_ok(cx, load(cx, "[server]\nlisten = 127.0.0.1:1\n[sync]\npoll-interval = 7\n"
        "[log]\ntopics = http\n", &conf));
    assert_string_equal(conf->server.listen, "[::1]:99");
    assert_string_equal(conf->server.base_url, "http://[::1]:99");
    assert_int_equal(conf->sync.poll_interval_s, 300);
    assert_string_equal(conf->log.topics, "");
}

static void a_wrong_environment_is_refused_by_name(void **state)
{
    struct ctx *cx = *state;
    setenv("FEISHU_CALDAV_SYNC_HISTORY", "x", 1);
    assert_string_equal(complaint(cx, ""), "environment FEISHU_CALDAV_SYNC_HISTORY: "
        "sync.history: must be a number from 0 to 36500 days");
    unsetenv("FEISHU_CALDAV_SYNC_HISTORY");
    setenv("FEISHU_CALDAV_SERVER_PORT", "80", 1);
    assert_string_equal(complaint(cx, ""),
        "environment FEISHU_CALDAV_SERVER_PORT: unknown option");
    unsetenv("FEISHU_CALDAV_SERVER_PORT");
}

static void a_variable_of_no_section_is_somebody_elses(void **state)
{
    struct ctx *cx = *state;
    const struct conf *conf;
    setenv("FEISHU_CALDAV_BIN", "build/feishu-caldav", 1);
    assert_ok(cx, load(cx, "", &conf));
    unsetenv("FEISHU_CALDAV_BIN");
}

static void the_base_url_follows_the_first_address(void **state)
{
    struct ctx *cx = *state;
    static const struct {
        const char *listen, *url;
    } cases[] = {
        {"127.0.0.1:5280", "http://127.0.0.1:5280"},
        {"0.0.0.0:80 [::1]:81", "http://127.0.0.1:80"},
        {"[::]:81", "http://[::1]:81"},
        {"[2001:db8::1]:81", "http://[2001:db8::1]:81"},
        {"localhost:81", "http://localhost:81"},
        {"unix:/run/x", "http://localhost"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct conf *conf;
        setenv("FEISHU_CALDAV_SERVER_LISTEN", cases[i].listen, 1);
        assert_ok(cx, load(cx, "[server]\ntrusted-proxy = ::1\n", &conf));
        assert_string_equal(conf->server.base_url, cases[i].url);
    }
    const struct conf *conf;
    assert_ok(cx, load(cx, "[server]\ntls-cert = /c\ntls-key = /k\n", &conf));
    assert_string_equal(conf->server.base_url, "https://localhost");
}

static void the_store_has_a_place_for_everyone(void **state)
{
    struct ctx *cx = *state;
    const struct conf *conf;
    assert_ok(cx, load(cx, "", &conf));
    assert_string_equal(conf->store.path,
        arena_printf(cx->arena, "%s/.local/state/feishu-caldav/feishu-caldav.db", here));
    setenv("XDG_STATE_HOME", "/state", 1);
    assert_ok(cx, load(cx, "", &conf));
    assert_string_equal(conf->store.path, "/state/feishu-caldav/feishu-caldav.db");
    assert_string_equal(
        conf->store.key_file, "/state/feishu-caldav/feishu-caldav.db.key");
    setenv("XDG_STATE_HOME", "relative", 1); /* not allowed: as if it were not set */
    unsetenv("HOME");
    assert_ok(cx, load(cx, "", &conf));
    assert_string_equal(conf->store.path, "/var/lib/feishu-caldav/feishu-caldav.db");
}

static void relative_paths_are_taken_from_the_place_of_the_setting(void **state)
{
    struct ctx *cx = *state;
    const struct conf *conf;
    char cwd[4096];
    setenv("FEISHU_CALDAV_STORE_KEY_FILE", "my.key", 1);
    assert_ok(cx, load(cx, "[store]\npath = my.db\n", &conf));
    assert_string_equal(conf->store.path, arena_printf(cx->arena, "%s/my.db", here));
    assert_non_null(getcwd(cwd, sizeof(cwd)));
    assert_string_equal(conf->store.key_file, arena_printf(cx->arena, "%s/my.key", cwd));
}

static void the_app_secret_may_be_in_a_file_of_its_own(void **state)
{
    struct ctx *cx = *state;
    const struct conf *conf;
    assert_ok(cx, file_write_private(cx, secret_file, " hu#sh\n", 7));
    assert_ok(cx, load(cx, "[feishu]\napp-secret-file = app-secret\n", &conf));
    assert_string_equal(secret_text(&conf->feishu.app_secret), "hu#sh");

    assert_string_equal(
        complaint(cx, "[feishu]\napp-secret = x\napp-secret-file = app-secret\n"),
        arena_printf(cx->arena,
            ":3: feishu.app-secret-file: app-secret is set too (%s:2)", file));
    setenv("FEISHU_CALDAV_FEISHU_APP_SECRET", "from outside", 1);
    assert_ok(cx, load(cx, "[feishu]\napp-secret-file = app-secret\n", &conf));
    assert_string_equal(secret_text(&conf->feishu.app_secret), "from outside");
    unsetenv("FEISHU_CALDAV_FEISHU_APP_SECRET");
    setenv("FEISHU_CALDAV_FEISHU_APP_SECRET_FILE", secret_file, 1);
    assert_ok(cx, load(cx, "[feishu]\napp-secret = x\n", &conf));
    assert_string_equal(secret_text(&conf->feishu.app_secret), "hu#sh");
    unsetenv("FEISHU_CALDAV_FEISHU_APP_SECRET_FILE");

    assert_ok(cx, file_write_private(cx, secret_file, " \n", 2));
    assert_non_null(strstr(complaint(cx, "[feishu]\napp-secret-file = app-secret\n"),
        "/app-secret is empty"));
    assert_non_null(strstr(complaint(cx, "[feishu]\napp-secret-file = none\n"),
        "/none: cannot open: No such file"));
}

static void a_named_file_must_exist_and_an_unnamed_one_need_not(void **state)
{
    struct ctx *cx = *state;
    const struct conf *conf = NULL;
    unlink(file);
    assert_err(cx, ERR_CONFIG, conf_load(cx, file, &conf));
    assert_string_equal(ctx_error(cx),
        arena_printf(cx->arena, "%s: cannot open: No such file or directory", file));
    if (access("/etc/feishu-caldav.conf", F_OK) != 0) {
        assert_ok(cx, conf_load(cx, NULL, &conf));
        assert_null(conf->file);
        assert_int_equal(cx->err, ERR_OK);
    }
}

static void the_users_file_is_found_without_being_named(void **state)
{
    struct ctx *cx = *state;
    const struct conf *conf;
    setenv("XDG_CONFIG_HOME", here, 1);
    assert_ok(cx, file_write_private(cx, file, "[sync]\nhistory = 9\n", 19));
    assert_ok(cx, conf_load(cx, NULL, &conf));
    assert_string_equal(conf->file, file);
    assert_int_equal(conf->sync.history_days, 9);
}

/* What print writes. */
static const char *printed(struct ctx *cx, const struct conf *conf, bool json)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    if (conf)
        conf_print(conf, json, out);
    else
        conf_list(json, out);
    fclose(out);
    arena_defer(cx->arena, free, text);
    return text;
}

static void printing_strikes_out_secrets(void **state)
{
    struct ctx *cx = *state;
    const struct conf *conf;
    assert_ok(cx, load(cx, "[feishu]\napp-id = cli_\"x\napp-secret = hush\n", &conf));
    const char *text = printed(cx, conf, false), *json = printed(cx, conf, true);
    assert_null(strstr(text, "hush"));
    assert_null(strstr(json, "hush"));
    assert_non_null(strstr(text, "feishu.app-secret = ********\n"));
    assert_non_null(strstr(text, "feishu.encrypt-key =\n"));
    assert_non_null(strstr(text, "sync.poll-interval = 120\n"));
    assert_non_null(strstr(text, "sync.events = auto\n"));
    assert_non_null(strstr(json, "\"feishu.app-secret\": \"********\",\n"));
    assert_non_null(strstr(json, "\"feishu.encrypt-key\": null,\n"));
    assert_non_null(strstr(json, "\"feishu.app-id\": \"cli_\\\"x\",\n"));
    assert_non_null(strstr(json, "\"sync.poll-interval\": 120,\n"));
}

static void what_is_printed_can_be_read_again(void **state)
{
    struct ctx *cx = *state;
    const struct conf *conf, *again;
    assert_ok(cx, load(cx, "[server]\nlisten = [::1]:7\n[sync]\nevents = none\n", &conf));
    struct buf ini = buf_new(cx->arena);
    char **lines = str_split(cx->arena, printed(cx, conf, false), '\n');
    for (; *lines; lines++)
        buf_printf(&ini, "[%.*s]\n%s\n", (int)strcspn(*lines, "."), *lines,
            strchr(*lines, '.') + 1);
    assert_ok(cx, load(cx, ini.data, &again));
    assert_string_equal(printed(cx, again, false), printed(cx, conf, false));
}

static void the_list_names_every_option_and_its_variable(void **state)
{
    struct ctx *cx = *state;
    const char *text = printed(cx, NULL, false), *json = printed(cx, NULL, true);
    for (size_t i = 0; i < conf_options_n; i++) {
        const struct option *option = &conf_options[i];
        assert_non_null(strstr(text,
            arena_printf(cx->arena, "%s.%s\n", option->section, option->name)));
        assert_non_null(strstr(text, option_environment(cx->arena, option)));
        assert_non_null(strstr(json,
            arena_printf(
                cx->arena, "\"option\": \"%s.%s\"", option->section, option->name)));
    }
    assert_non_null(strstr(text, "FEISHU_CALDAV_SYNC_POLL_INTERVAL"));
    assert_non_null(strstr(text, "default: 120 s\n"));
}

#define CONF_TEST(name) cmocka_unit_test_setup_teardown(name, setup, without_ctx)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONF_TEST(nothing_set_gives_the_defaults_of_the_contract),
        CONF_TEST(a_file_sets_every_kind_of_option),
        CONF_TEST(wrong_files_are_refused_with_line_and_reason),
        CONF_TEST(an_error_does_not_repeat_the_value),
        CONF_TEST(lines_may_be_long_but_not_endless),
        CONF_TEST(durations_have_units),
        CONF_TEST(the_environment_wins_over_the_file),
        CONF_TEST(a_wrong_environment_is_refused_by_name),
        CONF_TEST(a_variable_of_no_section_is_somebody_elses),
        CONF_TEST(the_base_url_follows_the_first_address),
        CONF_TEST(the_store_has_a_place_for_everyone),
        CONF_TEST(relative_paths_are_taken_from_the_place_of_the_setting),
        CONF_TEST(the_app_secret_may_be_in_a_file_of_its_own),
        CONF_TEST(a_named_file_must_exist_and_an_unnamed_one_need_not),
        CONF_TEST(the_users_file_is_found_without_being_named),
        CONF_TEST(printing_strikes_out_secrets),
        CONF_TEST(what_is_printed_can_be_read_again),
        CONF_TEST(the_list_names_every_option_and_its_variable),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
