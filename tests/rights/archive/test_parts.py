"""What is in the archive: everything of hers, whole, and nothing of anybody else's."""

import csv
import json
import re
from datetime import date
from fnmatch import fnmatch
from hashlib import sha256
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor, Denied, System
from phr import storage
from phr.display import headline
from phr.models import Record
from phr.services import records
from rights.archive import parts
from rights.archive.parts import PARTS
from rights.data_map import entries
from rights.regimes import Jurisdiction, Right
from rights.services import cases
from rights.services.erasures import erase_record
from sharing.labels import Sensitivity
from tests.cast import Cast, put_in
from tests.worlds import files, kept
from tests.worlds.archive import EXPORTER, MADE_AT, Archive, archive_of, written
from tests.worlds.shared_record import MARK, Shared, bundle, photo, weight

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
ARABIC = "فحص الدم"


def test_everything_is_in_it_and_the_manifest_says_so(settings: Settings) -> None:
    settings.PHR_EXPORT_PDF = True
    world = Shared.enter()
    alice = world.cast.alice
    records.classify(alice, world.ids["weight_id"], labels=[Sensitivity.SEX])
    accounts.set_born(alice, born=date(1961, 5, 17))
    kept.with_inner_file(world.cast.alice_id, world.ids["weight_id"], b"%PDF inner")
    cases.open_case(
        alice, right=Right.OBJECTION, jurisdiction=Jurisdiction.EU, words="Please do not."
    )
    found = archive_of(world.cast.alice_id)
    manifest = found.manifest

    check_manifest(found)
    assert manifest["records_by_type"] == {
        "AllergyIntolerance": 1, "Condition": 1, "DocumentReference": 2, "ImagingStudy": 1,
        "MedicationStatement": 1, "Observation": 1,
    }  # fmt: skip
    assert manifest["damaged"] == []
    assert manifest["format_version"] == 2
    check_fhir(found, world)
    check_files(found, world)
    check_log(found)
    check_account(found)
    check_pages(found)


def check_manifest(found: Archive) -> None:
    listed = {one["path"]: one for one in found.manifest["files"]}
    assert set(found.names) - set(listed) == {"manifest.json"}
    assert len(found.names) == len(set(found.names))
    for path, one in listed.items():
        data = found.zip.read(path)
        assert (one["size"], one["sha256"]) == (len(data), sha256(data).hexdigest()), path
        assert any(fnmatch(path, part.path) for part in PARTS), f"{path} is in no part"
    for part in PARTS:
        assert any(fnmatch(path, part.path) for path in found.names), f"{part.path} is not there"
        assert part.path in found.text("README.txt")


def check_fhir(found: Archive, world: Shared) -> None:
    whole = found.json("fhir/bundle.json")
    assert (whole["resourceType"], whole["type"]) == ("Bundle", "collection")
    resources = [one["resource"] for one in whole["entry"]]
    assert len({one["fullUrl"] for one in whole["entry"]}) == 7
    by_type = [
        line
        for name in found.names
        if name.startswith("fhir/") and name.endswith(".ndjson")
        for line in found.lines(name)
    ]
    assert sorted(map(json.dumps, by_type)) == sorted(map(json.dumps, resources))
    numbers = {one["link"][0]["url"].removeprefix("urn:uuid:") for one in whole["entry"]}
    assert {line["record"] for line in found.lines("items.ndjson")} == numbers

    (past,) = found.json("versions/bundle.json")["entry"]
    assert past["resource"]["valueQuantity"]["value"] == 70
    assert past["response"]["etag"] == 'W/"1"'
    weights = [one for one in found.lines("items.ndjson") if one["category"] == "vital-signs"]
    assert [(one["version"], one["sensitivity"], one["date"]) for one in weights] == [
        (2, ["SEX"], "2024-03-12T10:00:00")
    ]
    sources = [
        (line["extension"][0]["valuePositiveInt"], line["entity"][0]["what"]["display"])
        for line in found.lines("provenance.ndjson")
        if line["target"][0]["reference"] == f"urn:uuid:{world.ids['weight_id']}"
    ]
    assert sources == [(1, f"{MARK}-weight.json"), (2, f"{MARK}-weight-again.json")]


