"""What somebody is told about sharing, in her account and by mail if she wants that."""

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Now

from accounts.models import Patient, User
from sharing.models.facilities import Organization
from sharing.models.grants import Grant


class NoticeKind(models.TextChoices):
    """What happened; the words name nobody, so that they can stand in a mail."""

    ACCEPTED = "accepted", "Somebody accepted what was shared"
    ATTESTED = "attested", "An answer came about copies that you asked to be destroyed"
    CLOSING = "closing", "A facility closes its account"
    CORRECTION = "correction", "Somebody asks for a correction"
    DELIVERY = "delivery", "Somebody sent something in"
    DESTROY = "destroy", "A patient asks that copies be destroyed"
    EMERGENCY = "emergency", "A record was opened in an emergency"
    ENDED = "ended", "Sharing ended"
    ENDING = "ending", "Sharing ends soon"
    GRANTED = "granted", "A patient shares with you"
    LINK_OPENED = "link-opened", "A link was opened"
    OPENED = "opened", "Somebody looked for the first time"
    PASSED_ON = "passed-on", "Somebody passed on what you share"
    PAUSED = "paused", "Sharing was paused"
    REQUEST = "request", "Somebody asks for access"
    RESUMED = "resumed", "Sharing goes on"
    TAKEN_OVER = "taken-over", "A record is yours now, and others can look at it"
    UNANSWERED = "unanswered", "Nobody answered about copies in time"


# Made at most once about one permission, one person who did it and one who is told.
ONCE = (
    NoticeKind.DESTROY, NoticeKind.ENDING, NoticeKind.OPENED, NoticeKind.UNANSWERED,
)  # fmt: skip


NOBODY = models.Value(uuid.UUID(int=0), output_field=models.UUIDField())


class Notice(models.Model):
    """That something happened, told to one person: `recipient`, or the patient where that is empty.

    Names everything by id. `person` is who did it, `grant` under which permission. A row whose
    `due_at` has come waits for the worker, who mails it (`mailed_at`) to who chose so, and empties
    `due_at`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recipient = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="notices")
    patient = models.ForeignKey(Patient, null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=NoticeKind)
    grant = models.ForeignKey(Grant, null=True, on_delete=models.PROTECT, related_name="+")
    organization = models.ForeignKey(
        Organization, null=True, on_delete=models.PROTECT, related_name="+"
    )
    person = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(null=True, db_default=Now())
    mailed_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="notice_is_told_to_somebody",
                condition=Q(recipient__isnull=False) | Q(patient__isnull=False),
            ),
            models.CheckConstraint(
                name="notice_of_a_permission_says_whose",
                condition=Q(grant=None) | Q(patient__isnull=False),
            ),
            # Not `nulls_distinct`: Django would ask a database that is still empty for its version.
            models.UniqueConstraint(
                "kind",
                Coalesce("grant", NOBODY, output_field=models.UUIDField()),
                Coalesce("recipient", NOBODY, output_field=models.UUIDField()),
                Coalesce("person", NOBODY, output_field=models.UUIDField()),
                name="notice_once",
                condition=Q(kind__in=ONCE),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["recipient", "-made_at"], name="notice_by_recipient"),
            models.Index(fields=["patient", "-made_at"], name="notice_by_patient"),
            models.Index(fields=["due_at"], name="notice_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"Notice {self.pk}"


class NoticeChoice(models.Model):
    """The kinds of notices that somebody wants in her account only, not by mail."""

    user = models.OneToOneField(User, primary_key=True, on_delete=models.PROTECT, related_name="+")
    quiet = ArrayField(models.CharField(max_length=12), db_default=[], default=list)

    def __str__(self) -> str:
        return f"NoticeChoice {self.pk}"
