from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("phr", "0005_links_for_workers")]
    operations: list[object] = []
