"""Files that harm, lie or break off, put in as a person would: one sentence each, nothing kept."""

import re
from functools import partial
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from pytest_django import Settings

from accounts.acting import acting_as
from phr import box
from phr.formats.parsed import MB, Limits
from phr.models import Binary, Provenance, Record, RecordVersion, Upload
from phr.services import imports, uploads
from tests.cast import IMPORTER, Cast
from tests.doors import sign_in, text
from tests.worlds import hostile

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
# A reader of any of them needs no more than this, of which 200 MB are its libraries.
LIMITS = partial(Limits, memory=450 * MB)
SENTENCE = re.compile(r"[A-Z](?:[^.\n]|\.\w)+\.( What is accepted: [^.\n]+\.)?")


def test_each_gets_one_clear_sentence_and_leaves_nothing(
    cast: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PHR_UPLOAD_MOST_ENTRIES = 5000
    monkeypatch.setattr(imports, "Limits", LIMITS)
    client, wrong = sign_in("alice@example.org"), []
    for name, data in hostile.files().items():
        said = _said(client, cast, name, data)
        if not SENTENCE.fullmatch(said) or said == box._UNSAFE or "of memory" in said:
            wrong.append(f"{name}: {said!r}")
    page = text(client.get("/records/upload/"))

    assert not wrong, "\n".join(wrong)
    assert hostile.CANARY not in page
    with acting_as(IMPORTER, about=cast.alice_id):
        kept = [model.objects.count() for model in (Record, RecordVersion, Provenance)]
        assert kept == [0, 0, 0]
        # Her own files are hers to take back, and nothing else of them is there.
        assert Binary.objects.count() == Upload.objects.exclude(failed_at=None).count()


def _said(client: Any, cast: Cast, name: str, data: bytes) -> str:
    """What she is told of a file: at once, or after a worker looked through it."""
    before = {one.upload.pk for one in uploads.uploads(cast.alice)}
    answer = client.post("/records/upload/", {"files": SimpleUploadedFile(name, data)}, follow=True)
    found = [one for one in uploads.uploads(cast.alice) if one.upload.pk not in before]
    if not found:
        return " ".join(re.findall(r"One of the files is empty\.", text(answer))[:1])
    imports.import_upload(IMPORTER, found[0].upload.pk)
    followed = uploads.upload(cast.alice, found[0].upload.pk)
    page = text(client.get(reverse("phr:upload_state", args=[followed.upload.pk])))
    assert hostile.CANARY not in page, name
    assert followed.state == "failed", f"{name} is {followed.state}"
    return str(followed.report.problem)
