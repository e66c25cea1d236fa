"""What came with one file can be told apart, and a past version can come back as it stood."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("phr", "0009_marks")]
    operations = [
        migrations.AddField("provenance", "position", models.PositiveIntegerField(null=True)),
        migrations.AddField(
            "provenance",
            "outcome",
            models.CharField(
                choices=[
                    ("new", "New"),
                    ("changed", "Changed"),
                    ("known", "Known"),
                    ("older", "Older"),
                    ("twice", "Twice"),
                ],
                db_default="",
                max_length=7,
            ),
        ),
        migrations.AlterField(
            "provenance",
            "upload",
            models.ForeignKey(
                "phr.upload",
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="provenances",
            ),
        ),
        migrations.AddIndex(
            "provenance",
            models.Index(fields=["upload", "position"], name="provenance_by_upload"),
        ),
        migrations.AddField(
            "recordfile",
            "upload",
            models.ForeignKey(
                "phr.upload",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
            ),
        ),
        migrations.AddField("recordversion", "standing_sealed", models.BinaryField(null=True)),
        migrations.AddField("upload", "reminded_at", models.DateTimeField(null=True)),
    ]
