"""Requests of care providers to be let in."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import User
from sharing.models.facilities import Organization


class AccessRequestQuerySet(models.QuerySet["AccessRequest"]):
    def open(self) -> "AccessRequestQuerySet":
        """Not answered, and still to be answered."""
        return self.filter(expires_at__gt=Now(), granted_at=None, refused_at=None)


class AccessRequest(models.Model):
    """That a care provider asks whoever owns an address to share, and why.

    Names no patient: nobody looked whether there is one. Who proved that the address is hers sees it.
    `asked_sealed` is the reason and the scope that is wished for, as JSON; `organization` the
    facility for which it is asked; `given` the permission that came of it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    asker = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    organization = models.ForeignKey(
        Organization, null=True, on_delete=models.PROTECT, related_name="+"
    )
    email = models.EmailField()
    asked_sealed = models.BinaryField()
    made_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    granted_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    given = models.UUIDField(null=True)

    objects = AccessRequestQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="access_request_has_one_answer",
                condition=Q(granted_at=None, given=None)
                | Q(granted_at__isnull=False, given__isnull=False, refused_at=None),
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["email", "-made_at"], name="access_request_by_email"),
            models.Index(fields=["asker", "-made_at"], name="access_request_by_asker"),
        ]

    def __str__(self) -> str:
        return f"AccessRequest {self.pk}"
