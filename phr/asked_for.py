"""What a patient asked somebody to send in, and what of a delivered file is outside of it."""

from dataclasses import dataclass

from phr.deliveries import Delivery
from phr.formats.parsed import Parsed
from phr.models import Upload
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.scopes import scope_of

NOT_ASKED = "This is outside what you asked for, so it was left out."


@dataclass(frozen=True, slots=True)
class Asked:
    """The kinds (`Category`) and the sensitivity (`Sensitivity`) of what may come in, by value."""

    categories: frozenset[str]
    labels: frozenset[str]

    def covers(self, item: Parsed) -> bool:
        """Whether all of one resource is within it."""
        return item.category in self.categories and self.labels.issuperset(item.labels)


def asked_for(upload: Upload) -> Asked | None:
    """What binds a file; None for her own, and where she takes also what she did not ask for.

    A file that nobody asked for may hold everything but what is sensitive, or not sorted.
    Within an act about its patient.
    """
    row = Delivery.objects.select_related("grant").filter(pk=upload.pk, outside_too=False).first()
    if row is None:
        return None
    if row.grant is None:
        return Asked(frozenset(one.value for one in Category), frozenset({Sensitivity.N.value}))
    scope = scope_of(row.grant)
    return Asked(
        frozenset(one.value for one in scope.inward_categories),
        frozenset(one.value for one in scope.inward_labels),
    )
