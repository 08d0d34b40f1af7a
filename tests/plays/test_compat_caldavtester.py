"""Scripts in the format of Apple's caldavtester judge the bridge: those of contrib/compat/caldavtester
always, Apple's own where COMPAT_SOURCE_caldavtester names a copy of its repository."""

import os
import subprocess
import sys

import pytest
from bridge import UNLIMITED, Bridge
from compat import COMPAT, PERSON, desk, judge, left_behind
from feishu_sim import FeishuSim

BOB = "ou_bob00000000000000000000000000002"
RUN = "caldavtester/run.py"
APPLES_USERS = 10
# Claims that are wrong, one for each verifier and for what requests keep.
WRONG = {
    "statusCode": "<arg><name>status</name><value>404</value></arg>",
    "header": "<arg><name>header</name><value>!ETag</value></arg>",
    "dataString": "<arg><name>contains</name><value>Lunch</value></arg>",
    "calendarDataMatch": "<arg><name>filepath</name><value>other.ics</value></arg>",
    "dataMatch": "<arg><name>filepath</name><value>other.ics</value></arg>",
    "prepostcondition": "<arg><name>error</name><value>{DAV:}x</value></arg>",
    "multistatusItems": "<arg><name>okhrefs</name><value>1.ics</value></arg>",
    "propfindItems": "<arg><name>okprops</name><value>{DAV:}getetag$x</value></arg>",
    "propfindValues": "<arg><name>props</name><value>{DAV:}getetag$x</value></arg>",
    "aclItems": "<arg><name>granted</name><value>{DAV:}all-of-it</value></arg>",
    "xmlElementMatch": "<arg><name>exists</name><value>/{DAV:}multistatus/{DAV:}no</value></arg>",
    "xmlDataMatch": "<arg><name>filepath</name><value>other.xml</value></arg>",
    "freeBusy": "<arg><name>busy</name><value>20270101T000000Z/PT1H</value></arg>",
    "postFreeBusy": "<arg><name>attendee</name><value>mailto:x@example.com</value></arg>",
    "noSuchVerifier": "",
}
EVENT = ("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20260101T000000Z\n"
         "DTSTART:20270105T100000Z\nDTEND:20270105T110000Z\nSUMMARY:%s\nEND:VEVENT\nEND:VCALENDAR\n")
PROPFIND = ('<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/><D:current-user-privilege-set/></D:prop>'
            "</D:propfind>")
QUESTIONS = {
    "GET": "<method>GET</method><ruri>$calendarpath1:/1.ics</ruri>",
    "PROPFIND": "<method>PROPFIND</method><ruri>$calendarpath1:/</ruri><header><name>Depth</name>"
                "<value>0</value></header><data><content-type>text/xml</content-type>"
                "<filepath>propfind.xml</filepath></data>",
}


def living(sim):
    return {one["calendar_id"] for one in sim.calendars() if not one["is_deleted"]}


def test_scripts_in_caldavtesters_format_find_nothing():
    with desk() as (sim, bridge, ada):
        bob = bridge.sign_in(BOB)
        sim.switch(rate_limit="off")
        before = living(sim)
        print(judge(RUN, ada, "--account", f"{bob.name}:{bob.password}"))
        assert living(sim) == before
        assert left_behind(sim) == []


def test_wrong_claims_are_found(tmp_path):
    scripts = tmp_path / "scripts" / "tests" / "CalDAV"
    scripts.mkdir(parents=True)
    for name, text in (("one.ics", EVENT % "Event"), ("other.ics", EVENT % "Other"),
                       ("other.xml", "<other/>"), ("propfind.xml", PROPFIND)):
        (tmp_path / name).write_text(text)
    tests = [f'<test name="{name} of {method}"><request>{question}<verify><callback>{name}</callback>'
             f"{claim}</verify></request></test>"
             for name, claim in WRONG.items() for method, question in QUESTIONS.items()
             if (name, method) != ("header", "PROPFIND")]  # a calendar has no such header, so that is true
    tests += [f'<test name="{kind}"><request>{QUESTIONS["GET"]}<{kind}><name>no/such</name><variable>$x:'
              f"</variable></{kind}></request></test>"
              for kind in ("grabheader", "grabelement", "grabcalproperty", "grabcalparameter")]
    (scripts / "wrong.xml").write_text(
        "<caldavtest><start><request><method>PUT</method><ruri>$calendarpath1:/1.ics</ruri><data>"
        "<content-type>text/calendar</content-type><filepath>one.ics</filepath></data></request></start>"
        f'<test-suite name="claims">{"".join(tests)}</test-suite></caldavtest>')
    with desk() as (_, _, ada):
        done = subprocess.run(
            [sys.executable, "-B", str(COMPAT / RUN), "--source", str(tmp_path), "--known", os.devnull,
             ada.bridge.url + "/dav/", ada.name, ada.password], text=True, capture_output=True, timeout=60,
            check=False, env={**os.environ, "COMPAT_RESULTS": ""})
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert sum(line.startswith("FAIL ") for line in lines) == len(tests), done.stdout
    assert not [line for line in lines if line.startswith("pass ")], done.stdout


def test_apples_own_scripts_find_nothing_but_what_is_known():
    source = os.environ.get("COMPAT_SOURCE_caldavtester")
    if not source:
        pytest.skip("no copy of caldavtester is named")
    people = [{"open_id": PERSON.replace("ada", f"u{n:02}"), "name": f"User {n:02}",
               "email": f"user{n:02}@example.com", "user_id": f"user{n:04}", "mobile": f"+861380000{n:04}"}
              for n in range(1, APPLES_USERS + 1)]
    with FeishuSim() as sim:
        sim.reset({"tenant": {"tenant_key": "t", "name": "T"}, "people": people, "app": {
            "app_id": "cli_sim0000000000000", "app_secret": "secret", "name": "feishu-caldav",
            "redirect_uris": ["loopback"]}})
        sim.switch(rate_limit="off")
        with Bridge(sim, {"sync.poll-interval": "1", **UNLIMITED}) as bridge:
            one, *others = [bridge.sign_in(person["open_id"]) for person in people]
            more = [word for other in others for word in ("--account", f"{other.name}:{other.password}")]
            print(judge(RUN, one, *more, first=["--source", source]))
