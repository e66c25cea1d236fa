"""Let who writes say how long the list before the token index may grow; no rebuild, no long lock.

An index's own limit stands above what a transaction sets: see `Stage.publish`.
"""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("phr", "0019_settled")]
    operations = [
        migrations.RunSQL(
            "ALTER INDEX record_tokens RESET (gin_pending_list_limit)",
            "ALTER INDEX record_tokens SET (gin_pending_list_limit = 512)",
            state_operations=[
                migrations.RemoveIndex("record", "record_tokens"),
                migrations.AddIndex(
                    "record", GinIndex(fields=["tokens"], name="record_tokens", fastupdate=True)
                ),
            ],
        )
    ]
