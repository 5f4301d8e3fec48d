"""A result in Markdown: complete, numbered, and plain text whatever the data says."""

from __future__ import annotations

import re

import mistune
import pytest
from markdown_it import MarkdownIt

import findall_frames as ff
from findall_frames.display.outcomes import Review
from findall_frames.display.report_markdown import escaped_markdown, result_markdown
from findall_frames.display.result_view import ResultView
from findall_frames.display.text import one_line, web_address
from findall_frames.frames.flatten import flatten
from tests.support.hostile import HOSTILE, Anatomy
from tests.support.results import SEARCH, basis, condition, enrichment, result
from tests.support.results import candidate as made
from tests.support.reviewed import review
from tests.support.shown import candidate, field, hostile_candidate, tables

TAGS = {
    *("h1", "h2", "p", "strong", "a", "ol", "ul", "li"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
# Each of these is something else on GitHub, in Jupyter or in a forum.
MARKUP = (
    *("# heading", "## heading", "1. one", "12) twelve", "- item", "+ item", "* item", "> quote"),
    *("---", "===", "***", "| a | b |", "    code", "```python", "~~~", "`code`", "``a``"),
    *("*a*", "__a__", "~~a~~", "[a](https://evil.example)", "![a](https://evil.example/a.png)"),
    *("[a]: https://evil.example", "[a][b]", "[^1]", "<https://evil.example>", "<b>a</b>"),
    *("https://evil.example", "http://evil.example", "www.evil.example", "WWW.evil.example"),
    *("me@evil.example", "<me@evil.example>", "ftp://evil.example", "&lt;b&gt;", "&amp;copy;"),
    *("$x$", "$$x$$", "\\(x\\)", "\\[x\\]", "\\", "a\\", "a\\|b", "\\*a\\*", "\\`a\\`", "==a=="),
    *("- [ ] todo", "term\n: meaning", "a  \nb", "<!-- a -->", "{{ a }}", "]]>", "**", "*", "1."),
)


def markdown_of(*candidates: dict[str, object], reviews: tuple[Review, ...] = ()) -> str:
    """Return the Markdown of a result."""
    return result_markdown(ResultView(tables(*candidates), reviews=reviews))


def rendered(text: str) -> list[Anatomy]:
    """Return what two readers of Markdown make of a text, with everything switched on."""
    readers = (
        MarkdownIt("commonmark").enable(["table", "strikethrough"]).render,
        mistune.create_markdown(
            escape=False,
            plugins=[
                *("strikethrough", "footnotes", "table", "url", "task_lists", "def_list"),
                *("abbr", "mark", "insert", "superscript", "subscript", "math", "spoiler"),
            ],
        ),
    )
    return [Anatomy(str(reader(text))) for reader in readers]


@pytest.mark.parametrize("text", [*HOSTILE, *MARKUP])
def test_an_escaped_text_is_read_as_it_stands(text: str) -> None:
    """At the start of a line, in a list and in a table: two readers find nothing but text."""
    escaped = escaped_markdown(text)
    expected = " ".join(one_line(text)[:1999].split())
    for document in (escaped, f"1. {escaped}\n", f"| a |\n| --- |\n| {escaped} |\n"):
        for seen in rendered(document):
            assert seen.tags <= {"p", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"}
            words = " ".join("".join(seen.words).split())
            assert expected.rstrip("…") in words


@pytest.mark.parametrize("text", [*HOSTILE, *MARKUP])
def test_no_text_of_a_result_becomes_markup(text: str) -> None:
    """The only links are those to web pages which a name or a source has."""
    remarks = (
        review(note=text),
        review(about="condition", decision=None, value=text, note=text),
    )
    document = result_markdown(
        ResultView(tables(hostile_candidate(text), reason=text), reviews=remarks, warnings=[text])
    )
    allowed = {text} if web_address(text) else set()
    for seen in rendered(document):
        assert seen.tags <= TAGS
        assert seen.attributes <= {"href", "style", "class"}
        assert len(seen.links) <= 2 * len(allowed)
        for link in seen.links:
            assert link["href"] in allowed or str(link["href"]).startswith("https://example.org/")
            assert not set('<>"` ') & set(str(link["href"]))
    assert not set("\x00\x1b\x9b\u202e\u2066\u200b\ufeff") & set(document)


def test_values_have_the_numbers_of_their_sources() -> None:
    """A page that is cited twice has one number, and all its excerpts."""
    one = candidate(1, name="Acme", tiles=field("clay", excerpt="Of clay."), city=field("Ulm"))
    two = candidate(2, name="Bolt", tiles=field("slate"))
    two["basis"][0]["citations"][0]["url"] = "https://other.example/?a=1&copy=2"
    lines = markdown_of(one, two).splitlines()
    assert "| [Acme](<https://example.org/1>) | met: clay \\[1\\] | met: Ulm \\[1\\] |" in lines
    assert "| [Bolt](<https://example.org/2>) | met: slate \\[2\\] | unknown |" in lines
    at = lines.index("1. A source, <https://source.example/>")
    assert lines[at + 1 : at + 5] == [
        "   - “Of clay.”",
        "   - “Ulm”",
        "2. A source, <https://other.example/?a=1&copy=2>",
        "   - “slate”",
    ]
    for seen in rendered("\n".join(lines)):
        targets = [str(link["href"]) for link in seen.links]
        assert [target.partition("?")[2] for target in targets][-1] == "a=1&copy=2"


def test_a_number_stands_for_one_source() -> None:
    """Not for a row of another run, nor for two without an address; titles are kept."""
    one, two = (candidate(n, name=f"n{n}", x=field(str(n))) for n in (1, 2))
    for made_one, title in ((one, "Register"), (two, "Annals")):
        made_one["basis"][0]["citations"] = [
            {"title": title, "url": "https://a.example/", "excerpts": [f"{title} A"]},
            {"title": title, "url": "", "excerpts": [f"{title} B"]},
            {"title": None, "url": "", "excerpts": [f"{title} C"]},
        ]
    text = markdown_of(one, two)
    assert "met: 1 \\[1\\]\\[2\\]\\[3\\] |" in text
    assert "met: 2 \\[1\\]\\[4\\]\\[5\\] |" in text
    assert "1. Register, Annals, <https://a.example/>\n   - “Register A”\n   - “Annals A”\n" in text
    assert "4. Annals\n   - “Annals B”\n5. a source without an address\n" in text
    first, second = ([{"name": name} for name in names] for names in (["Rome"], ["Oslo", "Rome"]))
    both = ff.FindAllFrames.concat(
        [ff.find_all("name = 'Rome'", data=rows, progress=False) for rows in (first, second)]
    ).to_markdown()
    assert "| Rome | met: Rome \\[1\\] |\n| Rome | met: Rome \\[2\\] |" in both
    assert "1. table: name, row 0\n" in both
    assert "2. table: name, row 1\n" in both


def test_the_hundredth_source_still_has_its_excerpts_below_it() -> None:
    """Its number is longer, and so is the indent."""
    many = []
    for number in range(120):
        one = candidate(number, name=f"n{number}", x=field(str(number)))
        one["basis"][0]["citations"][0]["url"] = f"https://source.example/{number}"
        many.append(one)
    html = MarkdownIt("commonmark").enable("table").render(markdown_of(*many))
    assert html.count("<ol>") == 1
    assert html.count("<ul>") == 120
    assert "<pre>" not in html


def test_it_says_what_was_asked_how_it_ended_and_what_people_said() -> None:
    """The conditions with their verdicts, and reviews in words."""
    frames = flatten(
        result(
            made(
                "Kilnworks",
                output={
                    "makes_tiles": condition("yes", matched=True),
                    "employees": enrichment(73),
                },
                basis=[basis("makes_tiles", "It makes tiles.", confidence="medium")],
            ),
            made(
                "Mill", status="unmatched", output={"makes_tiles": condition("no", matched=False)}
            ),
        ),
        schema=SEARCH,
    )
    reviews = (
        review("candidate_kilnworks", note="Called them."),
        review("candidate_kilnworks", about="employees", decision="reject", value="74"),
    )
    text = result_markdown(
        ResultView(
            frames.tables, searches=frames.searches, reviews=reviews, warnings=["Mind the gap."]
        )
    )
    lines = text.splitlines()
    assert lines[0] == "# Find all makers of clay tiles"
    assert "1 of 2 candidates matched, and 1 did not." in text
    assert "1 of 2 reviewed: 1 accepted" in text
    assert "**Warning:** Mind the gap." in lines
    assert "| makes\\_tiles | The company makes clay tiles. | 1 | 1 | 0 |" in lines
    (row,) = (line for line in lines if line.startswith("| [Kilnworks]"))
    assert "| met (medium confidence) \\[1\\] | unknown |" in row
    assert "| 73 **(rejected, corrected to 74)** |" in row
    assert row.endswith("| accepted: Called them. |")
    assert re.search(r"^Search of 3 February 2026 · ", text, re.MULTILINE)


def test_an_empty_result_is_a_sentence() -> None:
    """There is no table without rows."""
    text = markdown_of()
    assert "No candidate was found." in text
    assert "|" not in text
