"""The verifiers that scripts name. Each takes an answer and {argument: [values]} and yields a line for
each thing that is wrong."""

import difflib
import re
import urllib.parse
import xml.etree.ElementTree as ET

import calendar_data
from discover import CALDAV, DAV
from elements import matching
from server import FEATURES, FILTERS, NAME



class Wrong(Exception):
    """An answer that cannot be looked at any further."""


def status_of(answer):
    """The status, and of an error its condition."""
    names = re.findall(r"<D:error[^>]*>\s*<(\S+?)[\s/>]", answer.text[:2000])
    return " ".join(["status", str(answer.status), *names])


def tree_of(answer, *statuses):
    if answer.status not in statuses:
        raise Wrong(status_of(answer))
    try:
        return ET.fromstring(answer.text)
    except ET.ParseError as error:
        raise Wrong(f"no XML: {error}") from None


def count_of(values):
    """Numbers may be written as sums."""
    return sum(int(one) for value in values for one in value.split("+"))


def status_code(answer, arguments):
    wanted = arguments.get("status", ["2xx"])
    if not any(one in (str(answer.status), f"{answer.status // 100}xx") for one in wanted):
        yield f"{status_of(answer)}, not {' or '.join(wanted)}"


def header(answer, arguments):
    """NAME, !NAME (not there), *NAME (several), NAME$PATTERN, NAME!PATTERN (not matching)."""
    for wanted in arguments.get("header", []):
        mark = wanted[0] if wanted[0] in "!*" else ""
        name, sign, pattern = re.match(r"([^$!]*)([$!]?)(.*)", wanted[len(mark):], re.S).groups()
        found = [one.replace(" ", "") for one in answer.headers.get_all(name, [])]
        if mark == "!":
            if found:
                yield f"header {name} is there"
        elif not found:
            yield f"no header {name}"
        elif len(found) > 1 and not mark:
            yield f"several headers {name}"
        elif sign:
            if any(re.match(pattern.replace(" ", ""), one) for one in found) != (sign == "$"):
                yield f"header {name} is {', '.join(found)}"


def data_string(answer, arguments):
    if "empty" in arguments:
        if answer.text:
            yield "there is a body"
        return
    if not answer.text:
        yield "no body"
        return
    text = answer.text.replace("\r\n ", "") if "unwrap" in arguments else answer.text

    def has(item):
        return item in text or item.replace("\n", "\r\n") in text
    yield from (f"the body is not {item!r}" for item in arguments.get("equals", []) if text != item)
    yield from (f"the body has no {item!r}" for item in arguments.get("contains", []) if not has(item))
    yield from (f"the body has {item!r}" for item in arguments.get("notcontains", []) if has(item))


def hrefs_of(values, prefix):
    """Each value is a path below prefix, or a list of them: [a,b,-], in which - is prefix itself.
    What has a name in it that stands for nothing is not there."""
    found = set()
    for value in values:
        names = value[1:-1].split(",") if value.startswith("[") else [value or "-"]
        found |= {(prefix + ("" if one == "-" else one)).rstrip("/") for one in names
                  if one and not NAME.search(one)}
    return found


def good(line):
    return re.match(r"HTTP/1\.1 2", line or "") is not None


def responses_of(answer):
    """[(href, response, status or "")] of a multistatus."""
    for response in tree_of(answer, 207).findall(DAV + "response"):
        hrefs = response.findall(DAV + "href")
        if len(hrefs) != 1:
            raise Wrong("a response without one href")
        yield (urllib.parse.unquote(hrefs[0].text or ""), response,
               response.findtext(DAV + "status", ""))


def multistatus_items(answer, arguments):
    prefix = (arguments.get("prefix") or [answer.path])[0]
    prefix = "" if prefix == "-" else prefix
    codes, got = {}, {True: set(), False: set()}
    for href, response, status in responses_of(answer):
        fine = good(status) if status else response.find(DAV + "propstat") is not None
        got[fine].add(href.rstrip("/"))
        codes.setdefault(int(status.split()[1]) if status else 0, set()).add(href.rstrip("/"))
    for name, number, wanted in (
            ("count", len(got[True]) - 1, 1), ("totalcount", len(got[True]), 2),
            ("responsecount", len(got[True] | got[False]), 1)):
        if arguments.get(name):
            if number != count_of(arguments[name][:wanted]):
                yield f"{name} is {number}, not {'+'.join(arguments[name])}"
            return
    if arguments.keys() & {"okhrefs", "nohrefs", "badhrefs"}:
        for name, fine in (("okhrefs", True), ("badhrefs", False)):
            wanted = hrefs_of(arguments.get(name, []), prefix)
            yield from (f"{name}: {href} is missing" for href in sorted(wanted - got[fine]))
            if "ignoremissing" not in arguments:
                yield from (f"{name}: {href} is too much" for href in sorted(got[fine] - wanted))
        unwanted = hrefs_of(arguments.get("nohrefs", []), prefix) & got[True]
        yield from (f"nohrefs: {href} is there" for href in sorted(unwanted))
        return
    wanted = {int(name): hrefs_of(values, prefix) for name, values in arguments.items() if name.isdigit()}
    for code in sorted(wanted.keys() | codes.keys()):
        if wanted.get(code, set()) != codes.get(code, set()):
            yield f"{code}: {sorted(codes.get(code, ()))}, not {sorted(wanted.get(code, ()))}"


