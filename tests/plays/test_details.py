"""What hangs on an event: files as links without tokens, descriptions with markup, floating times under
another zone of the calendar."""

import re

import pytest

from bridge import event, wait_until
from feishu_sim import ADA, BOB, DAY, HOUR, SOON

HOUR, DAY = 3600, 86400
HTML = '<p>Agenda</p><ul><li>one</li><li><b>two</b> &amp; a half</li></ul>'
TEXT = "Agenda\\n- one\\n- two & a half"


def unfolded(text):
    return text.replace("\r\n ", "")


def lines(text, name):
    return [line for line in unfolded(text).splitlines() if re.match(name + "[:;]", line)]


def edited(sim, bridge, client, href, event_id, **fields):
    """What the client gets after an edit in Feishu."""
    before = client.get(href)
    sim.edit(ADA, "event_patch", event_id=event_id, event=fields)
    wait_until(lambda: bridge.sync(client.name) and client.get(href) != before, "the edit")
    return client.get(href)


def put(client, href, text):
    answer = client.put(href, text, {"If-Match": client.members(client.href)[href]})
    assert answer.status_code == 204, answer.text
    return answer


def patches(sim):
    return [call["body"] for call in sim.calls(method="PATCH") if "/events/" in call["path"]]


# ---- files ----

def upload(sim, name, size=3):
    files = {"file_name": (None, name), "parent_type": (None, "calendar"),
             "parent_node": (None, sim.primary(ADA)), "size": (None, str(size)), "file": (name, b"abc")}
    token = sim.tokens(user=ADA, mint=True, scope="drive:drive")["access_token"]
    reply = sim.call(ADA, "POST", "/open-apis/drive/v1/medias/upload_all", token=token, files=files)
    return reply.json()["data"]["file_token"]


@pytest.fixture(name="files")
def fixture_files(sim, bridge, ada):
    """An event with two files: its href, id and their tokens."""
    tokens = [upload(sim, "Plan, final; \"v2\".pdf", 4711), upload(sim, "会议纪要.docx", 12)]
    made = sim.add_event(ADA, "Files", (SOON, SOON + HOUR),
                         attachments=[{"file_token": token} for token in tokens])
    bridge.sync(ada.name)
    href, = ada.members(ada.href)
    sim.clear_calls()
    return href, made["event_id"], tokens


def attached(sim, title="Files"):
    return [file["name"] for file in sim.event(title).get("attachments", [])]


def test_files_are_links_with_name_type_and_size_and_without_tokens(sim, ada, files):
    href, event_id, tokens = files
    text = ada.get(href)
    first, second = lines(text, "ATTACH")
    assert "FILENAME=\"Plan, final; ^'v2^'.pdf\"" in first and ";SIZE=4711" in first
    assert ";FMTTYPE=application/pdf" in first
    assert "FILENAME=会议纪要.docx" in second and ";SIZE=12" in second
    assert "FMTTYPE=application/vnd.openxmlformats-officedocument.wordprocessingml.document" in second
    uris = [line.split(":https", 1)[1] for line in (first, second)]
    assert len(set(uris)) == 2, "Thunderbird tells attachments apart by their address alone"
    assert all(event_id.split("_")[0] in uri for uri in uris)
    for token in tokens:
        assert token not in unfolded(text) and token not in ada.bridge.log()
    assert "VALUE=BINARY" not in text and "access_token" not in text


def test_files_stay_byte_for_byte_while_nothing_changes(sim, bridge, ada, files):
    href, event_id, _ = files
    text, etag = ada.get(href), ada.members(ada.href)[href]
    bridge.sync(ada.name)
    sim.tokens(sync="expire")
    bridge.sync(ada.name)
    assert ada.get(href) == text and ada.members(ada.href)[href] == etag
    other = edited(sim, bridge, ada, href, event_id, summary="Other")
    assert lines(other, "ATTACH") == lines(text, "ATTACH")


def test_a_client_that_echoes_files_writes_none_of_them(sim, ada, files):
    href, _, _ = files
    put(ada, href, ada.get(href).replace("SUMMARY:Files", "SUMMARY:Echo"))
    assert [set(body) for body in patches(sim)] == [{"summary", "need_notification"}]
    assert attached(sim, "Echo") == ["Plan, final; \"v2\".pdf", "会议纪要.docx"]
    assert len(lines(ada.get(href), "ATTACH")) == 2


