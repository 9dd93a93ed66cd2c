from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pipelines", "0003_stage_probability")]

    operations = [
        migrations.AddConstraint(
            model_name="stage",
            constraint=models.CheckConstraint(
                condition=models.Q(("probability__lte", 100)), name="stage_probability_in_percent"
            ),
        ),
    ]