def precondition(answer, arguments):
    if str(answer.status) not in arguments.get("status", ["403", "409", "507"]):
        raise Wrong(status_of(answer))
    root = tree_of(answer, answer.status)
    if root.tag != DAV + "error":
        raise Wrong("no DAV:error")
    wanted = set(arguments.get("error", []))
    got = {child.tag for child in root if not child.tag.endswith("}error-description")}
    if wanted - got or (got - wanted and "ignoreextras" not in arguments):
        yield f"error {sorted(got)}, not {sorted(wanted)}"


def canonical(element):
    return ET.canonicalize(ET.tostring(element, encoding="unicode"), strip_text=True,
                           rewrite_prefixes=True)


def value_of(element):
    """A property's text, or its children in one form; None when there is nothing."""
    if len(element):
        return "".join(canonical(_alone(child)) for child in element)
    return element.text or None


def _alone(child):
    """Without the white space behind it."""
    child.tail = None
    return child


def wanted_value(text):
    """A value in an argument: text, or XML in the form of value_of."""
    if text.startswith("<"):
        try:
            return canonical(ET.fromstring(text))
        except ET.ParseError:
            pass
    return text or None


def wanted_properties(values):
    """[(name, sign, value)] of NAME, NAME$VALUE and NAME!VALUE."""
    for value in values:
        name, sign, text = re.match(r"(\{[^}]*\}[^$!]*|[^$!]*)([$!]?)(.*)", value, re.S).groups()
        yield name, sign, wanted_value(text) if sign else None


def properties_of(response):
    """({name: value} of what is there, the same of what is not)."""
    found = {True: {}, False: {}}
    for propstat in response.findall(DAV + "propstat"):
        fine = good(propstat.findtext(DAV + "status"))
        for item in propstat.find(DAV + "prop"):
            found[fine][item.tag] = value_of(item)
    return found[True], found[False]


def looked_at(answer, arguments):
    only, ignored = arguments.get("only", []), arguments.get("ignore", [])
    for href, response, _ in responses_of(answer):
        if href not in ignored and (not only or href in only):
            yield href, response


def propfind_items(answer, arguments):
    """okprops and badprops are all that there may be; a name alone allows every value."""
    status = int((arguments.get("status") or [207])[0])
    root = (arguments.get("root-element") or [DAV + "multistatus"])[0]
    if tree_of(answer, status).tag != root:
        raise Wrong(f"no {root}")
    if status != 207 or root != DAV + "multistatus":
        answer = answer.as_multistatus(root)
    if arguments.get("count"):
        number = len(list(looked_at(answer, arguments)))
        if number != count_of(arguments["count"]):
            yield f"{number} responses, not {arguments['count'][0]}"
        return
    for href, response in looked_at(answer, arguments):
        for kind, got in zip(("okprops", "badprops"), properties_of(response)):
            asked = set()
            for name, sign, value in wanted_properties(arguments.get(kind, [])):
                asked.add(name)
                if name not in got:
                    if sign != "!":
                        yield f"{kind} of {href}: no {name}"
                elif sign and (got[name] == value) != (sign == "$"):
                    yield f"{kind} of {href}: {name} is {got[name]}"
            yield from (f"{kind} of {href}: {name} is too much" for name in got.keys() - asked)


def propfind_values(answer, arguments):
    """props: NAME$PATTERN or NAME!PATTERN."""
    for href, response in looked_at(answer, arguments):
        got, _ = properties_of(response)
        for name, sign, pattern in wanted_properties(arguments.get("props", [])):
            if name not in got:
                yield f"{href}: no {name}"
            elif sign and (re.match(pattern or "", got[name] or "") is not None) != (sign == "$"):
                yield f"{href}: {name} is {got[name]}"


def acl_items(answer, arguments):
    for href, response, _ in responses_of(answer):
        held = {child.tag for item in response.iter(DAV + "current-user-privilege-set")
                for privilege in item.findall(DAV + "privilege") for child in privilege}
        yield from (f"{href}: {one} is not granted" for one in set(arguments.get("granted", [])) - held)
        yield from (f"{href}: {one} is granted" for one in set(arguments.get("denied", [])) & held)


def xml_element_match(answer, arguments):
    root = tree_of(answer, 200, 207)
    parents = {child: parent for parent in root.iter() for child in parent}
    if arguments.get("parent"):
        found = matching(root, arguments["parent"][0], parents)
        if len(found) != 1:
            raise Wrong(f"{len(found)} of {arguments['parent'][0]}")
        root = found[0]
    for path in arguments.get("exists", []):
        if not matching(root, path, parents):
            yield f"no {path}"
    for path in arguments.get("notexists", []):
        if matching(root, path, parents):
            yield f"there is {path}"


