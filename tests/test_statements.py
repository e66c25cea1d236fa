"""How many statements a page sends to the databases: more than stands here needs a reason.

All are counted, also BEGIN, who asks, savepoints and COMMIT. Nothing that the rule decides is
remembered from one request to the next to stay below: each asks anew.
"""

from uuid import UUID

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import gate
from phr.services import records
from tests.cast import Cast, put_in
from tests.doors import give_second_factor, sign_in, visitor
from tests.worlds.files import picture

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
    pytest.mark.usefixtures("static_files"),
]
SAM = "sam@example.org"
# Of an act: its transaction, and who asks.
ACT = 3
# Her session, herself, and in an act of its own all that stands around a page.
AROUND = 2 + ACT + 1
# Whose record she keeps, asked before the act that is about this patient alone.
OWN = ACT + 1
# What was refused is undone, and written down in a transaction of its own.
REFUSED = 3
MOST = {
    "nobody /": 0,
    "nobody /nothing/": 0,
    # The form's token, kept in a session.
    "nobody /accounts/login/": 1,
    "alice /": AROUND,
    "alice /nothing/": AROUND,
    "alice /account/": AROUND,
    # It leads away: nothing stands around it. Is she a patient, is she a care provider?
    "alice /home/": 2 + ACT + 2,
    # What she was told, and who did it.
    "alice /notices/": AROUND + ACT + 2,
    # The patient, the page, what was written by hand; the newest and the oldest year, files and
    # tags to choose among; the audit line.
    "alice /records/": AROUND + OWN + ACT + 8,
    # The patient, the item; its sources and who sent them, its files, whether by hand and beside
    # what, its past, who looked, its tags; the audit line.
    "alice /records/{record}/": AROUND + OWN + ACT + 11,
    # The patient, no item.
    "alice /records/{nothing}/": AROUND + OWN + ACT + 2 + REFUSED,
    # The patient; copies asked about, and permissions with their people and last looks, each in a
    # savepoint; the emergency card, who is switched off; what she took over, in an act with her.
    "alice /sharing/": AROUND + ACT + 1 + 3 + 5 + 2 + ACT + 2,
    # The patient, the lines, their people; the titles of items, told that they are about her alone;
    # the permissions; everybody who ever looked, with names.
    "alice /sharing/log/": AROUND + ACT + 3 + 7 + 3 + 2,
    # The permissions held and offered; what is new since the last look, of each patient; whether
    # she may ask for access.
    "bob /shared/": AROUND + ACT + 4 + ACT + 1 + ACT + 2,
    # Not her own record; the permissions, the page, what was written by hand, the notice of the
    # first look, the newest and the oldest year, the audit line.
    "bob /shared/{patient}/": AROUND + ACT + 8,
    # Not her own record; the permissions, the item, the notice, its files, whether by hand, and the
    # audit line.
    "bob /shared/{patient}/{record}/": AROUND + ACT + 7,
    # Not her own record, and no permission.
    "bob /shared/{nothing}/": AROUND + ACT + 2 + REFUSED,
    # Her second factor, once; the count and the page. Nothing stands around it.
    "sam /admin/accounts/user/": 2 + 1 + ACT + 2,
}


def asked(client: Client, address: str) -> list[str]:
    """The statements of a second request, to both databases, while the gate is known to be open."""
    client.get(address)
    assert not gate.closed()
    with CaptureQueriesContext(connections["default"]) as one:
        with CaptureQueriesContext(connections["vault"]) as other:
            client.get(address)
        return [said["sql"] for both in (one, other) for said in both.captured_queries]


def test_no_page_asks_more_than_it_needs(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "REMEMBERED_SECONDS", 60.0)
    put_in(cast.alice, picture("PNG"), "card.png")
    cast.share()
    (item,) = records.timeline(cast.alice, cast.alice_id).items
    browsers = {"nobody": visitor(), "sam": sign_in(SAM, secret=give_second_factor(SAM))}
    browsers |= {name: sign_in(f"{name}@example.org") for name in ("alice", "bob")}
    known = {"record": item.id, "patient": cast.alice_id, "nothing": UUID(int=1)}
    too_many = {}
    for page, most in MOST.items():
        who, _, address = page.partition(" ")
        said = asked(browsers[who], address.format(**known))
        if len(said) > most:
            too_many[page] = len(said), said
    assert not too_many
