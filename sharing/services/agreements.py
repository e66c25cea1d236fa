"""The register of agreements: kept by a facility's administrators, read by patients."""

from datetime import date
from uuid import UUID

from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied
from sharing.models import Agreement, AgreementKind
from sharing.services import facilities
from sharing.services.facilities import administered
from sharing.services.recipients import Refused

MOST_BYTES = 2_000_000
MOST_KEPT = 30


def add(
    actor: Actor,
    organization_id: UUID,
    *,
    kind: AgreementKind,
    version: str,
    signed_on: date,
    ends_on: date | None,
    document: bytes,
) -> UUID:
    """Put an agreement with its document (PDF) into the register. Returns the Agreement's id.

    Raises `Denied` for who does not administer the facility, `Refused` for another kind of file,
    one that is too large, and for too many.
    """
    with acting_as(actor):
        facility = administered(actor, organization_id)
        if not document.startswith(b"%PDF-") or len(document) > MOST_BYTES:
            raise Refused("Choose a PDF of at most 2 MB.")
        if facility.agreements.count() >= MOST_KEPT:
            raise Refused("There are too many agreements. Ask our staff.")
        row = Agreement.objects.create(
            organization=facility, kind=kind, version=version, signed_on=signed_on,
            ends_on=ends_on, document=document,
        )  # fmt: skip
        note("add", subject=f"Agreement/{row.pk}")
        return row.pk


def document(actor: Actor, organization_id: UUID, agreement_id: UUID) -> bytes:
    """The document of an agreement, for whoever sees the facility's card. Or `Denied`."""
    with acting_as(actor):
        card = facilities.card(actor, organization_id)
        row = Agreement.objects.filter(pk=agreement_id, organization=card.facility).first()
        if row is None:
            raise Denied("read", subject=f"Agreement/{agreement_id}")
        return bytes(row.document)
