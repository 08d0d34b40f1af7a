"""What the checks of the house share: walking the tree, reading C, planting offences.

A check is a function of the top directory that yields complaints "path:line: text". Before it
looks at the real tree it must find each planted offence in a tree made for the purpose, and
nothing in a clean one: a check that sees nothing is no check. A complaint that begins with NOTE
is shown and forgiven.
"""

import os
import pathlib
import re
import sys
import tempfile

NOTE = "note: "
TOP = pathlib.Path(os.environ.get("srcdir") or pathlib.Path(__file__).parents[2]).resolve()

_TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""",
    re.DOTALL,
)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    return _TOKEN.sub(lambda m: _blank(m[0]) if m["comment"] else m[0], text)


def code_only(text):
    """Neither comments nor what stands in quotes; the lines keep their numbers."""
    return _TOKEN.sub(lambda m: _blank(m[0]) if m["comment"] else '"' + _blank(m[0])[2:] + '"',
                      text)


def files(top, *folders, ends=(".c", ".h")):
    """Paths below the folders, as text relative to top, in order."""
    found = []
    for folder in folders:
        for path in (top / folder).rglob("*"):
            if path.is_file() and path.name.endswith(ends):
                found.append(path.relative_to(top).as_posix())
    return sorted(found)


def read(top, path):
    return (top / path).read_text(encoding="utf-8")


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def _complaints(check, tree):
    with tempfile.TemporaryDirectory() as name:
        top = pathlib.Path(name)
        for path, text in tree.items():
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_text(text, encoding="utf-8")
        return list(check(top))


def run(check, clean, plants):
    """clean: {path: text}. plants: ({path: text}, start of the complaint expected)."""
    seen = _complaints(check, clean)
    if seen:
        sys.exit(f"the check complains about a clean tree: {seen}")
    for tree, expected in plants:
        seen = _complaints(check, {**clean, **tree})
        if not any(complaint.startswith(expected) for complaint in seen):
            sys.exit(f"the check does not see what was planted: {expected!r}; it says {seen}")
    complaints = list(check(TOP))
    print("\n".join(complaints))
    sys.exit(any(not complaint.startswith(NOTE) for complaint in complaints))
