"""Which parts of an excerpt are marked as the value of a field."""

from __future__ import annotations

import pytest

from findall_frames.display.marking import marked_pieces, values_to_mark


@pytest.mark.parametrize(
    ("excerpt", "values", "marked"),
    [
        ("Oslo, the OSLO region, Osloer", ["Oslo"], ["Oslo", "OSLO"]),
        ("python >=3.10,<4", [">=3.10"], [">=3.10"]),
        ("1,234,567 or 1 234 567 or 11234567", ["1234567"], ["1,234,567", "1 234 567"]),
        ("in 2024 500 people", ["2024"], ["2024"]),
        ("1,2000 or -1200 or 1200.5 or 1200.", ["1200"], ["1200"]),
        ("minus -1200 it is", ["-1200"], ["-1200"]),
        ("Wall  and\nroof tiles", ["roof tiles", "Wall"], ["Wall", "roof tiles"]),
        ("Roof  \n tiles", ["roof tiles"], ["Roof tiles"]),
        ("New York City", ["York", "New York"], ["New York"]),
        ("snake_case and snake", ["snake"], ["snake"]),
        ("İstanbul, ISTANBUL", ["istanbul"], ["ISTANBUL"]),
        ("a.b", ["."], ["."]),
        ("rose 0.5 or 5.5 percent, to 5.", ["5"], ["5"]),
        ("sold 1,200 of 200", ["200"], ["200"]),
        ("73.5 percent", ["73"], []),
        ("12 on 2012-12-12 at 12:30", ["12"], ["12"]),
        ("13.5, 3,5 and 3.5", ["3.5"], ["3.5"]),
        ("27 people, 27.0 or 127", ["27"], ["27", "27.0"]),
        ("3.141 and 1.200", ["3.141", "1200"], ["3.141", "1.200"]),
        ("Python 3.10", ["3.1"], []),
        ("0,120 and 0120", ["120"], []),
        ("5 200 people", ["5"], []),
        ("1e3.5 or 1e3", ["1e3"], ["1e3"]),
        ("a\u0301b ab\u0301 ab", ["ab"], ["ab"]),
        ("anything", [], []),
        ("", ["x"], []),
    ],
)
def test_only_the_values_are_marked(excerpt: str, values: list[str], marked: list[str]) -> None:
    """Parts of longer words or numbers are not; the pieces together are the excerpt."""
    pieces = marked_pieces(excerpt, values)
    assert pieces[1::2] == marked
    assert len(pieces) % 2 == 1
    assert "".join(pieces) == " ".join(excerpt.split())


@pytest.mark.parametrize(
    ("value", "value_type", "marks"),
    [
        (None, None, []),
        ("Yes", "string", []),
        ("1200", "integer", ["1200"]),
        ("27.0", "number", ["27"]),
        ("[27.0]", "array", ["27"]),
        ('["a  b", ["c"], {"d": 7}, null, false]', "array", ["a b", "c", "7"]),
        ("x" * 201, "string", []),
        ("[broken", "string", ["[broken"]),
    ],
)
def test_a_value_is_marked_in_its_parts(
    value: str | None, value_type: str | None, marks: list[str]
) -> None:
    """Lists and objects in their leaves; bare verdicts and long texts not at all."""
    assert values_to_mark(value, value_type) == marks


def test_characters_that_act_are_replaced_in_the_pieces() -> None:
    """As everywhere else where text is shown."""
    assert marked_pieces("a\x1b[31mOslo\u202eevil", ["Oslo"]) == ["a\ufffd[31mOslo\ufffdevil"]
    assert marked_pieces("a \u202eOslo", ["Oslo"]) == ["a \ufffd", "Oslo", ""]
