"""Let the token index take many rows at once; no rebuild, so no long lock."""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("phr", "0002_walls")]
    operations = [
        migrations.RunSQL(
            "ALTER INDEX record_tokens SET (fastupdate = on, gin_pending_list_limit = 512)",
            "ALTER INDEX record_tokens SET (fastupdate = off)",
            state_operations=[
                migrations.RemoveIndex("record", "record_tokens"),
                migrations.AddIndex(
                    "record",
                    GinIndex(
                        fields=["tokens"],
                        name="record_tokens",
                        fastupdate=True,
                        gin_pending_list_limit=512,
                    ),
                ),
            ],
        )
    ]
