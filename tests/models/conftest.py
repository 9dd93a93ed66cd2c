"""An importer of leads, as one of the writers that tallies must cover."""

from pathlib import Path

import pytest

from tests.factories.crm import Tenant
from tests.imports.conftest import Import, importing


@pytest.fixture
def import_leads(tenant: Tenant, tmp_path: Path) -> Import:
    return importing("import_leads", tenant, tmp_path)
