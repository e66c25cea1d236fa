"""One cast everywhere: alice keeps a record, bob is her doctor, carol a stranger, sam staff."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db.models.functions import Now

from accounts import services
from accounts.acting import acting_as
from accounts.actors import Actor, System
from accounts.models import User
from phr.models import Upload
from phr.services import imports, uploads
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.scopes import Scope
from sharing.services import granting

PASSWORD = "correct horse battery staple"
IMPORTER = Actor.job(System.IMPORT)
PURGER = Actor.job(System.PURGE)
SEALER = Actor.job(System.AUDIT)
ALL = Scope(tuple(Category), tuple(Sensitivity), may_copy=True, ends_at=None)
ORDINARY = Scope(tuple(Category), (Sensitivity.N,), may_copy=False, ends_at=None)


def join(email: str, *, staff: bool = False) -> User:
    """A user with a verified address and `PASSWORD`."""
    user = User.objects.create_user(email, PASSWORD, is_staff=staff, is_superuser=staff)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def user_of(actor: Actor) -> UUID:
    """The id of somebody who is signed in."""
    assert actor.user_id
    return actor.user_id


@dataclass(frozen=True)
class Cast:
    alice: Actor
    alice_id: UUID
    bob: Actor
    carol: Actor
    carol_id: UUID
    sam: Actor

    @classmethod
    def enter(cls) -> "Cast":
        """Everybody, made now, or those who are there already for all tests of a module."""
        return _staying[-1] if _staying else cls._enter()

    @classmethod
    @contextmanager
    def staying(cls) -> Iterator["Cast"]:
        """Everybody, who stay as long as the block lasts."""
        _staying.append(cls._enter())
        try:
            yield _staying[-1]
        finally:
            _staying.pop()

    @classmethod
    def _enter(cls) -> "Cast":
        alice, bob, carol = (
            Actor.session(join(f"{name}@example.org").pk) for name in ("alice", "bob", "carol")
        )
        services.register_practitioner(
            bob, name="Dr Bob Brown", profession="Doctor", specialty="Cardiology",
            licence_number="GMC 123",
        )  # fmt: skip
        return cls(
            alice=alice,
            alice_id=services.begin_record(alice, name="Alice Archer"),
            bob=bob,
            carol=carol,
            carol_id=services.begin_record(carol, name="Carol Clark"),
            sam=Actor.staff(join("sam@example.org", staff=True).pk),
        )

    def share(self, scope: Scope = ALL, *, email: str = "bob@example.org") -> UUID:
        """Alice shares with bob, who accepts. Returns the Grant's id."""
        grant_id = granting.grant(self.alice, email, scope=scope)
        granting.accept(self.bob, grant_id)
        return grant_id


_staying: list[Cast] = []


def hand_in(actor: Actor, data: bytes, name: str = "file.json") -> UUID:
    """Put a file in as a request would, without looking through it. Returns the Upload's id."""
    upload_id, writer = uploads.begin_upload(actor, file_name=name)
    writer.write(data)
    writer.close()
    uploads.complete_upload(actor, upload_id, size=writer.size)
    return upload_id


def receive(actor: Actor, data: bytes, name: str = "file.json") -> UUID:
    """Put a file in whose owner has said yes already, to be added. Returns the Upload's id.

    No page leads here so soon; it spares tests that are not about the question to look through it.
    """
    upload_id = hand_in(actor, data, name)
    with acting_as(actor):
        Upload.objects.filter(pk=upload_id).update(confirmed_at=Now())
    return upload_id


def put_in(actor: Actor, data: bytes, name: str = "file.json") -> uploads.Followed:
    """Put a file in, say yes, and let the worker add it."""
    upload_id = receive(actor, data, name)
    imports.import_upload(IMPORTER, upload_id)
    return uploads.upload(actor, upload_id)
