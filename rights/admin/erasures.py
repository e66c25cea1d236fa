"""What staff see of erasures: what is due and since when."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q
from django.db.models.functions import Now
from django.http import HttpRequest

from accounts.acting import acting_as
from accounts.admin import MetadataAdmin, StateFilter, staff_actor
from rights.models import Erasure

STUCK = Q(purged_at=None, undone_at=None) & (
    Q(purge_after__lt=Now() - timedelta(hours=24)) | Q(attempts__gt=20)
)
ALARM = (
    "Not carried out, though due for more than 24 hours or tried more than 20 times: {}. The workers"
    " must run, and their log says what stands in the way."
)


class ErasureState(StateFilter):
    states = {
        "stuck": STUCK,
        "hidden, not yet purged": Q(purged_at=None, undone_at=None),
        "purged, a backup is left": Q(purged_at__isnull=False, finished_at=None),
        "gone": Q(finished_at__isnull=False),
        "undone": Q(undone_at__isnull=False),
    }


@admin.register(Erasure)
class ErasureAdmin(MetadataAdmin):
    list_display = (
        "reference",
        "scope",
        "hidden_at",
        "purge_after",
        "purged_at",
        "finished_at",
        "attempts",
        "due_at",
    )
    fields = (*list_display, "undone_at", "steps")
    list_filter = (ErasureState,)
    ordering = ("purged_at", "hidden_at")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        with acting_as(staff_actor(request)):
            stuck = self.get_queryset(request).filter(STUCK).count()
        if stuck:
            messages.warning(request, ALARM.format(stuck))
        return super().changelist_view(request, extra_context)
