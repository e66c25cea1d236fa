"""What anybody could have written in the shape of our archive: asked about, and never believed."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import orjson
import pytest

from accounts.acting import acting_as
from phr.bodies import open_body
from phr.models import Record
from phr.services import imports, records, reviews, uploads
from phr.sources import by_hand
from rights.archive.choice import Choice
from sharing.labels import Sensitivity
from sharing.tokens import labels_of
from tests.cast import IMPORTER, Cast, hand_in, put_in
from tests.worlds.archive import Archive, archive_of, made, taken

pytestmark = pytest.mark.django_db(databases=["default", "vault"])

Json = dict[str, Any]
Files = dict[str, bytes]


def hiv(**more: Any) -> bytes:
    """A bundle of somebody and of what somebody has."""
    person = {"resourceType": "Patient", "id": "p", "name": [{"text": "Zed"}]}
    condition = {
        "resourceType": "Condition",
        "id": "c",
        "meta": {"lastUpdated": "2020-01-01T00:00:00Z"},
        "identifier": [{"system": "urn:a", "value": "c1"}],
        "code": {"text": "HIV infection"},
        "subject": {"reference": "https://x.example/Patient/p"},
        **more,
    }
    entries = [
        {"fullUrl": f"https://x.example/{one['resourceType']}/{one['id']}", "resource": one}
        for one in (person, condition)
    ]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def forged(found: Archive, change: Callable[[Files], None]) -> bytes:
    """The archive with other content, and a manifest that fits it."""
    files = {name: found.zip.read(name) for name in found.names}
    change(files)
    manifest = orjson.loads(files.pop("manifest.json"))
    manifest["files"] = [
        {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for path, data in files.items()
    ]
    tag = manifest.pop("tag")
    end = b',\n  "tag": "' + tag.encode() + b'"\n}\n'
    files["manifest.json"] = orjson.dumps(manifest, option=orjson.OPT_INDENT_2)[:-2] + end
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for path, data in files.items():
            target.writestr(path, data)
    return out.getvalue()


def lines(path: str, **values: Any) -> Callable[[Files], None]:
    """A change of every line of a file; None takes a field away."""

    def change(files: Files) -> None:
        told = [orjson.loads(line) | values for line in files[path].splitlines()]
        kept = [{name: one[name] for name in one if one[name] is not None} for one in told]
        files[path] = b"".join(orjson.dumps(one) + b"\n" for one in kept)

    return change


def found_in(cast: Cast) -> Archive:
    put_in(cast.alice, hiv())
    return archive_of(cast.alice_id)


def condition(cast: Cast) -> Record:
    with acting_as(IMPORTER, about=cast.carol_id):
        return Record.objects.get(patient_id=cast.carol_id, resource_type="Condition")


def looked(cast: Cast, data: bytes) -> uploads.Followed:
    upload_id = hand_in(cast.carol, data, "all.zip")
    imports.import_upload(IMPORTER, upload_id)
    return uploads.upload(cast.carol, upload_id)


def test_a_part_of_somebody_elses_record_is_asked_about(cast: Cast) -> None:
    put_in(cast.alice, hiv())

    seen = looked(cast, taken(cast.alice, made(cast.alice, Choice())))

    assert seen.outlook
    assert not seen.outlook.foreign
    assert {name for one in seen.outlook.people for name in one.names} == {"Alice Archer", "Zed"}
    with pytest.raises(reviews.Unsure):
        reviews.confirm(cast.carol, seen.upload.pk)


def test_what_names_its_owner_falsely_is_asked_about(cast: Cast) -> None:
    def change(files: Files) -> None:
        account = {"name": "Carol Clark", "birth_date": None}
        files["account/account.json"] = orjson.dumps(account)

    seen = looked(cast, forged(found_in(cast), change))

    assert seen.outlook
    assert seen.outlook.foreign
    with pytest.raises(reviews.Unsure):
        reviews.confirm(cast.carol, seen.upload.pk)


def test_nothing_behind_the_tag_is_read(cast: Cast) -> None:
    """The manifest as it was, its tag, and then another list of files."""
    found = found_in(cast)
    data = forged(found, lines("items.ndjson", sensitivity=["N"]))
    other = zipfile.ZipFile(BytesIO(data))
    added = orjson.dumps({"files": orjson.loads(other.read("manifest.json"))["files"]})[1:]
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for path in other.namelist():
            genuine = found.zip.read(path)
            whole = genuine[:-3] + b", " + added if path == "manifest.json" else other.read(path)
            target.writestr(path, whole)

    seen = looked(cast, out.getvalue())

    assert seen.outlook
    assert seen.outlook.foreign


def test_what_a_forgery_says_of_an_item_makes_it_neither_open_nor_hers(cast: Cast) -> None:
    def change(files: Files) -> None:
        lines("items.ndjson", sensitivity=["N"])(files)
        lines("provenance.ndjson", entity=None)(files)

    put_in(cast.carol, forged(found_in(cast), change), "all.zip")

    row = condition(cast)
    assert labels_of(row.patient_id, row.labels) == [Sensitivity.HIV]
    with acting_as(cast.carol):
        assert by_hand([row.pk]) == {}
    later = hiv(meta={"lastUpdated": "2024-01-01T00:00:00Z"}, onsetString="In May")
    assert put_in(cast.carol, later).upload.updated == 1
    row = condition(cast)
    body = open_body(row.patient_id, row.pk, row.version, bytes(row.body_sealed))
    assert body["onsetString"] == "In May"


@pytest.mark.parametrize(
    "values",
    [
        {"sorted_at": "0001-01-01T00:00:00+14:00"},
        {"added_at": "9999-12-31T23:00:00-14:00"},
        {"version": 2**31 - 1},
    ],
)
def test_instants_and_numbers_that_nothing_can_count_on_are_refused(
    cast: Cast, values: Json
) -> None:
    told = put_in(cast.carol, forged(found_in(cast), lines("items.ndjson", **values)), "all.zip")

    assert told.state == "failed"
    assert len(records.timeline(cast.carol, cast.carol_id).items) == 0


@pytest.mark.parametrize(
    ("version", "change"), [(2, {}), (1, {"status": 7})], ids=["number", "content"]
)
def test_an_earlier_version_is_earlier_and_valid(cast: Cast, version: int, change: Json) -> None:
    put_in(cast.alice, hiv())
    put_in(cast.alice, hiv(meta={"lastUpdated": "2024-01-01T00:00:00Z"}, onsetString="In May"))

    def wrong(files: Files) -> None:
        bundle = orjson.loads(files["versions/bundle.json"])
        for entry in bundle["entry"]:
            entry["response"]["etag"] = f'W/"{version}"'
            entry["resource"] |= change
        files["versions/bundle.json"] = orjson.dumps(bundle)

    told = put_in(cast.carol, forged(archive_of(cast.alice_id), wrong), "all.zip")

    assert told.state == "failed"
