"""Who asks, and through which door."""

import errno
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.http import Http404


class Door(StrEnum):
    """Through what an actor came in."""

    LINK = "link"
    MAIL = "mail"
    NOBODY = "nobody"
    SESSION = "session"
    STAFF = "staff"
    SYSTEM = "system"


class System(StrEnum):
    """The named jobs of the software itself; `sharing/policy.py` says what each may do."""

    AUDIT = "audit"
    BACKUP = "backup"
    DEMO = "demo"
    DIRECTORY = "directory"
    EXPORT = "export"
    HOLD = "hold"
    IMPORT = "import"
    INTEGRITY = "integrity"
    MAIL = "mail"
    OPERATOR = "operator"
    PURGE = "purge"
    RECONCILE = "reconcile"
    RENEW = "renew"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. No actor, no rows."""

    door: Door = Door.NOBODY
    user_id: UUID | None = None
    system: str = ""
    request_id: str = ""
    grant_id: UUID | None = None
    acting_for: UUID | None = None

    @classmethod
    def session(
        cls, user_id: UUID, *, request_id: str = "", acting_for: UUID | None = None
    ) -> "Actor":
        """Who is signed in; while she acts for another patient she is nobody else's, nor her own."""
        return cls(Door.SESSION, user_id, request_id=request_id, acting_for=acting_for)

    @classmethod
    def link(cls, grant_id: UUID, *, request_id: str = "") -> "Actor":
        """Whoever opened this link, and gave its passcode if it has one."""
        return cls(Door.LINK, request_id=request_id, grant_id=grant_id)

    @classmethod
    def mail(cls, user_id: UUID, *, request_id: str = "") -> "Actor":
        """Whoever follows a link that was mailed to this user; may stop news and nothing else."""
        return cls(Door.MAIL, user_id, request_id=request_id)

    @classmethod
    def staff(cls, user_id: UUID, *, request_id: str = "") -> "Actor":
        return cls(Door.STAFF, user_id, request_id=request_id)

    @classmethod
    def job(cls, system: System) -> "Actor":
        return cls(Door.SYSTEM, system=system.value)

    @property
    def role(self) -> str:
        """The database role this actor works through."""
        return "phr_worker" if self.door is Door.SYSTEM else "phr_web"


class Denied(Http404):
    """The actor may not; answered exactly like something that does not exist."""

    def __init__(
        self, action: str = "", *, patient_id: UUID | None = None, subject: str = ""
    ) -> None:
        super().__init__("Not found.")
        self.action, self.patient_id, self.subject = action, patient_id, subject


class CutOff(ConnectionResetError):
    """An answer that is under way may not go on.

    What a server of WSGI does when its client goes away is done here too: the connection ends, short
    of the length that was said and without a last chunk (RFC 9112 sections 6.3 and 7.1), and nothing
    is written to the log of errors.
    """

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "cut off")
