"""Every page of the admin writes a day in one form, and a day with a time in one form."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone, translation
from django.utils.formats import date_format, get_format

from crm.background import rows
from crm.background.registry import RUNNING, parts
from crm.importing.drafts import store_draft
from crm.models import ImportKind, WorkPart
from tests.browser.pages import visits
from tests.tenants.conftest import made_world, world
from tests.tenants.world import World

__all__ = ["made_world", "world"]

#: Not read as dates of the page: scripts, what was typed or received, and tags.
LEFT_OUT = re.compile(r"<(script|style|template|textarea|pre|datalist)\b.*?</\1>|<[^>]+>", re.DOTALL)
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
OTHER_FORMS = re.compile(
    r"\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{4}|\d{1,2}\.\d{1,2}\.\d{4}"
    rf"|\b\d{{1,2}}\.? (?:{MONTHS})\b|\b(?:{MONTHS}|[A-Z][a-z]{{2,3}}\.) \d{{1,2}}\b"
    r"|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? \d{1,2}\b|\d [ap]\.m\."
)
#: Headings that name a day of the calendar with its weekday.
HEADINGS = re.compile(
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d{1,2} \w+(?: \d{4})?|<h1>.*?</h1>", re.DOTALL
)


@pytest.fixture
def keys(world: World) -> dict[str, str]:
    job: Any = world.own.rows["import_job"]
    rows.add_missing(parts().values(), RUNNING)
    file = SimpleUploadedFile("people.csv", b"First name,Mail\nJane,jane@example.com\n")
    return {kind: str(row.pk) for kind, row in world.own.rows.items()} | {
        "draft": store_draft(file, ImportKind.PEOPLE, actor=world.own.tenant.actors.admin).token,
        "import_job_uuid": str(job.uuid),
        "work_part": str(WorkPart.objects.earliest("pk").pk),
    }


def test_each_page_has_one_form(world, keys):
    user = world.own.tenant.users["admin"]
    get_user_model().objects.filter(pk=user.pk).update(is_staff=True)
    client = Client()
    client.force_login(user)

    dated, others = set(), {}
    day = date_format(timezone.localdate(), "DATE_FORMAT")
    for visit in visits(keys, "admin"):
        if "admin" not in visit.roles:
            continue
        answer: Any = client.get(visit.address)
        if answer.status_code != 200:
            continue
        text = LEFT_OUT.sub(" ", HEADINGS.sub(" ", answer.content.decode()))
        if day in text:
            dated.add(visit.name)
        if found := OTHER_FORMS.findall(text):
            others[visit.name] = found

    assert others == {}
    assert {"admin:leads_lead_changelist", "admin:leads_lead_change", "admin:imports"} <= dated


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_each_language_has_one_form(language):
    with translation.override(language):
        day, moment = (get_format(name) for name in ("DATE_FORMAT", "DATETIME_FORMAT"))
        assert (get_format("SHORT_DATE_FORMAT"), get_format("SHORT_DATETIME_FORMAT")) == (day, moment)
        assert moment == f"{day}, {get_format('TIME_FORMAT')}"
