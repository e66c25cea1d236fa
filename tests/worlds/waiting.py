"""Rows that wait for somebody's answer, made without the pages that lead there."""

from uuid import UUID

from django.utils import timezone

from accounts.acting import acting_as
from phr.services import deliveries, remarks
from sharing.models import AccessRequest, Attestation, Offer, Unasked
from sharing.services import offers
from tests.cast import Cast, user_of


def wait_for_alice(cast: Cast) -> None:
    """A file that bob sends in, his note, his request for more, and his offer of what nobody wants."""
    _, writer = deliveries.begin(cast.bob, cast.alice_id, file_name="a.json")
    writer.close()
    remarks.write_note(cast.bob, cast.alice_id, text="Call her")
    offers.choose(cast.alice, Unasked.KEEP)
    with acting_as(cast.bob):
        AccessRequest.objects.create(
            asker_id=user_of(cast.bob), email="alice@example.org", asked_sealed=b"-",
            expires_at=timezone.now(),
        )  # fmt: skip
        Offer.objects.create(sender_id=user_of(cast.bob), email="alice@example.org")


def asked_about_copies(cast: Cast, ended: UUID) -> None:
    """Alice asks carol about copies taken under a permission that has ended."""
    with acting_as(cast.alice):
        Attestation.objects.create(
            grant_id=ended, patient_id=cast.alice_id, grantee_id=user_of(cast.carol),
            name_sealed=b"sealed", due_at=timezone.now(),
        )  # fmt: skip
