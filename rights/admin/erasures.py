"""What staff see of erasures: what is due and since when."""

from django.contrib import admin
from django.db.models import Q

from accounts.admin import MetadataAdmin, StateFilter
from rights.models import Erasure


class ErasureState(StateFilter):
    states = {
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
