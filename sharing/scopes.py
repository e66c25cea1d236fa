"""What a permission covers, in the words a patient chooses among."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from accounts import keys
from accounts.models import Patient
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import Grant, Purpose
from sharing.tokens import label_tokens, labels_of


@dataclass(frozen=True, slots=True)
class Scope:
    """What a permission covers, in words the patient chose; see `Grant` for what narrows it.

    `tags` are the tokens of tags. `inward_categories` and `inward_labels` are what the holder may
    send in, never implied by what she may see; one may be given without the other. It begins at once
    where `starts_at` is None, and goes on until she takes it back where `ends_at` is.
    """

    categories: tuple[Category, ...]
    labels: tuple[Sensitivity, ...]
    may_copy: bool
    ends_at: datetime | None
    starts_at: datetime | None = None
    purpose: Purpose = Purpose.TREAT
    types: tuple[str, ...] = ()
    tags: tuple[int, ...] = ()
    records: tuple[UUID, ...] = ()
    besides: tuple[UUID, ...] = ()
    data_from: datetime | None = None
    data_until: datetime | None = None
    may_reshare: bool = False
    inward_categories: tuple[Category, ...] = ()
    inward_labels: tuple[Sensitivity, ...] = ()

    @property
    def every_inward_category(self) -> bool:
        return set(self.inward_categories) == set(Category)

    @property
    def every_category(self) -> bool:
        return set(self.categories) == set(Category)

    @property
    def last_day(self) -> date | None:
        """The last day of care that it reaches to."""
        return (self.data_until - timedelta(microseconds=1)).date() if self.data_until else None

    @property
    def narrowed(self) -> bool:
        """Whether it is about only some of these kinds of items."""
        return bool(self.besides) or self.narrowed_openly

    @property
    def narrowed_openly(self) -> bool:
        """The same but for single items that were left out, which is not told to who holds it."""
        whole = (self.types, self.tags, self.records)
        return any(whole) or bool(self.data_from or self.data_until)

    def drawn_up(self, patient: Patient) -> Grant:
        """A permission of this scope, not given to anybody yet."""
        tokens = label_tokens(patient.pk)
        begins = {"starts_at": self.starts_at} if self.starts_at else {}
        return Grant(
            patient=patient,
            categories=[category.value for category in self.categories],
            labels=[tokens[label] for label in self.labels],
            types=list(self.types),
            tags=list(self.tags),
            records=list(self.records),
            besides=list(self.besides),
            data_from=self.data_from,
            data_until=self.data_until,
            may_copy=self.may_copy,
            may_reshare=self.may_reshare,
            inward_categories=[category.value for category in self.inward_categories],
            inward_labels=[tokens[label] for label in self.inward_labels],
            purpose=self.purpose,
            ends_at=self.ends_at,
            **begins,
        )


def whole(scope: Scope) -> Scope:
    """The same person and time, but for everything there is, to look at and to copy."""
    return replace(
        scope,
        categories=tuple(Category), labels=tuple(Sensitivity), may_copy=True, may_reshare=False,
        types=(), tags=(), records=(), besides=(), data_from=None, data_until=None,
        inward_categories=(), inward_labels=(),
    )  # fmt: skip


def scope_of(row: Grant) -> Scope:
    return Scope(
        categories=tuple(category for category in Category if category.value in row.categories),
        labels=tuple(labels_of(row.patient_id, row.labels)),
        may_copy=row.may_copy,
        ends_at=row.ends_at,
        starts_at=row.starts_at if row.starts_at > row.created_at else None,
        purpose=Purpose(row.purpose),
        types=tuple(row.types),
        tags=tuple(row.tags),
        records=tuple(row.records),
        besides=tuple(row.besides),
        data_from=row.data_from,
        data_until=row.data_until,
        may_reshare=row.may_reshare,
        inward_categories=tuple(one for one in Category if one.value in row.inward_categories),
        inward_labels=tuple(labels_of(row.patient_id, row.inward_labels)),
    )


def seal_agreement(row: Grant, text: str) -> bytes:
    """The words a patient agreed to, sealed to their permission."""
    return keys.seal(row.patient_id, keys.Purpose.BODY, _place(row), text.encode())


def agreement_of(row: Grant) -> str:
    """These words; "" for a permission from before they were kept."""
    if row.agreement_sealed is None:
        return ""
    sealed = bytes(row.agreement_sealed)
    return keys.unseal(row.patient_id, keys.Purpose.BODY, _place(row), sealed).decode()


def _place(row: Grant) -> str:
    return f"sharing_grant/{row.pk}/agreement"
