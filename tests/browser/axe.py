"""Accessibility of pages by axe-core: its critical and serious findings; and whether they fit a phone.

Most of its time goes into pages that are made of the same elements as others, such as the forms of two
lookups: a page is audited if it has an element that none before it had, in its place. AXE=all audits all.
"""

import os
from functools import cache

from playwright.sync_api import Page, ViewportSize

from tests.requirements import NODE_MODULES

#: Runs in the page. Without preloading axe fetches no style sheet of its own.
RUN = """async (rules) => {
  const only = rules ? {runOnly: {type: "rule", values: rules}} : {};
  const found = await axe.run(document, {resultTypes: ["violations"], preload: false, ...only});
  return found.violations
    .filter(({impact}) => impact === "critical" || impact === "serious")
    .map(({id, nodes}) => `${id}: ` + nodes.slice(0, 3).map(({target, any, all, none}) =>
      `${target} (${[...any, ...all, ...none].map(({message}) => message)[0]})`).join("; "));
}"""
#: Returns each element with its parents and what decides on its name, role and colours. Classes that only
#: name a model, a field or a column are left out.
ELEMENTS = """() => {
  const own = (element) => {
    const classes = [...element.classList].filter((name) => !/^(app|model|field|column)-/.test(name));
    const attributes = element.getAttributeNames().filter((name) => !/^(data-|hx-)/.test(name));
    const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    return [element.tagName, ...classes.sort(), ...attributes.sort(), element.getAttribute("role"),
      element.getAttribute("type"), text].join(" ");
  };
  const found = new Set();
  for (const element of document.body.querySelectorAll("*")) {
    const parents = [];
    for (let each = element; each !== document.body && parents.length < 3; each = each.parentElement)
      parents.push(own(each));
    found.add(parents.join(" < "));
  }
  return [...found];
}"""
#: The rules that a narrow screen may break where a wide one does not: it shows pictures without their words.
NAMES = ["aria-input-field-name", "button-name", "label", "link-name", "select-name", "summary-name"]
#: Runs in the page.
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
WIDE: ViewportSize = {"width": 1280, "height": 844}
NARROW: ViewportSize = {"width": 390, "height": 844}


@cache
def source() -> str:
    """Return the script of axe-core, which the browser itself evaluates, past the policy of the page."""
    return (NODE_MODULES / "axe-core" / "axe.min.js").read_text()


class Auditor:
    """Audits pages, each element in its place once."""

    def __init__(self) -> None:
        self.audited = 0
        self._seen: set[str] = set()

    def issues(self, page: Page) -> list[str]:
        """Return the critical and serious issues of a page, also in dark colours and on a narrow screen."""
        elements = set(page.evaluate(ELEMENTS))
        if elements <= self._seen and os.environ.get("AXE") != "all":
            return []
        self._seen |= elements
        self.audited += 1
        page.evaluate(source())
        found: list[str] = page.evaluate(RUN, None)
        page.emulate_media(color_scheme="dark")
        dark: list[str] = page.evaluate(RUN, ["color-contrast"])
        page.emulate_media(color_scheme="light")
        found += [f"dark: {issue}" for issue in dark]
        page.set_viewport_size(NARROW)
        narrow: list[str] = page.evaluate(RUN, NAMES)
        found += [f"narrow: {issue}" for issue in narrow]
        if not page.evaluate(FITS):
            found.append("wider than a narrow screen")
        page.set_viewport_size(WIDE)
        return found
