"""Every "yes" of docs/conformance.md names a test that exists."""

import re

import house

TABLE = "docs/conformance.md"
ROW = re.compile(r"^\|(.+)\|$")
NAMED = re.compile(r"`([a-z]\w+)`")
DEFINED = re.compile(
    r"^(?:static void (\w+)\(void \*\*state\)|def (test_\w+)\()", re.MULTILINE)


def tests(top):
    found = {folder.name for folder in (top / "tests/golden").glob("*") if folder.is_dir()}
    for path in house.files(top, "tests", ends=(".c", ".py")):
        for match in DEFINED.finditer(house.read(top, path)):
            found.add(match[1] or match[2])
    return found


def check(top):
    known = tests(top)
    for number, line in enumerate(house.read(top, TABLE).splitlines(), 1):
        row = ROW.match(line)
        cells = [cell.strip() for cell in row[1].split("|")] if row else []
        if "yes" not in cells[:-1] and "no" not in cells[:-1] and "partly" not in cells[:-1]:
            continue
        where = f"{TABLE}:{number}"
        names = NAMED.findall(cells[-1])
        for name in names:
            if name not in known:
                yield f"{where}: there is no test {name}"
        if not cells[-1]:
            yield f"{where}: neither a test nor a reason"
        elif "yes" in cells[:-1] and not names:
            yield f"{where}: a yes without a test"


CLEAN = {
    TABLE: "| 1 | x | yes | `good` |\n| 2 | y | no | not possible, see `test_it` |\n",
    "tests/unit/a.c": "static void good(void **state)\n{\n}\n",
    "tests/plays/test_a.py": "def test_it():\n    pass\n",
}
PLANTS = [
    ({TABLE: "| 1 | x | yes | `bad` |\n"}, f"{TABLE}:1: there is no test bad"),
    ({TABLE: "| 1 | x | yes | |\n"}, f"{TABLE}:1: neither a test"),
    ({TABLE: "a\n| 1 | x | yes | surely |\n"}, f"{TABLE}:2: a yes without"),
]

if __name__ == "__main__":
    house.run(check, CLEAN, PLANTS)
