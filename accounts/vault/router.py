"""Sends the key tables to the database `vault` and everything else to `default`."""

from typing import Any

from django.db.models import Model


class VaultRouter:
    def db_for_read(self, model: type[Model], **_hints: Any) -> str | None:
        return "vault" if model._meta.app_label == "vault" else None

    db_for_write = db_for_read

    def allow_relation(self, one: Model, other: Model, **_hints: Any) -> bool | None:
        labels = {one._meta.app_label, other._meta.app_label}
        return False if "vault" in labels and len(labels) > 1 else None

    def allow_migrate(self, db: str, app_label: str, **_hints: Any) -> bool:
        return (db == "vault") == (app_label == "vault")
