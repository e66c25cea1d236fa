"""Files that nobody asked for: her choice, and who may offer some to an address.

Whether anybody here has the address, and what she chose, shows by nothing: an offer is the same row
for every address, and where its files go is asked of the database each time anew.
"""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied
from sharing import policy
from sharing.models import DeliveryChoice, Offer, Unasked
from sharing.policy import Action
from sharing.services import requests
from sharing.services.recipients import Refused

# As long as `phr_unasked` looks at an offer, and as long as it counts as one of a day.
OPEN, COUNTED = timedelta(hours=1), timedelta(days=1)
MANY = "You have sent records to many people today. Try again tomorrow."


def choice(actor: Actor) -> Unasked:
    """What the actor, who keeps a record, chose about files that nobody asked for."""
    with acting_as(actor):
        row = DeliveryChoice.objects.filter(patient=policy.require_own(actor)).first()
        return Unasked(row.unasked) if row else Unasked.REFUSE


def choose(actor: Actor, unasked: Unasked) -> None:
    """Refuse from now on what nobody asked for, or keep it apart. Raises `Denied`, `Restricted`."""
    with acting_as(actor):
        action = Action.SHARE if unasked is Unasked.KEEP else Action.REVOKE
        patient = policy.require_own(actor, action)
        chosen = {"unasked": unasked, "chosen_at": timezone.now()}
        DeliveryChoice.objects.update_or_create(patient=patient, defaults=chosen)
        note(f"unasked-{unasked.value}", patient_id=patient.pk, basis="owner")


def offer(actor: Actor, email: str, *, organization_id: UUID | None = None) -> UUID:
    """Begin to send files to whoever owns this address. Returns the Offer's id.

    Raises `Denied` for who is no verified professional and for a facility that is not hers, and
    `Refused` for too many in a day, and where she has several facilities and names none.
    """
    with acting_as(actor):
        sender, facility = requests.speaking_for(actor, organization_id)
        recent = Offer.objects.filter(sender=sender, made_at__gt=timezone.now() - COUNTED)
        if recent.count() >= settings.PHR_OFFERS_A_DAY:
            raise Refused(MANY)
        row = Offer(sender_id=sender, organization=facility, email=email.lower())
        row.save(force_insert=True)
        note("offer", subject=f"Offer/{row.pk}")
        return row.pk


def one(actor: Actor, offer_id: UUID) -> Offer:
    """An offer of the actor's with which files can be sent still, or `Denied`."""
    with acting_as(actor):
        return opened(actor, offer_id)


def opened(actor: Actor, offer_id: UUID) -> Offer:
    """The same within an act; whether she may still send is asked with each file (`whose`)."""
    since = timezone.now() - OPEN
    rows = Offer.objects.filter(sender=actor.user_id, sent_at=None, made_at__gt=since)
    row = rows.filter(pk=offer_id).first()
    if row is None:
        raise Denied("offer", subject=f"Offer/{offer_id}")
    return row


def whose(actor: Actor, offer_id: UUID) -> UUID | None:
    """The patient who keeps apart what comes with this offer; None for nobody. Within an act."""
    opened(actor, offer_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT phr_unasked(%s)", [offer_id])
        return UUID(str(found[0])) if (found := cursor.fetchone()) and found[0] else None


def finish(actor: Actor, offer_id: UUID) -> None:
    """Everything was sent: nothing more comes with this offer."""
    with acting_as(actor):
        Offer.objects.filter(pk=offer_id, sender=actor.user_id).update(sent_at=Now())


def forget_old(actor: Actor) -> int:
    """Delete offers that do not count any more. Returns how many."""
    with acting_as(actor):
        gone, _ = Offer.objects.filter(made_at__lt=timezone.now() - COUNTED).delete()
        return gone