def check_files(found: Archive, world: Shared) -> None:
    sent = {
        f"{MARK}-weight.json": weight(70),
        f"{MARK}-weight-again.json": weight(72),
        f"{MARK}-bundle.json": bundle(),
        f"{MARK}.png": photo(),
        f"{MARK}.exe": MARK.encode(),
    }
    uploads = {line["file_name"]: line for line in found.lines("originals/files.ndjson")}
    assert len(uploads) == 7
    for name, data in sent.items():
        assert found.zip.read(uploads[name]["path"]) == data
    assert uploads[f"{MARK}.exe"]["problem"]
    assert not uploads[f"{MARK}.exe"]["read"]
    belongs = found.lines("files.ndjson")
    for line in belongs:
        if line["use"] == "picture":
            assert found.zip.read(line["path"])[:3] in {b"\x89PN", b"\xff\xd8\xff"}
    inner = [line for line in belongs if line["use"] == "part"]
    assert [(line["record"], line["path"]) for line in inner] == [
        (str(world.ids["weight_id"]), "parts/00001-file.pdf")
    ]
    assert found.zip.read("parts/00001-file.pdf") == b"%PDF inner"
    of_the_photo = {
        line["use"] for line in belongs if line["record"] == str(world.ids["record_id"])
    }
    assert of_the_photo == {"original", "picture"}


def check_log(found: Archive) -> None:
    rows = list(csv.reader(StringIO(found.text("log/who-looked.csv").removeprefix("\ufeff"))))
    lines = found.lines("log/who-looked.ndjson")
    assert len(rows) == len(lines) + 1 > 10
    assert {line["what"] for line in lines} >= {
        "shared the record",
        "changed how sensitive an item is",
    }
    assert {line["action"] for line in found.lines("log/account.ndjson")} <= {
        "agree", "sign-in", "open", "case-open", "write",
    }  # fmt: skip


def check_account(found: Archive) -> None:
    account = found.json("account/account.json")
    assert account["name"] == "Alice Archer"
    assert account["birth_date"] == "1961-05-17"
    assert [one["email"] for one in account["email_addresses"]] == ["alice@example.org"]
    given = found.json("account/sharing.json")
    assert [(one["invited"], one["state"]) for one in given] == [
        ("bob@example.org", "active"),
        ("lou@example.org", "active"),
        ("rob@example.org", "revoked"),
        ("bob@example.org", "waiting"),
    ]
    told = found.json("account/notices.json")
    assert told["in_the_account_only"] == ["paused", "resumed"]
    assert "accepted" in {one["what"] for one in told["notices"]}
    assert {one["copies"] for one in given} == {None}
    assert found.json("account/consents.json")
    (case,) = found.json("account/requests.json")
    assert case["messages"][0]["text"] == "Please do not."


def check_pages(found: Archive) -> None:
    index = found.text("index.html")
    for path in found.names:
        if path.endswith(".html"):
            page = found.text(path)
            assert page.startswith("<!DOCTYPE html>")
            assert '<meta charset="utf-8">' in page
            assert not re.search(r"<script|<link|<img|<iframe|url\(|https?:", page), path
            for link in re.findall(r'href="([^"#]+)"', page):
                there = (Path("/") / path).parent / link
                assert str(there.resolve()).removeprefix("/") in found.names, link
    for name in found.names:
        if name.startswith("pages/") and re.search(r"/[a-z-]+\.html$", name):
            assert f'href="{name}"' in index
    assert "Body weight" in found.text("pages/vital-signs.html")
    assert "Dr Bob Brown" in found.text("pages/sharing.html")


def test_every_part_that_the_data_map_names_is_there_and_no_other() -> None:
    named = {entry.export for entry in entries() if entry.export}

    assert {part.part for part in PARTS} - {"overview"} == named


def test_the_page_about_the_archive_explains_every_path() -> None:
    page = (Path(__file__).parents[3] / "docs" / "export.md").read_text()

    assert dict(re.findall(r"^\| (\S+) \| (.+?) \|$", page, re.MULTILINE)[1:]) == {
        part.path: part.says for part in PARTS
    }


