"""A file on its way to a browser, whole or from where an earlier download broke off.

Source: RFC 9110 sections 8.8.3 (ETag), 13.1.5 (If-Range), 14 (range requests), 15.3.7 and 15.5.17.
Each request is decided anew, and each piece of it; none flows once the session has ended. What is
written down: one copy for a file, a ground and a session in ten minutes, however many ranges it
comes in; asking by HEAD brings no byte and is no copy.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from accounts.requests import while_signed_in
from phr.ranges import NotSatisfiable, wanted

SANDBOX = "sandbox; default-src 'none'"
COPIED = "copied"
ONE_COPY_SECONDS = 600
MOST_REMEMBERED = 50

# Whether the copy called so (file and ground), of a file of that size and tag, is written down.
Told = Callable[[str, int, str], bool]


def never_told(copy: str, size: int, tag: str) -> bool:  # noqa: ARG001
    """Every copy is to be written down."""
    return False


def told(request: HttpRequest) -> Told:
    """For a service that writes down copies: which this request need not repeat."""
    session, now = request.session, int(time.time())

    def already(copy: str, size: int, tag: str) -> bool:
        if request.method == "HEAD":
            return True
        known: dict[str, int] = session.get(COPIED, {})
        if goes_on(request, size, tag) and known.get(copy, 0) > now - ONE_COPY_SECONDS:
            return True
        newest = sorted((known | {copy: now}).items(), key=lambda pair: pair[1])
        session[COPIED] = dict(newest[-MOST_REMEMBERED:])
        return False

    return already


def goes_on(request: HttpRequest, size: int, tag: str) -> bool:
    """Whether the answer will not begin at the first byte of the file: never for a whole one."""
    try:
        part = _part(request, size, tag)
    except NotSatisfiable:
        return True
    return part is not None and part[0] > 0


def _part(request: HttpRequest, size: int, tag: str) -> tuple[int, int] | None:
    # Of another file than the one that was begun, all of it is sent (RFC 9110 section 13.1.5).
    same = request.headers.get("If-Range", f'"{tag}"') == f'"{tag}"'
    return wanted(request.headers.get("Range", ""), size) if same else None


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
    try:
        part = _part(request, sent.size, sent.tag)
    except NotSatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{sent.size}"})
    start, end = part or (0, sent.size)
    response = _body(request, sent, start, end, status=206 if part else 200)
    if part:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{sent.size}"
    response.headers["Content-Length"] = str(end - start)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["ETag"] = f'"{sent.tag}"'
    response.headers["Content-Disposition"] = sent.disposition
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _body(
    request: HttpRequest, sent: Sent, start: int, end: int, *, status: int
) -> HttpResponseBase:
    if request.method == "HEAD":
        return HttpResponse(status=status, content_type=sent.content_type)
    pieces = while_signed_in(request, sent.pieces(start, end))
    return StreamingHttpResponse(pieces, status=status, content_type=sent.content_type)
