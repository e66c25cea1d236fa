"""What a permission that has ended let its holder find, as far as the rows of today still tell (C53).

A row says when it came and when it was last changed, not how it was sorted on each day before that.
"""

from datetime import datetime
from typing import Any

from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, UUIDField

from accounts import audit
from accounts.models import AuditEvent
from phr.models import Provenance
from sharing import policy
from sharing.models import Grant
from sharing.policy import Action

OPENING = (Action.READ.value, Action.COPY.value)
CAME = (Provenance.Outcome.NEW, Provenance.Outcome.UNSURE)


def span(grant: Grant) -> tuple[datetime, datetime] | None:
    """From when until when an ended permission let its holder find anything; None if it never did.

    What was paused and not resumed ended there.
    """
    ends = [at for at in (grant.revoked_at, grant.ends_at, grant.paused_at) if at]
    if grant.accepted_at is None or not ends or not grant.categories:
        return None
    begin, end = max(grant.accepted_at, grant.starts_at), min(ends)
    return (begin, end) if begin < end else None


def findable(grant: Grant, begin: datetime, end: datetime) -> tuple[Q, Q]:
    """Of its patient's records: what was surely to be found with it, and what perhaps was.

    Sure is what somebody opened with it, and what it covers and nobody has changed since the end.
    Perhaps: what is within it by kind and day, and was changed, or sorted anew, since it began.
    """
    there = Q(created_at__lt=end)
    untouched = ~_touched(grant, end)
    sure = Q(pk__in=_opened(grant)) | there & policy.covered(grant) & untouched
    return sure, there & policy.within(grant) & _touched(grant, begin)


def _touched(grant: Grant, at: datetime) -> Q:
    """Changed or sorted anew since then; or brought back since, so that it is new here itself."""
    back = Provenance.objects.filter(record=OuterRef("pk"), outcome__in=CAME, recorded_at__gt=at)
    found = Q(updated_at__gt=at) | Q(Exists(back))
    if grant.tags:
        tagged = audit.about(grant.patient_id).filter(action="tag", at__gt=at)
        found |= Q(pk__in=_each(tagged))
    return found


def _opened(grant: Grant) -> QuerySet[AuditEvent, Any]:
    rows = audit.about(grant.patient_id).filter(basis=f"grant:{grant.pk}", action__in=OPENING)
    return _each(rows.filter(outcome=audit.SUCCESS))


def _each(rows: QuerySet[AuditEvent]) -> QuerySet[AuditEvent, Any]:
    """The ids of the records that these are about."""
    one = Func(F("records"), function="unnest", output_field=UUIDField())
    return rows.order_by().annotate(one=one).values("one")
