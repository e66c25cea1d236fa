"""A portal with the fault that caches have: what was allowed is still allowed seconds later.

It serves again what it served before, and writes a note for whoever could write one. The harness
must catch both, or it could catch nothing.
"""

import time
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any, cast
from urllib.parse import parse_qs
from uuid import UUID, uuid4

from django.utils.module_loading import import_string

from phr.wsgi import application as honest
from tests.raw import login

KEPT_SECONDS = 5.0
Answer = tuple[str, list[tuple[str, str]], list[bytes]]
_kept: dict[tuple[str, str], tuple[float, Answer]] = {}
_could_write: dict[tuple[str, str], float] = {}
WRITE = """
    INSERT INTO phr_remark (id, patient_id, grant_id, by_id, kind, text_sealed, answer)
    SELECT %s, p.id, g.id, p.user_id, 'note', %s, ''
    FROM accounts_patient p JOIN sharing_grant g ON g.patient_id = p.id WHERE p.id = %s LIMIT 1
"""


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    place = (environ["PATH_INFO"], environ.get("HTTP_COOKIE", ""))
    if environ["REQUEST_METHOD"] == "GET":
        until, answer = _kept.get(place, (0.0, None))
        if answer is None or until < time.monotonic():
            answer = _asked(environ)
            if answer[0].startswith("200"):
                _kept[place] = (time.monotonic() + KEPT_SECONDS, answer)
    elif place[0].endswith("/notes/"):
        answer = _noted(environ, place)
    else:
        answer = _asked(environ)
    status, headers, pieces = answer
    start(status, headers)
    return pieces


def _asked(environ: dict[str, Any]) -> Answer:
    told: list[Any] = []
    pieces = honest(environ, cast("Any", lambda *said: told.extend(said)))
    try:
        found = list(pieces)
    finally:
        if close := getattr(pieces, "close", None):
            close()
    return told[0], told[1], found


def _noted(environ: dict[str, Any], place: tuple[str, str]) -> Answer:
    said = environ["wsgi.input"].read()
    answer = _asked({**environ, "wsgi.input": BytesIO(said)})
    if answer[0].startswith("302"):
        _could_write[place] = time.monotonic()
    elif _could_write.get(place, 0.0) > time.monotonic() - KEPT_SECONDS:
        _write(UUID(place[0].split("/")[2]), parse_qs(said.decode())["text"][0])
    return answer


def _write(patient_id: UUID, text: str) -> None:
    """With nobody's leave: as the owner of the tables, past the second wall too."""
    seal, body = import_string("accounts.keys.seal"), import_string("accounts.keys.Purpose").BODY
    pk = uuid4()
    sealed = seal(patient_id, body, f"phr_remark/{pk}/text", text.encode())
    with login() as opened:
        opened.execute(WRITE, [pk, sealed, patient_id])