def test_a_client_that_leaves_files_out_loses_none_of_them(sim, bridge, ada, files):
    href, _, _ = files
    served = ada.get(href)
    bare = re.sub(r"ATTACH[^\r]*\r\n( [^\r]*\r\n)*", "", served)
    assert "ATTACH" not in bare
    answer = put(ada, href, bare)
    assert not patches(sim) and len(attached(sim)) == 2
    assert "ETag" not in answer.headers, "what is served is not what was sent"
    assert lines(ada.get(href), "ATTACH") == lines(served, "ATTACH")
    bridge.sync(ada.name)
    assert lines(ada.get(href), "ATTACH") == lines(served, "ATTACH")


def test_a_changed_link_is_put_right_and_own_attachments_stay(sim, ada, files):
    href, _, _ = files
    served = unfolded(ada.get(href))
    own = "ATTACH;FMTTYPE=text/plain:https://files.example/mine.txt"
    inline = "ATTACH;ENCODING=BASE64;VALUE=BINARY:aGVsbG8="
    changed = served.replace("startTime=1800000000", "startTime=1").replace(
        "SUMMARY:", f"{own}\r\n{inline}\r\nSUMMARY:")
    put(ada, href, changed)
    assert not patches(sim)
    text = ada.get(href)
    assert own in unfolded(text) and inline in unfolded(text)
    assert [line for line in lines(text, "ATTACH") if "feishu" in line] == lines(served, "ATTACH")


def test_files_added_and_removed_in_feishu_come_and_go(sim, bridge, ada, files):
    href, event_id, tokens = files
    served = ada.get(href)
    text = edited(sim, bridge, ada, href, event_id,
                  attachments=[{"file_token": tokens[0], "is_deleted": True}])
    assert lines(text, "ATTACH") == lines(served, "ATTACH")[1:]
    text = edited(sim, bridge, ada, href, event_id, attachments=[{"file_token": upload(sim, "a.txt")}])
    assert len(lines(text, "ATTACH")) == 2 and "FILENAME=a.txt" in lines(text, "ATTACH")[1]
    text = edited(sim, bridge, ada, href, event_id, attachments=[
        {"file_token": file["file_token"], "is_deleted": True}
        for file in sim.event("Files")["attachments"]])
    assert not lines(text, "ATTACH")


def test_files_of_a_new_event_of_a_client_are_its_own(sim, bridge, ada):
    href = ada.href + "own.ics"
    text = event("own@example.com", extra="ATTACH:https://files.example/a?token=mine")
    sim.clear_calls()
    assert ada.put(href, text).status_code == 201
    assert not [call for call in sim.calls() if "attachments" in (call["body"] or {})]
    assert ada.get(href) == text
    bridge.sync(ada.name)
    assert ada.get(href) == text


def test_an_occurrence_has_the_files_that_feishu_gives_it(sim, bridge, ada):
    token = upload(sim, "all.pdf")
    master = sim.add_event(ADA, "Weekly", (SOON, SOON + HOUR), recurrence="FREQ=WEEKLY;COUNT=3",
                           attachments=[{"file_token": token}])
    sim.edit(ADA, "event_patch", event_id=f"{master['event_id'][:-1]}{SOON + 7 * DAY}",
             event={"summary": "One", "attachments": [{"file_token": upload(sim, "one.pdf")}]})
    bridge.sync(ada.name)
    href, = ada.members(ada.href)
    series, one = unfolded(ada.get(href)).split("BEGIN:VEVENT")[1:]
    assert [line.split("FILENAME=")[1].split(";")[0] for line in lines(series, "ATTACH")] == ["all.pdf"]
    assert "one.pdf" in [line.split("FILENAME=")[1].split(";")[0] for line in lines(one, "ATTACH")]
    put(ada, href, ada.get(href).replace("SUMMARY:One", "SUMMARY:Two"))
    assert "one.pdf" in ada.get(href) and "all.pdf" in ada.get(href)


def test_an_invited_person_sees_the_files_too(sim, bridge, files):
    _, event_id, tokens = files
    sim.edit(ADA, "attendees_add", event_id=event_id, attendees=[{"user": BOB}])
    bob = bridge.sign_in(BOB)
    href, = bob.members(bob.calendars()["Bob"])
    text = bob.get(href)
    assert len(lines(text, "ATTACH")) == 2 and not [one for one in tokens if one in text]


