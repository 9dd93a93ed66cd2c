"""Pipelines and stages."""

from pipelines.models import Pipeline, Stage
from tests.factories.base import RowFactory, factory
from tests.factories.crm import CompanyFactory


class PipelineFactory(RowFactory):
    """A pipeline without stages that is nobody's default."""

    class Meta:
        model = Pipeline

    company = factory.SubFactory(CompanyFactory)
    name = factory.Sequence(lambda n: f"Pipeline {n}")


class StageFactory(RowFactory):
    class Meta:
        model = Stage

    company = factory.SubFactory(CompanyFactory)
    pipeline = factory.SubFactory(PipelineFactory, company=factory.SelfAttribute("..company"))
    name = "Qualified"
