"""Facilities, who works there, and who is on call."""

import uuid
from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from accounts.actors import Actor, Door
from accounts.models import User


class Regime(models.TextChoices):
    """The law of data protection that a facility works under."""

    GDPR = "gdpr", "European Union: General Data Protection Regulation"
    HIPAA = "hipaa", "United States: HIPAA"
    OTHER = "other", "Another country's law"
    PDPA = "pdpa", "Personal Data Protection Act (Singapore, Thailand, Malaysia, Taiwan)"
    UK = "uk", "United Kingdom: UK GDPR"


class OrganizationQuerySet(models.QuerySet["Organization"]):
    def open(self) -> "OrganizationQuerySet":
        """Verified by two members of staff, and neither suspended nor closed."""
        return self.filter(verified_at__isnull=False, suspended_at=None, closed_at=None)

    def listed(self) -> "OrganizationQuerySet":
        """Those that want to be found in the directory, and may be given something."""
        return self.open().filter(listed_at__isnull=False, closing_at=None)

    def closing(self) -> "OrganizationQuerySet":
        """Those whose day of closing is known, and whose patients were not all told yet."""
        return self.filter(closing_at__isnull=False, closing_told_at=None)


class Organization(models.Model):
    """A facility (FHIR R4 Organization). `verified_at` is when the second of two staff agreed.

    Holds nothing of any patient. `closing_at` is the day its account closes, once that is known;
    `closing_told_up_to` the last patient, in the order of their ids, who was told of it so far.
    `listed_at` is since when it wants to be found in the directory.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    place = models.CharField(max_length=120, blank=True)
    identifier = models.CharField(max_length=60, blank=True)
    regime = models.CharField(max_length=8, choices=Regime)
    policy_url = models.URLField()
    policy_version = models.CharField(max_length=40)
    founded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="founded")
    first_verified_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="organizations_proposed"
    )
    first_verified_at = models.DateTimeField(null=True)
    verified_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="organizations_verified"
    )
    verified_at = models.DateTimeField(null=True)
    suspended_at = models.DateTimeField(null=True)
    listed_at = models.DateTimeField(null=True)
    closing_at = models.DateTimeField(null=True)
    closing_told_up_to = models.UUIDField(null=True)
    closing_told_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="organization_verified_by_two",
                condition=Q(verified_at=None, verified_by=None)
                | (
                    Q(verified_at__isnull=False, first_verified_at__isnull=False)
                    & Q(verified_by__isnull=False, first_verified_by__isnull=False)
                    & ~Q(verified_by=F("first_verified_by"))
                ),
            )
        ]

    def __str__(self) -> str:
        return f"Organization {self.pk}"

    @property
    def verified(self) -> bool:
        """Whether two members of staff found it to be what it says, and nobody doubts it now."""
        return self.verified_at is not None and not (self.suspended_at or self.closed_at)

    @property
    def state(self) -> str:
        """One of: closed, closing, suspended, verified, half (one of two agreed), new."""
        for name, at in (
            ("closed", self.closed_at), ("suspended", self.suspended_at),
            ("closing", self.closing_at), ("verified", self.verified_at),
            ("half", self.first_verified_at),
        ):  # fmt: skip
            if at:
                return name
        return "new"


class Role(models.TextChoices):
    """What somebody is at a facility (FHIR R4 PractitionerRole.code)."""

    ADMINISTRATOR = "admin", "Administrator"
    CLINICIAN = "clinician", "Clinician"
    NURSE = "nurse", "Nurse"
    ON_CALL = "on-call", "On call"


# Who sees what is shared with the facility; an administrator manages people and sees nothing.
SEEING = (Role.CLINICIAN, Role.NURSE)


class PractitionerRoleQuerySet(models.QuerySet["PractitionerRole"]):
    def in_force(self) -> "PractitionerRoleQuerySet":
        """Accepted, begun, not ended, not suspended; of an active user at a facility that is open."""
        return self._standing().filter(organization__in=Organization.objects.open())

    def _standing(self) -> "PractitionerRoleQuerySet":
        return self.filter(
            Q(ends_at=None) | Q(ends_at__gt=Now()),
            user__is_active=True,
            accepted_at__isnull=False,
            suspended_at=None,
            starts_at__lte=Now(),
        )

    def inviting(self) -> "PractitionerRoleQuerySet":
        """Invitations that nobody has accepted yet and that are still open."""
        since = timezone.now() - timedelta(days=settings.PHR_INVITATION_DAYS)
        return self.filter(
            Q(ends_at=None) | Q(ends_at__gt=Now()),
            user=None,
            suspended_at=None,
            created_at__gt=since,
            organization__closed_at=None,
        )

    def seeing(self) -> "PractitionerRoleQuerySet":
        """Those through whom somebody sees now what is shared with the facility."""
        shift = Shift.objects.filter(role=OuterRef("pk"), starts_at__lte=Now(), ends_at__gt=Now())
        return self.in_force().filter(Q(code__in=SEEING) | Q(code=Role.ON_CALL) & Q(Exists(shift)))

    def seeing_as(self, actor: Actor) -> "PractitionerRoleQuerySet":
        """Those of this actor, in person: the one rule of who belongs to a facility and sees."""
        if actor.door is not Door.SESSION or actor.user_id is None or actor.acting_for:
            return self.none()
        return self.seeing().filter(user=actor.user_id)

    def administering(self) -> "PractitionerRoleQuerySet":
        """Those through whom somebody manages the people of a facility that is not closed yet."""
        return self._standing().filter(code=Role.ADMINISTRATOR, organization__closed_at=None)

    def answering(self) -> "PractitionerRoleQuerySet":
        """Those through whom somebody answers about copies: who administers it, or did at its closing.

        The one thing that is left to do for a facility that is closed.
        """
        at = Coalesce("organization__closed_at", Now())
        return self.filter(
            Q(ends_at=None) | Q(ends_at__gt=at),
            user__is_active=True,
            accepted_at__lte=at,
            suspended_at=None,
            starts_at__lte=at,
            code=Role.ADMINISTRATOR,
        )


class PractitionerRole(models.Model):
    """That somebody works at a facility, as what and when (FHIR R4 PractitionerRole).

    Until the invited address is confirmed by its owner, `user` is empty and the role gives nothing.
    `replaces` is what she was there before her role was changed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="roles")
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="roles")
    invited_email = models.EmailField()
    code = models.CharField(max_length=10, choices=Role)
    starts_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    suspended_at = models.DateTimeField(null=True)
    replaces = models.UUIDField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = PractitionerRoleQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="role_accepted_with_user",
                condition=Q(user=None, accepted_at=None)
                | Q(user__isnull=False, accepted_at__isnull=False),
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "organization"], name="role_by_user"),
            models.Index(fields=["organization"], name="role_by_organization"),
        ]

    def __str__(self) -> str:
        return f"PractitionerRole {self.pk}"


class Shift(models.Model):
    """A time during which somebody with the role `on-call` is on call."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    role = models.ForeignKey(PractitionerRole, on_delete=models.CASCADE, related_name="shifts")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="shift_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))
            )
        ]
        indexes: ClassVar = [models.Index(fields=["role", "starts_at"], name="shift_by_role")]

    def __str__(self) -> str:
        return f"Shift {self.pk}"
