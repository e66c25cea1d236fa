"""Consents and the mail that depends on them; each person sees and changes her own alone."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts.roles import wall

MINE = "user_id = (SELECT phr_actor()) AND (SELECT phr_door()) = 'session'"
SYSTEM = "(SELECT phr_door()) = 'system'"
# A link in a mail knows whom it was sent to; it reaches this person's consent to news, no other row.
LINK = "user_id = (SELECT phr_actor()) AND (SELECT phr_door()) = 'mail' AND purpose = 'news'"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_gate")]
    operations = [
        migrations.CreateModel(
            name="Consent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("purpose", models.CharField(max_length=12)),
                ("version", models.PositiveSmallIntegerField()),
                ("locale", models.CharField(max_length=12)),
                ("sha256", models.CharField(max_length=64)),
                ("given_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("withdrawn_by", models.CharField(blank=True, max_length=12)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consents",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at", None)),
                        fields=("user", "purpose"),
                        name="one_live_consent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("withdrawn_at", None), ("withdrawn_by", "")),
                            models.Q(
                                ("withdrawn_at__isnull", False),
                                models.Q(("withdrawn_by", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="consent_withdrawn_at_and_by_go_together",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            wall(
                "accounts_consent",
                f"FOR SELECT TO phr_web USING ({MINE})",
                f"FOR SELECT TO phr_web USING ({LINK})",
                f"FOR INSERT TO phr_web WITH CHECK ({MINE})",
                f"FOR UPDATE TO phr_web USING ({MINE})",
                f"FOR UPDATE TO phr_web USING ({LINK})",
                f"FOR SELECT TO phr_worker USING ({SYSTEM})",
                f"FOR UPDATE TO phr_worker USING ({SYSTEM})",
                f"FOR DELETE TO phr_worker USING ({SYSTEM})",
            )
        ),
        migrations.AddField(
            model_name="outgoingmail",
            name="issue",
            field=models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="outgoingmail", name="reader_id", field=models.UUIDField(null=True)
        ),
        migrations.RemoveIndex(model_name="outgoingmail", name="mail_due"),
        migrations.AddIndex(
            model_name="outgoingmail",
            index=models.Index(
                condition=models.Q(("sent_at", None)), fields=["issue", "due_at"], name="mail_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="outgoingmail",
            constraint=models.UniqueConstraint(
                condition=models.Q(("issue", ""), _negated=True),
                fields=("issue", "reader_id"),
                name="an_issue_once_for_each_reader",
            ),
        ),
        migrations.AddConstraint(
            model_name="outgoingmail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("issue", ""), ("reader_id", None)),
                    models.Q(
                        ("reader_id__isnull", False), models.Q(("issue", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="news_has_an_issue_and_a_reader",
            ),
        ),
    ]
