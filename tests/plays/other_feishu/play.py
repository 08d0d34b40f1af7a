"""What plays do with the other Feishu: its people sign in."""

import requests

from bridge import Client

LIN, MEI = "ou_lin", "ou_mei"
ZONE = "Asia/Shanghai"


def stamp(seconds, zone=ZONE):
    return {"timestamp": str(seconds), "timezone": zone}


def consent(address, person=LIN):
    """The browser on Feishu's page; returns where it is sent."""
    answer = requests.get(f"{address}&user={person}", allow_redirects=False, timeout=30)
    assert answer.status_code == 302
    return answer.headers["Location"]


def sign_in(bridge, person=LIN):
    """By the sign-in page; the other Feishu says where the browser goes back to."""
    page = requests.get(bridge.url + "/login", allow_redirects=False, timeout=30)
    assert page.status_code == 302, page.text
    address = page.headers["Location"]
    assert address.startswith(bridge.sim.url + "/open-apis/authen/v1/authorize?")
    done = requests.get(consent(address, person), timeout=30)
    assert done.status_code == 200, done.text
    name = bridge.users()[person]["name"]
    bridge.sync(name)
    password = bridge.run("user", "password", name).stdout
    assert password.count("\n") == 1
    client = Client(bridge, name, password.strip())
    client.href = client.calendars()[bridge.sim.people[person]["name"]]
    return client
