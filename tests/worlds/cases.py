"""Requests to the rights desk, and the people who work them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection

from accounts.acting import acting_as
from accounts.actors import Actor
from rights.models import RightRequest
from rights.regimes import Jurisdiction, Right
from rights.services import cases, desk
from rights.transitions import Step
from tests.cast import Cast, join
from tests.raw import as_owner, open_walls

# What a member of staff can do to a request.
DO: dict[Step, Callable[[Actor, UUID], None]] = {
    Step.ACKNOWLEDGE: desk.acknowledge,
    Step.ASK: lambda actor, pk: desk.ask(actor, pk, about="identity", text="Who?"),
    Step.CLOSE: desk.close,
    Step.CONFIRM: desk.confirm,
    Step.EXTEND: lambda actor, pk: desk.extend(actor, pk, text="It is long."),
    Step.GRANT: lambda actor, pk: desk.decide(actor, pk, decision="granted", text="Yes."),
    Step.LIFT: lambda actor, pk: desk.lift(actor, pk, text="It ends."),
    Step.PROPOSE: lambda actor, pk: desk.decide(
        actor, pk, decision="refused", ground="unfounded", text="No."
    ),
    Step.RESUME: desk.resume,
    Step.SEND_BACK: desk.send_back,
    Step.WRITE: lambda actor, pk: desk.write(actor, pk, text="Hello."),
}


@dataclass(frozen=True)
class Desk:
    """Alice asks; sam and tom are staff."""

    cast: Cast
    sam: Actor
    tom: Actor

    @classmethod
    def enter(cls) -> "Desk":
        cast = Cast.enter()
        return cls(cast, cast.sam, Actor.staff(join("tom@example.org", staff=True).pk))

    def ask(
        self, right: str = "access", place: str = "eu", *, words: str = "Please help."
    ) -> tuple[str, UUID]:
        """Alice opens a case. Returns its reference and the id of its earliest request."""
        reference = cases.open_case(
            self.cast.alice, right=Right(right), jurisdiction=Jurisdiction(place), words=words
        )
        return reference, self.requests(reference)[0].pk

    def requests(self, reference: str) -> list[RightRequest]:
        with acting_as(self.sam):
            rows = RightRequest.objects.filter(case__reference=reference)
            return list(rows.order_by("safe_on", "regime"))

    def row(self, request_id: UUID) -> RightRequest:
        with acting_as(self.sam):
            return RightRequest.objects.select_related("case").get(pk=request_id)


def received_on(request_id: UUID, day: date) -> None:
    """As if the request had come in on that day."""
    open_walls()
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            'UPDATE rights_clockevent SET "on" = %s WHERE request_id = %s AND kind = %s',
            [day, request_id, "started"],
        )
