"""A `DocumentReference` for an uploaded file that is not FHIR.

Source: https://hl7.org/fhir/R4/documentreference.html
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from phr.formats import r4
from phr.formats.effective import effective_at
from phr.formats.parsed import DESCRIBED, Parsed, Refused
from phr.formats.terms import clean, terms
from sharing.categories import category_of
from sharing.labels import suggest

Json = dict[str, Any]


def document(
    data: bytes,
    content_type: str,
    filename: str,
    created: str | None,
    options: Mapping[str, str] | None = None,
) -> Parsed:
    """The file as a document; `created` is a FHIR date or dateTime found inside it, or None.

    `options` may hold what its owner said about it (`DESCRIBED`).
    """
    attachment: Json = {
        "contentType": content_type,
        "size": len(data),
        # FHIR R4 Attachment.hash is SHA-1 by definition; it is a checksum here, not a protection.
        "hash": base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode(),
    }
    if title := base_name(filename):
        attachment["title"] = title
    if created:
        attachment["creation"] = created
    resource: Json = {
        "resourceType": "DocumentReference",
        "status": "current",
        "content": [{"attachment": attachment}],
    }
    resource |= orjson.loads((options or {}).get(DESCRIBED, "{}"))
    return built(resource, data, effective_at(resource), identity=None)


def built(resource: Json, data: bytes, effective_at: str | None, *, identity: str | None) -> Parsed:
    """A resource made by a reader, with the file's own digest. Raises Refused if it is not R4."""
    if problem := r4.problem(resource):
        raise Refused(f"The file cannot be described in FHIR: {problem}.")
    return Parsed(
        resource["resourceType"],
        str(category_of(resource)),
        effective_at,
        tuple(map(str, suggest(resource))),
        identity,
        hashlib.sha256(data).hexdigest(),
        terms(resource),
        "the file",
        orjson.dumps(resource),
        (0,),
    )


def base_name(filename: str) -> str:
    """The last part of a path, cleaned."""
    return clean(filename.replace("\\", "/").rpartition("/")[2])