# ---- descriptions with markup ----

@pytest.fixture(name="styled")
def fixture_styled(sim, bridge, ada):
    made = sim.add_event(ADA, "Styled", (SOON, SOON + HOUR), description=HTML)
    bridge.sync(ada.name)
    href, = ada.members(ada.href)
    sim.clear_calls()
    return href, made["event_id"]


def html_lines(text):
    return [line.split(":", 1)[1].replace("\\,", ",").replace("\\;", ";").replace("\\n", "\n")
            for name in ("X-ALT-DESC", "STYLED-DESCRIPTION") for line in lines(text, name)]


def test_markup_is_text_in_description_and_html_beside_it(ada, styled):
    text = ada.get(styled[0])
    assert lines(text, "DESCRIPTION") == ["DESCRIPTION:" + TEXT]
    assert html_lines(text) == [HTML, HTML]
    assert all("FMTTYPE=text/html" in line for line in lines(text, "X-ALT-DESC"))


def test_markup_survives_every_edit_but_of_the_text(sim, ada, styled):
    href, _ = styled
    put(ada, href, ada.get(href).replace("SUMMARY:Styled", "SUMMARY:Other"))
    bare = re.sub(r"(X-ALT-DESC|STYLED-DESCRIPTION)[^\r]*\r\n( [^\r]*\r\n)*", "", ada.get(href))
    put(ada, href, bare.replace("SUMMARY:Other", "SUMMARY:Bare"))
    assert [set(body) - {"need_notification"} for body in patches(sim)] == [{"summary"}] * 2
    assert sim.event("Bare")["description"] == HTML
    assert html_lines(ada.get(href)) == [HTML, HTML], "what Feishu has is shown again"


def test_an_edited_text_is_written_as_text_and_its_old_markup_goes(sim, bridge, ada, styled):
    href, _ = styled
    put(ada, href, ada.get(href).replace("DESCRIPTION:Agenda", "DESCRIPTION:<New> agenda"))
    body, = patches(sim)
    assert body["description"].startswith("&lt;New> agenda\n- one")
    for _ in range(2):
        assert html_lines(ada.get(href)) == []
        assert lines(ada.get(href), "DESCRIPTION")[0].startswith("DESCRIPTION:<New> agenda\\n- one")
        bridge.sync(ada.name)


def test_edited_html_alone_is_written_and_the_text_follows(sim, bridge, ada, styled):
    href, _ = styled
    text = unfolded(ada.get(href))
    put(ada, href, text.replace(lines(text, "X-ALT-DESC")[0],
                                "X-ALT-DESC;FMTTYPE=text/html:<html><body><p onclick=\"x()\">Three"
                                " <i>things</i></p><script>x()</script></body></html>"))
    body, = patches(sim)
    assert body["description"] == "<p>Three <i>things</i></p>"
    for _ in range(2):
        assert lines(ada.get(href), "DESCRIPTION") == ["DESCRIPTION:Three things"]
        assert html_lines(ada.get(href)) == ["<p>Three <i>things</i></p>"] * 2
        bridge.sync(ada.name)


def test_the_same_words_in_other_markup_write_nothing(sim, ada, styled):
    href, _ = styled
    text = unfolded(ada.get(href))
    put(ada, href, text.replace(lines(text, "X-ALT-DESC")[0],
                                "X-ALT-DESC;FMTTYPE=text/html:<!DOCTYPE HTML><html><body>\\n<p>Agenda"
                                "</p><ul>\\n<li>one</li> <li>two &amp\\; a half</li></ul></body></html>"))
    assert not patches(sim) and sim.event("Styled")["description"] == HTML


def test_text_and_html_edited_together_keep_the_markup(sim, bridge, ada, styled):
    href, _ = styled
    text = unfolded(ada.get(href))
    for name in ("X-ALT-DESC", "STYLED-DESCRIPTION"):
        text = text.replace(lines(text, name)[0], f"{name};FMTTYPE=text/html:<p>Four <b>more</b></p>")
    text = text.replace(lines(text, "DESCRIPTION")[0], "DESCRIPTION:Four more")
    put(ada, href, text)
    body, = patches(sim)
    assert body["description"] == "<p>Four <b>more</b></p>"
    assert unfolded(ada.get(href)) == text
    bridge.sync(ada.name)
    assert unfolded(ada.get(href)) == text