def difference(got, wanted):
    lines = difflib.unified_diff(wanted, got, "wanted", "got", lineterm="", n=0)
    return " | ".join(list(lines)[2:])


def expected(answer, arguments):
    values = arguments.get("filepath") or []
    if len(values) == 1:
        return answer.read(values[0])
    return arguments["data"][0]


def xml_data_match(answer, arguments):
    def form(text):
        root = ET.fromstring(text)
        for name in arguments.get("filter", []):
            for element in root.iter(name):
                element.clear()
        return canonical(root)
    got = ET.tostring(tree_of(answer, 200, 207), encoding="unicode")
    if form(got) != form(expected(answer, arguments)):
        yield difference(form(got).split(">"), form(expected(answer, arguments)).split(">"))


def data_match(answer, arguments):
    if answer.status not in (200, 207):
        raise Wrong(status_of(answer))
    if arguments["filepath"][0].endswith(".xml"):
        yield from xml_data_match(answer, arguments)
        return
    got, wanted = (text.replace("\r\n", "\n").replace("\n ", "").splitlines()
                   for text in (answer.text, expected(answer, arguments)))
    if got != wanted:
        yield difference(got, wanted)


def calendar_data_match(answer, arguments):
    if str(answer.status) not in arguments.get("status", ["200", "201", "207"]):
        raise Wrong(status_of(answer))
    filters = FILTERS | {one for one in arguments.get("filter", []) if one[0] != "!"}
    filters -= {one[1:] for one in arguments.get("filter", []) if one[0] == "!"}
    zones = "timezones-by-reference" not in FEATURES
    if "doTimezones" in arguments:
        zones = arguments["doTimezones"] == ["true"]
    forms = []
    for text in (answer.text, expected(answer, arguments)):
        try:
            calendar = calendar_data.parse(text)
        except ValueError as error:
            raise Wrong(f"no calendar data: {error}") from None
        calendar = calendar if zones else calendar_data.without_zones(calendar)
        forms.append(list(calendar_data.readable(calendar_data.normal(calendar, filters))))
    if forms[0] != forms[1]:
        yield difference(*forms)


def busy_as_wanted(calendar, arguments):
    """(the VFREEBUSY, what is wrong)"""
    found = [part for part in calendar.parts if part.name == "VFREEBUSY"]
    if len(found) != 1:
        raise Wrong(f"{len(found)} VFREEBUSY")
    got = calendar_data.busy_periods(found[0])
    wrong = []
    for kind, name in (("BUSY", "busy"), ("BUSY-TENTATIVE", "tentative"),
                       ("BUSY-UNAVAILABLE", "unavailable")):
        wanted = calendar_data.busy_periods(calendar_data.parse(
            "BEGIN:VCALENDAR\nFREEBUSY:" + ",".join(arguments[name]) + "\nEND:VCALENDAR"
        )).get("BUSY", []) if arguments.get(name) else []
        if sorted(got.get(kind, [])) != sorted(wanted):
            wrong.append(f"{name} is {got.get(kind, [])}, not {wanted}")
    return found[0], wrong


def free_busy(answer, arguments):
    if answer.status != 200:
        raise Wrong(status_of(answer))
    try:
        yield from busy_as_wanted(calendar_data.parse(answer.text), arguments)[1]
    except ValueError as error:
        raise Wrong(f"no calendar data: {error}") from None


def post_free_busy(answer, arguments):
    wanted = set(arguments.get("attendee", []))
    for text in tree_of(answer, 200).iter(CALDAV + "calendar-data"):
        calendar = calendar_data.parse(text.text)
        who = {value for part in calendar.parts for _, value in part.find("ATTENDEE")}
        if who & wanted:
            wanted -= who
            yield from busy_as_wanted(calendar, arguments)[1]
    if wanted:
        yield f"nothing of {', '.join(sorted(wanted))}"


VERIFIERS = {
    "statusCode": status_code,
    "header": header,
    "dataString": data_string,
    "multistatusItems": multistatus_items,
    "prepostcondition": precondition,
    "propfindItems": propfind_items,
    "propfindValues": propfind_values,
    "aclItems": acl_items,
    "xmlElementMatch": xml_element_match,
    "xmlDataMatch": xml_data_match,
    "dataMatch": data_match,
    "calendarDataMatch": calendar_data_match,
    "freeBusy": free_busy,
    "postFreeBusy": post_free_busy,
}


def verify(name, answer, arguments):
    """What one verifier has to say; an empty list when all is well."""
    if name not in VERIFIERS:
        return [f"there is no verifier {name}"]
    try:
        return list(VERIFIERS[name](answer, arguments))
    except Wrong as error:
        return [str(error)]
