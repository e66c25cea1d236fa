"""An old file does not undo what a newer one corrected, in whatever order they come."""

import json
from typing import Any

import pytest

from accounts.acting import acting_as
from phr.bodies import open_body
from phr.models import Record
from phr.services import imports, undoing, uploads
from phr.services.reports import report
from tests.cast import IMPORTER, Cast, hand_in, put_in
from tests.phr.formats.test_hl7v2 import PID, message
from tests.worlds import ccda
from tests.worlds.files import packed

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
FIRST, SECOND, THIRD = (f"2024-03-0{day}T10:00:00Z" for day in (2, 3, 4))


def potassium(value: float, status: str = "final", *, at: str = "", issued: str = "") -> bytes:
    """One result that a laboratory calls K1; `at` is meta.lastUpdated."""
    resource: dict[str, Any] = {
        "resourceType": "Observation",
        "identifier": [{"system": "urn:lab", "value": "K1"}],
        "status": status,
        "code": {"text": "Potassium"},
        "subject": {"display": "Alice"},
        "effectiveDateTime": "2024-03-02",
        "valueQuantity": {"value": value, "unit": "mmol/L"},
    }
    resource |= {"issued": issued} if issued else {}
    resource |= {"meta": {"lastUpdated": at}} if at else {}
    return json.dumps(resource).encode()


def in_force(cast: Cast, kind: str = "Observation") -> dict[str, Any]:
    with acting_as(cast.alice, about=cast.alice_id):
        row = Record.objects.get(hidden_at=None, resource_type=kind)
        return open_body(cast.alice_id, row.pk, row.version, bytes(row.body_sealed))


def value(cast: Cast) -> tuple[float, str]:
    body = in_force(cast)
    return float(body.get("valueQuantity", {}).get("value", 0)), str(body["status"])


@pytest.mark.parametrize(
    ("files", "result"),
    [
        # What came before comes back by no file that does not say that it is later.
        ([potassium(2.1), potassium(4.1), potassium(2.1)], (4.1, "final")),
        ([potassium(2.1, issued=FIRST), potassium(4.1, "corrected", issued=SECOND),
          potassium(2.1, issued=FIRST)], (4.1, "corrected")),
        ([potassium(2.1, at=FIRST), potassium(4.1, at=SECOND), potassium(2.1, at=THIRD)],
         (2.1, "final")),
        # Who speaks from a day that is not yet has not the last word for ever.
        ([potassium(2.1, at="2199-01-01T10:00:00Z"), potassium(4.1, at=SECOND)], (4.1, "final")),
        # What was said earlier comes too late.
        ([potassium(4.1, issued=SECOND), potassium(2.1, issued=FIRST)], (4.1, "final")),
        ([potassium(4.1, at=FIRST, issued=SECOND), potassium(2.1, issued=FIRST)], (4.1, "final")),
        # What is corrected or taken back needs a later word to be otherwise.
        ([potassium(4.1, "corrected"), potassium(2.1)], (4.1, "corrected")),
        ([potassium(4.1, "amended", at=FIRST), potassium(2.1, at=FIRST)], (4.1, "amended")),
        ([potassium(4.1, "entered-in-error"), potassium(2.1, at=SECOND)],
         (4.1, "entered-in-error")),
        ([potassium(4.1, "corrected", at=FIRST), potassium(2.1, at=SECOND)], (2.1, "final")),
        # What counts for more counts whatever the time: clocks differ. Not what was said before.
        ([potassium(2.1, "preliminary", at=SECOND), potassium(4.1, "corrected", at=FIRST)],
         (4.1, "corrected")),
        ([potassium(2.1, at=SECOND), potassium(4.1, "entered-in-error", issued=FIRST)],
         (4.1, "entered-in-error")),
        ([potassium(2.1, "preliminary", at=SECOND), potassium(4.1, at=FIRST),
          potassium(3.1, at=FIRST)], (4.1, "final")),
        ([potassium(4.1, "corrected", at=FIRST), potassium(2.1, at=SECOND),
          potassium(4.1, "corrected", at=FIRST)], (2.1, "final")),
        # A time of one kind is compared with that of the other, where a version tells only one.
        ([potassium(3.1, at=THIRD), potassium(2.1, issued=FIRST)], (3.1, "final")),
        ([potassium(3.1, issued=FIRST), potassium(2.1, at=THIRD)], (2.1, "final")),
        ([potassium(4.1), potassium(2.1, "preliminary")], (4.1, "final")),
        ([potassium(4.1, "preliminary"), potassium(2.1)], (2.1, "final")),
        ([potassium(4.1, "corrected"), potassium(2.1, "corrected")], (2.1, "corrected")),
        # A laboratory that sends again what it said first does not correct its correction.
        ([potassium(2.1, at=FIRST), potassium(4.1, "corrected", at=SECOND),
          potassium(2.1, at=THIRD)], (4.1, "corrected")),
    ],
)  # fmt: skip
def test_which_of_several_versions_counts(
    cast: Cast, files: list[bytes], result: tuple[float, str]
) -> None:
    for data in files:
        put_in(cast.alice, data)

    assert value(cast) == result


@pytest.mark.parametrize(
    ("order", "result"), [("ABC", 3.1), ("BAC", 3.1), ("CBA", 2.1), ("ACB", 2.1), ("CAB", 2.1)]
)
def test_what_tells_no_time_makes_no_time_forgotten(cast: Cast, order: str, result: float) -> None:
    """It may count as the newest, but what is the oldest never does."""
    files = {"A": potassium(1.1, at=FIRST), "B": potassium(2.1), "C": potassium(3.1, at=THIRD)}
    for name in order:
        put_in(cast.alice, files[name])
    assert value(cast) == (result, "final")