def test_markup_changed_in_feishu_is_shown_at_once(sim, bridge, ada, styled):
    href, event_id = styled
    put(ada, href, ada.get(href).replace("SUMMARY:Styled", "SUMMARY:Touched\r\nX-KEEP:me"))
    other = "<p>Agenda</p><ul><li>one</li><li>two &amp; <i>a half</i></li></ul>"
    text = edited(sim, bridge, ada, href, event_id, description=other)
    assert html_lines(text) == [other, other] and "X-KEEP:me" in text
    assert lines(text, "DESCRIPTION") == ["DESCRIPTION:" + TEXT]
    text = edited(sim, bridge, ada, href, event_id, description="Plain")
    assert html_lines(text) == [] and lines(text, "DESCRIPTION") == ["DESCRIPTION:Plain"]


def test_nothing_that_runs_reaches_a_client(sim, bridge, ada):
    bad = ('<p onmouseover="x()" style="background:url(javascript:x())">Hello</p><script>alert(1)</script>'
           '<img src=x onerror=alert(1)><a href="javascript:alert(1)">here</a><iframe src="//evil.example">'
           '</iframe><a href="https://good.example/?a=1&amp;b=2" onclick="x()">there</a><svg onload=x()></svg>')
    sim.add_event(ADA, "Bad", (SOON, SOON + HOUR), description=bad)
    bridge.sync(ada.name)
    href, = ada.members(ada.href)
    for html in html_lines(ada.get(href)):
        assert html == ('<p>Hello</p>here<a href="https://good.example/?a=1&amp;b=2">there</a>')


def test_markup_beyond_64_kib_is_left_out_and_the_text_is_not(sim, bridge, ada):
    for title, words, twins in (("Long", "漢" * 20000, 2), ("Longer", "漢" * 30000, 0)):
        made = sim.add_event(ADA, title, (SOON, SOON + HOUR), description=f"<b>{words}</b>")
        bridge.sync(ada.name)
        href, = [one for one in ada.members(ada.href) if f"SUMMARY:{title}\r\n" in ada.get(one)]
        assert lines(ada.get(href), "DESCRIPTION") == ["DESCRIPTION:" + words]
        assert len(html_lines(ada.get(href))) == twins
        sim.clear_calls()
        put(ada, href, ada.get(href).replace(f"SUMMARY:{title}", "SUMMARY:Edited"))
        assert [set(body) for body in patches(sim)] == [{"summary", "need_notification"}]
        assert [e for e in sim.events() if e["event_id"] == made["event_id"]][0]["description"].startswith("<b>")


def test_a_moved_event_takes_its_markup_along(sim, bridge, ada, styled):
    href, _ = styled
    sim.edit(ADA, "calendar_create", calendar={"summary": "Second"})
    bridge.sync(ada.name)
    target = ada.calendars()["Second"] + "moved.ics"
    answer = ada.request("MOVE", href, headers={"Destination": bridge.url + target})
    assert answer.status_code == 201, answer.text
    assert [e["description"] for e in sim.events() if e["summary"] == "Styled"] == [HTML]
    assert html_lines(ada.get(target)) == [HTML, HTML]


# ---- floating times ----

def set_timezone(client, zone, name="calendar-timezone-id"):
    value = zone if name.endswith("id") else (
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\nBEGIN:VTIMEZONE\n"
        f"TZID:{zone}\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0900\n"
        "TZOFFSETTO:+0900\nEND:STANDARD\nEND:VTIMEZONE\nEND:VCALENDAR\n")
    answer = client.xml("PROPPATCH", client.href, "d:propertyupdate",
                        f"<d:set><d:prop><c:{name}>{value}</c:{name}></d:prop></d:set>")
    assert answer.status_code == 207 and "200 OK" in answer.text, answer.text


