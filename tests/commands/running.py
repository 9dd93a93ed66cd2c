"""Runs a management command in this process, as far as a shell could tell."""

import io
from dataclasses import dataclass

import pytest
from django.core.management import CommandError, call_command, load_command_class

APPS = {
    "add_member": "crm",
    "adopt_deal_values": "leads",
    "create_company": "leads",
    "create_token": "crm",
    "explain_event": "crm",
    "import_leads": "leads",
    "import_organizations": "people",
    "import_people": "people",
    "quickstart": "leads",
    "register_documents": "crm",
    "replay_attempts": "leads",
    "revoke_token": "crm",
}


@dataclass(frozen=True, kw_only=True)
class Ended:
    """Exit code and output lines of a command; ``errors`` ends with the error message."""

    code: int
    lines: list[str]
    errors: list[str]


def run(name: str, *arguments: str) -> Ended:
    """Run a command, inside the test's transaction if there is one."""
    out, err = io.StringIO(), io.StringIO()
    code, message = 0, []
    try:
        call_command(name, *arguments, stdout=out, stderr=err, no_color=True)
    except CommandError as error:
        code, message = error.returncode, [str(error)]
    return Ended(code=code, lines=out.getvalue().splitlines(), errors=err.getvalue().splitlines() + message)


def usage_error(name: str, *arguments: str, capsys: pytest.CaptureFixture[str]) -> Ended:
    """Run a command that is to fail while its arguments are read, from the command line on."""
    with pytest.raises(SystemExit) as ended:
        load_command_class(APPS[name], name).run_from_argv(["manage.py", name, *arguments])
    written = capsys.readouterr()
    assert "Traceback" not in written.err
    return Ended(
        code=int(ended.value.code or 0), lines=written.out.splitlines(), errors=written.err.splitlines()
    )
