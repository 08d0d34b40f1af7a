"""Calendars shared in Feishu are seen as such by clients, and what clients share is shared in Feishu."""

import pytest

from bridge import NS, Bridge, precondition, wait_until
from feishu_sim import ADA, BOB, EVE

BOB_KEY, EVE_KEY = BOB[3:], EVE[3:]
PRINCIPAL = "/dav/principals/"
XML = {"Content-Type": "application/xml; charset=utf-8"}


def make(sim, owner=ADA, summary="Team", **shares):
    """A shared calendar; shares: open_id (without ou_) by role."""
    calendar = sim.edit(owner, "calendar_create",
                        calendar={"summary": summary, "permissions": "private"})["calendar"]
    for user, role in shares.items():
        sim.share(owner, calendar["calendar_id"], "ou_" + user, role)
    return calendar["calendar_id"]


def roles(sim, calendar_id):
    """{open_id: role} in Feishu, without the owner's own."""
    found = [one for one in sim.state("calendars")["calendars"] if one["calendar_id"] == calendar_id]
    return {acl["user_id"]: acl["role"] for acl in found[0]["acls"]
            if acl["user_id"] != found[0]["owner"]}


def seen(client, href):
    """{open_id: set of granted privileges} of the acl, without the protected ones."""
    acl = client.propfind(href, 0, "<d:acl/>")[href]["{DAV:}acl"]
    return {ace.find("d:principal/d:href", NS).text[len(PRINCIPAL):-1]:
            {one[0].tag.split("}")[1] for one in ace.findall("d:grant/d:privilege", NS)}
            for ace in acl.findall("d:ace", NS) if ace.find("d:protected", NS) is None}


def grant(*people):
    """The body's aces: (open_id, privilege with prefix) each."""
    return "".join(
        f"<d:ace><d:principal><d:href>{PRINCIPAL}{who}/</d:href></d:principal>"
        f"<d:grant><d:privilege><{what}/></d:privilege></d:grant></d:ace>" for who, what in people)


def acl_calls(sim):
    return [call["method"] for call in sim.calls(path="/acls") if call["method"] != "GET"]


# ---- from Feishu ----

def test_whom_a_calendar_is_shared_with_is_seen_by_its_owner(sim, bridge):
    calendar_id = make(sim, **{BOB_KEY: "writer", EVE_KEY: "free_busy_reader"})
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Team"]
    found = seen(ada, href)
    assert set(found) == {BOB, EVE}
    assert {"read", "write", "bind"} <= found[BOB]
    assert "read-free-busy" in found[EVE] and "read" not in found[EVE]
    props = ada.propfind(href, 0, "<cs:invite/><d:resourcetype/><d:owner/>")[href]
    invite = props["{%s}invite" % NS["cs"]]
    people = {one.find("d:href", NS).text: one for one in invite.findall("cs:user", NS)}
    assert set(people) == {"mailto:bob@example.com", "mailto:eve@example.com"}
    assert people["mailto:bob@example.com"].find("cs:access/cs:read-write", NS) is not None
    assert people["mailto:bob@example.com"].find("cs:common-name", NS).text == "Bob"
    assert props["{DAV:}resourcetype"].find("cs:shared-owner", NS) is not None
    token = ada.ctag(href)
    sim.share(ADA, calendar_id, EVE)
    bridge.sync(ada.name)
    assert set(seen(ada, href)) == {BOB}
    assert ada.ctag(href) != token, "clients look again"


def test_who_a_calendar_is_shared_with_sees_owner_and_rights(sim, bridge):
    calendar_id = make(sim, owner=BOB, **{ADA[3:]: "reader"})
    bob = bridge.sign_in(BOB)
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Team"]
    props = ada.propfind(href, 0, "<d:owner/><d:current-user-privilege-set/><cs:invite/>"
                                  "<d:resourcetype/><d:share-access/>")[href]
    assert props["{DAV:}owner"][0].text == f"{PRINCIPAL}{BOB}/"
    rights = {one[0].tag for one in props["{DAV:}current-user-privilege-set"]}
    assert "{DAV:}read" in rights and "{DAV:}write" not in rights and "{DAV:}write-acl" not in rights
    assert props["{%s}invite" % NS["cs"]].find("cs:organizer/cs:common-name", NS).text == "Bob"
    assert props["{DAV:}resourcetype"].find("cs:shared", NS) is not None
    assert props["{DAV:}share-access"].find("d:read", NS) is not None
    assert not seen(ada, href), "the list is the owner's alone to read"
    sim.share(BOB, calendar_id, ADA, "writer")
    bridge.sync(ada.name)
    props = ada.propfind(href, 0, "<d:current-user-privilege-set/>")[href]
    assert "{DAV:}write" in {one[0].tag for one in props["{DAV:}current-user-privilege-set"]}
    assert set(seen(bob, bob.calendars()["Team"])) in (set(), {ADA})
    bridge.sync(bob.name)
    assert set(seen(bob, bob.calendars()["Team"])) == {ADA}


