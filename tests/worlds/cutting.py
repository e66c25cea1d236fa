"""Answers that are cut off when their second piece would come, for a real web server to send."""

from collections.abc import Callable, Iterator
from typing import Any

from accounts.actors import CutOff

PIECE = b"x" * 1000


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
    """At `/length` it says how long it would have been; elsewhere it comes in chunks."""
    length = [("Content-Length", "2000")] if environ["PATH_INFO"] == "/length" else []
    start("200 OK", [("Content-Type", "text/plain"), *length])
    return _pieces()


def _pieces() -> Iterator[bytes]:
    yield PIECE
    raise CutOff
