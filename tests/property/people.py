"""Random worlds as rows of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import Patient, User
from phr.models import Record
from sharing.models import Grant, Organization, PractitionerRole, Shift
from tests.property.world import (
    DAY,
    FACILITIES,
    FOREVER,
    HOUR,
    MOST,
    PATIENTS,
    USERS,
    Given,
    Item,
    World,
    copies,
    manages,
    named,
    passed_from,
)
from tests.raw import as_owner, open_walls


def opened(name: str, first: User, second: User) -> Organization:
    """A facility that two members of staff verified."""
    now = timezone.now()
    return Organization.objects.create(
        name=name,
        regime="gdpr",
        policy_url="https://clinic.example/privacy",
        policy_version="1",
        founded_by=first,
        first_verified_by=first,
        first_verified_at=now,
        verified_by=second,
        verified_at=now,
    )


@dataclass(frozen=True)
class People:
    """The users and patients whom every world of one test has in common."""

    users: tuple[UUID, ...]
    patients: tuple[UUID, ...]
    facilities: tuple[UUID, ...]

    @classmethod
    def enter(cls) -> "People":
        users = [User(email=f"user{number}@example.org", password="!") for number in USERS]
        patients = [Patient(user=users[number], name_sealed=b"-") for number in PATIENTS]
        open_walls()
        with as_owner():
            User.objects.bulk_create(users)
            Patient.objects.bulk_create(patients)
            facilities = [opened(f"Clinic {number}", *users[:2]) for number in FACILITIES]
        kinds = (users, patients, facilities)
        return cls(*(tuple(one.pk for one in kind) for kind in kinds))

    def session(self, user: int, acting_for: int | None = None) -> Actor:
        about = None if acting_for is None else self.patients[acting_for]
        return Actor.session(self.users[user], acting_for=about)

    def links(self, world: World) -> list[tuple[Given, Actor]]:
        """Who opened each link of the world, and who says that one of another path is a link."""
        numbered, others = self.grants(), {one.path: one for one in world.given}
        return [
            (given, Actor.link(numbered[at]))
            for at, given in enumerate(world.given)
            if given.path == "link" or others[given.path] is given
        ]

    def grants(self) -> dict[int, UUID]:
        """Each permission of the world by its place there."""
        return {row.replaces.int: row.pk for row in Grant.objects.all() if row.replaces}

    def build(self, world: World) -> list[Record]:
        """Make the world's rows; the caller rolls them back. Returns its records in order."""
        now = timezone.now()
        with as_owner():
            self._switch_off(world)
            self._patients(world, now)
            records = Record.objects.bulk_create([self._record(one, now) for one in world.items])
            ids = [row.pk for row in records]
            self._staff(world, now)
            made: list[Grant] = []
            for given in world.given:
                row, above = self._grant(given, ids, now), passed_from(world, given)
                # Which of the world it is.
                row.replaces = UUID(int=len(made))
                if above is not None:
                    row.via_id = made[given.via or 0].pk
                made.append(row)
            Grant.objects.bulk_create(made)
            # The wall lets such a row in only in the moment in which a record is opened.
            deciding = [
                row.pk
                for row, one in zip(made, world.given, strict=True)
                if one.decides and row.may_manage and row.grantee_id
            ]
            if deciding:
                Grant.objects.filter(pk__in=deciding).update(may_decide=True)
            return records

    def _switch_off(self, world: World) -> None:
        off = [pk for pk, active in zip(self.users, world.active, strict=True) if not active]
        if off:
            User.objects.filter(pk__in=off).update(is_active=False)

    def _patients(self, world: World, now: datetime) -> None:
        for number in PATIENTS:
            changed = {
                "restricted_at": now if world.restricted[number] else None,
                "erasing_at": now if world.erasing[number] else None,
                "opened_by_id": self._opener(world, number),
            }
            if any(changed.values()):
                Patient.objects.filter(pk=self.patients[number]).update(**changed)

    def _opener(self, world: World, number: int) -> UUID | None:
        opener = world.opened[number]
        return None if opener is None else self.users[opener]

    def _staff(self, world: World, now: datetime) -> None:
        ways = (
            {"suspended_at": now},
            {"closed_at": now},
            {"verified_at": None, "verified_by": None},
        )
        for number, is_open in enumerate(world.open):
            shut = {} if is_open else ways[(number + len(world.given)) % len(ways)]
            Organization.objects.filter(pk=self.facilities[number]).update(name="Clinic", **shut)
        roles: list[PractitionerRole] = []
        shifts: list[Shift] = []
        for one in world.members:
            role = PractitionerRole(
                organization_id=self.facilities[one.facility],
                user_id=None if one.user is None else self.users[one.user],
                accepted_at=None if one.user is None else now,
                invited_email="user0@example.org",
                code=one.code,
                starts_at=now + one.starts * DAY,
                ends_at=None if one.ends == FOREVER else now + one.ends * DAY,
                suspended_at=now if one.suspended else None,
            )
            # Who is not on shift was already, or will be.
            off = -3 * HOUR if one.facility else HOUR
            begins = now + (-HOUR if one.on_shift else off)
            shifts.append(Shift(role=role, starts_at=begins, ends_at=begins + 2 * HOUR))
            roles.append(role)
        PractitionerRole.objects.bulk_create(roles)
        Shift.objects.bulk_create(shifts)

    def _record(self, item: Item, now: datetime) -> Record:
        return Record(
            patient_id=self.patients[item.patient],
            resource_type=item.kind,
            category=item.category,
            effective_at=now + (item.day or 0) * DAY,
            dated=item.day is not None,
            labels=sorted(item.labels),
            tags=sorted(item.tags),
            tokens=[],
            digest=uuid4().bytes,
            body_sealed=b"-",
            hidden_at=timezone.now() if item.hidden else None,
            never_shared=item.never_shared,
        )

    def _grant(self, given: Given, ids: list[UUID], now: datetime) -> Grant:
        # A place that the world has no item at is a record of nobody.
        of = [*ids, *(uuid4() for _ in range(MOST))]
        grantee = named(given)
        invited = given.path in {"person", "proxy"}
        at_facility = given.path in {"facility", "emergency"}
        return Grant(
            patient_id=self.patients[given.patient],
            path=given.path,
            organization_id=self.facilities[given.facility] if at_facility else None,
            grantee_id=None if grantee is None else self.users[grantee],
            accepted_at=now if grantee is not None or not invited else None,
            invited_email="user0@example.org",
            categories=sorted(given.categories),
            labels=sorted(given.labels),
            types=sorted(given.types),
            tags=sorted(given.tags),
            records=[of[at] for at in given.records or ()],
            besides=[of[at] for at in given.besides],
            data_from=None if given.since is None else now + given.since * DAY,
            data_until=None if given.until is None else now + given.until * DAY,
            paused_at=now if given.paused else None,
            may_copy=copies(given),
            may_manage=manages(given),
            authority="parent" if given.path == "proxy" else "",
            starts_at=now + given.starts * DAY,
            ends_at=(
                None
                if given.ends == FOREVER and given.path != "emergency"
                else now + given.ends * DAY
            ),
            invitation_ends_at=now + DAY,
            revoked_at=now if given.revoked else None,
        )


@contextmanager
def made(people: People, world: World) -> Iterator[list[Record]]:
    """The world's rows, gone at the end of the block."""
    with transaction.atomic():
        yield people.build(world)
        transaction.set_rollback(True)
