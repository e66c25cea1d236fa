"""Uploads that survive a broken connection: tus 1.0.0 (core, creation, termination, expiration,
checksum).

https://tus.io/protocols/resumable-upload, spoken by the script of the upload page. Whoever is not
signed in gets 401 here, not the sign-in page: scripts follow redirects without knowing.
"""

import hashlib
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import http_date
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from accounts.actors import Denied
from accounts.requests import actor_of
from phr.receiving import Proof, receive_piece
from phr.room import NoRoom, NotTaken, TooMuch
from phr.services import resumable as services
from phr.services.resumable import Arriving, Different, Mismatch, OutOfStep
from sharing.policy import Restricted

VERSION = "1.0.0"
PIECE = "application/offset+octet-stream"
HASHES = ("sha1", "sha256")
ABOUT = {
    "Tus-Version": VERSION,
    "Tus-Extension": "creation,expiration,termination,checksum",
    "Tus-Checksum-Algorithm": ",".join(HASHES),
}
DIFFERENT = (
    "What arrived is not the file that was begun: it changed on the way or in the meantime."
    " Nothing of it was kept. Please choose it again."
)
# From errors to answers; those of `NotTaken` bring their own sentence.
ANSWERS: dict[type[Exception], tuple[int, str]] = {
    NotTaken: (400, ""),
    TooMuch: (413, ""),
    NoRoom: (507, ""),
    OutOfStep: (409, ""),
    Mismatch: (460, ""),
    Different: (422, DIFFERENT),
    Restricted: (403, "While your record is restricted, nothing can be added to it."),
    Denied: (404, ""),
}
View = Callable[..., HttpResponse]


def _say(status: int, sentence: str = "", **headers: str) -> HttpResponse:
    kind = "text/plain; charset=utf-8"
    return HttpResponse(sentence, status=status, content_type=kind, headers=headers)


def speaks_tus(*methods: str) -> Callable[[View], View]:
    """A door of the protocol: who may come in, in which version, and what answers errors get."""

    def door(view: View) -> View:
        @wraps(view)
        def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            answer = _refused(request, methods) or _caught(checked, request, *args, **kwargs)
            answer.headers["Tus-Resumable"] = VERSION
            return answer

        # The token is checked after the session: without one, its absence would say the wrong thing.
        checked = csrf_protect(view)
        return csrf_exempt(opened)

    return door


def _refused(request: HttpRequest, methods: tuple[str, ...]) -> HttpResponse | None:
    if not request.user.is_authenticated:
        return _say(401)
    if request.method == "OPTIONS":
        most = str(settings.PHR_UPLOAD_MOST_BYTES)
        return HttpResponse(status=204, headers=ABOUT | {"Tus-Max-Size": most})
    if request.method not in methods:
        return _say(405, Allow=", ".join((*methods, "OPTIONS")))
    if request.headers.get("Tus-Resumable", VERSION) != VERSION:
        return HttpResponse(status=412, headers=ABOUT)
    return None


def _caught(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    try:
        return view(request, *args, **kwargs)
    except tuple(ANSWERS) as error:
        status, sentence = next(ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)
        return _say(status, str(error) if isinstance(error, NotTaken) else sentence)


@speaks_tus("POST")
def begin(request: HttpRequest) -> HttpResponse:
    """Creation (section 5.1): announces a file and answers where its pieces go."""
    said = _metadata(request.headers.get("Upload-Metadata", ""))
    upload_id = services.begin(
        actor_of(request),
        file_name=_last_part(said.get("filename", "")) or "file",
        size=_number(request, "Upload-Length"),
        fingerprint=said.get("fingerprint", ""),
    )
    answer = HttpResponse(status=201, headers=_state(services.look(actor_of(request), upload_id)))
    answer.headers["Location"] = reverse("phr:resumable_upload", args=[upload_id])
    return answer


@speaks_tus("GET", "HEAD", "PATCH", "DELETE")
def piece(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """One file: how much of it is here (HEAD), what follows (PATCH), an end to it (DELETE)."""
    actor = actor_of(request)
    if request.method == "PATCH":
        return _more(request, upload_id)
    if request.method == "DELETE":
        services.terminate(actor, upload_id)
        return HttpResponse(status=204)
    found = services.look(actor, upload_id)
    name = b64encode(found.file_name.encode()).decode()
    known = b64encode(found.fingerprint.encode()).decode()
    headers = {
        "Upload-Length": str(found.size),
        "Upload-Metadata": f"filename {name},fingerprint {known}",
    }
    return HttpResponse(headers=_state(found) | headers)


def _more(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    if request.content_type != PIECE:
        return _say(415)
    offset = _number(request, "Upload-Offset")
    coming = _number(request, "Content-Length")
    found = services.look(actor_of(request), upload_id)
    if found.offset != offset:
        raise OutOfStep
    if coming > min(settings.PHR_UPLOAD_PIECE_BYTES, found.size - offset):
        raise TooMuch("This piece is too large.")
    proof = _proof(request, coming)
    if coming and not receive_piece(request, actor_of(request), upload_id, offset, proof):
        raise NotTaken("This piece is too small.")
    return HttpResponse(status=204, headers=_state(services.look(actor_of(request), upload_id)))


def _proof(request: HttpRequest, coming: int) -> Proof | None:
    """Upload-Checksum (checksum extension): the name of a hash, a space, the digest in Base64."""
    name, _, digest = request.headers.get("Upload-Checksum", "").partition(" ")
    if not name:
        return None
    if name not in HASHES:
        raise NotTaken("Upload-Checksum must be of sha1 or sha256.")
    try:
        # SHA-1 only guards against accidents of the wire here.
        return Proof(
            hashlib.new(name, usedforsecurity=False), b64decode(digest, validate=True), coming
        )
    except ValueError as error:
        raise NotTaken("Upload-Checksum cannot be read.") from error


def _state(found: Arriving) -> dict[str, str]:
    headers = {"Upload-Offset": str(found.offset)}
    if found.until:
        headers["Upload-Expires"] = http_date(found.until.timestamp())
    return headers


def _number(request: HttpRequest, header: str) -> int:
    value = request.headers.get(header, "")
    if not (value.isascii() and value.isdigit()) or len(value) > 18:
        raise NotTaken(f"{header} must be a number.")
    return int(value)


def _metadata(header: str) -> dict[str, str]:
    """Upload-Metadata: comma-separated keys, each with a space and its value in Base64."""
    pairs = (pair.strip().partition(" ") for pair in header.split(","))
    try:
        return {key: b64decode(value, validate=True).decode() for key, _, value in pairs if key}
    except (Error, ValueError) as error:
        raise NotTaken("Upload-Metadata cannot be read.") from error


def _last_part(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2].replace("\0", "").strip()
