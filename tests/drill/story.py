"""What people do, a disaster, and what must not come back."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import StringIO
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from psycopg import sql

from accounts import consents, gate, keys, purposes, services
from accounts.actors import Actor, Denied, System
from accounts.models import Consent
from accounts.purposes import Purpose
from accounts.vault.models import BackupSet
from phr import integrity, storage
from phr.services import records
from rights.backups.repository import Kind
from rights.services import backups, erasures, restriction
from sharing.scopes import Scope
from sharing.services import granting
from tests.cast import PASSWORD, Cast, join, put_in, user_of
from tests.doors import give_second_factor, sign_in, visitor
from tests.raw import owner
from tests.worlds.synthea import lines

JOB = Actor.job(System.BACKUP)
NEW_PASSWORD = "another staple entirely, really"
ERIN = "erin@example.org"


def run(command: str, *arguments: str) -> dict[str, Any]:
    """An operator's command, and the figures it ends with."""
    out = StringIO()
    call_command(command, *arguments, stdout=out, stderr=StringIO())
    found: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return found


@dataclass(slots=True)
class Story:
    """alice shares with bob, carol reads news, erin is going to leave."""

    cast: Cast
    erin: Actor
    erin_id: UUID
    browser: Client
    grant_id: UUID
    gone_id: UUID
    kept_id: UUID
    wrong: list[str] = field(default_factory=list)
    say: Callable[[str], None] = print

    @classmethod
    def begin(cls, *, records_each: int, say: Callable[[str], None] = print) -> "Story":
        cast = Cast.enter()
        erin = Actor.session(join(ERIN).pk)
        erin_id = services.begin_record(erin, name="Erin Ellis")
        for number, actor in enumerate((cast.alice, cast.carol, erin)):
            put_in(actor, b"".join(lines(records_each, seed=number)))
        grant_id = cast.share()
        news = purposes.current(Purpose.NEWS)
        consents.give(cast.carol, Purpose.NEWS, sha256=news.sha256)
        give_second_factor("bob@example.org")
        items = records.timeline(cast.alice, cast.alice_id).items
        browser = sign_in("alice@example.org")
        for _ in range(3):
            gate.advance(JOB)
        return cls(
            cast, erin, erin_id, browser, grant_id, items[0].id, items[1].id, [], say
        )  # fmt: skip

    def live_on(self) -> None:
        """What everybody does after the backup was made."""
        cast = self.cast
        granting.revoke(cast.alice, self.grant_id)
        erasures.erase_record(cast.alice, self.gone_id)
        self.browser.post(
            "/accounts/password/change/",
            {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
        )
        consents.withdraw(cast.carol, Purpose.NEWS)
        restriction.restrict(cast.sam, cast.carol_id)
        for factor in Authenticator.objects.filter(user_id=user_of(cast.bob)):
            factor.delete()
        erasures.erase_everything(self.erin, account=True, undo_hours=0)
        run("sweep")

    def check(self, when: str) -> None:
        """Nothing that was ended is there again; what was kept is."""
        self.say(f"{when}:")
        for sentence, held in self._facts():
            self.say(f"  {'ok   ' if held else 'WRONG'} {sentence}")
            if not held:
                self.wrong.append(f"{when}: {sentence}")

    def _facts(self) -> Iterator[tuple[str, bool]]:
        cast = self.cast
        yield "what alice took back from bob stays taken back", denied(cast.bob, cast.alice_id)
        items = {one.id for one in records.timeline(cast.alice, cast.alice_id).items}
        yield "the item alice deleted stays deleted", self.gone_id not in items
        yield "the item alice kept is there", self.kept_id in items
        yield "alice's old password opens nothing", not signs_in("alice@example.org")
        factors = Authenticator.objects.filter(user_id=user_of(cast.bob))
        yield "bob's removed second factor stays removed", not factors.exists()
        live = Consent.objects.filter(user_id=user_of(cast.carol), withdrawn_at=None)
        yield "carol gets no news", not live.filter(purpose=Purpose.NEWS).exists()
        yield "carol's record rests", denied(cast.carol, cast.carol_id, change=True)
        yield "erin cannot sign in", not signs_in(ERIN)
        yield "erin's key is destroyed", not keys.has_key(self.erin_id)
        yield "erin is named in no table", not named_in(ERIN)


def denied(actor: Actor, patient_id: UUID, *, change: bool = False) -> bool:
    """Whether the actor may not look at the record, or may not share what is hers."""
    try:
        if change:
            granting.grant(actor, "dana@example.org", scope=_NOTHING)
        else:
            records.timeline(actor, patient_id)
    except Denied:
        return True
    return False


_NOTHING = Scope((), (), may_copy=False, ends_at=None)


def signs_in(email: str) -> bool:
    browser = visitor()
    browser.post("/accounts/login/", {"login": email, "password": PASSWORD})
    return browser.get("/home/").headers["Location"].startswith("/accounts/login/") is False


def named_in(word: str) -> list[str]:
    """The tables in which a row says this word, as far as anything there can be read at all."""
    with owner() as opened:
        found = opened.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return [
            name
            for (name,) in found.fetchall()
            if opened.execute(
                sql.SQL("SELECT 1 FROM {} AS row WHERE row::text LIKE %s LIMIT 1").format(
                    sql.Identifier(name)
                ),
                [f"%{word}%"],
            ).fetchall()
        ]


@dataclass(frozen=True, slots=True)
class Told:
    """The figures of a drill, in seconds. `lost` is how far back the copy was."""

    made: float
    lost: float
    restored: float
    reconciled: float
    row: BackupSet
    wrong: list[str]


def drill(story: Story) -> Told:
    """Backup, life, disaster, restore, reconcile."""
    began = time.monotonic()
    backups.back_up(JOB, Kind.VAULT)
    row = backups.back_up(JOB, Kind.DEFAULT)
    made = time.monotonic() - began
    story.live_on()
    story.check("Before the disaster")
    lost = (timezone.now() - row.started_at).total_seconds()
    for name in storage.names():
        storage.destroy(name)
    restored = run("restore", str(row.pk), "--yes")["seconds"]
    closed = {visitor().get(path).status_code for path in ("/", "/records/", "/accounts/login/")}
    story.say(f"Restored; every page answers {closed}.")
    if closed != {503}:
        story.wrong.append("the portal was open before it was reconciled")
    told = run("reconcile")
    story.say(f"Reconciled: {told}")
    run("sweep")
    story.check("After the restore")
    if not integrity.check(Actor.job(System.INTEGRITY)).sound:
        story.wrong.append("files, rows, keys and walls do not agree")
    if story.browser.get("/records/").status_code != 302:
        story.wrong.append("an old session still opens the portal")
    return Told(made, lost, restored, told["seconds"], row, story.wrong)
