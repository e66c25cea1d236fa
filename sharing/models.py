"""Who may see: permissions given by patients."""

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from accounts.models import Patient, User


class GrantQuerySet(models.QuerySet["Grant"]):
    def active(self) -> "GrantQuerySet":
        """Accepted, begun, not ended, not revoked; of a patient who is not restricted or leaving."""
        return self.filter(
            models.Q(ends_at=None) | models.Q(ends_at__gt=Now()),
            grantee__isnull=False,
            grantee__is_active=True,
            revoked_at=None,
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
    (opaque per-patient tokens, see `sharing/tokens.py`). Until the invited address is confirmed by
    its owner, `grantee` is empty and the grant gives nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="grants")
    grantee = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="grants")
    invited_email = models.EmailField()
    categories = ArrayField(models.CharField(max_length=20))
    labels = ArrayField(models.BigIntegerField())
    may_copy = models.BooleanField()
    starts_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField(null=True)
    invitation_ends_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
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
