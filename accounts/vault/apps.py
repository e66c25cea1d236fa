from django.apps import AppConfig


class VaultConfig(AppConfig):
    """The tables of the second database, `vault`, which is backed up apart (ADR 4)."""

    name = "accounts.vault"
    label = "vault"
