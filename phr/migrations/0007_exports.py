from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("phr", "0006_restriction")]
    operations = [
        migrations.AlterField(
            model_name="binary",
            name="use",
            field=models.CharField(
                choices=[("export", "Export"), ("original", "Original"), ("picture", "Picture")],
                max_length=10,
            ),
        ),
    ]
