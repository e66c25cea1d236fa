"""The operator's commands: what they do, their line of figures, and their plain mistakes."""

import json
from contextlib import AbstractContextManager, nullcontext
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from phr import storage
from phr.models import Upload
from phr.services import uploads
from tests import raw
from tests.cast import Cast, put_in, receive
from tests.worlds import files
from tests.worlds.synthea import lines

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
FILE = b"".join(lines(12, seed=2))


@pytest.fixture(autouse=True)
def no_files() -> None:
    """Files outlast the tables of the test that made them."""
    for name in storage.names():
        storage.destroy(name)


def run(name: str, *arguments: object, code: int = 0) -> dict[str, Any]:
    """The figures: the last line a command writes."""
    out = StringIO()
    ending: AbstractContextManager[Any] = pytest.raises(SystemExit) if code else nullcontext()
    with ending as end:
        call_command(name, *map(str, arguments), stdout=out, stderr=StringIO())
    assert code == (end.value.code if end else 0)
    figures: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    assert figures.pop("seconds") >= 0
    return figures


def import_file(*paths: Path) -> dict[str, Any]:
    return run("import_file", "--patient", "Alice@example.org", "--confirm-identity", *paths)


def kept(folder: Path, data: bytes, name: str = "history.json") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.usefixtures("cast")
def test_import_file_tells_what_became_of_each_item(tmp_path: Path) -> None:
    path = kept(tmp_path, FILE)

    assert import_file(path) == {
        "imported": 12, "updated": 0, "duplicates": 0, "skipped": 0, "errors": 0,
    }  # fmt: skip
    assert import_file(path)["duplicates"] == 12


@pytest.mark.usefixtures("cast")
def test_import_file_counts_a_refused_file_and_goes_on(tmp_path: Path) -> None:
    wrong = kept(tmp_path, b'{"resourceType":"Observation"}', "wrong.json")
    out, said = StringIO(), StringIO()

    call_command(
        "import_file", "--patient", "alice@example.org", "--confirm-identity",
        wrong, kept(tmp_path, FILE),
        stdout=out, stderr=said,
    )  # fmt: skip

    figures = json.loads(out.getvalue())
    assert (figures["imported"], figures["errors"]) == (12, 1)
    assert said.getvalue().startswith("wrong.json: ")


def test_import_file_adds_no_file_about_somebody_else_by_itself(cast: Cast, tmp_path: Path) -> None:
    out, said = StringIO(), StringIO()

    call_command(
        "import_file", "--patient", "alice@example.org", kept(tmp_path, FILE),
        stdout=out, stderr=said,
    )  # fmt: skip

    assert (json.loads(out.getvalue())["imported"], json.loads(out.getvalue())["errors"]) == (0, 1)
    assert "12 new, 0 in another version, 0 already there, 0 older, 0 left out." in said.getvalue()
    assert "use --confirm-identity" in said.getvalue()
    assert uploads.uploads(cast.alice) == []
    assert storage.names() == []


@pytest.mark.usefixtures("cast")
def test_import_file_names_a_file_it_cannot_read(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"absent\.json cannot be read"):
        import_file(tmp_path / "absent.json")
    assert storage.names() == []


@pytest.mark.usefixtures("cast")
def test_import_file_knows_only_patients() -> None:
    with pytest.raises(CommandError, match="Nobody with this address keeps a record here"):
        run("import_file", "--patient", "bob@example.org", "any.json")


def test_sweep_does_what_is_due_until_nothing_is(cast: Cast) -> None:
    upload_id = receive(cast.alice, FILE)

    figures = run("sweep")

    assert figures["import_due"] == 1
    assert figures["seal_audit"] > 0
    assert uploads.upload(cast.alice, upload_id).state == "finished"
    assert set(run("sweep").values()) == {0}


def test_integrity_check_is_content_with_a_sound_portal(cast: Cast) -> None:
    put_in(cast.alice, files.picture("PNG"), "photo.png")

    figures = run("integrity_check")

    assert figures == {
        "patients": 2, "files": 2, "files_without_row": 0, "rows_without_file": 0,
        "patients_without_key": 0, "tables_without_wall": [],
    }  # fmt: skip


@pytest.mark.usefixtures("cast")
def test_integrity_check_finds_a_file_without_a_row() -> None:
    with storage._create(storage.new_name()) as stray:
        stray.write(b"stray")

    assert run("integrity_check", code=1)["files_without_row"] == 1


def test_integrity_check_finds_a_row_without_a_file(cast: Cast) -> None:
    put_in(cast.alice, FILE)
    for name in storage.names():
        storage.destroy(name)

    assert run("integrity_check", code=1)["rows_without_file"] == 1


@pytest.mark.django_db(databases=["default", "vault"], transaction=True)
def test_integrity_check_finds_a_file_that_never_arrived(cast: Cast) -> None:
    _, writer = uploads.begin_upload(cast.alice, file_name="half.json")
    writer._out.close()
    assert run("integrity_check")["rows_without_file"] == 0

    with raw.owner() as opened:
        opened.execute("UPDATE phr_binary SET created_at = created_at - interval '3 hours'")

    assert run("integrity_check", code=1)["rows_without_file"] == 1
    assert run("sweep")["clear_leftovers"] == 1
    assert run("integrity_check")["rows_without_file"] == 0
    assert not Upload.objects.exists()


@pytest.mark.django_db(databases=["default", "vault"], transaction=True)
@pytest.mark.usefixtures("cast")
def test_integrity_check_finds_a_patient_without_a_key() -> None:
    with raw.owner("vault") as opened:
        opened.execute(
            "DELETE FROM vault_patientkey"
            " WHERE patient_id = (SELECT patient_id FROM vault_patientkey LIMIT 1)"
        )

    assert run("integrity_check", code=1)["patients_without_key"] == 1


@pytest.mark.usefixtures("cast")
def test_integrity_check_finds_a_table_without_a_wall() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute("ALTER TABLE phr_provenance NO FORCE ROW LEVEL SECURITY")
        cursor.execute("SET LOCAL ROLE phr_web")

    assert run("integrity_check", code=1)["tables_without_wall"] == ["phr_provenance"]
