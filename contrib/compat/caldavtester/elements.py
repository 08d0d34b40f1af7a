"""The paths by which scripts point at elements of an answer: steps of {namespace}name, . or .., each with
any number of tests in brackets."""

import json
import re

import calendar_data

STEP = re.compile(r"(\.\.|\.|\*|(?:\{[^}]*\})?[^/\[{]+)((?:\[.*?\](?=\[|/|$))*)(?:/|$)", re.S)
TEST = re.compile(r"\[(.*?)\](?=\[|$)", re.S)


def parses(function, text):
    try:
        function(text or "")
    except ValueError:
        return False
    return True


def child_is(node, test):
    name, equals, value = test.partition("=") if not test.startswith("{") else (
        *re.match(r"(\{[^}]*\}[^=]*)(=?)(.*)", test, re.S).groups(),)
    return any(child.tag == name and (not equals or (child.text or "") == value) for child in node)


def attribute_is(node, test):
    name, equals, value = test.partition("=")
    return name in node.attrib and (not equals or node.get(name) == value[1:-1])


def holds(node, test):
    """One test: @attribute, =text, !not that text, *containing, $not containing, +beginning with,
    ^child, | empty, || not empty, icalendar, json."""
    text, kind, rest = node.text or "", test[:1], test[1:]
    if test == "icalendar":
        return parses(calendar_data.parse, text)
    if test == "json":
        return parses(json.loads, text)
    if kind == "|":
        return (not node.text and not len(node)) != (rest == "|")
    return {
        "@": lambda: attribute_is(node, rest), "=": lambda: text == rest, "!": lambda: text != rest,
        "*": lambda: rest in text, "$": lambda: node.text is not None and rest not in text,
        "+": lambda: text.startswith(rest), "^": lambda: child_is(node, rest),
    }[kind]()


def matching(root, path, parents):
    """The elements at a path that begins with the name of root, with . or with .. ."""
    nodes, first = [root], True
    for step in STEP.finditer(path.lstrip("/")):
        name, tests = step[1], TEST.findall(step[2])
        if name == "..":
            nodes = [parents[node] for node in nodes if node in parents]
        elif first:
            nodes = [node for node in nodes if name in (".", node.tag)]
        elif name != ".":
            nodes = [child for node in nodes for child in node if name in ("*", child.tag)]
        nodes = [node for node in dict.fromkeys(nodes) if all(holds(node, test) for test in tests)]
        first = False
    return nodes
