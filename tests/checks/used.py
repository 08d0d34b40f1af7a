"""Every function that a header declares is called: from another file, or at least from its own and by a
test. What nobody calls goes; what only its own file calls is static."""

import re

import house

DECLARED = re.compile(r"^(?!static|typedef|extern|#)[a-z][\w \t*]*?\b(\w+)\s*\((?!\*)", re.MULTILINE)
WORD = re.compile(r"\b[a-z]\w*\b")

# Windows for tests into what moves by itself or is a table.
FOR_TESTS = {"budget_waiting", "budget_wake", "code_table", "err_name"}


def defines(text, name):
    return re.search(rf"^(?!static)\w[\w \t*]*\b{name}\s*\([^;{{]*\)\s*{{", text, re.MULTILINE)


def check(top):
    texts = {path: house.code_only(house.read(top, path))
             for path in house.files(top, "src", "tests")}
    words = {path: WORD.findall(text) for path, text in texts.items()}
    users = {}
    for path, found in words.items():
        for name in set(found):
            users.setdefault(name, []).append(path)
    for header in (path for path in texts if path.startswith("src/") and path.endswith(".h")):
        for found in DECLARED.finditer(texts[header]):
            name, by = found[1], users[found[1]]
            where = f"{header}:{house.line_of(texts[header], found.start())}"
            own = {path for path in by if path.startswith("src/") and defines(texts[path], name)}
            if any(path.startswith("src/") and path not in own | {header} for path in by) or \
                    words[header].count(name) > 1:
                continue
            called = any(words[path].count(name) > 1 for path in own)
            tested = any(path.startswith("tests/") for path in by)
            if not called and name not in FOR_TESTS:
                yield f"{where}: nobody calls {name}"
            elif called and not tested:
                yield f"{where}: {name} is called by its own file alone, and could be static"


A = "#ifndef BASE_A_H\n#define BASE_A_H\nint a(void);\n#define A2 b()\nint b(void);\n#endif\n"
CLEAN = {
    "src/base/a.h": A,
    "src/base/a.c": "int a(void)\n{\n    return 1;\n}\n\nint b(void)\n{\n    return 1;\n}\n",
    "src/base/c.c": "int x(void) { return a(); }\n",
    "src/base/d.h": "int d(void);\nint err_name(\n    int kind);\n",
    "src/base/d.c": "int d(void)\n{\n    return 1;\n}\nint y = d();\nint err_name(int k)\n{\n}\n",
    "tests/unit/d.c": "int x = d();\n",
}
PLANTS = [
    ({"src/base/c.c": "/* a() */\n"}, "src/base/a.h:3: nobody calls a"),
    ({"src/base/c.c": "", "tests/unit/a.c": "int x = a();\n"}, "src/base/a.h:3: nobody calls a"),
    ({"tests/unit/d.c": ""}, "src/base/d.h:1: d is called by its own file alone"),
]

if __name__ == "__main__":
    house.run(check, CLEAN, PLANTS)
