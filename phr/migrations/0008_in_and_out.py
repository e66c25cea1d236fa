"""Imports that are looked through first, what people enter by hand, tags, and what is never shared."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models

from accounts.roles import wall
from sharing.walls import ACTIVE, MINE, SYSTEM

WORKER = f"{SYSTEM} AND patient_id = (SELECT phr_about())"
SHARED = """
    hidden_at IS NULL AND NOT never_shared AND patient_id = ANY (ARRAY(SELECT phr_granted()))
    AND EXISTS (
        SELECT 1 FROM sharing_grant g
        WHERE g.patient_id = phr_record.patient_id AND %s
          AND phr_record.category = ANY (g.categories) AND phr_record.labels <@ g.labels
    )
"""
SEEN = f"FOR SELECT TO phr_web USING (patient_id = ANY ({MINE}) OR ({SHARED % ACTIVE}))"
RESTS = "patient_id <> ALL (ARRAY(SELECT phr_resting()))"
# What she enters by hand is written by the web.
BY_HAND = ("phr_record", "phr_recordversion", "phr_provenance")


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_in_and_out'),
        ('phr', '0007_exports'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Tag',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('token', models.BigIntegerField()),
                ('name_sealed', models.BinaryField()),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.AddField(
            model_name='provenance',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='provenance',
            name='reason_sealed',
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name='record',
            name='favourite',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='record',
            name='never_shared',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='record',
            name='tags',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='upload',
            name='confirmed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='upload',
            name='expected_size',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='upload',
            name='options_sealed',
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name='upload',
            name='preview_sealed',
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name='upload',
            name='previewed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='upload',
            name='undone_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='binary',
            name='use',
            field=models.CharField(choices=[('export', 'Export'), ('original', 'Original'), ('part', 'Part'), ('picture', 'Picture')], max_length=10),
        ),
        migrations.AlterField(
            model_name='provenance',
            name='place',
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AlterField(
            model_name='provenance',
            name='upload',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='provenances', to='phr.upload'),
        ),
        migrations.AddIndex(
            model_name='record',
            index=models.Index(fields=['patient', 'resource_type', '-effective_at', '-id'], name='record_by_type'),
        ),
        migrations.AddConstraint(
            model_name='provenance',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('by', None), ('upload__isnull', False)), models.Q(('by__isnull', False), ('upload', None)), _connector='OR'), name='provenance_from_upload_or_hand'),
        ),
        migrations.AddField(
            model_name='tag',
            name='patient',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tags', to='accounts.patient'),
        ),
        migrations.AddConstraint(
            model_name='tag',
            constraint=models.UniqueConstraint(fields=('patient', 'token'), name='tag_once_per_patient'),
        ),
        migrations.RunSQL(
            [
                "DROP POLICY phr_record_1 ON phr_record",
                f"CREATE POLICY phr_record_1 ON phr_record {SEEN}",
                *(
                    f"CREATE POLICY {table}_by_hand ON {table} FOR INSERT TO phr_web"
                    " WITH CHECK (phr_may_write(patient_id))"
                    for table in BY_HAND
                ),
                *wall(
                    "phr_tag",
                    f"FOR SELECT TO phr_web USING (patient_id = ANY ({MINE}))",
                    "FOR INSERT TO phr_web WITH CHECK (phr_may_write(patient_id))",
                    "FOR DELETE TO phr_web USING (phr_may_write(patient_id))",
                    f"FOR ALL TO phr_worker USING ({WORKER}) WITH CHECK ({WORKER})",
                ),
                "CREATE POLICY phr_tag_resting ON phr_tag AS RESTRICTIVE FOR INSERT"
                f" TO phr_web, phr_worker WITH CHECK ({RESTS})",
            ]
        ),
    ]
