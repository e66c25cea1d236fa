"""Django's migrate, as the owner of the tables, ending with the privileges of the roles."""

from typing import Any

from django.core.management import call_command
from django.core.management.commands import migrate
from django.db import connections

from phr import privileges


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        alias = options["database"]
        connection = connections[alias]
        role = connection.settings_dict["OPTIONS"].pop("assume_role", None)
        connection.close()
        try:
            super().handle(*args, **options)
            if alias == "default":
                call_command("createcachetable", database=alias, verbosity=0)
            with connection.cursor() as cursor:
                listed = privileges.DEFAULT if alias == "default" else privileges.VAULT
                privileges.apply(cursor, listed)
        finally:
            if role:
                connection.settings_dict["OPTIONS"]["assume_role"] = role
            connection.close()
