"""The operator takes a person's archive from the command line: the same file, and careful with it."""

import json
from hashlib import sha256
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.acting import acting_as
from accounts.models import AuditEvent
from rights.archive import parts
from tests.cast import Cast
from tests.worlds import kept
from tests.worlds.archive import Archive, made, taken

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def export(path: Path, patient: str = "alice@example.org") -> dict[str, object]:
    out = StringIO()
    call_command("export_record", patient=patient, out=path, stdout=out)
    figures: dict[str, object] = json.loads(out.getvalue().splitlines()[-1])
    return figures


def test_it_is_the_file_that_the_person_gets(cast: Cast, tmp_path: Path) -> None:
    kept.with_file(kept.keep(cast.alice_id, text="Ginger"), b"bytes")
    path = tmp_path / "alice.zip"
    figures = export(path)
    data = path.read_bytes()
    hers = Archive(taken(cast.alice, made(cast.alice)))

    assert path.stat().st_mode & 0o777 == 0o600
    assert (figures["bytes"], figures["sha256"]) == (len(data), sha256(data).hexdigest())
    assert (figures["records"], figures["damaged"]) == (1, 0)
    assert figures["files"] == len(hers.names) == len(Archive(data).names)
    for name in ("fhir/bundle.json", "pages/laboratory.html"):
        mine = Archive(data).text(name)
        assert mine.partition("timestamp")[0] == hers.text(name).partition("timestamp")[0]
    with acting_as(cast.alice):
        (event,) = AuditEvent.objects.filter(action="copy", basis="job:operator")
        assert event.patient_id == cast.alice_id


@pytest.mark.usefixtures("cast")
def test_a_file_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "there.zip"
    path.write_text("precious")

    with pytest.raises(CommandError, match=r"there\.zip exists already; it is left as it is\."):
        export(path)

    assert path.read_text() == "precious"


@pytest.mark.usefixtures("cast")
def test_nobody_with_this_address(tmp_path: Path) -> None:
    for address in ("bob@example.org", "zed@example.org"):
        with pytest.raises(CommandError, match=r"Nobody with this address keeps a record here\."):
            export(tmp_path / "out.zip", address)
    with pytest.raises(CommandError, match=r"out\.zip cannot be written\."):
        export(tmp_path / "missing" / "out.zip")
    assert not (tmp_path / "out.zip").exists()


@pytest.mark.usefixtures("cast")
def test_what_breaks_off_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: object, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parts, "write", full)
    with pytest.raises(CommandError, match=r"out\.zip cannot be written\."):
        export(tmp_path / "out.zip")

    assert list(tmp_path.iterdir()) == []
