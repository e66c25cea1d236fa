"""A table is looked through, matched by its owner, looked through again, and then added."""

import json
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.acting import acting_as
from accounts.actors import Denied
from phr.bodies import open_body
from phr.models import Record, Upload
from phr.services import imports, reviews, uploads
from tests.cast import IMPORTER, Cast, hand_in
from tests.doors import sign_in, text

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
TABLE = b"Date,Weight,Colour\n03/04/2024,72.50,<b>red</b>\n05/04/2024,pale,\n"
ANSWERS = {"column0": "date", "column1": "weight-kg", "column2": "", "order": "mdy"}


def looked_through(cast: Cast, data: bytes = TABLE) -> UUID:
    upload_id = hand_in(cast.alice, data, "weights.csv")
    assert imports.import_upload(IMPORTER, upload_id)
    return upload_id


def kept(cast: Cast) -> list[dict[str, Any]]:
    with acting_as(cast.alice):
        rows = list(Record.objects.all())
        return [
            open_body(cast.alice_id, one.pk, one.version, bytes(one.body_sealed)) for one in rows
        ]


def state(cast: Cast, upload_id: UUID) -> str:
    return uploads.upload(cast.alice, upload_id).state


def test_from_the_first_look_to_the_record(cast: Cast) -> None:
    upload_id = looked_through(cast)
    alice = sign_in("alice@example.org")
    page = reverse("phr:columns", args=[upload_id])
    assert "Match the columns" in text(alice.get(reverse("phr:upload")))
    shown = text(alice.get(page))
    assert "&lt;b&gt;red" in shown
    assert "<b>red" not in shown
    assert '<option value="weight-kg" selected>' in shown

    wrong = text(alice.post(page, ANSWERS | {"order": ""}))
    assert "Say whether the day or the month is written first." in wrong
    wrong = text(alice.post(page, ANSWERS | {"column0": ""}))
    assert "Say which column is the date." in wrong
    assert state(cast, upload_id) == "matching"

    assert alice.post(page, ANSWERS).status_code == 302
    assert state(cast, upload_id) == "waiting"
    assert imports.import_upload(IMPORTER, upload_id)
    outlook = uploads.upload(cast.alice, upload_id).outlook
    assert outlook is not None
    assert (outlook.counts, outlook.new, outlook.skips) == ({"Observation": 1}, 1, 1)
    assert [*map(tuple, outlook.skipped)] == [
        ("row 3", "what stands under “Weight” is not a number")
    ]
    assert kept(cast) == []

    alice.post(reverse("phr:confirm", args=[upload_id]))
    assert imports.import_upload(IMPORTER, upload_id)
    (found,) = kept(cast)
    assert found["effectiveDateTime"] == "2024-03-04"


def test_times_get_the_offset_of_where_she_was(cast: Cast) -> None:
    upload_id = looked_through(cast, b"Date,Time,Weight\n2024-07-04,07:30,72.50\n")
    alice = sign_in("alice@example.org")
    page = reverse("phr:columns", args=[upload_id])
    answers = {"column0": "date", "column1": "time", "column2": "weight-kg"}
    assert "Where were you when you measured?" in text(alice.get(page))
    assert "Select a valid choice" in text(alice.post(page, answers | {"zone": "Mars/Base"}))

    alice.post(page, answers | {"zone": "America/New_York"})
    imports.import_due(IMPORTER)
    reviews.confirm(cast.alice, upload_id)
    imports.import_due(IMPORTER)

    (found,) = kept(cast)
    assert found["effectiveDateTime"] == "2024-07-04T07:30:00-04:00"
    assert "note" not in found


def test_no_yes_counts_before_the_columns_are_matched(cast: Cast) -> None:
    upload_id = looked_through(cast)

    reviews.confirm(cast.alice, upload_id)

    assert reviews.confirm_all(cast.alice) == 0
    assert imports.import_due(IMPORTER) == 0
    assert state(cast, upload_id) == "matching"


def test_the_columns_can_be_matched_again_until_the_yes(cast: Cast) -> None:
    upload_id = looked_through(cast)
    options = {"0": "date", "1": "weight-lb", "order": "dmy", "point": ".", "head": "0"}
    reviews.match(cast.alice, upload_id, options=options)
    imports.import_due(IMPORTER)
    assert state(cast, upload_id) == "asking"

    alice: Client = sign_in("alice@example.org")
    alice.post(reverse("phr:match_again", args=[upload_id]))
    imports.import_due(IMPORTER)

    assert state(cast, upload_id) == "matching"
    reviews.match(cast.alice, upload_id, options=options)
    imports.import_due(IMPORTER)
    reviews.confirm(cast.alice, upload_id)
    reviews.match(cast.alice, upload_id, options={})
    assert state(cast, upload_id) == "waiting"


def test_a_slow_look_of_before_does_not_answer_for_the_new_columns(cast: Cast) -> None:
    upload_id = hand_in(cast.alice, TABLE, "weights.csv")
    slow = imports._claim(IMPORTER, upload_id)
    assert slow is not None
    with acting_as(IMPORTER):
        Upload.objects.update(lease_until=None)
    imports.import_upload(IMPORTER, upload_id)
    options = {"0": "date", "1": "weight-kg", "order": "dmy", "point": ".", "head": "0"}
    reviews.match(cast.alice, upload_id, options=options)
    assert imports._claim(IMPORTER, upload_id)

    imports._fail(IMPORTER, slow, "Too slow.")

    assert state(cast, upload_id) == "reading"


def test_what_she_answered_is_sealed_and_nobody_else_answers(cast: Cast) -> None:
    cast.share()
    upload_id = looked_through(cast)
    for actor in (cast.bob, cast.carol, cast.sam):
        with pytest.raises(Denied):
            reviews.match(actor, upload_id, options={"0": "date"})

    reviews.match(cast.alice, upload_id, options={"0": "date", "1": "weight-kg"})

    with acting_as(cast.alice):
        assert b"weight" not in bytes(Upload.objects.get(pk=upload_id).options_sealed or b"")


def test_from_the_command_line(cast: Cast, tmp_path: Path) -> None:
    file = tmp_path / "weights.csv"
    file.write_bytes(TABLE)

    def run(*options: str) -> tuple[dict[str, Any], str]:
        out, err = StringIO(), StringIO()
        given = ("--patient", "alice@example.org", *options, str(file))
        call_command("import_file", *given, stdout=out, stderr=err)
        figures: dict[str, Any] = json.loads(out.getvalue())
        return figures, err.getvalue()

    figures, said = run()
    assert figures["errors"] == 1
    assert "Say which column is the date. Use --column" in said
    figures, said = run("--column", "date=Date", "--column", "weight-kg=Weight")
    assert "order=dmy" in said
    figures, said = run("--column", "date=Datum")
    assert "No column of the table has the heading given for “date”." in said
    given = ("date=Date", "weight-kg=Weight", "order=mdy")
    figures, said = run(*(word for each in given for word in ("--column", each)))
    assert (figures["imported"], figures["skipped"], figures["errors"]) == (1, 1, 0)
    assert uploads.uploads(cast.alice)[0].state == "finished"
