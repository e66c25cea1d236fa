"""Where each item came from, as the archive tells it: who sent a file in, and for which facility."""

import json
from typing import Any

import pytest

from phr.services import imports, reviews, uploads
from sharing.models import Role, Unasked
from sharing.services import offers
from tests.cast import IMPORTER, Cast, put_in
from tests.doors import visitor
from tests.phr import test_deliveries as asked
from tests.phr import test_drop_boxes as dropped
from tests.phr import test_unasked as unasked
from tests.worlds.archive import archive_of
from tests.worlds.facilities import employ, opened

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
FACILITY = {"type": "Organization", "display": "Riverside Clinic"}


def accept(cast: Cast) -> None:
    """Look through what waits, and say yes to it."""
    for confirming in (True, False):
        for one in uploads.uploads(cast.alice):
            if one.upload.finished_at is None:
                imports.import_upload(IMPORTER, one.upload.pk)
                if confirming:
                    reviews.confirm(cast.alice, one.upload.pk, outside_too=True)


def sent_in(cast: Cast) -> None:
    """The same file three times: by a person, by a nurse for her facility, and by a drop-box."""
    cast.share(asked.INWARD)
    asked.send(cast.bob, cast.alice_id)
    accept(cast)
    offers.choose(cast.alice, Unasked.KEEP)
    unasked.send(employ(cast, opened(cast), "nina@example.org", Role.NURSE))
    accept(cast)
    path, clinic = dropped.made(cast), visitor()
    clinic.post(dropped.come_in(clinic, path), dropped.file())
    accept(cast)


def transmitters(lines: list[Any]) -> list[Any]:
    """The agents of one item's sources that sent it in."""
    one = {line["target"][0]["reference"] for line in lines}.pop()
    agents = [line["agent"] for line in lines if line["target"][0]["reference"] == one]
    assert all("type" not in portal for portal, *_ in agents)
    assert {each["type"]["coding"][0]["code"] for _, *more in agents for each in more} == {
        "transmitter"
    }
    return [{k: v for k, v in each.items() if k != "type"} for _, *more in agents for each in more]


def test_it_names_who_sent_an_item_in_and_for_which_facility(cast: Cast) -> None:
    own = {"resourceType": "Condition", "code": {"text": "Mine"}, "subject": {"display": "A"}}
    mine = put_in(cast.alice, json.dumps(own).encode(), "mine.json")
    sent_in(cast)
    found = archive_of(cast.alice_id)
    lines = found.lines("provenance.ndjson")
    (hers,) = [one for one in lines if str(mine.upload.pk) in json.dumps(one["entity"])]

    assert len(hers["agent"]) == 1
    told = transmitters([line for line in lines if line is not hers])
    assert sorted(told, key=str) == sorted(
        [
            {"who": {"display": "Dr Bob Brown"}},
            {"who": {"type": "Practitioner", "display": "nina"}, "onBehalfOf": FACILITY},
            {"who": {"display": "somebody who called themselves “Nurse Ida”, by your drop-box"}},
        ],
        key=str,
    )
    again = put_in(cast.carol, found.data, "all.zip")
    assert (again.state, again.upload.skipped) == ("finished", 0), again.report.problem
