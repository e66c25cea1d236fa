"""What a permission covers, narrowed further, why it was given, and that it can be paused."""
import django.contrib.postgres.fields
from django.db import migrations, models

from sharing.walls import IN_FORCE

GRANTED = f"""
    SELECT DISTINCT g.patient_id FROM sharing_grant g
    JOIN accounts_patient p ON p.id = g.patient_id
    JOIN accounts_user u ON u.id = g.grantee_id
    WHERE {IN_FORCE} AND u.is_active AND p.restricted_at IS NULL AND p.erasing_at IS NULL
"""
REPLACED = f"""
CREATE OR REPLACE FUNCTION phr_granted() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    {GRANTED} AND phr_about() IS NOT NULL AND g.patient_id = phr_about()
    UNION ALL
    {GRANTED} AND phr_about() IS NULL
$$
"""


class Migration(migrations.Migration):

    dependencies = [
        ('sharing', '0004_leaving'),
    ]

    operations = [
        migrations.AddField(
            model_name='grant',
            name='agreement_sealed',
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name='grant',
            name='besides',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='grant',
            name='data_from',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='grant',
            name='data_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='grant',
            name='paused_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='grant',
            name='purpose',
            field=models.CharField(choices=[('TREAT', 'For my care'), ('COC', 'For a second opinion or a change of doctor'), ('FAMRQT', 'So that family or friends know'), ('COVERAGE', 'For my insurance'), ('HRESCH', 'For research'), ('PATRQT', 'For another reason of mine')], db_default='TREAT', default='TREAT', max_length=8),
        ),
        migrations.AddField(
            model_name='grant',
            name='records',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='grant',
            name='replaces',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='grant',
            name='tags',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='grant',
            name='types',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), db_default=[], default=list, size=None),
        ),
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                REPLACED,
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
            ]
        ),
    ]
