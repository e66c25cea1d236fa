"""Django's migrate, as the owner of the tables, ending with the privileges of the roles.

A locked database stays locked: its roles get no privileges. `reconcile` gives them.
The vault is taken through its own app's migrations only: all others would leave it as it is.
"""

from typing import Any

from django.core.management import call_command
from django.core.management.commands import migrate
from django.db import connections

from accounts import gate
from accounts.roles import assumed
from phr import privileges


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        alias = options["database"]
        if alias == "vault":
            options["app_label"] = options["app_label"] or "vault"
        with assumed(None):
            super().handle(*args, **options)
            if alias == "default":
                call_command("createcachetable", database=alias, verbosity=0)
            with connections[alias].cursor() as cursor:
                privileges.let_backups_see(cursor)
                if gate.shut():
                    privileges.close(cursor)
                else:
                    privileges.apply(cursor, privileges.LISTED[alias])
