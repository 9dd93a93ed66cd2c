"""The command that removes files of no record."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from crm.models import Filesystem
from crm.services.files import store_file
from tests.file_samples import upload

pytestmark = pytest.mark.django_db


def run(capsys, *arguments):
    call_command("remove_orphan_files", *arguments)
    return capsys.readouterr().out.strip()


def test_counts_are_told(actors, capsys):
    row = store_file(upload("a.pdf"), actor=actors.agent)
    Filesystem.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(hours=5))
    counts = "1 files on no record, 0 contents without a file."

    assert run(capsys) == "Removed: 0 files on no record, 0 contents without a file."
    assert run(capsys, "--older-than", "4", "--dry-run") == f"Would remove: {counts}"
    assert run(capsys, "--older-than", "4") == f"Removed: {counts}"

    assert not Filesystem.objects.exists()


def test_age_below_zero_is_refused():
    with pytest.raises(CommandError, match="zero hours or more"):
        call_command("remove_orphan_files", "--older-than=-1")