def test_the_owner_of_a_colleagues_primary_calendar_is_found_out(sim):
    scopes = ("offline_access calendar:calendar calendar:calendar:readonly contact:user.base:readonly "
              "contact:contact.base:readonly contact:user.email:readonly contact:user:search")
    with Bridge(sim, {"feishu.scopes": scopes}) as bridge:
        sim.edit(ADA, "subscribe", calendar_id=sim.primary(BOB))
        ada = bridge.sign_in(ADA)
        href = ada.calendars()["Bob"]
        props = ada.propfind(href, 0, "<d:owner/>")[href]
        assert props["{DAV:}owner"][0].text == f"{PRINCIPAL}{BOB}/"
        asked = len(sim.calls(path="/primarys"))
        bridge.sync(ada.name)
        assert len(sim.calls(path="/primarys")) == asked == 1, "once and for all"


def groups(client, open_id):
    """(readers, writers) of a person's primary calendar, as the groups of the principal have them."""
    found = []
    for name in ("calendar-proxy-read/", "calendar-proxy-write/"):
        href = f"{PRINCIPAL}{open_id}/{name}"
        props = client.propfind(href, 0, "<d:group-member-set/>")[href]
        found.append({one.text[len(PRINCIPAL):-1] for one in props["{DAV:}group-member-set"]})
    return tuple(found)


def acts_for(client, open_id):
    """(as a reader, as a writer)"""
    href = f"{PRINCIPAL}{open_id}/"
    props = client.propfind(href, 0, "<cs:calendar-proxy-read-for/><cs:calendar-proxy-write-for/>")[href]
    return tuple({one.text[len(PRINCIPAL):-1] for one in props["{%s}%s" % (NS["cs"], name)]}
                 for name in ("calendar-proxy-read-for", "calendar-proxy-write-for"))


def test_delegates_are_those_who_may_write_the_primary_calendar(sim, bridge):
    sim.share(ADA, sim.primary(ADA), BOB, "writer")
    sim.share(ADA, sim.primary(ADA), EVE, "reader")
    make(sim, owner=ADA, **{BOB_KEY: "writer"})
    ada, bob = bridge.sign_in(ADA), bridge.sign_in(BOB)
    assert groups(ada, ADA) == ({EVE}, {BOB})
    assert acts_for(ada, ADA) == (set(), set())
    assert acts_for(ada, BOB) == (set(), {ADA})
    sim.edit(BOB, "subscribe", calendar_id=sim.primary(ADA))
    bridge.sync(bob.name)
    assert acts_for(bob, BOB) == (set(), {ADA}), "the shared calendar beside it is no delegation"
    assert groups(bob, ADA) == (set(), {BOB}), "who else it is open to is ada's business"


def test_apple_makes_a_delegate_and_ends_it(sim, bridge):
    ada = bridge.sign_in(ADA)
    href = f"{PRINCIPAL}{ADA}/calendar-proxy-write/"

    def members(*people):
        inner = "".join(f"<d:href>{PRINCIPAL}{one}/</d:href>" for one in people)
        answer = ada.xml("PROPPATCH", href, "d:propertyupdate", "<d:set><d:prop><d:group-member-set>"
                         f"{inner}</d:group-member-set></d:prop></d:set>")
        assert answer.status_code == 207 and "200 OK" in answer.text, answer.text
    sim.share(ADA, sim.primary(ADA), EVE, "reader")
    bridge.sync(ada.name)
    members(EVE)
    assert roles(sim, sim.primary(ADA)) == {EVE: "writer"}
    assert groups(ada, ADA) == (set(), {EVE})
    members()
    assert roles(sim, sim.primary(ADA)) == {}
    assert groups(ada, ADA) == (set(), set())


def test_a_shared_calendar_has_one_name_for_all_who_see_it(sim, bridge):
    make(sim, owner=BOB, **{ADA[3:]: "reader"})
    uris = set()
    for person in (ADA, BOB):
        client = bridge.sign_in(person)
        href = client.calendars()["Team"]
        props = client.propfind(href, 0, "<d:share-resource-uri/>")[href]
        uris.add(props["{DAV:}share-resource-uri"][0].text)
    (uri,) = uris
    assert uri.startswith("urn:uuid:") and len(uri) == 45


