"""Links and QR codes that open a part of a record without an account (SMART Health Links)."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from accounts.models import Patient
from sharing.models.grants import Grant

# Wrong passcodes that a link takes in its whole life.
MOST_WRONG = 5


class ShareLink(models.Model):
    """What opens one permission of path `link`, and for whom it was made.

    `lookup` is a keyed hash of the secret in the address; the secret itself and the key of the files
    are sealed under the patient's key for her to show the link again, and emptied by the database
    when the permission is taken back. `attempts_left` and `uses_left` only ever fall; no uses_left
    is no limit. `recipient_sealed` is for whom she said it is.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.OneToOneField(Grant, on_delete=models.CASCADE, related_name="link")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    lookup = models.BinaryField(unique=True)
    recipient_sealed = models.BinaryField()
    secret_sealed = models.BinaryField(null=True)
    passcode_hash = models.CharField(max_length=200, blank=True)
    attempts_left = models.PositiveSmallIntegerField(db_default=MOST_WRONG, default=MOST_WRONG)
    uses_left = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar = [models.Index(fields=["patient"], name="link_by_patient")]

    def __str__(self) -> str:
        return f"ShareLink {self.pk}"
