"""HTML from text of unknown origin: everything escaped, only web addresses linked."""

from __future__ import annotations

from html import escape

from findall_frames.display.text import one_line, shortened, web_address

__all__ = ["attribute", "link", "text"]


def text(value: str, *, limit: int = 200) -> str:
    """Make a text fit to stand between tags; `limit` is in characters before escaping.

    >>> text("<b>&")
    '&lt;b&gt;&amp;'
    """
    return escape(shortened(one_line(value), limit=limit), quote=True)


def attribute(value: str, *, limit: int = 300) -> str:
    """Make a text fit to stand between the double quotes of an attribute.

    >>> attribute('a" onclick="b')
    'a&quot; onclick=&quot;b'
    """
    return text(value, limit=limit)


def link(url: str | None, words: str, *, limit: int = 200) -> str:
    """Link words to a page, or leave them unlinked when the address is not a web page's.

    >>> link("https://a.org/?a&b", "<a>")
    '<a href="https://a.org/?a&amp;b" target="_blank" rel="noopener noreferrer">&lt;a&gt;</a>'
    >>> link("javascript:alert(1)", "text")
    'text'
    """
    shown = text(words, limit=limit)
    address = web_address(url)
    if address is None:
        return shown
    href = escape(address, quote=True)
    return f'<a href="{href}" target="_blank" rel="noopener noreferrer">{shown}</a>'
