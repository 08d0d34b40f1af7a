"""Includes go downwards only. What is not allowed here is forbidden."""

import posixpath
import re

import house

# A layer, and what it may include: a folder with all its headers, or one header.
ALLOWED = {
    "main": ["http", "bridge", "base"],
    "http": ["dav/dav.h", "bridge/account.h", "bridge/bridge.h", "bridge/events.h", "base"],
    "dav": ["bridge/backend.h", "ical", "base"],
    "bridge": ["ical", "store", "feishu", "notify", "base"],
    "ical": ["base"],
    "store": ["base"],
    "feishu": ["base"],
    "notify": ["base"],
    "base": [],
}

# A library's headers, and the layers that may know it.
FOREIGN = {
    r"microhttpd": ["http"],
    r"libxml/": ["dav"],
    r"libical/|ical\.h": ["ical"],
    r"curl/": ["feishu", "notify"],
    r"cjson/|cJSON": ["feishu", "bridge"],
    r"sqlite3": ["store"],
    r"libpq": ["store"],
    r"openssl/": ["base"],
    r"ini\.h": ["base"],
    r"qrencode": ["http"],
    r"zlib": ["http"],
    r"wslay/|protobuf-c/": ["feishu"],
    r"systemd/": ["main", "http"],
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)


def layer_of(path):
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else "main"


def own_is_allowed(layer, header):
    if layer == "main" and re.fullmatch(r"main\w*\.h", header):
        return True
    wanted = [*ALLOWED[layer], layer, "config.h"]
    return header in wanted or posixpath.dirname(header) in wanted


def foreign_is_allowed(layer, header):
    for pattern, layers in FOREIGN.items():
        if re.match(pattern, header):
            return layer in layers
    return True


def check_source(top, path):
    layer = layer_of(path)
    text = house.without_comments(house.read(top, path))
    for found in INCLUDE.finditer(text):
        where = f"{path}:{house.line_of(text, found.start())}"
        header = found[2]
        if layer not in ALLOWED:
            yield f"{where}: src/{layer} is no layer"
        elif found[1] == "<":
            if not foreign_is_allowed(layer, header):
                yield f"{where}: {layer} may not include <{header}>"
        elif not own_is_allowed(layer, header):
            yield f"{where}: {layer} may not include \"{header}\""


def check_simulator(top, path):
    """The simulator is a second reading of Feishu's documentation: it shares no code."""
    text = house.without_comments(house.read(top, path))
    beside = posixpath.dirname(path)
    for found in INCLUDE.finditer(text):
        header = found[2]
        places = (posixpath.normpath(posixpath.join(folder, header))
                  for folder in (beside, "tests/feishu-sim"))
        own = any((top / p).is_file() and p.startswith("tests/feishu-sim/") for p in places)
        if (found[1] == '"' and not own and header != "config.h") or (
                top / "src" / header).is_file():
            yield (f"{path}:{house.line_of(text, found.start())}: "
                   f"the simulator may not include \"{header}\"")


def check(top):
    for path in house.files(top, "src"):
        yield from check_source(top, path)
    for path in house.files(top, "tests/feishu-sim"):
        yield from check_simulator(top, path)


CLEAN = {
    "src/main.c": '#include "main.h"\n#include "main_x.h"\n#include "http/server.h"\n#include <stdio.h>\n',
    "src/http/server.c": '#include "dav/dav.h"\n#include <microhttpd.h>\n',
    "src/dav/put.c": '#include "ical/ics.h"\n#include "bridge/backend.h"\n',
    "src/bridge/pull.c": '#include "store/store.h"\n/* #include "dav/dav.h" */\n',
    "src/base/str.h": "#include <stddef.h>\n",
    "tests/feishu-sim/sim.c": '#include "sim.h"\n#include "config.h"\n',
    "tests/feishu-sim/sim.h": "#include <cjson/cJSON.h>\n",
}
PLANTS = [
    ({"src/base/str.c": '\n#include "store/store.h"\n'}, "src/base/str.c:2: base may not"),
    ({"src/ical/ics.c": '#include "store/store.h"\n'}, "src/ical/ics.c:1: ical may not"),
    ({"src/store/store.c": '#include "feishu/client.h"\n'}, "src/store/store.c:1: store may"),
    ({"src/feishu/client.c": '# include "ical/ics.h"\n'}, "src/feishu/client.c:1: feishu may"),
    ({"src/dav/get.c": '#include "bridge/bridge.h"\n'}, "src/dav/get.c:1: dav may not"),
    ({"src/dav/get.c": '#include "feishu/client.h"\n'}, "src/dav/get.c:1: dav may not"),
    ({"src/dav/get.c": '#include "../store/store.h"\n'}, "src/dav/get.c:1: dav may not"),
    ({"src/dav/get.c": "#include <sqlite3.h>\n"}, "src/dav/get.c:1: dav may not"),
    ({"src/bridge/pull.c": '#include "dav/dav.h"\n'}, "src/bridge/pull.c:1: bridge may not"),
    ({"src/bridge/x.c": "#include <libical/ical.h>\n"}, "src/bridge/x.c:1: bridge may not"),
    ({"src/http/home.c": '#include "bridge/pull.h"\n'}, "src/http/home.c:1: http may not"),
    ({"src/http/home.c": '#include "dav/xml.h"\n'}, "src/http/home.c:1: http may not"),
    ({"src/main_sync.c": '#include "store/store.h"\n'}, "src/main_sync.c:1: main may not"),
    ({"src/http/home.c": '#include "main.h"\n'}, "src/http/home.c:1: http may not"),
    ({"src/util/x.c": '#include "base/str.h"\n'}, "src/util/x.c:1: src/util is no layer"),
    ({"src/base/str.c": '#include "tests/feishu-sim/sim.h"\n'}, "src/base/str.c:1: base"),
    ({"tests/feishu-sim/x.c": '#include "base/str.h"\n'}, "tests/feishu-sim/x.c:1: the sim"),
    ({"tests/feishu-sim/x.c": '#include "../../src/base/str.h"\n'},
     "tests/feishu-sim/x.c:1: the sim"),
]

if __name__ == "__main__":
    house.run(check, CLEAN, PLANTS)
