"""What a link gives to an app: FHIR Bundles made when they are asked for, encrypted for its holder.

Source: SMART Health Links Protocol, version 1, manifest and files; FHIR R4 Bundle.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor, Denied
from phr.bundles import bundle, person
from phr.display.words import clean
from phr.models import Record
from phr.services.items import note_reads
from phr.services.summary import ALLERGIES, MEDICINES, PROBLEMS
from phr.services.summary_document import document_of, open_rows
from sharing import health_links, policy
from sharing.models import Grant
from sharing.policy import Action, Grounds
from sharing.services import links

# How long an address of a file works; the specification allows an hour.
LOCATION = timedelta(minutes=15)
# The newest of a large record; more would not fit a telephone.
MOST_RECORDS = 2000
_SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED",
}  # fmt: skip


class File(StrEnum):
    """The files that a link can have."""

    RECORDS = "records"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest answers: the file objects of the specification, and whether they can change."""

    files: list[dict[str, str]]

    @property
    def said(self) -> dict[str, Any]:
        return {"status": "can-change", "files": self.files}


def manifest(actor: Actor, *, most: int | None = None) -> Manifest:
    """The files of an opened link, embedded where they are no longer than `most` characters.

    Others are named by an address that works for `LOCATION`. Raises `Denied` once it has ended.
    """
    return Manifest([_file(actor, one, most) for one in _offered(actor)])


def _offered(visitor: Actor) -> list[File]:
    patient_id, _ = links.about(visitor)
    with acting_as(visitor, about=patient_id):
        why = policy.grounds(visitor, Action.COPY, patient_id)
        if not why.grants:
            raise Denied(Action.COPY.value, patient_id=patient_id)
        return [File.SUMMARY, File.RECORDS] if _summed_up(why.grants[0]) else [File.RECORDS]


def _summed_up(grant: Grant) -> bool:
    """Whether a summary would not mislead: nothing that it must say is left out by a choice."""
    needed = {shelf.value for part in (PROBLEMS, MEDICINES, ALLERGIES) for shelf in part.shelves}
    narrowed = (grant.types, grant.tags, grant.records, grant.besides)
    return (
        needed <= {*grant.categories}
        and not any(narrowed)
        and not (grant.data_from or grant.data_until)
    )


def _file(visitor: Actor, one: File, most: int | None) -> dict[str, str]:
    kind = {"contentType": health_links.FHIR}
    if most is not None:
        sealed = encrypted(visitor, one)
        if len(sealed) <= most:
            return kind | {"embedded": sealed}
    ticket = signing.dumps([str(visitor.grant_id), one.value], salt="link-file")
    return kind | {"location": settings.PHR_ORIGIN + reverse("phr:link_file", args=[ticket])}


def ticket_of(ticket: str, *, request_id: str = "") -> tuple[Actor, File]:
    """Who may ask for which file by this address. Raises `Denied` when it is old or invented."""
    try:
        grant_id, one = signing.loads(ticket, salt="link-file", max_age=LOCATION)
    except signing.BadSignature:
        raise Denied(Action.COPY.value) from None
    return Actor.link(UUID(grant_id), request_id=request_id), File(one)


def encrypted(actor: Actor, one: File) -> str:
    """A file as compact JWE under the link's key; audited as a copy of what is in it."""
    patient_id, key = links.about(actor)
    with acting_as(actor, about=patient_id):
        why = policy.grounds(actor, Action.COPY, patient_id)
        patient = policy.require_patient(actor, Action.COPY, patient_id, known=why)
        if one is File.SUMMARY:
            content = document_of(actor, patient, why, born=None)
        else:
            name = clean(accounts.name_of(patient), 200)
            content = _records(actor, patient_id, name, why)
    return health_links.encrypted(content, key)


def _records(visitor: Actor, patient_id: UUID, name: str, why: Grounds) -> bytes:
    rows = policy.records(visitor, Action.COPY, Record.objects.all(), patient_id, known=why)
    kept = rows.exclude(resource_type="Patient").order_by("-effective_at", "-id")
    newest = list(kept[: MOST_RECORDS + 1])
    opened = open_rows(visitor, patient_id, newest[:MOST_RECORDS], why)
    note_reads(patient_id, opened.rows, why, action=Action.COPY)
    about = uuid4()
    every = [person(about, name, None, why_not="masked"), *opened.rewired(about)]
    meta = {"tag": [_SUBSETTED]} if len(newest) > MOST_RECORDS else {}
    at = timezone.now().isoformat(timespec="seconds")
    return bundle("collection", every, at=at, meta=meta, identifier=uuid4())
