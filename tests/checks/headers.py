"""Every header stands alone: it compiles without anything before it, and twice over.

CC and CHECK_CPPFLAGS come from the makefile.
"""

import os
import shlex
import subprocess

import house


def compile_header(top, path):
    source = f'#include "{path}"\n' * 2
    command = [
        *shlex.split(os.environ.get("CC", "cc")), "-std=gnu11", "-Wall", "-Wextra", "-Werror",
        "-fsyntax-only", "-I", str(top / "src"), "-I", str(top),
        *shlex.split(os.environ.get("CHECK_CPPFLAGS", "-D_GNU_SOURCE")), "-x", "c", "-",
    ]
    return subprocess.run(command, input=source, text=True, capture_output=True, check=False)


def check(top):
    for path in house.files(top, "src", ends=(".h",)):
        result = compile_header(top, path)
        if result.returncode:
            first = next((line for line in result.stderr.splitlines() if "error" in line),
                         result.stderr)
            yield f"{path}:1: does not compile alone: {first}"


CLEAN = {
    "src/base/a.h": "#ifndef A\n#define A\n#include <stddef.h>\nsize_t f(void);\n#endif\n",
    "src/base/b.h": '#ifndef B\n#define B\n#include "base/a.h"\nstruct b { size_t n; };\n#endif\n',
}
PLANTS = [
    ({"src/dav/x.h": "#ifndef X\n#define X\nsize_t g(void);\n#endif\n"}, "src/dav/x.h:1:"),
    ({"src/dav/x.h": '#include "base/none.h"\n'}, "src/dav/x.h:1:"),
    ({"src/dav/x.h": "struct twice { int n; };\n"}, "src/dav/x.h:1:"),
]

if __name__ == "__main__":
    house.run(check, CLEAN, PLANTS)
