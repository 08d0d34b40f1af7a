#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "switches.h"

static int characters(const char *s)
{
    int n = 0;

    for (; *s; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

/* Characters are never more than bytes: most texts need no count. */
static bool is_longer(const char *text, size_t bytes, int max)
{
    return bytes > (size_t)max && characters(text) > max;
}

static bool is_shorter(const char *text, size_t bytes, int min)
{
    return bytes < (size_t)min || characters(text) < min;
}

static bool is_word_of(const char *words, const char *text)
{
    size_t len = strlen(text);

    while (*words) {
        size_t n = strcspn(words, "|");

        if (n == len && strncmp(words, text, n) == 0)
            return true;
        words += n + (words[n] == '|');
    }
    return false;
}

static const char *text_fault(const struct field *f, const char *text)
{
    if (f->words && !is_word_of(f->words, text))
        return "value is not one of the allowed words";
    if (f->max && is_longer(text, strlen(text), f->max))
        return "the length is over the maximum";
    if (f->min && is_shorter(text, strlen(text), f->min))
        return "the length is below the minimum";
    return NULL;
}

static const char *number_fault(const struct field *f, double value)
{
    if (!f->min && !f->max)
        return NULL;
    if (value > f->max)
        return "the value is over the maximum";
    return value < f->min ? "the value is below the minimum" : NULL;
}

static bool whole_number(const char *text, double *out)
{
    const char *digits = *text == '-' ? text + 1 : text;

    if (!*digits || strspn(digits, "0123456789") != strlen(digits) || strlen(digits) > 18)
        return false;
    *out = strtod(text, NULL);
    return true;
}

static const char *query_fault(const struct field *f, const char *value)
{
    double number = 0;
    const char *fault;

    if (f->type == F_BOOL)
        return strcmp(value, "true") == 0 || strcmp(value, "false") == 0
            ? NULL
            : "the value is not a boolean";
    if (f->type != F_INT)
        return text_fault(f, value);
    if (!whole_number(value, &number))
        return "the value is not an integer";
    fault = number_fault(f, number);
    if (fault && number < f->min &&
        (f->soft_min ||
            (strcmp(f->path, "page_size") == 0 &&
                sw_is(SW_PAGE_SIZE_BELOW_MIN, "clamp"))))
        return NULL;
    return fault;
}

int check_query(const struct request *rq, struct reply *rp, const struct field *table)
{
    for (const struct field *f = table; f && f->type != F_END; f++) {
        const char *value = query_get(rq, f->path), *fault;

        if (!value || (!*value && !f->required)) {
            if (f->required)
                refuse_field(rp, 99992402, f->path, "", "the parameter is required");
            continue;
        }
        if (f->type == F_STRINGS)
            continue;
        fault = query_fault(f, value);
        if (fault)
            refuse_field(rp, 99992402, f->path, value, fault);
    }
    return rp->code;
}

static bool type_matches(const struct field *f, const cJSON *v)
{
    const cJSON *element;

    switch (f->type) {
    case F_STRING:
        return cJSON_IsString(v);
    case F_INT:
        return cJSON_IsNumber(v) && v->valuedouble == floor(v->valuedouble) &&
            fabs(v->valuedouble) <= 2147483648.0;
    case F_NUMBER:
        return cJSON_IsNumber(v);
    case F_BOOL:
        return cJSON_IsBool(v);
    case F_OBJECT:
        return cJSON_IsObject(v);
    case F_STRINGS:
    case F_OBJECTS:
        if (!cJSON_IsArray(v))
            return false;
        cJSON_ArrayForEach(element, v)
        {
            if (f->type == F_STRINGS ? !cJSON_IsString(element)
                                     : !cJSON_IsObject(element))
                return false;
        }
        return true;
    default:
        return false;
    }
}

static const char *value_fault(const struct field *f, const cJSON *v)
{
    int n;

    if (f->type == F_STRING)
        return text_fault(f, v->valuestring);
    if (f->type == F_INT)
        return number_fault(f, v->valuedouble);
    if (f->type != F_STRINGS && f->type != F_OBJECTS)
        return NULL;
    n = cJSON_GetArraySize(v);
    if (f->max && n > f->max)
        return "too many elements";
    return n < f->min ? "too few elements" : NULL;
}

static void one_value(struct reply *rp, const struct field *f, const cJSON *v)
{
    char *text;
    const char *fault;

    if (!type_matches(f, v)) {
        if (!rp->code)
            refuse_with(rp, 9499,
                "Invalid parameter type in json: %s. Invalid parameter value", f->path);
        return;
    }
    fault = value_fault(f, v);
    if (!fault)
        return;
    text = cJSON_PrintUnformatted(v);
    refuse_field(rp, 99992402, f->path, text && strlen(text) < 200 ? text : "", fault);
    cJSON_free(text);
}

/* A member by the first n bytes of a name. */
static const cJSON *member(const cJSON *object, const char *name, size_t n)
{
    const cJSON *m;

    cJSON_ArrayForEach(m, object)
    {
        if (*m->string == *name && strncmp(m->string, name, n) == 0 && !m->string[n])
            break;
    }
    return m;
}

/* Walks one step down the path. */
static void walk(
    struct reply *rp, const struct field *f, const char *rest, const cJSON *at)
{
    size_t n = (size_t)(strchrnul(rest, '.') - rest);
    const cJSON *child, *element;

    if (!cJSON_IsObject(at))
        return;
    child = member(at, rest, n);
    if (!rest[n]) {
        if (!child || cJSON_IsNull(child)) {
            if (f->required)
                refuse_field(rp, 99992402, f->path, "", "the field is required");
        } else {
            one_value(rp, f, child);
        }
        return;
    }
    if (cJSON_IsArray(child)) {
        cJSON_ArrayForEach(element, child) walk(rp, f, rest + n + 1, element);
    } else if (child) {
        walk(rp, f, rest + n + 1, child);
    }
}

int check_body(const struct request *rq, struct reply *rp, const struct field *table)
{
    static const cJSON none = {.type = cJSON_Object};

    if (rq->json && !cJSON_IsObject(rq->json) && table)
        refuse_with(rp, 9499, "Invalid parameter type in json");
    for (const struct field *f = table; f && f->type != F_END; f++)
        walk(rp, f, f->path, rq->json ? rq->json : &none);
    return rp->code;
}

int page_size(const struct request *rq, int missing, int min, int max)
{
    int64_t n = query_number(rq, "page_size", missing);

    return (int)(n < min ? min : (n > max ? max : n));
}
