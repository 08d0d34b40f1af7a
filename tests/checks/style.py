"""Lines, files and functions stay short; header guards are named after the path."""

import re

import house

LINE_MAX = 90
FILE_MAX = 500
FUNCTION_WANTED = 60
FUNCTION_MAX = 80

# Tests hold tables and stories: they may be longer than the house itself.
SHORT = ("src/", "tests/feishu-sim/")


def check_lines(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > LINE_MAX:
            yield f"{path}:{number}: {len(line)} characters, {LINE_MAX} are the most"
        if "\t" in line:
            yield f"{path}:{number}: a tab"
        if line != line.rstrip():
            yield f"{path}:{number}: white space at the end"
    if text and not text.endswith("\n"):
        yield f"{path}:{text.count(chr(10)) + 1}: no newline at the end"
    if text.endswith("\n\n"):
        yield f"{path}:{text.count(chr(10))}: an empty line at the end"


def functions(text):
    """(line, length) of each body: a lone brace at the margin to the next one that closes."""
    start = None
    for number, line in enumerate(text.split("\n"), 1):
        if line == "{":
            start = number
        elif start and line.startswith("}"):
            yield start, number - start - 1
            start = None


def check_lengths(path, text):
    if text.count("\n") > FILE_MAX:
        yield f"{path}:{FILE_MAX}: {text.count(chr(10))} lines, {FILE_MAX} are the most"
    for number, length in functions(text):
        if length > FUNCTION_MAX:
            yield f"{path}:{number}: a function of {length} lines, {FUNCTION_MAX} are the most"
        elif length > FUNCTION_WANTED:
            yield (f"{house.NOTE}{path}:{number}: a function of {length} lines, "
                   f"{FUNCTION_WANTED} are wanted")


def guard_of(path):
    return re.sub(r"\W", "_", re.sub(r"^(src/|tests/feishu-)", "", path)).upper()


def check_guard(path, text):
    guard = guard_of(path)
    code = house.without_comments(text).strip()
    if not re.match(rf"#ifndef {guard}\n#define {guard}\n", code) or not code.endswith("#endif"):
        yield f"{path}:1: the header guard should be {guard}"


def check(top):
    for path in house.files(top, "src", "tests"):
        text = house.read(top, path)
        yield from check_lines(path, text)
        if path.startswith(SHORT):
            yield from check_lengths(path, text)
        if path.endswith(".h"):
            yield from check_guard(path, text)


def function(length):
    return "int f(void)\n{\n" + "    f();\n" * length + "}\n"


CLEAN = {
    "src/base/a.h": "/* What it is. */\n#ifndef BASE_A_H\n#define BASE_A_H\n\n#endif\n",
    "src/main.h": "#ifndef MAIN_H\n#define MAIN_H\n#endif\n",
    "src/base/a.c": "x" * LINE_MAX + "\n" + "\u00e4" * LINE_MAX + "\n" + function(FUNCTION_WANTED),
    "src/base/b.c": "\n" * (FILE_MAX - 1) + "x\n",
    "src/base/t.c": "int t[] = {\n" + "    1,\n" * 100 + "};\n" + function(3) + function(58),
    "tests/unit/t.c": function(FUNCTION_MAX + 1) + "int x;\n" * FILE_MAX,
    "tests/feishu-sim/api.h": "#ifndef SIM_API_H\n#define SIM_API_H\n#endif\n",
    "tests/unit/unit.h": "#ifndef TESTS_UNIT_UNIT_H\n#define TESTS_UNIT_UNIT_H\n#endif\n",
}
PLANTS = [
    ({"src/x.c": "\n" + "x" * (LINE_MAX + 1) + "\n"}, "src/x.c:2: 91 characters"),
    ({"tests/unit/x.c": "x" * (LINE_MAX + 1) + "\n"}, "tests/unit/x.c:1: 91 characters"),
    ({"src/x.c": "\tx\n"}, "src/x.c:1: a tab"),
    ({"src/x.c": "x \n"}, "src/x.c:1: white space"),
    ({"src/x.c": "x\ny"}, "src/x.c:2: no newline"),
    ({"src/x.c": "x\n\n"}, "src/x.c:2: an empty line"),
    ({"src/x.c": "x\n" * (FILE_MAX + 1)}, "src/x.c:500: 501 lines"),
    ({"src/x.c": "\n" + function(FUNCTION_MAX + 1)}, "src/x.c:3: a function of 81 lines"),
    ({"src/x.c": function(FUNCTION_WANTED + 1)}, "note: src/x.c:2: a function of 61 lines"),
    ({"tests/feishu-sim/x.c": function(99)}, "tests/feishu-sim/x.c:2: a function of 99"),
    ({"src/dav/x.h": "#ifndef X_H\n#define X_H\n#endif\n"}, "src/dav/x.h:1: the header guard"),
    ({"src/dav/x.h": "#ifndef DAV_X_H\n#define DAV_Y_H\n#endif\n"}, "src/dav/x.h:1: the header"),
    ({"src/dav/x.h": "#pragma once\n"}, "src/dav/x.h:1: the header guard"),
]

if __name__ == "__main__":
    house.run(check, CLEAN, PLANTS)
