#include "base/conf.h"

#include "base/conf_options.h"
#include "base/conf_value.h"
#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_BYTES (1024 * 1024)
#define SECRET_MAX_BYTES 4096
#define LINE_MAX_BYTES 8192
#define ENVIRONMENT_PREFIX "FEISHU_CALDAV_"

_Static_assert(sizeof(enum sync_events) == sizeof(int), "OPTION_CHOICE writes an int");

/* The text of one option and where it stands. */
struct setting {
    const char *value; /* NULL = not set */
    const char *where; /* "file:line" or "environment NAME" */
    int line;          /* 0 = from the environment */
};

struct reading {
    struct ctx *cx;
    const char *file;
    const char *rest; /* of the file's text */
    int line;         /* of the text handed out last */
    struct setting *settings; /* as conf_options */
};

/* fgets for inih, which does not pass line numbers to its handler as Debian builds it. */
static char *next_line(char *line, int size_bytes, void *self)
{
    struct reading *reading = self;
    if (!*reading->rest || reading->cx->err)
        return NULL;
    size_t n = strcspn(reading->rest, "\n");
    reading->line++;
    if (n + 2 > (size_t)size_bytes) {
        fail(reading->cx, ERR_CONFIG, "%s:%d: the line has more than %d bytes",
            reading->file, reading->line, size_bytes - 2);
        return NULL;
    }
    memcpy(line, reading->rest, n);
    line[n] = '\0';
    reading->rest += n + (reading->rest[n] == '\n');
    return line;
}

static const struct option *find_option(const char *section, const char *name)
{
    for (size_t i = 0; i < conf_options_n; i++)
        if (str_eq(conf_options[i].section, section) &&
            str_eq(conf_options[i].name, name))
            return &conf_options[i];
    return NULL;
}

static bool known_section(const char *section)
{
    for (size_t i = 0; i < conf_options_n; i++)
        if (str_eq(conf_options[i].section, section))
            return true;
    return false;
}

/* inih's handler: 1 = taken. */
static int take(void *self, const char *section, const char *name, const char *value)
{
    struct reading *reading = self;
    struct ctx *cx = reading->cx;
    if (cx->err)
        return 0;
    const struct option *option = find_option(section, name);
    const char *where = arena_printf(cx->arena, "%s:%d", reading->file, reading->line);
    if (!*section)
        return !fail(cx, ERR_CONFIG, "%s: option %s stands before the first [section]",
            where, name);
    if (!known_section(section))
        return !fail(cx, ERR_CONFIG, "%s: unknown section [%s]", where, section);
    if (!option)
        return !fail(cx, ERR_CONFIG, "%s: unknown option %s.%s", where, section, name);
    struct setting *setting = &reading->settings[option - conf_options];
    if (setting->value)
        return !fail(cx, ERR_CONFIG, "%s: %s.%s is already set in line %d", where,
            section, name, setting->line);
    *setting = (struct setting){
        .value = arena_strdup(cx->arena, value),
        .where = where,
        .line = reading->line,
    };
    return 1;
}

static enum err read_ini(struct ctx *cx, const char *file, struct setting *settings)
{
    char *text;
    size_t len_bytes;
    TRY(file_read(cx, file, FILE_MAX_BYTES, &text, &len_bytes));
    if (strlen(text) != len_bytes)
        return fail(cx, ERR_CONFIG, "%s: holds a NUL byte", file);
    ini_allow_inline_comments = false; /* '#' and ';' are welcome in a secret */
    ini_allow_multiline = false;
    ini_stop_on_first_error = true;
    ini_use_stack = false;
    ini_max_line = LINE_MAX_BYTES;
    ini_initial_alloc = LINE_MAX_BYTES;
    struct reading reading = {.cx = cx, .file = file, .rest = text, .settings = settings};
    cx->err = ERR_OK;
    int line = ini_parse_stream(next_line, &reading, take, &reading);
    if (cx->err)
        return cx->err;
    if (line > 0)
        return fail(cx, ERR_CONFIG,
            "%s:%d: neither a [section] nor name = value nor a comment", file, line);
    return line ? fail(cx, ERR_INTERNAL, "%s: out of memory", file) : ERR_OK;
}

