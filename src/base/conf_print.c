#include "base/conf.h"

#include "base/conf_options.h"
#include "base/str.h"

#define STRUCK_OUT "********"

/* A JSON string, or null. */
static void put_json(FILE *out, const char *text)
{
    struct buf quoted = buf_new(NULL);
    buf_add_json(&quoted, text);
    fputs(text ? buf_str(&quoted) : "null", out);
    buf_free(&quoted);
}

static bool is_number(const struct option *option)
{
    return option->type == OPTION_NUMBER || option->type == OPTION_DURATION;
}

/* The value as text for people; NULL when it is not set. Numbers are printed
 * elsewhere. */
static const char *value_text(const struct conf *conf, const struct option *option)
{
    const void *at = option_at(conf, option);
    if (option->type == OPTION_SECRET)
        return secret_text(at) ? STRUCK_OUT : NULL;
    if (option->type == OPTION_CHOICE)
        return option->choices[*(const int *)at];
    return *(const char *const *)at;
}

static void print_json(const struct conf *conf, FILE *out)
{
    fputs("{\n", out);
    for (size_t i = 0; i < conf_options_n; i++) {
        const struct option *option = &conf_options[i];
        fprintf(out, "  \"%s.%s\": ", option->section, option->name);
        if (is_number(option))
            fprintf(out, "%ld", *(const long *)option_at(conf, option));
        else
            put_json(out, value_text(conf, option));
        fputs(i + 1 < conf_options_n ? ",\n" : "\n", out);
    }
    fputs("}\n", out);
}

void conf_print(const struct conf *conf, bool json, FILE *out)
{
    if (json) {
        print_json(conf, out);
        return;
    }
    for (size_t i = 0; i < conf_options_n; i++) {
        const struct option *option = &conf_options[i];
        const char *text = is_number(option) ? NULL : value_text(conf, option);
        fprintf(out, "%s.%s =", option->section, option->name);
        if (is_number(option))
            fprintf(out, " %ld", *(const long *)option_at(conf, option));
        else if (!str_empty(text))
            fprintf(out, " %s", text);
        fputc('\n', out);
    }
}

static void list_json(struct arena *arena, const struct option *option, FILE *out)
{
    const struct {
        const char *name, *text;
    } members[] = {
        {"option", arena_printf(arena, "%s.%s", option->section, option->name)},
        {"environment", option_environment(arena, option)},
        {"type", option_type_name(option->type)},
        {"default", option->fallback},
        {"unit", option->unit},
        {"meaning", option->text},
    };
    size_t n = sizeof(members) / sizeof(*members);
    fputs("  {", out);
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "%s\"%s\": ", i ? ", " : "", members[i].name);
        put_json(out, members[i].text);
    }
    if (option->choices) {
        fputs(", \"choices\": [", out);
        for (size_t i = 0; option->choices[i]; i++) {
            fputs(i ? ", " : "", out);
            put_json(out, option->choices[i]);
        }
        fputc(']', out);
    }
    fputc('}', out);
}

static void list_plain(struct arena *arena, const struct option *option, FILE *out)
{
    const char *fallback = option->fallback_text ? option->fallback_text :
        option->fallback                         ? option->fallback :
                                                   "not set";
    fprintf(out, "%s.%s\n", option->section, option->name);
    fprintf(out, "    %s\n", option->text);
    fprintf(out, "    type: %s", option_type_name(option->type));
    for (size_t i = 0; option->choices && option->choices[i]; i++)
        fprintf(out, "%s%s", i ? ", " : " of ", option->choices[i]);
    if (option->unit)
        fprintf(out, "; unit: %s", option->unit);
    fprintf(out, "\n    default: %s%s%s\n", fallback,
        option->unit && option->fallback ? " " : "",
        option->unit && option->fallback ? option->unit : "");
    fprintf(out, "    environment: %s\n", option_environment(arena, option));
}

void conf_list(bool json, FILE *out)
{
    struct arena *arena = arena_new();
    if (json)
        fputs("[\n", out);
    for (size_t i = 0; i < conf_options_n; i++) {
        if (json) {
            list_json(arena, &conf_options[i], out);
            fputs(i + 1 < conf_options_n ? ",\n" : "\n", out);
        } else {
            list_plain(arena, &conf_options[i], out);
        }
    }
    if (json)
        fputs("]\n", out);
    arena_free(arena);
}
