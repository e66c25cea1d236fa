"""What a facility used, as a table for its bill."""

import csv
from collections.abc import Iterator
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_safe

from accounts.cells import formula_safe
from accounts.requests import actor_of, while_signed_in
from sharing.services import usage


class _Echo:
    def write(self, value: str) -> str:
        return value


@login_required
@require_safe
def ledger(request: HttpRequest, organization_id: UUID) -> HttpResponseBase:
    """Every use of what is shared with a facility, for one of its administrators."""
    rows = usage.counted(actor_of(request), organization_id)
    lines = _lines(rows)
    # Asked before the first byte: whoever may not gets an ordinary answer.
    flowing = while_signed_in(request, _joined(next(lines), lines))
    answer = StreamingHttpResponse(flowing, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="usage.csv"'
    return answer


def _joined(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _lines(rows: Iterator[usage.Counted]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    line = next(rows, None)
    yield writer.writerow(["When (UTC)", "What", "Who", "Reference"])
    while line is not None:
        cells = [line.at.isoformat(timespec="seconds"), line.action, line.who, line.reference]
        yield writer.writerow([formula_safe(cell) for cell in cells])
        line = next(rows, None)