/* An absolute directory from the environment, as the XDG specification wants it. */
static const char *environment_directory(const char *name)
{
    const char *value = getenv(name);
    return value && *value == '/' ? value : NULL;
}

static const char *user_file(struct arena *arena)
{
    const char *xdg = environment_directory("XDG_CONFIG_HOME");
    const char *home = environment_directory("HOME");
    if (xdg)
        return arena_printf(arena, "%s/feishu-caldav.conf", xdg);
    return home ? arena_printf(arena, "%s/.config/feishu-caldav.conf", home) : NULL;
}

static const char *default_store(struct arena *arena)
{
    const char *xdg = environment_directory("XDG_STATE_HOME");
    const char *home = environment_directory("HOME");
    if (xdg)
        return arena_printf(arena, "%s/feishu-caldav/feishu-caldav.db", xdg);
    return arena_printf(arena, "%s/feishu-caldav/feishu-caldav.db",
        home ? arena_printf(arena, "%s/.local/state", home) : "/var/lib");
}

/* The file that counts: the named one, or the first of the usual ones that is there. */
static enum err read_file(struct ctx *cx, const char *named, struct setting *settings,
    const char **file)
{
    const char *const files[] = {named ? named : user_file(cx->arena),
        named ? NULL : "/etc/feishu-caldav.conf"};
    for (size_t i = 0; i < 2; i++) {
        if (!files[i])
            continue;
        enum err err = read_ini(cx, files[i], settings);
        if (!err)
            *file = arena_strdup(cx->arena, files[i]);
        if (!err || err == ERR_CONFIG)
            return err;
        if (named || err != ERR_NOT_FOUND)
            return fail(cx, ERR_CONFIG, "%s", ctx_error(cx));
        cx->err = ERR_OK;
        cx->err_text = NULL;
    }
    return ERR_OK;
}

static const struct option *find_variable(struct arena *arena, const char *name)
{
    for (size_t i = 0; i < conf_options_n; i++)
        if (str_eq(option_environment(arena, &conf_options[i]), name))
            return &conf_options[i];
    return NULL;
}

/* Other variables with our prefix are somebody's own, such as those of a script that
 * runs the program. */
static bool names_section(const char *name)
{
    for (size_t i = 0; i < conf_options_n; i++) {
        const char *section = conf_options[i].section;
        const char *rest = name + strlen(ENVIRONMENT_PREFIX);
        if (str_istarts(rest, section) && rest[strlen(section)] == '_')
            return true;
    }
    return false;
}

static enum err read_environment(struct ctx *cx, struct setting *settings)
{
    for (char **at = environ; at && *at; at++) {
        const char *equals = strchr(*at, '=');
        if (!equals || !str_starts(*at, ENVIRONMENT_PREFIX))
            continue;
        const char *name = arena_strndup(cx->arena, *at, (size_t)(equals - *at));
        const struct option *option = find_variable(cx->arena, name);
        if (!option && !names_section(name))
            continue;
        if (!option)
            return fail(cx, ERR_CONFIG, "environment %s: unknown option", name);
        settings[option - conf_options] = (struct setting){
            .value = str_trim(cx->arena, equals + 1),
            .where = arena_printf(cx->arena, "environment %s", name),
        };
    }
    return ERR_OK;
}

static const struct setting *setting_of(
    const struct setting *settings, const char *section, const char *name)
{
    return &settings[find_option(section, name) - conf_options];
}

static bool is_set(const struct setting *setting)
{
    return !str_empty(setting->value);
}

