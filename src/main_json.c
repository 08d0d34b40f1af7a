#include "base/str.h"
#include "main.h"

#include <stdio.h>

void json_text_member(const char *name, const char *text, const char *behind)
{
    struct buf quoted = buf_new(NULL);
    buf_add_json(&quoted, text);
    printf("\"%s\":%s%s", name, buf_str(&quoted), behind);
    buf_free(&quoted);
}