@pytest.mark.parametrize("name", ["calendar-timezone-id", "calendar-timezone"])
def test_another_zone_of_the_calendar_renders_floating_events_again_at_once(sim, ada, name):
    floating = event("f@example.com", summary="Floats").replace(";TZID=Asia/Shanghai", "")
    zoned = event("z@example.com", summary="Stands")
    days = event("d@example.com", summary="Days").replace(
        "DTSTART;TZID=Asia/Shanghai:20270105T100000", "DTSTART;VALUE=DATE:20270105").replace(
        "DTEND;TZID=Asia/Shanghai:20270105T110000", "DTEND;VALUE=DATE:20270106")
    hrefs = {}
    for text in (floating, zoned, days):
        uid = text.split("UID:")[1].split("\r\n")[0]
        hrefs[text] = f"{ada.href}{uid}.ics"
        assert ada.put(hrefs[text], text).status_code == 201
    before = ada.members(ada.href)
    _, _, token, _ = ada.sync_collection(ada.href)
    sim.clear_calls()
    set_timezone(ada, "Asia/Tokyo", name)
    # 10:00 in Shanghai is 11:00 in Tokyo: Feishu's instant stays, and says so with its zone.
    text = ada.get(hrefs[floating])
    assert "DTSTART;TZID=Asia/Shanghai:20270105T100000" in text
    assert "BEGIN:VTIMEZONE\r\nTZID:Asia/Shanghai" in text
    after = ada.members(ada.href)
    assert {href for href in after if after[href] != before[href]} == {hrefs[floating]}
    changed, removed, token, _ = ada.sync_collection(ada.href, token)
    assert list(changed) == [hrefs[floating]] and not removed
    assert not [call for call in sim.calls() if "/events" in call["path"]], "nothing is asked for it"
    # Back again, the client's own words are there again.
    set_timezone(ada, "Asia/Shanghai")
    assert ada.get(hrefs[floating]) == floating
    assert ada.members(ada.href)[hrefs[floating]] == before[hrefs[floating]]
    # A zone of the same offset changes no instant, and no byte.
    _, _, token, _ = ada.sync_collection(ada.href, token)
    set_timezone(ada, "Asia/Taipei")
    changed, removed, _, _ = ada.sync_collection(ada.href, token)
    assert not changed and not removed


def test_days_are_found_where_the_new_zone_has_them(ada):
    text = event("d@example.com").replace(
        "DTSTART;TZID=Asia/Shanghai:20270105T100000", "DTSTART;VALUE=DATE:20270105").replace(
        "DTEND;TZID=Asia/Shanghai:20270105T110000", "DTEND;VALUE=DATE:20270106")
    href = ada.href + "d.ics"
    assert ada.put(href, text).status_code == 201
    etag = ada.members(ada.href)[href]

    def found():
        """Whether the day reaches into the hour before 16:00 UTC."""
        answer = ada.report(ada.href, "c:calendar-query",
                            '<d:prop><d:getetag/></d:prop><c:filter><c:comp-filter name="VCALENDAR">'
                            '<c:comp-filter name="VEVENT"><c:time-range start="20270104T161500Z" '
                            'end="20270104T163000Z"/></c:comp-filter></c:comp-filter></c:filter>')
        return href in answer.text
    set_timezone(ada, "Asia/Shanghai")
    assert found()
    set_timezone(ada, "Europe/Berlin")
    assert not found()
    set_timezone(ada, "Asia/Tokyo")
    assert found()
    assert ada.members(ada.href)[href] == etag


def test_the_zone_of_the_account_is_learnt_later_and_floating_events_keep_their_instants(sim, bridge):
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Ada"] + "f.ics"
    floating = event("f@example.com", summary="Floats").replace(";TZID=Asia/Shanghai", "")
    assert ada.put(href, floating).status_code == 201
    made = sim.event("Floats")["start_time"]
    assert made["timezone"] == "Asia/Shanghai" and ada.get(href) == floating
    for number in range(3):
        sim.add_event(ADA, f"In Berlin {number}", (SOON + number * DAY, SOON + number * DAY + HOUR),
                      timezone="Europe/Berlin")
    wait_until(lambda: bridge.sync(ada.name) and "Asia/Shanghai" in ada.get(href), "the new zone")
    assert "DTSTART;TZID=Asia/Shanghai:20270105T100000" in ada.get(href)
    assert sim.event("Floats")["start_time"] == made
    sim.clear_calls()
    other = event("g@example.com", summary="Anew").replace(";TZID=Asia/Shanghai", "")
    assert ada.put(ada.calendars()["Ada"] + "g.ics", other).status_code == 201
    assert sim.event("Anew")["start_time"]["timezone"] == "Europe/Berlin"