def test_an_owner_who_cannot_be_found_out_is_left_empty(sim, bridge):
    make(sim, owner=BOB, **{ADA[3:]: "reader"})
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Team"]
    assert len(ada.propfind(href, 0, "<d:owner/>")[href]["{DAV:}owner"]) == 0


def test_an_access_list_that_cannot_be_read_stops_nothing(sim, bridge):
    make(sim, **{BOB_KEY: "writer"})
    sim.fault(method="GET", path="*/acls", code=99991672, status=400, count=-1)
    ada = bridge.sign_in(ADA)
    assert not seen(ada, ada.calendars()["Team"])
    lists = len(sim.calls(method="GET", path="/acls"))
    bridge.stop()
    sim.clear_faults()
    bridge.start()
    bridge.sync(ada.name)
    assert set(seen(ada, ada.calendars()["Team"])) == {BOB}
    assert lists <= 4, "it is remembered for an hour by each process"


# ---- to Feishu ----

@pytest.mark.parametrize("privilege, role", [
    ("d:read", "reader"), ("d:write", "writer"), ("c:read-free-busy", "free_busy_reader"),
    ("d:all", "owner")])
def test_the_acl_method_grants_in_feishu(sim, bridge, privilege, role):
    calendar_id = make(sim)
    ada = bridge.sign_in(ADA)
    bridge.sign_in(BOB)
    href = ada.calendars()["Team"]
    answer = ada.xml("ACL", href, "d:acl", grant((BOB, privilege)))
    assert answer.status_code == 200, answer.text
    assert roles(sim, calendar_id) == {BOB: role}
    assert set(seen(ada, href)) == {BOB}


def test_the_acl_method_replaces_the_list(sim, bridge):
    calendar_id = make(sim, **{BOB_KEY: "reader", EVE_KEY: "writer"})
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Team"]
    sim.clear_calls()
    answer = ada.xml("ACL", href, "d:acl", grant((BOB, "d:write")))
    assert answer.status_code == 200, answer.text
    assert roles(sim, calendar_id) == {BOB: "writer"}
    assert acl_calls(sim) == ["DELETE", "POST", "DELETE"]
    sim.clear_calls()
    assert ada.xml("ACL", href, "d:acl", grant((BOB, "d:write"))).status_code == 200
    assert not acl_calls(sim), "nothing differs"
    assert ada.xml("ACL", href, "d:acl", "").status_code == 200
    assert not roles(sim, calendar_id)
    assert not seen(ada, href)


@pytest.mark.parametrize("position", ["replace", "refuse", "keep"])
def test_a_role_is_changed_whatever_feishu_does_with_second_entries(sim, bridge, position):
    sim.switch(acl_twice=position)
    calendar_id = make(sim, **{BOB_KEY: "reader"})
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Team"]
    assert ada.xml("ACL", href, "d:acl", grant((BOB, "d:write"))).status_code == 200
    assert roles(sim, calendar_id) == {BOB: "writer"}


def test_apple_shares_and_bob_has_it(sim, bridge):
    calendar_id = make(sim)
    ada, bob = bridge.sign_in(ADA), bridge.sign_in(BOB)
    href = ada.calendars()["Team"]
    assert "Team" not in bob.calendars()
    wish = ("<cs:set><d:href>mailto:bob@example.com</d:href><cs:summary>Team</cs:summary>"
            "<cs:common-name>Bob</cs:common-name><cs:read-write/></cs:set>"
            "<cs:set><d:href>mailto:eve@example.com</d:href><cs:read/></cs:set>")
    assert ada.xml("POST", href, "cs:share", wish).status_code == 200
    assert roles(sim, calendar_id) == {BOB: "writer", EVE: "reader"}
    sim.edit(BOB, "subscribe", calendar_id=calendar_id)
    bridge.sync(bob.name)
    mine = bob.calendars()["Team"]
    owner = bob.propfind(mine, 0, "<d:owner/>")[mine]["{DAV:}owner"]
    assert owner[0].text == f"{PRINCIPAL}{ADA}/"
    stop = "<cs:remove><d:href>mailto:bob@example.com</d:href></cs:remove>"
    assert ada.xml("POST", href, "cs:share", stop).status_code == 200
    assert roles(sim, calendar_id) == {EVE: "reader"}
    bridge.sync(bob.name)
    assert "Team" not in bob.calendars()
    answer = ada.xml("POST", href, "cs:share", wish.replace("eve@", "nobody@"))
    assert answer.status_code == 403 and precondition(answer) == "{DAV:}recognized-principal"
    assert roles(sim, calendar_id) == {EVE: "reader"}, "all of it or nothing"


