from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class AccountsConfig(AppConfig):
    name = "accounts"


class DeskConfig(SimpleAdminConfig):
    """Django's admin as our staff desk; only our own pages are registered there (phr/urls.py)."""

    default = False
    default_site = "accounts.desk.StaffDesk"
