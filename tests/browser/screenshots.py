"""Draws the main pages of the admin with demo data: light and dark, on a wide and a narrow screen.

``make screenshots`` writes them to ``.run/screenshots``, or to the folder that FOLDER names. Look at them
after a change of templates or styles.
"""

import argparse
import base64
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.config.processes import DEVELOPMENT, ROOT, environment, run
from tests.e2e.servers import Api, free_port, running
from tests.requirements import CHROMIUM_NAMES

FOLDER = ROOT / ".run" / "screenshots"
#: Addresses below that of the admin. LEAD, PERSON, ORGANIZATION and PIPELINE are the first of their lists.
PAGES = {
    "my-day": "",
    "board": "leads/lead/board/",
    "lead": "LEAD/change/",
    "new-lead": "leads/lead/add/",
    "lose-a-lead": "LEAD/move/?outcome=lost",
    "leads": "leads/lead/",
    "people": "people/person/",
    "person": "PERSON/change/",
    "organizations": "people/organization/",
    "organization": "ORGANIZATION/change/",
    "tasks": "crm/activity/",
    "calendar-week": "crm/activity/calendar/",
    "calendar-month": "crm/activity/calendar/?view=month",
    "search": "search/?q=a",
    "new-task": "new/task/?q=a",
    "team": "leads/lead/team/",
    "report-funnel": "leads/lead/reports/funnel/",
    "reports": "leads/lead/reports/",
    "imports": "imports/",
    "new-import": "imports/new/",
    "set-up": "set-up/",
    "pipelines": "pipelines/pipeline/",
    "pipeline": "PIPELINE/change/",
    "members": "crm/membership/",
    "company": "crm/company/",
    "receivers": "leads/leadreceiver/",
    "notifications": "crm/notification/",
    "notification-settings": "account/notifications/",
    "account": "account/",
}
LISTS = {
    # One about which something was said.
    "LEAD": "leads/lead/?q=pilot+project+puerto",
    "PERSON": "people/person/",
    "ORGANIZATION": "people/organization/",
    "PIPELINE": "pipelines/pipeline/",
}
SIZES: dict[str, ViewportSize] = {
    "wide": {"width": 1280, "height": 800},
    "narrow": {"width": 390, "height": 844},
}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
#: Those of docs/admin.md, by page, theme and width.
PICTURES = frozenset(
    {
        "my-day-light-wide",
        "board-light-wide",
        "board-dark-narrow",
        "new-lead-light-wide",
        "lead-light-wide",
        "calendar-week-light-wide",
    }
)


def addresses(page: Page, site: str) -> dict[str, str]:
    """Return the addresses of all pages; records are the first of their lists."""
    records = {}
    for name, address in LISTS.items():
        page.goto(f"{site}/{address}")
        first = page.locator("#result_list tbody th a").first
        key = first.evaluate("link => new URL(link.href).pathname.split('/').at(-3)")
        records[name] = address.partition("?")[0] + key
    found = {}
    for name, address in PAGES.items():
        kind = address.partition("/")[0]
        found[name] = address.replace(kind, records[kind], 1) if kind in records else address
    return found


def draw_whole(page: Page, target: Path) -> None:
    """Store a picture of a page down to its end."""
    page.screenshot(path=target.with_suffix(".png"), full_page=True)


def draw_for_docs(page: Page, target: Path) -> None:
    """Store a picture of what a screen shows, as WebP, which Playwright itself does not write."""
    session = page.context.new_cdp_session(page)
    picture = session.send("Page.captureScreenshot", {"format": "webp", "quality": 80})
    target.with_suffix(".webp").write_bytes(base64.b64decode(picture["data"]))
    session.detach()


def draw_all(site: str, folder: Path, wanted: str, *, docs: bool) -> None:
    """Sign in to the demo, and draw each page in each theme and width."""
    folder.mkdir(parents=True, exist_ok=True)
    executable = next(filter(None, map(shutil.which, CHROMIUM_NAMES)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZES["wide"], reduced_motion="reduce")
        page.goto(f"{site}/login/")
        page.get_by_label("Username").fill("demo")
        page.get_by_label("Password").fill("demo")
        page.get_by_role("button", name="Log in").click()
        page.wait_for_selector(".frame-nav")
        for name, address in addresses(page, site).items():
            if wanted not in name:
                continue
            for theme in THEMES:
                for width, size in SIZES.items():
                    picture = f"{name}-{theme}-{width}"
                    if docs and picture not in PICTURES:
                        continue
                    page.emulate_media(color_scheme=theme)
                    page.set_viewport_size(size)
                    page.goto(f"{site}/{address}")
                    (draw_for_docs if docs else draw_whole)(page, folder / picture)
        browser.close()


def main() -> None:
    """Serve the demo from a database of its own, and draw its pages."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--site", help="address of an admin that is served already, instead of the demo")
    parser.add_argument("--page", default="", help="a part of the names of the pages to draw")
    parser.add_argument("--docs", action="store_true", help="draw those of docs/pictures, in that folder")
    arguments = parser.parse_args()
    if arguments.docs:
        arguments.folder = ROOT / "docs" / "pictures"
    if arguments.site:
        draw_all(arguments.site, arguments.folder, arguments.page, docs=arguments.docs)
        return
    with tempfile.TemporaryDirectory() as folder:
        env = environment(
            DEVELOPMENT, DATABASE_URL=f"sqlite:///{folder}/db.sqlite3", FILES_ROOT=f"{folder}/files"
        )
        made = run("manage.py", "quickstart", "--no-serve", env=env)
        if made.returncode:
            sys.exit(made.stderr)
        port = free_port()
        with running(sys.executable, "manage.py", "serve", "--port", str(port), env=env) as lines:
            Api(port, "").wait_until_up(lines)
            draw_all(f"http://127.0.0.1:{port}/admin", arguments.folder, arguments.page, docs=arguments.docs)
    sys.stdout.write(f"The pictures are in {arguments.folder}.\n")


if __name__ == "__main__":
    main()
