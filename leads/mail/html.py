"""Turns the HTML of an e-mail into text: no hidden parts, quotations with ``>`` as in plain mails."""

import re
from html import unescape

#: Characters that are read; a mail program writes far more markup than text.
LONGEST_HTML = 500_000
#: Depth to which quotations are marked one by one.
MOST_QUOTES = 20
HIDDEN = frozenset({"head", "title", "template", "noscript", "svg", "object", "iframe"})
#: Elements that begin a line of their own.
BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset"),
        *(
            "figure",
            "footer",
            "form",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "header",
            "hr",
            "html",
            "li",
            "main",
        ),
        *("nav", "ol", "p", "pre", "section", "table", "tbody", "tfoot", "thead", "tr", "ul"),
    )
)
#: Those with an empty line around them.
PARAGRAPHS = frozenset(["blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "ul"])
#: Elements whose content is no markup.
RAW = {tag: re.compile(f"</{tag}", re.IGNORECASE) for tag in ("script", "style")}
_SPACES = re.compile(r"[ \t\r\n\f]+")
#: A comment, a declaration, or a tag. The parser of the standard library takes the square of the time for
#: comments and declarations without an end; here each part is bounded and gives nothing back once it is read.
_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<[!?][^>]{0,2000}+>?"
    r"|<(?P<end>/?)(?P<tag>[A-Za-z][A-Za-z0-9:-]{0,30}+)"
    r"(?P<attributes>(?>[^<>\"']|\"[^\"]{0,2000}+\"|'[^']{0,2000}+'){0,2000}+)>",
    re.DOTALL,
)
_ATTRIBUTE = {
    name: re.compile(rf"\b{name}\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
    for name in ("alt", "href")
}


def text_of(html: str) -> str:
    """Return the text of HTML."""
    writer, place = _Writer(), 0
    html = html[:LONGEST_HTML]
    while found := _MARKUP.search(html, place):
        writer.write(unescape(html[place : found.start()]))
        place = found.end()
        tag = (found["tag"] or "").lower()
        if not tag:
            continue
        if found["end"]:
            writer.end(tag)
        elif tag in RAW:
            end = RAW[tag].search(html, place)
            place = end.start() if end else len(html)
        else:
            writer.begin(tag, found["attributes"])
    writer.write(unescape(html[place:]))
    return writer.text()


def _attribute(text: str, name: str) -> str:
    found = _ATTRIBUTE[name].search(text)
    return unescape(next(each for each in found.groups() if each is not None)) if found else ""


class _Writer:
    """Writes the lines of the text, as elements begin and end."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._hidden = 0
        self._quotes = 0
        self._pre = 0
        self._link = ""
        self._link_begin = 0

    def begin(self, tag: str, attributes: str) -> None:
        if tag in HIDDEN:
            self._hidden += 1
        elif tag == "br":
            self._end_line()
        elif tag == "img":
            self._line.append(_attribute(attributes, "alt"))
        elif tag in ("td", "th"):
            self._line.append(" ")
        elif tag in BLOCKS:
            self._begin_block(tag)
            self._line += ["- "] if tag == "li" else []
        if tag == "body":
            # Whatever was left open above it.
            self._hidden = 0
        elif tag == "blockquote":
            self._quotes += 1
        elif tag == "pre":
            self._pre += 1
        elif tag == "a":
            self._link, self._link_begin = _attribute(attributes, "href"), len(self._line)

    def end(self, tag: str) -> None:
        if tag in HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag == "blockquote":
            self._end_line(only_if_begun=True)
            self._quotes = max(0, self._quotes - 1)
        if tag in BLOCKS:
            self._begin_block(tag)
        if tag == "pre":
            self._pre = max(0, self._pre - 1)
        elif tag == "a":
            self._end_link()

    def write(self, data: str) -> None:
        if self._hidden or not data:
            return
        if not self._pre:
            self._line.append(_SPACES.sub(" ", data))
            return
        first, *others = data.split("\n")
        self._line.append(first)
        for line in others:
            self._end_line()
            self._line.append(line)

    def _end_link(self) -> None:
        # The address is part of what was said, where the text does not show it.
        shown = "".join(self._line[self._link_begin :])
        if self._link.startswith(("http://", "https://")) and self._link.rstrip("/") not in shown:
            self._line.append(f" <{self._link}>")
        self._link = ""

    def _begin_block(self, tag: str) -> None:
        self._end_line(only_if_begun=True)
        if tag not in PARAGRAPHS or not self._lines:
            return
        if self._lines[-1].strip("> "):
            self._lines.append(self._mark())
        elif len(self._lines[-1]) > self._quotes:
            # Quotes that end together: the empty line between belongs to what encloses all of them.
            self._lines[-1] = self._mark()

    def _end_line(self, *, only_if_begun: bool = False) -> None:
        text = "".join(self._line)
        self._line, self._link_begin = [], 0
        text = text.rstrip() if self._pre else _SPACES.sub(" ", text).strip()
        if text or not only_if_begun:
            self._lines.append(f"{self._mark()} {text}".rstrip() if self._quotes else text)

    def _mark(self) -> str:
        return ">" * min(self._quotes, MOST_QUOTES)

    def text(self) -> str:
        self._end_line(only_if_begun=True)
        while self._lines and not self._lines[-1].strip("> "):
            self._lines.pop()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).strip()
