from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("vault", "0003_ledger")]
    operations: list[object] = []