static enum err read_secret_file(struct ctx *cx, const struct setting *settings,
    struct conf *conf)
{
    const struct setting *direct = setting_of(settings, "feishu", "app-secret");
    const struct setting *named = setting_of(settings, "feishu", "app-secret-file");
    char *text;
    size_t len_bytes;
    if (!is_set(named))
        return ERR_OK;
    if (is_set(direct)) {
        if (!direct->line == !named->line)
            return fail(cx, ERR_CONFIG,
                "%s: feishu.app-secret-file: app-secret is set too (%s)", named->where,
                direct->where);
        /* The environment wins over the file. */
        if (!direct->line)
            return ERR_OK;
    }
    if (file_read(cx, conf->feishu.app_secret_file, SECRET_MAX_BYTES, &text, &len_bytes))
        return fail(cx, ERR_CONFIG, "%s: feishu.app-secret-file: %s", named->where,
            ctx_error(cx));
    char *trimmed = str_trim(cx->arena, text);
    conf->feishu.app_secret = secret_new(cx->arena, trimmed);
    explicit_bzero(text, len_bytes);
    explicit_bzero(trimmed, strlen(trimmed));
    if (str_empty(secret_text(&conf->feishu.app_secret)))
        return fail(cx, ERR_CONFIG, "%s: feishu.app-secret-file: %s is empty",
            named->where, conf->feishu.app_secret_file);
    return ERR_OK;
}

/* Plain HTTP would show passwords to everybody on the way. */
static enum err refuse_plain(struct ctx *cx, const struct setting *settings,
    const struct conf *conf)
{
    char **addresses = str_split(cx->arena, conf->server.listen, ' ');
    if (conf->server.tls_cert || !str_empty(conf->server.trusted_proxy))
        return ERR_OK;
    for (; *addresses; addresses++)
        if (!listen_loopback(cx->arena, *addresses))
            return fail(cx, ERR_CONFIG,
                "%s: server.listen: %s is not loopback: plain HTTP there would show "
                "passwords; set server.tls-cert and server.tls-key, or "
                "server.trusted-proxy",
                setting_of(settings, "server", "listen")->where, *addresses);
    return ERR_OK;
}

/* What follows from other options. */
static enum err derive(struct ctx *cx, const struct setting *settings, struct conf *conf)
{
    const struct setting *cert = setting_of(settings, "server", "tls-cert");
    const struct setting *key = setting_of(settings, "server", "tls-key");
    if (is_set(cert) != is_set(key))
        return fail(cx, ERR_CONFIG,
            "%s: server.tls-cert and server.tls-key need each other",
            is_set(cert) ? cert->where : key->where);
    TRY(refuse_plain(cx, settings, conf));
    TRY(read_secret_file(cx, settings, conf));
    if (!conf->server.base_url)
        conf->server.base_url =
            listen_url(cx->arena, *str_split(cx->arena, conf->server.listen, ' '),
                conf->server.tls_cert != NULL);
    if (!conf->store.path)
        conf->store.path = default_store(cx->arena);
    if (!conf->store.key_file)
        conf->store.key_file = arena_printf(cx->arena, "%s.key", conf->store.path);
    return ERR_OK;
}

static enum err directory_here(struct ctx *cx, char **directory)
{
    char here[4096];
    if (!getcwd(here, sizeof(here)))
        return fail(
            cx, ERR_IO, "the current directory cannot be read: %s", strerror(errno));
    *directory = arena_strdup(cx->arena, here);
    return ERR_OK;
}

enum err conf_load(struct ctx *cx, const char *file, const struct conf **conf)
{
    struct setting *settings = ARENA_ARRAY(cx->arena, struct setting, conf_options_n);
    struct conf *loaded = ARENA_NEW(cx->arena, struct conf);
    char *here;
    TRY(directory_here(cx, &here));
    TRY(read_file(cx, file, settings, &loaded->file));
    TRY(read_environment(cx, settings));
    const char *beside = loaded->file ? path_dirname(cx->arena, loaded->file) : here;
    if (*beside != '/')
        beside = arena_printf(cx->arena, "%s/%s", here, beside);
    for (size_t i = 0; i < conf_options_n; i++) {
        const struct setting *setting = &settings[i];
        const char *value = setting->value ? setting->value : conf_options[i].fallback;
        const char *where = setting->value ? setting->where : "default";
        if (value)
            TRY(option_read(cx, &conf_options[i], value, where,
                setting->line ? beside : here, loaded));
    }
    TRY(derive(cx, settings, loaded));
    *conf = loaded;
    return ERR_OK;
}
