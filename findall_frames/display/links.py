"""HTML from text of unknown origin: everything escaped, only web addresses linked."""

from __future__ import annotations

from html import escape

from findall_frames.display.text import one_line, shortened, web_address

__all__ = ["NO_TEX", "link", "text", "widget_link"]

# Front ends take the look of a link from those in widgets.
_LOOK = "color:var(--jp-content-link-color,var(--vscode-textLink-foreground,#2a7ae2))"

NO_TEX = 'class="tex2jax_ignore mathjax_ignore"'
"""For the outermost tag: front ends set what stands between two dollars, money too, as TeX."""


def text(value: str, *, limit: int = 200) -> str:
    """Make a text fit for HTML, between tags and between the quotes of an attribute.

    `limit` is in characters before escaping.

    >>> text('<b title="&">')
    '&lt;b title=&quot;&amp;&quot;&gt;'
    """
    return escape(shortened(one_line(value), limit=limit), quote=True)


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


def widget_link(url: str | None, words: str, *, limit: int = 200) -> str:
    """Link words as `link` does, such that the link can be told from other words in a widget.

    >>> widget_link("https://a.org/", "<a>")
    '<a style="...;text-decoration:underline" href="https://a.org/" ...>&lt;a&gt;</a>'
    """
    linked = link(url, words, limit=limit)
    return linked.replace("<a ", f'<a style="{_LOOK};text-decoration:underline" ', 1)