def test_nothing_of_a_neighbour_and_nothing_deleted_is_in_it(cast: Cast) -> None:
    put_in(cast.carol, files.pdf("Cardamom"), "Cardamom.pdf")
    kept.keep(cast.carol_id, text="Cardamom")
    kept.keep(cast.alice_id, text="Ginger")
    put_in(cast.alice, files.pdf("Nutmeg"), "Nutmeg.pdf")
    (item,) = [
        one for one in records.timeline(cast.alice, cast.alice_id).items if "Nutmeg" in one.title
    ]
    erase_record(cast.alice, item.id)

    found = archive_of(cast.alice_id)

    # Hidden and not destroyed yet: the file that held it does not go out either.
    everything = b"".join(found.zip.read(name) for name in found.names) + str(found.names).encode()
    assert b"Ginger" in everything
    for word in (b"Cardamom", b"Nutmeg", b"carol", str(cast.carol_id).encode()):
        assert word not in everything


def test_hostile_words_stay_words_and_every_script_is_readable(cast: Cast) -> None:
    kept.keep(cast.alice_id, text=HOSTILE)
    kept.keep(cast.alice_id, text=ARABIC)
    kept.with_file(kept.keep(cast.alice_id), b"x")
    put_in(cast.alice, files.pdf(), f"../../{HOSTILE}.pdf")

    found = archive_of(cast.alice_id)
    page = found.text("pages/laboratory.html")

    assert "<script>" not in page + found.text("pages/documents.html") + found.text(
        "pages/files.html"
    )
    assert "&lt;script&gt;" in page
    assert f"<h2 dir=auto>{ARABIC}</h2>" in page
    for name in found.names:
        assert ".." not in name.split("/")
        assert not name.startswith("/")
        assert "\\" not in name


def test_an_empty_record_gives_a_whole_archive_too(cast: Cast) -> None:
    found = archive_of(cast.carol_id)

    assert "entry" not in found.json("fhir/bundle.json")
    assert "entry" not in found.json("versions/bundle.json")
    assert "There is nothing in your record yet." in found.text("index.html")
    assert found.zip.testzip() is None


def test_pages_turn_after_many_items(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rights.archive.reading.PAGE", 2)
    monkeypatch.setattr("rights.archive.overview.PAGE", 2)
    for number in range(5):
        kept.keep(cast.alice_id, text=f"Item {number}")

    found = archive_of(cast.alice_id)
    pages = [found.text(f"pages/laboratory{end}.html") for end in ("", "-2", "-3")]

    assert [page.count("<li class=item") for page in pages] == [2, 2, 1]
    assert [len(re.findall("Newer items", page)) for page in pages] == [0, 1, 1]
    assert [len(re.findall("Older items", page)) for page in pages] == [1, 1, 0]
    assert len(found.lines("fhir/Observation.ndjson")) == 5
    titles = re.findall(r"<h2 dir=auto>Item (\d)", "".join(pages))
    assert titles == ["4", "3", "2", "1", "0"]


def test_what_cannot_be_opened_is_named_and_holds_up_nothing(cast: Cast) -> None:
    whole, damaged = (
        kept.keep(cast.alice_id, text="Whole"),
        kept.keep(cast.alice_id, text="Damaged"),
    )
    with acting_as(Actor.job(System.IMPORT), about=cast.alice_id):
        Record.objects.filter(pk=damaged.pk).update(body_sealed=whole.body_sealed)
    gone = kept.with_file(whole, b"gone")
    storage.destroy(gone.name)

    found = archive_of(cast.alice_id)

    assert set(found.manifest["damaged"]) == {f"Record/{damaged.pk}", "originals/00001-scan.png"}
    assert found.manifest["records"] == 1
    assert "could not be opened" in found.text("index.html")
    assert headline(kept.observation("Whole")) in found.text("pages/laboratory.html")


@pytest.mark.parametrize(
    "job", [one for one in System if one not in {System.EXPORT, System.OPERATOR}]
)
def test_no_other_job_writes_one(cast: Cast, job: System) -> None:
    with pytest.raises(Denied):
        written(Actor.job(job), cast.alice_id)


def test_how_many_steps_it_takes_is_known_before(cast: Cast) -> None:
    kept.with_file(kept.keep(cast.alice_id), b"x" * 50_000)
    told: list[int] = []
    parts.write(EXPORTER, cast.alice_id, BytesIO(), made_at=MADE_AT, beat=told.append)

    assert sum(told) == parts.steps(EXPORTER, cast.alice_id)
