"""Documents as rows of title, path and text."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.errors import CorpusError
from tests.support.corpora import all_rows

PAGE = """<!doctype html><html><head><meta charset="iso-8859-1"><title>Caf\xe9 &amp; bar</title>
<style>p { color: red }</style><script>var hidden = "<p>no</p>";</script></head>
<body><h1>Welcome</h1><p title="a > b">Open since <b>1998</b>,
every day.<br/>Closed in May.<!-- <p>no --><DIV>Unclosed <i>tags
<ul><li>tea, 1 < 2<li>cake</ul></body></html>"""


def test_a_folder_of_documents_is_a_corpus(tmp_path: Path) -> None:
    """Each has a title, a relative path and a text; hidden files and other types are left out."""
    folder = tmp_path / "notes"
    (folder / "deep" / ".git").mkdir(parents=True)
    (folder / "page.html").write_bytes(PAGE.encode("latin-1"))
    (folder / "deep" / "a.md").write_text("Intro.\n\n## The *Heading* ##\n\nText.", "utf-8")
    (folder / "deep" / "plain.TXT").write_bytes("\ufeffna\u00efve # no heading".encode())
    (folder / "old.txt").write_bytes(b"caf\xe9")
    (folder / "2020.txt").write_bytes(b"12")
    (folder / "empty.html").write_bytes(b"")
    (folder / "deep" / ".git" / "x.md").write_text("hidden", "utf-8")
    (folder / "data.csv").write_text("a\n1\n", "utf-8")
    corpus = open_corpus(folder)
    assert (corpus.name, corpus.name_column) == ("notes", "title")
    assert [tuple(row.values()) for row in all_rows(corpus)] == [
        ("2020", "2020.txt", "12"),
        ("The *Heading*", "deep/a.md", "Intro.\n\n## The *Heading* ##\n\nText."),
        ("plain", "deep/plain.TXT", "na\u00efve # no heading"),
        ("empty", "empty.html", None),
        ("old", "old.txt", "caf\u00e9"),
        (
            "Caf\u00e9 & bar",
            "page.html",
            "Welcome\n\nOpen since 1998, every day.\nClosed in May.\n\n"
            "Unclosed tags\n\ntea, 1 < 2\n\ncake",
        ),
    ]


def test_documents_with_the_same_title_have_different_urls(tmp_path: Path) -> None:
    """Two pages may have the same name."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.md").write_text("# Same\n", "utf-8")
    corpus = open_corpus(str(tmp_path / "*.md"))
    entities = corpus.entities([0, 1])
    assert [each.name for each in entities] == ["Same", "Same"]
    assert len({each.url for each in entities}) == 2


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    """Neither to files nor to folders; links inside it are."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.md").write_text("# A", "utf-8")
    (tmp_path / "secret.md").write_text("# Secret", "utf-8")
    (folder / "out.md").symlink_to(tmp_path / "secret.md")
    (folder / "up").symlink_to(tmp_path)
    (folder / "in.md").symlink_to(folder / "a.md")
    for source in (folder, str(folder / "*.md"), str(folder / "**" / "*.md")):
        assert [row["path"] for row in all_rows(open_corpus(source))] == ["a.md", "in.md"]


def test_file_names_may_be_invalid_text(tmp_path: Path) -> None:
    """On some systems they are arbitrary bytes."""
    (tmp_path / "a.txt").write_text("x", "utf-8")
    path = os.path.join(os.fsencode(tmp_path), b"bad\xff.txt")  # noqa: PTH118
    try:
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(b"y")
    except OSError:
        pytest.skip("this system has names of text only")
    assert [row["title"] for row in all_rows(open_corpus(tmp_path))] == ["a", "bad\ufffd"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('<meta charset="shift_jis"><p>\u65e5\u672c'.encode("shift_jis"), "\u65e5\u672c"),
        (b'<meta charset="utf-16"><p>plain', "plain"),
        (b'<meta charset="no-such-thing"><p>caf\xe9', "caf\xe9"),
        (b'<meta charset="punycode"><p>caf\xe9', "caf\xe9"),
        ('<meta charset="latin-1"><p>caf\xe9'.encode(), "caf\xe9"),
        ("<p>caf\xe9".encode("utf-16"), "caf\xe9"),
        (b'<?xml version="1.0" encoding="utf-8"?><p>&eacute; &#128512; &none; &#' + b"9" * 5000,
         "\xe9 \U0001f600 &none; &#" + "9" * 5000),
    ],
)  # fmt: skip
def test_pages_are_read_in_their_declared_encoding(
    tmp_path: Path, content: bytes, text: str
) -> None:
    """Unless the declaration cannot be true."""
    (tmp_path / "page.html").write_bytes(content)
    assert all_rows(open_corpus(tmp_path / "page.html"))[0]["text"] == text


@pytest.mark.parametrize(
    "piece",
    [
        "<div>", "<b>x", "<font><p>", "<!--", "<", "<a href='", '<a"', "<a '\"", "<title>", "<h1 ",
        "<script", "<script>", "&", "&#", "<!", " ", "<br>", "<table><tr><td>", "<a x='<' ",
        "</p>", "<title ", "<![CDATA[", "\"'", "</paaaaaaaaa",
    ],
)  # fmt: skip
def test_pages_are_read_in_linear_time(tmp_path: Path, piece: str) -> None:
    """Whatever is repeated in them a hundred thousand times."""
    path = tmp_path / "page.html"
    path.write_text("<div>" * 1000 + piece * (1_000_000 // len(piece)), "utf-8")
    began = time.process_time()
    open_corpus(path)
    assert time.process_time() - began < 5


def test_a_tag_that_never_ends_is_read_in_linear_time(tmp_path: Path) -> None:
    """Its name has a million letters."""
    path = tmp_path / "page.html"
    path.write_text("</p" + "x" * 1_000_000, "utf-8")
    began = time.process_time()
    open_corpus(path)
    assert time.process_time() - began < 5


def test_documents_that_are_too_large_are_refused(tmp_path: Path) -> None:
    """Without reading them: a file of a terabyte may occupy no space."""
    for name in ("a.txt", "b.html"):
        path = tmp_path / name
        path.touch()
        os.truncate(path, 1 << 40)
        with pytest.raises(CorpusError, match=r"at most 67,108,864 bytes; .* 1,099,511,627,776"):
            open_corpus(tmp_path)
        os.truncate(path, 60 << 20)
        with pytest.raises(CorpusError, match=r"1,048,576 null bytes in a row"):
            open_corpus(tmp_path)
        path.unlink()
    for number in range(100):
        (tmp_path / f"{number}.md").touch()
        os.truncate(tmp_path / f"{number}.md", 60 << 20)
    with pytest.raises(CorpusError, match=r"at most 4,294,967,296 bytes together"):
        open_corpus(tmp_path)


def test_titles_name_documents(tmp_path: Path) -> None:
    """Even if most documents have the same one."""
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.md").write_text(f"# Notes\n{name}", "utf-8")
    assert open_corpus(tmp_path).name_column == "title"
