"""The programs of docs/events.md, run as they are printed against a real server, through cut connections."""

import asyncio
import contextlib
import json
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from channels.db import database_sync_to_async

from leads.services.leads import create_lead
from tests.config.processes import ROOT, environment
from tests.config.test_serve import free_port, server
from tests.events.processes import of_test_database
from tests.factories.crm import Tenant
from tests.graphql.sse.test_reference_client import NODE, Wire
from tests.graphql.websocket.test_server import company_with_token
from tests.patience import PATIENCE_SECONDS

PROGRAMS = re.compile(r"^## ([^\n]+)\n+```(js|python)\n(.*?)```", re.DOTALL | re.MULTILINE)


def programs() -> dict[str, tuple[str, str]]:
    """Return language and text of each program by its heading."""
    page = (ROOT / "docs" / "events.md").read_text()
    return {heading: (language, text) for heading, language, text in PROGRAMS.findall(page)}


@contextlib.asynccontextmanager
async def running(
    language: str, text: str, folder: Path, **env: str
) -> AsyncIterator[Callable[[], Awaitable[Any]]]:
    """Run a program, and yield a function that waits for its next line."""
    file = folder / ("program.mjs" if language == "js" else "program.py")
    file.write_text(text)
    if language == "js":
        (folder / "node_modules").symlink_to(NODE / "node_modules")
    process = await asyncio.create_subprocess_exec(
        "node" if language == "js" else sys.executable,
        str(file),
        env=environment(**env),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    output = process.stdout

    async def line() -> Any:
        return json.loads(await asyncio.wait_for(output.readline(), PATIENCE_SECONDS))

    try:
        yield line
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def create(where: Tenant, title: str) -> None:
    await database_sync_to_async(create_lead)({"title": title}, actor=where.actors.manager)


def test_each_way_has_a_program() -> None:
    assert [language for language, _ in programs().values()] == ["js", "js", "python"]


@pytest.mark.node
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("heading", programs())
async def test_a_program_loses_nothing_when_it_is_cut_off(heading: str, tmp_path: Path) -> None:
    where, token = await database_sync_to_async(company_with_token)()
    port = free_port()
    async with server(of_test_database(PORT=str(port))), Wire(port) as wire:
        env = {"CRM_URL": f"http://127.0.0.1:{await wire.open()}", "CRM_TOKEN": token}
        async with running(*programs()[heading], tmp_path, **env) as line:
            waiting = asyncio.ensure_future(line())
            # Only a first event shows that the subscription has started.
            while not waiting.done():
                await create(where, "warm-up")
                await asyncio.wait([waiting], timeout=0.5)
            received: list[str] = [(await waiting)["lead"]["title"]]
            for number in range(1, 13):
                await create(where, f"{number}")
                if number % 5 == 0:
                    await wire.cut()
            while received[-1] != "12":
                received.append((await line())["lead"]["title"])

    assert [each for each in received if each != "warm-up"] == [f"{number}" for number in range(1, 13)]
    assert wire.connections > 1
