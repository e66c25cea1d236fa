"""Who may see: permissions given by patients."""

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from accounts.models import Patient, User


class Purpose(models.TextChoices):
    """Why a patient shares (HL7 v3-PurposeOfUse, as in FHIR R4 Consent.provision.purpose)."""

    TREAT = "TREAT", "For my care"
    SECOND_OPINION = "COC", "For a second opinion or a change of doctor"
    FAMILY = "FAMRQT", "So that family or friends know"
    INSURANCE = "COVERAGE", "For my insurance"
    RESEARCH = "HRESCH", "For research"
    OTHER = "PATRQT", "For another reason of mine"


class GrantQuerySet(models.QuerySet["Grant"]):
    def active(self) -> "GrantQuerySet":
        """Accepted, begun, not paused, ended or revoked; of who is not restricted or leaving."""
        return self.filter(
            models.Q(ends_at=None) | models.Q(ends_at__gt=Now()),
            grantee__isnull=False,
            grantee__is_active=True,
            revoked_at=None,
            paused_at=None,
            starts_at__lte=Now(),
            patient__restricted_at=None,
            patient__erasing_at=None,
        )

    def waiting(self) -> "GrantQuerySet":
        """Invitations that nobody has accepted yet and that are still open."""
        return self.filter(
            models.Q(ends_at=None) | models.Q(ends_at__gt=Now()),
            grantee=None,
            revoked_at=None,
            invitation_ends_at__gt=Now(),
        )


class Grant(models.Model):
    """A permission a patient gives to one person (shown to programs as FHIR R4 Consent).

    It covers a record when the record's category is listed and *all* its sensitivity labels are
    (opaque per-patient tokens, see `sharing/tokens.py`). What is set narrows that further: FHIR
    resource `types`, any of some `tags`, these `records` alone, all `besides` these, and the time
    of the care itself (`data_from` up to `data_until`, which undated records are never within).
    Until the invited address is confirmed by its owner, `grantee` is empty and the grant gives
    nothing. `agreement_sealed` is the text she agreed to; `replaces` the grant it was before a
    change.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="grants")
    grantee = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="grants")
    invited_email = models.EmailField()
    categories = ArrayField(models.CharField(max_length=20))
    labels = ArrayField(models.BigIntegerField())
    types = ArrayField(models.CharField(max_length=40), db_default=[], default=list)
    tags = ArrayField(models.BigIntegerField(), db_default=[], default=list)
    records = ArrayField(models.UUIDField(), db_default=[], default=list)
    besides = ArrayField(models.UUIDField(), db_default=[], default=list)
    data_from = models.DateTimeField(null=True)
    data_until = models.DateTimeField(null=True)
    may_copy = models.BooleanField()
    purpose = models.CharField(max_length=8, choices=Purpose, db_default="TREAT", default="TREAT")
    agreement_sealed = models.BinaryField(null=True)
    replaces = models.UUIDField(null=True)
    starts_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField(null=True)
    invitation_ends_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="grant_accepted_with_grantee",
                condition=models.Q(grantee=None, accepted_at=None)
                | models.Q(grantee__isnull=False, accepted_at__isnull=False),
            ),
            models.CheckConstraint(
                name="grant_covers_something",
                condition=models.Q(categories__len__gt=0, labels__len__gt=0),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["grantee", "patient"], name="grant_by_grantee"),
            models.Index(fields=["patient"], name="grant_by_patient"),
            models.Index(
                fields=["invited_email"],
                name="grant_by_invitation",
                condition=models.Q(grantee=None, revoked_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"Grant {self.pk}"
