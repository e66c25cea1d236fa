"""A handing over ends the links, too: who made them may hold every one of them herself."""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("sharing.migrations.0029_handovers_narrower")


def wider(statement: str, row: str) -> str:
    """The statement that makes a function, with links among what it ends."""
    found = f"({row}path = 'proxy' AND"
    if statement.count(found) != 1:
        raise ValueError("Not one place that says what ends.")
    return BEFORE.again(statement).replace(found, f"({row}path = 'link' OR {found[1:]}")


class Migration(migrations.Migration):
    dependencies = [("sharing", "0029_handovers_narrower")]
    operations = [
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                wider(BEFORE.FOUND, "g."),
                wider(BEFORE.CLAIM, ""),
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
            ]
        )
    ]
