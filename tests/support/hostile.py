"""Hostile strings from the web, and a check that HTML made from them is harmless."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit

__all__ = ["HOSTILE", "Anatomy", "assert_harmless"]

HOSTILE = (
    "<script>alert(1)</script>",
    "</td></table><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
    "`onmouseover=alert(1)",
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "\x01javascript:alert(1)",
    " javascript:alert(1)",
    "javascript://example.org/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD4=",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "blob:https://example.org/1",
    'https://example.org/" onclick="alert(1)',
    "https://example.org/' onclick='alert(1)",
    "https://example.org/><script>alert(1)</script>",
    "https://example.org/\u202egro.live",
    "https://exa\u200bmple.org/",
    "https://exam\tple.org/",
    "https://",
    "http://[broken",
    "//example.org/x",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#106;avascript:alert(1)",
    "<!-- <script>alert(1)</script> -->",
    "<style>*{display:none}</style>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<base href=//example.org>",
    "<form action=//example.org><input name=q>",
    "<math><mi xlink:href=javascript:alert(1)>",
    "{{constructor.constructor('alert(1)')()}}",
    "$\\href{javascript:alert(1)}{x}$",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "a\x00b",
    "\x1b[2J\x1b[31mred",
    "\x1b]8;;http://example.org\x07link\x1b]8;;\x07",
    "\x9b31m",
    "line\r\nfeed\u2028separator",
    "\u202eevil\u202c",
    "\u2066isolated\u2069",
    "zero\u200bwidth\ufeff",
    "[bold]markup[/bold] [link=javascript:alert(1)]x[/link]",
    "[/]",
    "long " * 5000,
)


class Anatomy(HTMLParser):
    """The tags, attributes, links and text of HTML, parsed as a browser would."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[dict[str, str | None]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "a":
            self.links.append(dict(attrs))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        self.tags.add("comment")


def assert_harmless(html: str, *, tags: set[str]) -> Anatomy:
    """Assert that HTML has only these tags, harmless attributes, and links to example.org only."""
    seen = Anatomy(html)
    assert seen.tags <= tags
    assert seen.attributes <= _ATTRIBUTES
    for found in seen.links:
        parts = urlsplit(found["href"] or "")
        assert parts.scheme in ("http", "https")
        assert parts.hostname == "example.org"
        assert found["rel"] == "noopener noreferrer"
    assert not set("\x00\x1b\x9b\u202e\u2066\u200b\ufeff") & set(html)
    return seen


_ATTRIBUTES = {
    "class",
    "style",
    "title",
    "href",
    "target",
    "rel",
    "role",
    "scope",
    "tabindex",
    "aria-label",
    "aria-hidden",
    # Of shapes and tables.
    *("viewbox", "width", "height", "fill", "stroke", "stroke-linecap", "stroke-linejoin"),
    *("stroke-width", "stroke-dasharray", "focusable", "d", "x", "y", "rx", "cx", "cy", "r"),
    "colspan",
}