def test_resource_sharing_shares_in_feishu(sim, bridge):
    calendar_id = make(sim)
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Team"]
    body = ("<d:sharee><d:href>mailto:bob@example.com</d:href>"
            "<d:share-access><d:{}/></d:share-access></d:sharee>")
    headers = {"Content-Type": "application/davsharing+xml"}
    answer = ada.xml("POST", href, "d:share-resource", body.format("read-write"), headers)
    assert answer.status_code == 200, answer.text
    assert roles(sim, calendar_id) == {BOB: "writer"}
    invite = ada.propfind(href, 0, "<d:invite/>")[href]["{DAV:}invite"]
    assert invite.find("d:sharee/d:share-access/d:read-write", NS) is not None
    ada.xml("POST", href, "d:share-resource", body.format("no-access"), headers)
    assert not roles(sim, calendar_id)


def test_only_an_owner_shares(sim, bridge):
    make(sim, owner=BOB, **{ADA[3:]: "writer"})
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Team"]
    answer = ada.xml("ACL", href, "d:acl", grant((ADA, "d:all")))
    assert answer.status_code == 403 and precondition(answer) == "{DAV:}need-privileges"
    assert not acl_calls(sim)


# ---- when it goes wrong ----

def test_who_loses_the_old_role_and_does_not_get_the_new_one_keeps_the_old(sim, bridge):
    calendar_id = make(sim, **{BOB_KEY: "reader"})
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Team"]
    sim.fault(method="POST", path="*/acls", code=190002, status=400)
    answer = ada.xml("ACL", href, "d:acl", grant((BOB, "d:write")))
    assert answer.status_code == 403, answer.text
    assert roles(sim, calendar_id) == {BOB: "reader"}
    assert "write" not in seen(ada, href)[BOB]


def test_a_share_whose_answer_is_lost_is_done_once(sim, bridge):
    calendar_id = make(sim)
    ada = bridge.sign_in(ADA)
    bridge.sign_in(BOB)
    href = ada.calendars()["Team"]
    sim.clear_calls()
    sim.fault(method="POST", path="*/acls", cut="after")
    assert ada.xml("ACL", href, "d:acl", grant((BOB, "d:write"))).status_code == 200
    assert roles(sim, calendar_id) == {BOB: "writer"}
    assert acl_calls(sim) == ["POST"]


def test_a_share_that_feishu_cannot_take_now_is_told(sim, bridge):
    calendar_id = make(sim)
    ada = bridge.sign_in(ADA)
    bridge.sign_in(BOB)
    href = ada.calendars()["Team"]
    sim.fault(path="*/acls", code=190003, status=500, count=-1)
    answer = ada.xml("ACL", href, "d:acl", grant((BOB, "d:write")))
    assert answer.status_code == 503 and answer.headers["Retry-After"]
    sim.clear_faults()
    assert not roles(sim, calendar_id)
    wait_until(lambda: ada.xml("ACL", href, "d:acl", grant((BOB, "d:write"))).status_code == 200)
    assert roles(sim, calendar_id) == {BOB: "writer"}


def test_who_cannot_be_looked_up_now_is_not_unknown(sim):
    with Bridge(sim) as bridge:
        calendar_id = make(sim)
        ada = bridge.sign_in(ADA)
        href = ada.calendars()["Team"]

        def share(who):
            return ada.xml("POST", href, "cs:share", f"<cs:set><d:href>mailto:{who}@example.com</d:href>"
                           "<cs:read-write/></cs:set>")
        sim.fault(path="*/users/batch_get_id", code=190003, status=500, count=-1)
        answer = share("bob")
        assert answer.status_code == 503 and answer.headers["Retry-After"]
        # And as long as the directory is left alone after that.
        assert share("bob").status_code == 503
        sim.clear_faults()
        assert not roles(sim, calendar_id)
        with Bridge(sim) as other:
            ada = other.sign_in(ADA)
            href = ada.calendars()["Team"]
            assert precondition(share("nobody")) == "{DAV:}recognized-principal"
            assert share("bob").status_code == 200
        assert roles(sim, calendar_id) == {BOB: "writer"}
