import datetime

import django.core.validators
from django.db import migrations, models

import crm.money


class Migration(migrations.Migration):
    dependencies = [("leads", "0009_deal_value")]

    operations = [
        migrations.AlterField(
            model_name="lead",
            name="amount",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                max_digits=14,
                null=True,
                validators=[django.core.validators.MinValueValidator(0, "An amount cannot be negative.")],
            ),
        ),
        migrations.AlterField(
            model_name="lead",
            name="currency",
            field=models.CharField(
                blank=True, max_length=3, null=True, validators=[crm.money.check_currency]
            ),
        ),
        migrations.AlterField(
            model_name="lead",
            name="expected_close_on",
            field=models.DateField(
                blank=True,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(
                        datetime.date(1970, 1, 1), "Enter a day from 1970 to 2199."
                    ),
                    django.core.validators.MaxValueValidator(
                        datetime.date(2199, 12, 31), "Enter a day from 1970 to 2199."
                    ),
                ],
            ),
        ),
        migrations.AlterField(
            model_name="lead",
            name="probability",
            field=models.PositiveSmallIntegerField(
                blank=True,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(0, "Enter a whole number from 0 to 100."),
                    django.core.validators.MaxValueValidator(100, "Enter a whole number from 0 to 100."),
                ],
            ),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 0)), name="lead_amount_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__isnull", True), ("currency__isnull", False), _connector="OR"),
                name="lead_amount_has_currency",
            ),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("expected_close_on__gte", datetime.date(1970, 1, 1)),
                    ("expected_close_on__lte", datetime.date(2199, 12, 31)),
                ),
                name="lead_close_in_calendar",
            ),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=models.CheckConstraint(
                condition=models.Q(("probability__lte", 100)), name="lead_probability_in_percent"
            ),
        ),
    ]
