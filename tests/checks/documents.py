"""Every line of the tables of claims (docs/notifications.md, docs/text.md) names tests that exist."""

import conformance
import house

TABLES = ("docs/notifications.md", "docs/text.md")


def check(top):
    known = conformance.tests(top)
    for table in TABLES:
        for number, line in enumerate(house.read(top, table).splitlines(), 1):
            row = conformance.ROW.match(line)
            cell = row[1].split("|")[-1].strip() if row else "Tests"
            if cell == "Tests" or not cell.strip("- "):
                continue
            names = conformance.NAMED.findall(cell)
            if not names:
                yield f"{table}:{number}: a claim without a test"
            for name in names:
                if name not in known:
                    yield f"{table}:{number}: there is no test {name}"


HEAD = "| What | Who | Tests |\n| --- | --- | --- |\n"
CLEAN = {
    "docs/notifications.md": HEAD + "| x | y | `good` |\n",
    "docs/text.md": HEAD + "| x | y | `good`, `test_it` |\n",
    "tests/unit/a.c": "static void good(void **state)\n{\n}\n",
    "tests/plays/test_a.py": "def test_it():\n    pass\n",
}
PLANTS = [
    ({"docs/text.md": HEAD + "| x | y | `bad` |\n"}, "docs/text.md:3: there is no test bad"),
    ({"docs/text.md": HEAD + "| x | y | surely |\n"}, "docs/text.md:3: a claim without"),
]

if __name__ == "__main__":
    house.run(check, CLEAN, PLANTS)
