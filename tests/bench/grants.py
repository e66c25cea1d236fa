"""What deciding costs as permissions grow, by holder, facility and patient; and taking them back."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import connections

from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.models import User
from phr.models import Record
from phr.services import records
from sharing.models import Role
from sharing.services import granting, members
from sharing.services.listing import MOST_OPENED
from sharing.services.recipients import Recipient
from tests.bench.people import Person, patient, share
from tests.bench.report import Report, measure, peak, timed, work, work_by_turns
from tests.cast import ALL, Cast, put_in
from tests.worlds.bulk import give_too, multiply_grantees, multiply_grants
from tests.worlds.facilities import opened, professional
from tests.worlds.synthea import lines

LARGE, A_PAGE = 10_000, 100
MOST_GROWTH = 1.2
# Milliseconds by the clock while others read, and of processor; seconds of processor for all.
MOST_REVOKE, MOST_REVOKE_WORK, MOST_REVOKE_ALL = 200.0, 60.0, 3.5
# Of processor, and of memory, however much was opened.
MOST_RECEIPT, MOST_PAPER, MOST_HELD = 1.5, 4.0, 50.0
OPENED = 10_000
READERS = 2
KINDS = ("provider", "facility")
Acts = dict[str, Callable[[], object]]


def run(report: Report) -> None:
    """Pages for who holds one and who holds 10^4, through membership too; revoking under load."""
    settings.PHR_INVITATIONS_A_DAY = 1_000_000
    cast, (owner, patient_id) = Cast.enter(), _patient()
    crowd = [_another(number) for number in range(A_PAGE)]
    acts: Acts = {}
    for kind in KINDS:
        for count in (1, A_PAGE, LARGE):
            make = _provider if kind == "provider" else partial(_facility, cast)
            reader, grant_id, more = make(owner, count)
            multiply_grants(grant_id, count - 1 if count == LARGE else 0)
            acts |= {f"{name}, {kind}, {count:,}": act for name, act in more.items()}
            if count != A_PAGE:
                acts |= _pages(reader, patient_id, f"{kind}, {count:,}")
            if count != 1:
                give_too(grant_id, crowd)
                acts[f"list, {kind}, {count:,}"] = partial(reader.get, "/shared/")
    for count in (1, LARGE):
        giver, given_id = _patient()
        reader = Person.new()
        multiply_grantees(share(giver, reader), count - 1)
        acts |= _pages(reader, given_id, f"patient, {count:,}")
    _report(report, acts)
    _receipt(report)
    _revoking(report, giver, [Person.new() for _ in range(70)])


def _patient() -> tuple[Person, UUID]:
    owner, patient_id = patient()
    put_in(owner.actor, b"".join(lines(100, seed=11)))
    return owner, patient_id


def _another(number: int) -> UUID:
    """A patient with a name that opens."""
    user = User.objects.create(email=f"another{number}@example.org", password="!")
    return accounts.begin_record(Actor.session(user.pk), name=f"Patient {number}")


def _provider(owner: Person, _count: int) -> tuple[Person, UUID, Acts]:
    reader = Person.new()
    return reader, share(owner, reader), {}


def _facility(cast: Cast, owner: Person, count: int) -> tuple[Person, UUID, Acts]:
    """Somebody who works at a facility that patients share with, and who can look now."""
    facility, reader = opened(cast, name=f"Clinic {count}"), Person.new()
    professional(reader.actor, "Nina")
    role = members.invite(cast.bob, facility, reader.email, code=Role.NURSE, ends_at=None)
    members.accept(reader.actor, role)
    grant_id = granting.grant(owner.actor, Recipient(organization_id=facility), scope=ALL)
    return reader, grant_id, {"who can look now": partial(owner.get, f"/facilities/{facility}/")}


def _pages(reader: Person, patient_id: UUID, name: str) -> Acts:
    chosen = records.timeline(reader.actor, patient_id).items[0].id
    return {
        f"timeline, {name}": partial(reader.get, f"/shared/{patient_id}/"),
        f"record, {name}": partial(reader.get, f"/shared/{patient_id}/{chosen}/"),
    }


def _report(report: Report, acts: Acts) -> None:
    report.say("Pages by how many permissions there are: milliseconds of processor, by turns")
    found = work_by_turns(acts)
    for name, took in found.items():
        report.say(f"  {name:36} {took:6.1f}")
    for name in found:
        page, kind, count = name.split(", ")
        least = A_PAGE if page == "list" else 1
        if count == f"{LARGE:,}":
            growth = found[name] / found[f"{page}, {kind}, {least:,}"]
            report.at_most(f"{page}, {kind}, {LARGE:,} : {least}", growth, MOST_GROWTH)


def _receipt(report: Report) -> None:
    """Of a permission by which 10^4 items were opened one by one, and what it covers."""
    (owner, patient_id), reader = patient(), Person.new()
    put_in(owner.actor, b"".join(lines(OPENED, seed=12)))
    grant_id = share(owner, reader)
    with acting_as(owner.actor, about=patient_id):
        opened = list(Record.objects.filter(patient_id=patient_id).values_list("pk", flat=True))
    for action in ("read", "copy"):
        with acting_as(reader.actor):
            for pk in opened:
                note(action, patient_id=patient_id, records=[pk], basis=f"grant:{grant_id}")
    here = f"/sharing/receipts/{grant_id}/"
    for name, path, limit in (
        ("receipt", here, MOST_RECEIPT),
        ("last page of the receipt", f"{here}?page={len(opened) // MOST_OPENED}", MOST_RECEIPT),
        ("as they see it", f"/sharing/grants/{grant_id}/as-they-see/", MOST_RECEIPT),
        ("receipt on paper", f"{here}receipt.pdf", MOST_PAPER),
    ):
        get = partial(owner.get, path)
        get()
        took, held = timed(get), peak(get)
        report.at_most(f"{name}, {len(opened):,} opened, s of processor", took.every, limit)
        report.at_most(f"{name}, {len(opened):,} opened, MB", held, MOST_HELD)


def _revoking(report: Report, giver: Person, readers: list[Person]) -> None:
    """Of one who gives to 10^4, while others read; then everything at once."""
    granted = iter([share(giver, reader) for reader in readers])

    def one() -> None:
        granting.revoke(giver.actor, next(granted))

    report.at_most("revoke, ms of processor", work(one, times=25), MOST_REVOKE_WORK)
    with _reading([share_of(reader) for reader in readers[:READERS]]):
        busy = measure(one, times=30)
    report.say(f"  revoke while {READERS} read: {busy}")
    report.at_most("revoke p95 under load, ms", busy.p95, MOST_REVOKE)
    took = timed(lambda: granting.revoke_all(giver.actor))
    report.say(f"  revoke {LARGE:,} at once: {took.clock:.1f} s by the clock")
    report.at_most(f"revoke {LARGE:,} at once, s of processor", took.every, MOST_REVOKE_ALL)


def share_of(reader: Person) -> Callable[[], object]:
    """What somebody reads all the time: her list of who shares with her."""
    return partial(reader.get, "/shared/")


@contextmanager
def _reading(acts: list[Callable[[], object]]) -> Iterator[None]:
    """Other processes do these again and again as long as the block lasts."""
    connections.close_all()
    children = []
    for act in acts:
        child = os.fork()
        if child == 0:
            while True:
                act()
        children.append(child)
    try:
        yield
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
