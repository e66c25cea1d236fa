"""What staff see of backups: dates, sizes, and what is wrong with them."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q
from django.http import HttpRequest

from accounts.admin import MetadataAdmin, StateFilter
from accounts.vault.models import BackupSet
from rights.services import backups


class BackupState(StateFilter):
    states = {
        "there": Q(verified_at__isnull=False, gone_at=None),
        "failed": Q(failed_at__isnull=False, gone_at=None),
        "gone": Q(gone_at__isnull=False),
    }


@admin.register(BackupSet)
class BackupSetAdmin(MetadataAdmin):
    list_display = (
        "kind", "started_at", "verified_at", "failed_at", "expires_at", "gone_at", "size",
    )  # fmt: skip
    fields = ("id", *list_display, "finished_at", "rows", "files", "files_missing")
    list_filter = (BackupState,)
    ordering = ("-started_at",)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        for sentence in backups.alarms():
            messages.warning(request, sentence)
        return super().changelist_view(request, extra_context)
