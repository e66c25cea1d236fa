"""Handing a held item over, and whether files and keys of held items are in order."""

import json
from contextlib import AbstractContextManager, nullcontext
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command

from accounts import keys
from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import User
from phr import storage
from rights import saga
from rights.models import HeldFile
from rights.services import erasures, placing
from tests.cast import PURGER, Cast
from tests.worlds.held import HOLDER, SCAN, hold, item, release, una

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


@pytest.fixture(autouse=True)
def no_files() -> None:
    """Files outlast the tables of the test that made them."""
    for name in storage.names():
        storage.destroy(name)


@pytest.fixture
def kept(cast: Cast) -> UUID:
    """A hold on an item of alice's, who has left."""
    hold_id = hold(cast, una(), item(cast))
    erasures.erase_everything(cast.alice, account=True, undo_hours=0)
    saga.carry_on_due(PURGER)
    return hold_id


def colleague() -> Actor:
    return Actor.staff(User.objects.get(email="una@example.org").pk)


def integrity(*, code: int = 0) -> dict[str, Any]:
    out = StringIO()
    ending: AbstractContextManager[Any] = pytest.raises(SystemExit) if code else nullcontext()
    with ending:
        call_command("integrity_check", stdout=out)
    figures: dict[str, Any] = json.loads(out.getvalue())
    return figures


def test_it_is_handed_over_once_when_two_people_ordered_it(
    cast: Cast, kept: UUID, tmp_path: Path
) -> None:
    path = tmp_path / "item.zip"
    with pytest.raises(CommandError, match="Two members of staff"):
        call_command("held_item", str(kept), out=path)
    assert not path.exists()
    placing.ask_opening(cast.sam, kept)
    placing.allow_opening(colleague(), kept)

    call_command("held_item", str(kept), out=path, stdout=StringIO())

    with ZipFile(path) as archive:
        names = archive.namelist()
        facts = json.loads(archive.read("item.json"))
        assert archive.read(names[1]) == SCAN
    texts = {json.loads(one["resource"])["code"]["text"] for one in facts["versions"]}
    assert texts == {"Kidney stone", "Older glucose"}
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(CommandError, match="Two members of staff"):
        call_command("held_item", str(kept), out=tmp_path / "again.zip")


@pytest.mark.usefixtures("kept")
def test_an_order_is_for_one_hold(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Two members of staff"):
        call_command("held_item", str(uuid4()), out=tmp_path / "item.zip")


def test_nothing_is_written_over(tmp_path: Path, kept: UUID) -> None:
    path = tmp_path / "item.zip"
    path.write_text("something")

    with pytest.raises(CommandError, match=r"item\.zip cannot be made"):
        call_command("held_item", str(kept), out=path)
    assert path.read_text() == "something"


@pytest.mark.usefixtures("kept")
def test_its_files_are_no_strays() -> None:
    figures = integrity()

    assert figures["files"] == 1
    assert figures["files_without_row"] == 0
    assert figures["patients_without_key"] == 0


def test_a_file_or_key_that_is_missing_is_found(kept: UUID) -> None:
    for name in storage.names():
        storage.destroy(name)
    keys.destroy_patient_key(kept)

    figures = integrity(code=1)

    assert (figures["rows_without_file"], figures["patients_without_key"]) == (1, 1)


def test_after_its_release_nothing_is_missing(cast: Cast, kept: UUID) -> None:
    release(cast, colleague(), kept)
    call_command("sweep", stdout=StringIO())

    figures = integrity()

    assert (figures["files"], figures["rows_without_file"]) == (0, 0)
    with acting_as(HOLDER):
        assert not HeldFile.objects.exists()
