"""What goes between alice and bob besides looking: asking, sending in, passing on, remarks."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from accounts import services as accounts
from accounts.actors import Actor
from accounts.models import Practitioner
from phr.services import remarks
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.scopes import Scope
from sharing.services import granting, links, offers, passing_on, requests
from tests.cast import ORDINARY, Cast, join

RESULTS = Scope((Category.LABORATORY,), (Sensitivity.N,), may_copy=False, ends_at=None)
INWARD = replace(
    RESULTS, categories=(), labels=(),
    inward_categories=(Category.LABORATORY,), inward_labels=(Sensitivity.N,),
)  # fmt: skip


def both_ways(cast: Cast, record_id: UUID) -> dict[str, UUID]:
    """Bob, who is verified, may send in and pass on, asks for more and for a correction."""
    switches = replace(
        ORDINARY,
        may_reshare=True,
        inward_categories=(Category.LABORATORY,),
        inward_labels=(Sensitivity.N,),
    )
    passing = cast.share(switches)
    wish = requests.Wish("Next week", (Category.CONDITIONS,))
    requests.ask(cast.bob, "alice@example.org", wish=wish)
    (asked,) = requests.waiting(cast.alice)
    said = remarks.ask_correction(cast.bob, cast.alice_id, record_id, text="It was the left one")
    offer_id = offers.offer(cast.bob, "alice@example.org")
    return {
        "passing_id": passing,
        "request_id": asked.request.pk,
        "remark_id": said,
        "offer_id": offer_id,
    }


def sends_in(cast: Cast) -> Actor:
    """Bob may send in and see nothing."""
    cast.share(INWARD)
    return cast.bob


def passed_on(cast: Cast) -> Actor:
    """Rose, to whom bob passed on what he may look at."""
    rose = Actor.session(join("rose@example.org").pk)
    above = cast.share(replace(RESULTS, may_reshare=True))
    fresh = passing_on.pass_on(cast.bob, above, email="rose@example.org")
    granting.accept(rose, fresh)
    return rose


def passed_on_and_ended(cast: Cast) -> Actor:
    """The same, after alice took back what bob had."""
    rose = passed_on(cast)
    granting.revoke_all(cast.alice)
    return rose


def asked(cast: Cast) -> Actor:
    """Bob, who is verified, asked and has no answer."""
    bob = Practitioner.objects.get(user=cast.bob.user_id)
    accounts.verify_practitioner(cast.sam, bob.pk)
    requests.ask(cast.bob, "alice@example.org", wish=requests.Wish("Monday", RESULTS.categories))
    return cast.bob


def granted(cast: Cast) -> Actor:
    """Bob asked, and alice said yes."""
    who = asked(cast)
    (one,) = requests.waiting(cast.alice)
    requests.grant(cast.alice, one.request.pk, scope=one.scope)
    return who


def drops(cast: Cast) -> Actor:
    """Whoever came in by a drop-box link of alice's."""
    scope = replace(INWARD, ends_at=timezone.now() + timedelta(days=7))
    return Actor.link(links.make_drop_box(cast.alice, "A clinic", scope=scope).grant_id)
