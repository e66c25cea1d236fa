"""What staff see of erasures: what is due and since when."""

from django.contrib import admin

from accounts.admin import MetadataAdmin
from rights.models import Erasure


@admin.register(Erasure)
class ErasureAdmin(MetadataAdmin):
    list_display = ("id", "patient_id", "hidden_at", "purged_at", "attempts", "lease_until")
    fields = list_display
    ordering = ("purged_at", "hidden_at")