def test_several_without_a_time_forget_it_as_little(cast: Cast) -> None:
    for data in (potassium(3.1, at=THIRD), potassium(2.1), potassium(2.2)):
        put_in(cast.alice, data)
    put_in(
        cast.alice,
        packed(("a.json", potassium(1.1, at=FIRST)), ("b.json", potassium(1.2))),
        "a.zip",
    )
    assert value(cast) == (1.2, "final")
    put_in(cast.alice, potassium(1.3, at=SECOND))
    assert value(cast) == (1.2, "final")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (potassium(2.1, issued=FIRST), potassium(4.1, "corrected", issued=SECOND)),
        (potassium(2.1, at=FIRST), potassium(4.1, at=SECOND)),
        (potassium(2.1), potassium(4.1, "corrected")),
    ],
)
def test_the_order_in_an_archive_does_not_matter(cast: Cast, old: bytes, new: bytes) -> None:
    followed = put_in(cast.alice, packed(("a.json", new), ("b.json", old)), "all.zip")

    assert (followed.upload.imported, followed.upload.updated) == (1, 1)
    assert value(cast) == (4.1, json.loads(new)["status"])
    again = put_in(cast.alice, packed(("a.json", old), ("b.json", new)), "again.zip")
    assert (again.upload.imported, again.upload.updated, again.upload.duplicates) == (0, 0, 2)
    assert value(cast) == (4.1, json.loads(new)["status"])


def test_the_look_says_what_will_count_and_undoing_is_exact(cast: Cast) -> None:
    put_in(cast.alice, potassium(2.1, issued=FIRST))
    corrected = put_in(cast.alice, potassium(4.1, "corrected", issued=SECOND))
    upload_id = hand_in(cast.alice, potassium(2.1, issued=FIRST))
    imports.import_upload(IMPORTER, upload_id)
    outlook = uploads.upload(cast.alice, upload_id).outlook
    assert outlook is not None
    assert (outlook.new, outlook.changed, outlook.known, outlook.older) == (0, 0, 0, 1)

    again = put_in(cast.alice, potassium(2.1, issued=FIRST))

    assert report(cast.alice, again.upload.pk).entries[0].outcome == "older"
    for upload, left in ((again, (4.1, "corrected")), (corrected, (2.1, "final"))):
        with acting_as(cast.alice):
            undoing.hide_import(cast.alice, upload.upload.pk)
        undoing.purge_import(IMPORTER, cast.alice_id, upload.upload.pk)
        assert value(cast) == left


def sent(
    day: int,
    value: str,
    status: str,
    *,
    reported: bool = True,
    zone: str = "+0100",
    analysed: str = "",
) -> bytes:
    """A laboratory's message of a day in March about one glucose; `analysed` is OBX-19."""
    head = rf"MSH|^~\&|LAB|North|PORTAL||2024030{day}101500{zone}||ORU^R01|M{day}|P|2.5.1"
    at = f"2024030{day}1000" if reported else ""
    order = f"OBR|1|P9|F77^LAB|24331-1^Panel^LN|||202403020800{'|' * 15}{at}||LAB|{status}"
    result = f"OBX|1|NM|2345-7^Glucose^LN||{value}|mg/dL||N|||{status}{'|' * 8}{analysed}"
    return message(head, PID, order, result)


@pytest.mark.parametrize("said", [{}, {"reported": False}, {"reported": False, "zone": ""}])
@pytest.mark.parametrize(("now", "status"), [("199", "corrected"), ("", "entered-in-error")])
def test_a_laboratory_s_correction_stays(
    cast: Cast, said: dict[str, Any], now: str, status: str
) -> None:
    old, new = sent(2, "99", "F", **said), sent(3, now, "C" if now else "D", **said)
    for data in (old, new, old):
        put_in(cast.alice, data, "a.hl7")
    assert value(cast) == (float(now or 0), status)
    assert in_force(cast, "DiagnosticReport")["status"] != "final"

    put_in(cast.carol, packed(("a.hl7", new), ("b.hl7", old)), "all.zip")
    with acting_as(cast.carol, about=cast.carol_id):
        row = Record.objects.get(resource_type="Observation", hidden_at=None)
        body = open_body(cast.carol_id, row.pk, row.version, bytes(row.body_sealed))
    assert body["status"] == status


@pytest.mark.parametrize(
    ("old", "new", "status"), [("P", "F", "final"), ("F", "C", "corrected"), ("F", "F", "final")]
)
def test_when_a_result_was_analysed_does_not_say_which_message_is_the_later(
    cast: Cast, old: str, new: str, status: str
) -> None:
    first, later = sent(2, "99", old, reported=False), sent(3, "199", new, analysed="202403020900")
    for data in (first, later, first):
        put_in(cast.alice, data, "a.hl7")
    assert value(cast) == (199, status)
    assert in_force(cast)["meta"]["lastUpdated"] == "2024-03-03T10:15:00+01:00"


@pytest.mark.parametrize("times", [("2024", "2024"), ("20240305103000-0500", "202404051030")])
def test_an_old_document_does_not_undo_a_newer_one(cast: Cast, times: tuple[str, str]) -> None:
    told = ccda.results(1).decode()
    old, new = (
        told.replace('<effectiveTime value="2024"/>', f'<effectiveTime value="{at}"/>', 1)
        for at in times
    )
    new = new.replace('value="0.1"', 'value="9.1"')
    for data in (old, new, old):
        put_in(cast.alice, data.encode(), "summary.xml")

    assert value(cast)[0] == 9.1
