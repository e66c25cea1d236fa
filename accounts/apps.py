from importlib import import_module

from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        """Listen for what allauth deletes; the module needs models that are not there before."""
        import_module("accounts.credentials")


class DeskConfig(SimpleAdminConfig):
    """Django's admin as our staff desk; only our own pages are registered there (phr/urls.py)."""

    default = False
    default_site = "accounts.desk.StaffDesk"
