"""A file may come in that nobody asked for, where its patient chose to keep such files apart."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

from sharing.walls import MINE

INWARD = """
    EXISTS (
        SELECT 1 FROM sharing_grant g
        WHERE g.id = grant_id AND g.patient_id = phr_delivery.patient_id
          AND g.id = ANY (ARRAY(SELECT phr_grants())) AND cardinality(g.inward_categories) > 0
          AND g.organization_id IS NOT DISTINCT FROM phr_delivery.organization_id
    )
"""
# With an offer of the actor's own, for the facility that it names, to who keeps such files.
UNASKED = """
    grant_id IS NULL AND named_sealed IS NULL AND EXISTS (
        SELECT 1 FROM sharing_offer o
        WHERE o.sender_id = phr_actor() AND phr_unasked(o.id) = phr_delivery.patient_id
          AND o.organization_id IS NOT DISTINCT FROM phr_delivery.organization_id
    )
"""
NEW = """
    sender_id IS NOT DISTINCT FROM phr_actor() AND received_at IS NULL
    AND accepted_at IS NULL AND refused_at IS NULL AND expired_at IS NULL
    AND unreadable_at IS NULL AND NOT outside_too
"""
# Who sends unasked sees it while it arrives; that it is here would tell that somebody is.
SENT = """
    sender_id = (SELECT phr_actor()) AND (SELECT phr_door()) = 'session'
    AND (grant_id IS NOT NULL OR received_at IS NULL)
"""
DROPPING = "(SELECT phr_door()) = 'link' AND grant_id = (SELECT phr_link()) AND received_at IS NULL"


class Migration(migrations.Migration):
    dependencies = [("phr", "0027_looks_of_a_day"), ("sharing", "0023_offers_walls")]
    operations = [
        migrations.AlterField(
            "delivery",
            "grant",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="sharing.grant",
            ),
        ),
        migrations.AddConstraint(
            "delivery",
            models.CheckConstraint(
                name="unasked_delivery_says_who_sent_it",
                condition=Q(grant__isnull=False) | Q(sender__isnull=False),
            ),
        ),
        migrations.RunSQL(
            [
                f"ALTER POLICY phr_delivery_1 ON phr_delivery USING (patient_id = ANY ({MINE})"
                f" OR ({SENT}) OR ({DROPPING}))",
                "ALTER POLICY phr_delivery_2 ON phr_delivery"
                f" WITH CHECK ({NEW} AND ({INWARD} OR {UNASKED}))",
            ]
        ),
    ]
