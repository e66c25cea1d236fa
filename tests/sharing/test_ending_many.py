"""What it costs to take back much at once: statements, whatever the clock says."""

from collections.abc import Callable
from contextlib import ExitStack
from uuid import UUID

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from sharing.models import Notice, NoticeKind
from sharing.services import granting
from tests.cast import Cast
from tests.raw import as_owner, open_walls
from tests.worlds.bulk import multiply_grantees

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
MOST_FOR_ONE = 25


def statements(act: Callable[[], object]) -> int:
    """How many both databases are asked."""
    with ExitStack() as stack:
        counted = [stack.enter_context(CaptureQueriesContext(one)) for one in connections.all()]
        act()
        return sum(len(one) for one in counted)


def given(cast: Cast, many: int) -> UUID:
    grant_id = cast.share()
    multiply_grantees(grant_id, many - 1)
    return grant_id


def test_everything_ends_with_as_many_statements_as_little(cast: Cast) -> None:
    given(cast, 2)
    few = statements(lambda: granting.revoke_all(cast.alice))
    given(cast, 40)

    assert statements(lambda: granting.revoke_all(cast.alice)) == few

    open_walls()
    with as_owner():
        told = set(Notice.objects.filter(kind=NoticeKind.ENDED).values_list("recipient", flat=True))
    assert len(told) == 40


def test_one_ends_with_few(cast: Cast) -> None:
    grant_id = given(cast, 40)

    assert statements(lambda: granting.revoke(cast.alice, grant_id)) <= MOST_FOR_ONE
