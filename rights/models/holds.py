"""Legal holds (GDPR Art. 17(3)): one item that must outlive its erasure, and where it is kept then."""

import uuid
from datetime import timedelta
from typing import ClassVar

from django.db import connection, models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now, TruncDate

LONGEST = timedelta(days=366)


class HoldQuerySet(models.QuerySet["Hold"]):
    def waiting(self) -> "HoldQuerySet":
        """Asked for, and not yet decided by a second person."""
        return self.filter(confirmed_at=None, declined_at=None)

    def in_force(self) -> "HoldQuerySet":
        """Confirmed by a second person and not released by two."""
        return self.filter(confirmed_at__isnull=False, released_at=None, emptied_at=None)

    def homeless(self) -> "HoldQuerySet":
        """In force, with the item still among the patient's and nowhere else, or lost."""
        return self.in_force().filter(rehomed_at=None)

    def ended(self) -> "HoldQuerySet":
        """Released, and what was kept for it alone is still to be destroyed."""
        return self.filter(released_at__isnull=False, emptied_at=None)


class Hold(models.Model):
    """Why one item is kept although its erasure is asked for, and which two people say so.

    Counts only from its confirmation to its release, and each takes two members of staff. Holds ids,
    dates and a coded ground: never a reason in free text, never content. `patient_id` is no foreign
    key, for the hold outlives the patient; both ids are emptied when nothing is left behind them.
    `erasure_id` is the Erasure it was an exception of, whose page tells of it.
    Declined by nobody means that the erasure was quicker.
    """

    class Ground(models.TextChoices):
        LEGAL_OBLIGATION = "legal-obligation", "A law requires it: GDPR Art. 17(3)(b)"
        LEGAL_CLAIMS = "legal-claims", "A legal claim needs it: GDPR Art. 17(3)(e)"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient_id = models.UUIDField(null=True)
    record_id = models.UUIDField(null=True)
    ground = models.CharField(max_length=20, choices=Ground)
    review_on = models.DateField()
    placed_after_request = models.BooleanField(default=False)
    asked_by = models.UUIDField()
    asked_at = models.DateTimeField(db_default=Now())
    confirmed_by = models.UUIDField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    declined_by = models.UUIDField(null=True)
    declined_at = models.DateTimeField(null=True)
    reviewed_by = models.UUIDField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    release_asked_by = models.UUIDField(null=True)
    release_asked_at = models.DateTimeField(null=True)
    released_by = models.UUIDField(null=True)
    released_at = models.DateTimeField(null=True)
    opening_asked_by = models.UUIDField(null=True)
    opening_asked_at = models.DateTimeField(null=True)
    opening_allowed_by = models.UUIDField(null=True)
    opening_allowed_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    erasure_id = models.UUIDField(null=True)
    rehomed_at = models.DateTimeField(null=True)
    lost_at = models.DateTimeField(null=True)
    emptied_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    release_told_at = models.DateTimeField(null=True)

    objects = HoldQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["record_id", "ground"],
                name="hold_once_per_ground",
                condition=Q(declined_at=None, released_at=None, emptied_at=None),
            ),
            models.CheckConstraint(
                name="hold_reviewed_within_a_year",
                condition=Q(
                    review_on__lte=TruncDate(Coalesce(F("reviewed_at"), F("asked_at")) + LONGEST)
                ),
            ),
            models.CheckConstraint(
                name="hold_confirmed_by_another",
                condition=Q(confirmed_at=None, confirmed_by=None)
                | Q(confirmed_at__isnull=False, confirmed_by__isnull=False, declined_at=None)
                & ~Q(confirmed_by=F("asked_by")),
            ),
            models.CheckConstraint(
                name="hold_declined_at_and_by",
                condition=Q(declined_by=None) | Q(declined_at__isnull=False),
            ),
            models.CheckConstraint(
                name="hold_released_by_another",
                condition=Q(released_at=None, released_by=None)
                | Q(
                    released_at__isnull=False,
                    released_by__isnull=False,
                    release_asked_by__isnull=False,
                    confirmed_at__isnull=False,
                )
                & ~Q(released_by=F("release_asked_by")),
            ),
            models.CheckConstraint(
                name="hold_opened_by_another",
                condition=Q(opening_allowed_at=None, opening_allowed_by=None)
                | Q(
                    opening_allowed_at__isnull=False,
                    opening_allowed_by__isnull=False,
                    opening_asked_by__isnull=False,
                )
                & ~Q(opening_allowed_by=F("opening_asked_by")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["patient_id"], name="hold_by_patient"),
            models.Index(
                fields=["asked_at"],
                name="hold_open",
                condition=Q(emptied_at=None, declined_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"Hold {self.pk}"

    @staticmethod
    def lock(patient_id: uuid.UUID | None) -> None:
        """Until the transaction ends, no other places a hold on this patient's items or lists them."""
        # Staff could not lock the patient's own row.
        key = f"rights_hold/{patient_id}"
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])

    @property
    def state(self) -> str:
        """One of: declined, over, released, release asked, in force, waiting."""
        if self.declined_at:
            return "declined"
        if self.emptied_at:
            return "over"
        if self.released_at:
            return "released"
        if self.confirmed_at is None:
            return "waiting"
        return "release asked" if self.release_asked_at else "in force"


class HeldItem(models.Model):
    """A held item under the hold's own key, so that its patient's key can be destroyed.

    `body_sealed` is the resource with its earlier versions, kind, labels and sources.
    """

    hold = models.OneToOneField(
        Hold, primary_key=True, on_delete=models.PROTECT, related_name="item"
    )
    patient_id = models.UUIDField()
    body_sealed = models.BinaryField()

    def __str__(self) -> str:
        return f"HeldItem {self.pk}"


class HeldFile(models.Model):
    """A file of a held item, encrypted anew under the hold's own key; `name` is random."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="files")
    patient_id = models.UUIDField()
    binary_id = models.UUIDField()
    name = models.CharField(max_length=64, unique=True)
    facts_sealed = models.BinaryField(null=True)
    complete_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hold", "binary_id"], name="file_once_per_hold")
        ]

    def __str__(self) -> str:
        return f"HeldFile {self.pk}"
