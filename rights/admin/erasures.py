"""What staff see of erasures: what is due and since when."""

from django.contrib import admin
from django.db.models import Q

from accounts.admin import MetadataAdmin, StateFilter
from rights.models import Erasure


class ErasureState(StateFilter):
    states = {"due": Q(purged_at=None), "done": Q(purged_at__isnull=False)}


@admin.register(Erasure)
class ErasureAdmin(MetadataAdmin):
    list_display = ("id", "patient_id", "hidden_at", "purged_at", "attempts", "lease_until")
    fields = list_display
    list_filter = (ErasureState,)
    ordering = ("purged_at", "hidden_at")
