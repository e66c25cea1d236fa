"""What staff see of uploads: how far they are, never what is in them (S27)."""

from django.contrib import admin

from accounts.admin import MetadataAdmin
from phr.models import Upload


@admin.register(Upload)
class UploadAdmin(MetadataAdmin):
    list_display = (
        "id",
        "patient_id",
        "received_at",
        "started_at",
        "finished_at",
        "failed_at",
        "attempts",
    )
    fields = (*list_display, "lease_until", "done", "total", "unit")
    ordering = ("-received_at",)
