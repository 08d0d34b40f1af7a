#include "config.h"

#include "main.h"

#include <stdio.h>

void json_text_member(const char *name, const char *text, const char *behind)
{
    printf("\"%s\":\"", name);
    for (const char *at = text ? text : ""; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 0x20)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    printf("\"%s", behind);
}
