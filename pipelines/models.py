"""Sales pipelines and their stages."""

from typing import Any, ClassVar, Self

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.text import slugify

from crm.actors import Actor
from crm.models.lifecycle import LIVE, LiveModel, LiveQuerySet
from crm.models.tallies import visible_count_by

LONGEST_ROTTING_DAYS = 3650
LARGEST_WEIGHT = 100_000
HIGHEST_PROBABILITY = 100
LONGEST_SLUG = 255
#: A slug from a name or from the input; the rest is for a number that makes it unique.
_LONGEST_GIVEN_SLUG = 240


def visible_lead_count(actor: Actor, *, key: str) -> Coalesce:
    """Return an expression that counts the visible leads of each pipeline or stage.

    :param key: name of the lead's foreign key to the row.
    """
    lead: Any = Pipeline._meta.get_field("leads").related_model
    return visible_count_by(lead, actor, key)


def visible_open_amounts(actor: Actor, *, key: str) -> models.QuerySet[Any, dict[str, Any]]:
    """Return what the visible open leads of each pipeline or stage are worth, by currency.

    :param key: name of the lead's foreign key to the row.
    """
    lead: Any = Pipeline._meta.get_field("leads").related_model
    return lead.objects.open_amounts(actor, key)  # type: ignore[no-any-return]  # of a model above this app


class PipelineQuerySet(LiveQuerySet["Pipeline"]):
    def default_of(self, company_id: int) -> Self:
        """Narrow to the default pipeline of a company."""
        return self.filter(LIVE, company_id=company_id, is_default=True)


class Pipeline(LiveModel):
    """A sequence of stages that leads move through."""

    name = models.CharField(max_length=255)
    slug = models.CharField(max_length=LONGEST_SLUG, blank=True)
    description = models.TextField(null=True, blank=True)
    weight = models.PositiveIntegerField(
        default=0, blank=True, validators=[MaxValueValidator(LARGEST_WEIGHT)]
    )
    is_default = models.BooleanField(default=False)

    objects: ClassVar[PipelineQuerySet] = PipelineQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company"],
                condition=LIVE & Q(is_default=True),
                name="pipeline_one_default",
                violation_error_message="A company has one default pipeline.",
            ),
            models.UniqueConstraint(
                fields=["company", "slug"],
                condition=LIVE,
                name="pipeline_slug_once",
                violation_error_message="A pipeline of this slug exists already.",
            ),
        ]
        indexes = [models.Index("company", models.F("created_at").desc(), "id", name="pipeline_newest")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.name = self.name.strip()
        self.slug = slugify(self.slug or self.name, allow_unicode=True)[:_LONGEST_GIVEN_SLUG] or "pipeline"


class StageQuerySet(LiveQuerySet["Stage"]):
    """Stages; those of a deleted pipeline are hidden."""

    def visible_to(self, actor: Actor) -> Self:
        return super().visible_to(actor).filter(pipeline__deleted_at__isnull=True)

    def entry_of(self, pipeline_id: int) -> "Stage | None":
        """Return the first live stage of a pipeline, or None."""
        return (
            self.filter(LIVE, pipeline_id=pipeline_id)
            .select_related("pipeline")
            .order_by("weight", "pk")
            .first()
        )


class Stage(LiveModel):
    """One step of a pipeline, with the number of days after which a lead in it rots."""

    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="stages")
    name = models.CharField(max_length=255)
    description = models.TextField(null=True, blank=True)
    rotting_days = models.PositiveIntegerField(
        default=0,
        validators=[MaxValueValidator(LONGEST_ROTTING_DAYS)],
        help_text="Days without movement after which a lead rots; 0 is never.",
    )
    probability = models.PositiveSmallIntegerField(
        default=HIGHEST_PROBABILITY,
        db_default=HIGHEST_PROBABILITY,
        validators=[MaxValueValidator(HIGHEST_PROBABILITY)],
        help_text="Percent of the leads in this stage that are won, by which forecasts weight their amounts.",
    )
    weight = models.PositiveIntegerField(
        default=0, blank=True, validators=[MaxValueValidator(LARGEST_WEIGHT)]
    )

    objects: ClassVar[StageQuerySet] = StageQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [models.Index(fields=["pipeline", "weight", "id"], name="stage_order")]
        constraints = [
            models.CheckConstraint(
                condition=Q(probability__lte=HIGHEST_PROBABILITY), name="stage_probability_in_percent"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.name = self.name.strip()
