"""Functions that may not be called, and log levels that most rooms may not use."""

import re

import house

# Unbounded, not reentrant, silent about errors, or a shell.
BANNED = """
    strcpy strcat stpcpy sprintf vsprintf gets strtok strncpy strncat
    atoi atol atoll atof localtime gmtime ctime asctime mktime
    rand srand random srandom drand48 alloca system popen tmpnam tempnam mktemp
    icalmemory_tmp_buffer icalmemory_tmp_copy icalmemory_add_tmp_buffer
    icalproperty_get_parameter_as_string
    icalproperty_get_value_as_string icalproperty_get_property_name icalproperty_enum_to_string
    icallangbind_property_eval_string icallangbind_quote_as_ical
""".split()

# libical: what has an _r twin answers from a ring buffer that all threads share.
RING_BUFFER = r"ical\w*_as(?:_ical)?_string|ical\w*_as_ical"

CALL = re.compile(rf"(?<![\w.>])({'|'.join(BANNED)}|{RING_BUFFER})\s*\(")
LOUD = re.compile(r"\bLOG_(?:WARNING|ERROR)\b")
LOUD_ROOMS = re.compile(r"src/(?:main\w*\.c|http/server\w*\.c|bridge/sync\w*\.c|base/log\.[ch])$")


def check(top):
    for path in house.files(top, "src", "tests"):
        text = house.code_only(house.read(top, path))
        for found in CALL.finditer(text):
            yield f"{path}:{house.line_of(text, found.start())}: {found[1]} is banned"
        if path.startswith("src/") and not LOUD_ROOMS.match(path):
            for found in LOUD.finditer(text):
                yield (f"{path}:{house.line_of(text, found.start())}: {found[0]} is for main, "
                       "http/server and bridge/sync alone")


CLEAN = {
    "src/base/a.c": '/* strcpy(a, b) */\nconst char *x = "gets(s)"; // atoi(x)\n'
                    "int my_system(int n);\nint y = snprintf(0, 0, 0);\nint z = row.system(1);\n"
                    "char *t = icaltime_as_ical_string_r(when);\n",
    "src/base/log.c": "int x = LOG_ERROR;\n",
    "src/bridge/sync.c": "void f(void) { log_line(cx, LOG_WARNING, LOG_SYNC, 0); }\n",
    "tests/unit/t.c": "int x = LOG_ERROR;\n",
}
PLANTS = [
    *(({"src/base/x.c": f"int f(void)\n{{\n    {name} (0);\n}}\n"},
       f"src/base/x.c:3: {name} is banned") for name in BANNED),
    ({"tests/unit/x.c": "x = '\"'; strcpy(a, b);\n"}, "tests/unit/x.c:1: strcpy is banned"),
    ({"src/ical/x.c": "x = icalcomponent_as_ical_string(c);\n"},
     "src/ical/x.c:1: icalcomponent_as_ical_string is banned"),
    ({"src/ical/x.c": "x = icalrecurrencetype_as_string(&r);\n"},
     "src/ical/x.c:1: icalrecurrencetype_as_string is banned"),
    ({"src/dav/x.c": "log_line(cx,\n    LOG_WARNING, LOG_DAV, 0);\n"},
     "src/dav/x.c:2: LOG_WARNING is for"),
    ({"src/http/home.c": "log_line(cx, LOG_ERROR, LOG_DAV, 0);\n"},
     "src/http/home.c:1: LOG_ERROR is for"),
]

if __name__ == "__main__":
    house.run(check, CLEAN, PLANTS)
