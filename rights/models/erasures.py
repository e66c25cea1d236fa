"""Erasures (GDPR Art. 17): what is to go, and how far it has gone."""

import uuid
from base64 import b32encode
from hashlib import sha256
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from sharing.categories import Category


class Scope(models.TextChoices):
    """How much is to go."""

    ITEM = "item", "one item"
    IMPORT = "import", "what came with one file"
    RECORD = "record", "the whole record"
    ACCOUNT = "account", "the whole record and the account"


# What leaves the rest of the record, and with it its key.
PART = frozenset({Scope.ITEM, Scope.IMPORT})


def reference_of(erasure_id: uuid.UUID) -> str:
    """The name under which anybody who was told it may follow an erasure: 80 bits, as ABCD-EFGH-…"""
    text = b32encode(sha256(erasure_id.bytes).digest()[:10]).decode()
    return "-".join(text[start : start + 4] for start in range(0, 16, 4))


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def due(self) -> "ErasureQuerySet":
        """Neither at its end nor undone, with nothing to wait for and in no worker's hands."""
        return self.filter(finished_at=None, undone_at=None, due_at__lte=Now())


class Erasure(models.Model):
    """One erasure: hidden when asked for, carried out step by step by workers (DESIGN D9).

    `steps` maps the name of each step that is done to when it was, `planned` maps categories to how
    many items there were when it was asked for. The ids are emptied when nothing is left for them
    to point at; what remains names nobody.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(max_length=19, unique=True)
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.ITEM)
    patient_id = models.UUIDField(null=True, db_index=True)
    user_id = models.UUIDField(null=True, db_index=True)
    record_id = models.UUIDField(null=True, unique=True)
    upload_id = models.UUIDField(null=True, unique=True)
    planned = models.JSONField(default=dict)
    steps = models.JSONField(default=dict)
    hidden_at = models.DateTimeField(db_default=Now())
    purge_after = models.DateTimeField(db_default=Now())
    undone_at = models.DateTimeField(null=True)
    purged_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveIntegerField(default=0)

    objects = ErasureQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"],
                name="erasure_due",
                condition=Q(finished_at=None, undone_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"Erasure {self.reference}"

    def done(self, step: str) -> bool:
        return step in self.steps

    @property
    def category(self) -> str:
        """What kind of item it was, for an erasure of one item; else what was asked for."""
        if self.scope != Scope.ITEM:
            return f"An import, with {sum(self.planned.values())} items"
        return Category(next(iter(self.planned))).label if self.planned else ""
