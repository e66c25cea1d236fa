"""Alice's record, and everybody who sees something of it, each by another path."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib import import_module
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import User
from phr.models import Binary
from sharing.models import Role
from sharing.services import granting, links, members
from sharing.services.recipients import Recipient
from tests.cast import ALL, Cast, user_of
from tests.worlds.facilities import employ, opened
from tests.worlds.kept import keep, with_file

CANARY = "Quicksilver"
BIG = 3 << 20


@dataclass
class World:
    """`paths` are the addresses each reader asks for; `grants` what lets them, newest last."""

    cast: Cast
    dora: Actor
    clinic: UUID
    record: UUID = field(init=False)
    files: list[UUID] = field(init=False)
    role: UUID = field(init=False)
    person: UUID = field(init=False)
    facility: UUID = field(init=False)
    link: UUID = field(init=False)

    @classmethod
    def make(cls) -> "World":
        cast = Cast.enter()
        clinic = opened(cast)
        world = cls(cast, employ(cast, clinic, "dora@example.org", Role.NURSE), clinic)
        row = keep(cast.alice_id, text=CANARY)
        data = CANARY.encode() * (BIG // len(CANARY))
        picture = with_file(row, data[:50_000], use=Binary.Use.PICTURE)
        world.record, world.files = row.pk, [picture.pk, with_file(row, data).pk]
        for _ in range(20):
            keep(cast.alice_id, text=f"{CANARY} {secrets.token_hex(4)}")
        [world.role] = [
            row.pk for row, who in members.of(cast.bob, clinic) if row.code == Role.NURSE
        ]
        world.give()
        return world

    def give(self) -> None:
        """Let everybody see again whatever was taken from them."""
        alice = self.cast.alice
        granting.revoke_all(alice)
        members.resume(self.cast.bob, self.role)
        self.person = granting.grant(alice, "bob@example.org", scope=ALL)
        granting.accept(self.cast.bob, self.person)
        self.facility = granting.grant(alice, Recipient(organization_id=self.clinic), scope=ALL)
        until = replace(ALL, ends_at=timezone.now() + timedelta(days=1))
        self.link = links.make(alice, "Dr Lee", scope=until, passcode=False).grant_id

    def shared(self) -> list[str]:
        """What somebody signed in asks for."""
        one = f"/shared/{self.cast.alice_id}/{self.record}/"
        pages = [f"/shared/{self.cast.alice_id}/", one]
        return [*pages, *self._of_files(one)]

    def linked(self) -> list[str]:
        """What who opened the link asks for."""
        one = f"/linked/{self.link}/{self.record}/"
        return [f"/linked/{self.link}/", one, *self._of_files(one)]

    def _of_files(self, one: str) -> list[str]:
        picture, file = self.files
        return [f"{one}pictures/{picture}/", f"{one}files/{file}/"]

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


TOKEN = "r" * 32


def signed_in(who: Actor) -> str:
    """A session of hers, with `TOKEN` against forged forms."""
    client = Client(headers={"User-Agent": "race"})
    backend = "allauth.account.auth_backends.AuthenticationBackend"
    client.force_login(User.objects.get(pk=user_of(who)), backend)
    session = client.session
    session["_csrftoken"] = TOKEN
    session.save()
    return str(session.session_key)
