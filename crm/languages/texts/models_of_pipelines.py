"""Names, help texts and choices of the models of pipelines.

Written by ``make messages``: do not edit. See config/texts_of_services.py.
"""

from django.utils.translation import gettext_noop

TEXTS = (
    gettext_noop("Days without movement after which a lead rots; 0 is never."),
    gettext_noop("ID"),
    gettext_noop("Percent of the leads in this stage that are won, by which forecasts weight their amounts."),
    gettext_noop("company"),
    gettext_noop("created at"),
    gettext_noop("deleted at"),
    gettext_noop("description"),
    gettext_noop("is default"),
    gettext_noop("name"),
    gettext_noop("pipeline"),
    gettext_noop("pipelines"),
    gettext_noop("probability"),
    gettext_noop("rotting days"),
    gettext_noop("slug"),
    gettext_noop("stage"),
    gettext_noop("stages"),
    gettext_noop("updated at"),
    gettext_noop("uuid"),
    gettext_noop("version"),
    gettext_noop("weight"),
)
