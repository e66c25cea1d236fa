"""Alice's record, and everybody who sees or writes something of it, each by another path."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib import import_module
from uuid import UUID

import orjson
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.utils import timezone

from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import User
from phr.bodies import seal_body
from phr.models import Binary, Record
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import Authority, Role
from sharing.services import granting, links, members
from sharing.services.recipients import ActsFor, Recipient
from tests.cast import ALL, IMPORTER, Cast, join, user_of
from tests.worlds.facilities import employ, opened
from tests.worlds.kept import keep, observation, with_file

# What may be seen before access is taken away, and what stands in its place afterwards.
CANARY, NEWER = "Quicksilver", "Hydrargyrum"
BIG = 3 << 20
TOKEN = "r" * 32
READING = ("person reads", "facility reads", "link reads", "manager reads")
WRITING = ("person notes", "person corrects", "person sends", "facility notes", "manager enters")
BOTH_WAYS = replace(ALL, inward_categories=tuple(Category), inward_labels=tuple(Sensitivity))
MANAGES = ActsFor(Authority.CHOSEN, may_manage=True)


@dataclass
class World:
    """`person`, `facility`, `link` and `manager` are the ids of the Grants that let each of them."""

    cast: Cast
    dora: Actor
    dana: Actor
    clinic: UUID
    record: UUID = field(init=False)
    files: list[UUID] = field(init=False)
    role: UUID = field(init=False)
    person: UUID = field(init=False)
    facility: UUID = field(init=False)
    link: UUID = field(init=False)
    manager: UUID = field(init=False)

    @classmethod
    def make(cls) -> "World":
        cast = Cast.enter()
        clinic, dana = opened(cast), Actor.session(join("dana@example.org").pk)
        world = cls(cast, employ(cast, clinic, "dora@example.org", Role.NURSE), dana, clinic)
        row = keep(cast.alice_id, text=CANARY)
        data = CANARY.encode() * (BIG // len(CANARY))
        picture = with_file(row, data[:50_000], use=Binary.Use.PICTURE)
        world.record, world.files = row.pk, [picture.pk, with_file(row, data).pk]
        [world.role] = [
            row.pk for row, who in members.of(cast.bob, clinic) if row.code == Role.NURSE
        ]
        for give in (world.give_person, world.give_facility, world.give_link, world.give_manager):
            give()
        return world

    def give_person(self) -> None:
        self.person = granting.grant(self.cast.alice, "bob@example.org", scope=BOTH_WAYS)
        granting.accept(self.cast.bob, self.person)

    def give_facility(self) -> None:
        to = Recipient(organization_id=self.clinic)
        self.facility = granting.grant(self.cast.alice, to, scope=ALL)

    def give_link(self) -> None:
        until = replace(ALL, ends_at=timezone.now() + timedelta(days=1))
        self.link = links.make(self.cast.alice, "Dr Lee", scope=until, passcode=False).grant_id

    def give_manager(self) -> None:
        to = Recipient("dana@example.org", acts=MANAGES)
        self.manager = granting.grant(self.cast.alice, to, scope=ALL)
        granting.accept(self.dana, self.manager)

    def say(self, text: str) -> None:
        """Put another text into the item that everybody reads."""
        whose, about = self.cast.alice_id, self.record
        with acting_as(IMPORTER, about=whose):
            Record.objects.filter(pk=about).update(body_sealed=self.sealed(text))

    def sealed(self, text: str) -> bytes:
        return seal_body(self.cast.alice_id, self.record, 1, orjson.dumps(observation(text)))

    def paths(self, what: str) -> list[str]:
        """What who does this asks for."""
        whose, one = f"/shared/{self.cast.alice_id}/", f"{self.record}/"
        found = {
            "link reads": self._of_files(f"/linked/{self.link}/", one),
            "manager reads": self._of_files("/records/", one),
            "person reads": self._of_files(whose, one),
            "facility reads": self._of_files(whose, one),
            "person notes": [f"{whose}notes/"],
            "facility notes": [f"{whose}notes/"],
            "person corrects": [f"{whose}{one}correction/"],
            "person sends": [f"{whose}send/"],
            "manager enters": ["/records/new/condition/"],
        }
        return found[what]

    def _of_files(self, whose: str, one: str) -> list[str]:
        picture, file = self.files
        page = f"{whose}{one}"
        return [whose, whose, page, page, f"{page}pictures/{picture}/", f"{page}files/{file}/"]

    def opened_link(self) -> str:
        """A session of somebody who opened the link."""
        store = _sessions()
        store["links"] = {str(self.link): int(timezone.now().timestamp()) + 3600}
        store["seen_at"] = int(timezone.now().timestamp())
        store.create()
        return str(store.session_key)


def _sessions() -> SessionStore:
    found: Callable[[], SessionStore] = import_module(settings.SESSION_ENGINE).SessionStore
    return found()


def signed_in(who: Actor, *, acting_for: UUID | None = None) -> str:
    """A session of hers, with `TOKEN` against forged forms."""
    client = Client(headers={"User-Agent": "race"})
    backend = "allauth.account.auth_backends.AuthenticationBackend"
    client.force_login(User.objects.get(pk=user_of(who)), backend)
    session = client.session
    session["_csrftoken"] = TOKEN
    session["seen_at"] = int(timezone.now().timestamp())
    if acting_for:
        session["acting_for"] = str(acting_for)
    session.save()
    return str(session.session_key)
