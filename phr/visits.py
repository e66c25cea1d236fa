"""What belongs to a visit (FHIR R4 Encounter): found by keyed tokens, as what refers is by its links.

An item is kept with a token of the name it calls its visit by. The visit's own tokens hold those
names too, so the numbers to look for follow from it; which visit was meant stands nowhere in clear.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet

from accounts import keys
from phr.models import Record
from phr.search import Tokeniser, newest

MOST_IN_ONE = 5
# Of the items of one page of visits, so many are looked at together; beyond, visit by visit.
MOST = 500


def tokens_of(visit: Record) -> list[int]:
    """Tokens of which what belongs to the visit has one."""
    tokeniser = Tokeniser(keys.subkey(visit.patient_id, keys.Purpose.INDEX))
    return tokeniser.of_visit(visit.tokens)


def belonging(rows: QuerySet[Record], visit: Record, size: int) -> list[Record]:
    """The newest `size` of the `rows` that belong to the visit. Call within an act about her."""
    return newest(rows, size, either=tokens_of(visit))


def under(rows: QuerySet[Record], visits: Sequence[Record]) -> dict[UUID, list[Record]]:
    """For each visit the first of the `rows` that belong to it, one more than `MOST_IN_ONE`."""
    wanted = {token: visit.pk for visit in visits for token in tokens_of(visit)}
    found: dict[UUID, list[Record]] = {}
    if not wanted:
        return found
    near = newest(rows, MOST, either=list(wanted))
    for row in near:
        for pk in {wanted[token] for token in row.tokens if token in wanted}:
            if len(found.setdefault(pk, [])) <= MOST_IN_ONE:
                found[pk].append(row)
    if len(near) == MOST:
        short = (one for one in visits if len(found.get(one.pk, [])) <= MOST_IN_ONE)
        found |= {one.pk: belonging(rows, one, MOST_IN_ONE + 1) for one in short}
    return found
