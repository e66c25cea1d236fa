"""A file on its way to a browser, whole or from where an earlier download broke off.

Source: RFC 9110 sections 8.8.3 (ETag), 13.1.5 (If-Range), 14 (range requests), 15.3.7 and 15.5.17.
Each request is decided anew, and each piece of it. What is written down: one copy for a file, a
ground and a session in ten minutes, however many ranges it comes in; asking by HEAD brings no
byte and is no copy.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from phr.ranges import NotSatisfiable, goes_on, wanted

SANDBOX = "sandbox; default-src 'none'"
COPIED = "copied"
ONE_COPY_SECONDS = 600
MOST_REMEMBERED = 50

# Whether the copy called so (file and ground) is written down already.
Told = Callable[[str], bool]


def never_told(copy: str) -> bool:  # noqa: ARG001
    """Every copy is to be written down."""
    return False


def told(request: HttpRequest) -> Told:
    """For a service that writes down copies: which this request need not repeat."""
    session, now = request.session, int(time.time())
    rest = goes_on(request.headers.get("Range", ""))

    def already(copy: str) -> bool:
        if request.method == "HEAD":
            return True
        known: dict[str, int] = session.get(COPIED, {})
        if rest and known.get(copy, 0) > now - ONE_COPY_SECONDS:
            return True
        newest = sorted((known | {copy: now}).items(), key=lambda pair: pair[1])
        session[COPIED] = dict(newest[-MOST_REMEMBERED:])
        return False

    return already


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that may be sent: its size in bytes, what tells it from any other, and its bytes.

    `pieces` gives the bytes from a start to an end that is not included, each decided anew.
    `tag` must change with every byte of the file.
    """

    size: int
    tag: str
    pieces: Callable[[int, int], Iterator[bytes]]
    content_type: str
    disposition: str


def send(request: HttpRequest, sent: Sent) -> HttpResponseBase:
    """The answer: 200 with all of it, 206 with the part that was asked for, or 416."""
    tag = f'"{sent.tag}"'
    # Of another file than the one that was begun, all of it is sent (RFC 9110 section 13.1.5).
    same = request.headers.get("If-Range", tag) == tag
    try:
        part = wanted(request.headers.get("Range", ""), sent.size) if same else None
    except NotSatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{sent.size}"})
    start, end = part or (0, sent.size)
    response = _body(request, sent, start, end, status=206 if part else 200)
    if part:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{sent.size}"
    response.headers["Content-Length"] = str(end - start)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["ETag"] = tag
    response.headers["Content-Disposition"] = sent.disposition
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _body(
    request: HttpRequest, sent: Sent, start: int, end: int, *, status: int
) -> HttpResponseBase:
    if request.method == "HEAD":
        return HttpResponse(status=status, content_type=sent.content_type)
    pieces = sent.pieces(start, end)
    return StreamingHttpResponse(pieces, status=status, content_type=sent.content_type)
