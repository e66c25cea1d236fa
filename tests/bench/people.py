"""Who takes part in a measurement."""

import secrets
from dataclasses import dataclass
from uuid import UUID

from django.test import Client

from accounts import services
from accounts.actors import Actor
from accounts.models import User
from sharing.services import granting
from tests.cast import ALL, join


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody signed in at a browser."""

    email: str
    actor: Actor
    client: Client

    @classmethod
    def new(cls) -> "Person":
        user: User = join(f"{secrets.token_hex(6)}@example.org")
        client = Client(headers={"User-Agent": "bench"})
        client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
        return cls(user.email, Actor.session(user.pk), client)

    def get(self, path: str) -> None:
        """Ask for a page. Raises RuntimeError unless it comes."""
        answer = self.client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")

    def search(self, path: str, text: str) -> None:
        if self.client.post(path, {"text": text}).status_code != 200:
            raise RuntimeError("the search failed")


def patient() -> tuple[Person, UUID]:
    """A new patient and her Patient's id."""
    person = Person.new()
    return person, services.begin_record(person.actor, name="Bench Patient")


def share(owner: Person, reader: Person) -> UUID:
    """The owner shares everything with the reader. Returns the Grant's id."""
    grant_id = granting.grant(owner.actor, reader.email, scope=ALL)
    granting.accept(reader.actor, grant_id)
    return grant_id
