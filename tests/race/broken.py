"""A portal with the fault that caches have: it serves again for a second what it served before.

The harness must catch this one, or it could catch nothing.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any, cast

from phr.wsgi import application as honest

KEPT_SECONDS = 1.0
Answer = tuple[str, list[tuple[str, str]], list[bytes]]
_kept: dict[tuple[str, str], tuple[float, Answer]] = {}


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    place = (environ["PATH_INFO"], environ.get("HTTP_COOKIE", ""))
    if environ["REQUEST_METHOD"] != "GET":
        return honest(environ, start)
    until, answer = _kept.get(place, (0.0, None))
    if answer is None or until < time.monotonic():
        answer = _asked(environ)
        _kept[place] = (time.monotonic() + KEPT_SECONDS, answer)
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
