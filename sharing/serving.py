"""Who works at facilities now, from behind the wall: the rows of roles are not everybody's to read."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from sharing.models import Role


@dataclass(frozen=True, slots=True)
class Serving:
    """A role in force of an active user, at a facility that is not closed.

    `sees`: what is shared with the facility, now; `soon`: on call now or within 24 hours;
    `lasting`: without a last day.
    """

    organization_id: UUID
    user_id: UUID
    code: str
    sees: bool
    soon: bool
    lasting: bool

    @property
    def administers(self) -> bool:
        """Whether she manages the people of the facility."""
        return self.code == Role.ADMINISTRATOR


def serving(organization_ids: Iterable[UUID]) -> list[Serving]:
    """Everybody with a role in force at these facilities. Within an act."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT organization_id, user_id, code, sees, soon, lasting FROM phr_colleagues(%s)",
            [list(organization_ids)],
        )
        return [Serving(*row) for row in cursor.fetchall()]
