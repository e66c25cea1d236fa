"""A browser that sends a file in pieces, as the upload page's script does (tus 1.0.0)."""

from base64 import b64encode
from io import BytesIO
from typing import Any
from uuid import UUID

from django.test import Client

from phr.services import uploads
from tests.cast import Cast

START = "/records/upload/resumable/"
PIECE = "application/offset+octet-stream"
EMPTY = {"Content-Length": "0", "Content-Type": PIECE}
# Three chunks and a rest.
DATA = b"%PDF-1.4 a secret letter\n" + bytes(range(256)) * 800


def b64(word: str) -> str:
    return b64encode(word.encode()).decode()


def begin(client: Client, size: int = len(DATA), /, **more: str) -> Any:
    """Announce a file of so many bytes."""
    about = f"filename {b64('brief.pdf')},fingerprint {b64('ab12')}"
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(size), "Upload-Metadata": about}
    return client.post(START, headers=headers | more)


def begun(client: Client, size: int = len(DATA)) -> str:
    """Where the pieces of a new file go."""
    answer = begin(client, size)
    assert answer.status_code == 201
    return str(answer.headers["Location"])


def send(client: Client, place: str, data: bytes, offset: int, **more: str) -> Any:
    """Send what follows on a byte."""
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset)}
    return client.patch(place, data, content_type=PIECE, headers=headers | more)


def pour(client: Client, place: str, body: BytesIO, *, announced: int = len(DATA)) -> Any:
    """Send the beginning of a file as a stream, which may end before all that was announced."""
    request: dict[str, Any] = {
        "wsgi.input": body,
        "CONTENT_LENGTH": str(announced),
        "CONTENT_TYPE": PIECE,
        "REQUEST_METHOD": "PATCH",
        "PATH_INFO": place,
        "HTTP_UPLOAD_OFFSET": "0",
    }
    return client.request(**request)


def offset_of(client: Client, place: str) -> int:
    return int(client.head(place).headers["Upload-Offset"])


def id_in(place: str) -> UUID:
    return UUID(place.split("/")[3])


def whole(cast: Cast, place: str) -> bytes:
    """The file as its owner gets it back."""
    return b"".join(uploads.original(cast.alice, id_in(place)).pieces)
