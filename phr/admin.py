"""What staff see of uploads: how far they are, never what is in them (S27)."""

from django.contrib import admin
from django.db.models import Q

from accounts.admin import MetadataAdmin, StateFilter
from phr.models import Upload


class UploadState(StateFilter):
    states = {
        "due": Q(finished_at=None, failed_at=None),
        "done": Q(finished_at__isnull=False),
        "refused": Q(failed_at__isnull=False),
    }


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
    list_filter = (UploadState,)
    ordering = ("-received_at",)
