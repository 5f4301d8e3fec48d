"""A result as HTML without scripts: in every state, with words for all, and harmless."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from findall_frames.api.models import FindAllSchema
from findall_frames.display.evidence_html import evidence_html
from findall_frames.display.matches import Tables, rows_of
from findall_frames.display.outcomes import (
    Outcome,
    Review,
    columns_of,
)
from findall_frames.display.result_html import (
    candidates_table,
    frames_html,
    readings_table_html,
)
from findall_frames.display.result_view import ResultView
from findall_frames.display.text import one_line
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from findall_frames.frames.rebuild import rebuild
from tests.support.hostile import HOSTILE, Anatomy, assert_harmless
from tests.support.results import SEARCH
from tests.support.reviewed import review
from tests.support.shown import candidate, field, hostile_candidate, tables

TAGS = {
    *("table", "thead", "tbody", "tr", "th", "td", "ul", "li"),
    *("div", "p", "b", "small", "span", "a", "code", "br", "wbr", "mark"),
    *("style", "svg", "path", "rect", "circle"),
}
EVIDENCE_TAGS = TAGS | {"section", "h3", "h4", "blockquote"}


def judged(number: int, status: str, **verdicts: Any) -> dict[str, Any]:
    """Return a candidate with these verdicts; None is a condition that nobody could judge."""
    made = candidate(
        number,
        name=f"n{number}",
        status=status,
        **{key: field("x", is_matched=bool(verdict)) for key, verdict in verdicts.items()},
    )
    for key, verdict in verdicts.items():
        if verdict is None:
            made["output"][key] |= {"value": None, "is_matched": None}
    return made


def words_of(html: str) -> str:
    """Return the text that a reader sees, in one line."""
    seen = Anatomy(re.sub("<style>.*?</style>", "", html, flags=re.DOTALL))
    return " ".join(" ".join(seen.words).split())


def shown(data: Tables, **known: Any) -> str:
    """Return what a cell that ends in frames shows."""
    return frames_html(ResultView(data, **known))


def static(data: Tables, *reviews: Review, search: FindAllSchema | None = None) -> str:
    """Return the conditions, the table of all candidates and the evidence, as a report has them."""
    view = ResultView(
        data, searches={} if search is None else {"findall_1": search}, reviews=reviews
    )
    table, _ = candidates_table(view, most_rows=1000, most_bytes=10**7)
    rows = rows_of(data, data["candidates"])
    evidence = evidence_html(rows, columns=view.columns, reviews=view.latest)
    return readings_table_html(view.columns) + table + evidence


MIXED = (
    judged(1, "matched", a=True, b=True),
    judged(2, "unmatched", a=True, b=False),
    judged(3, "unmatched", a=True, b=None),
    judged(4, "unmatched", a=False, b=None),
    judged(5, "generated"),
    judged(6, "discarded"),
)


def test_candidates_are_open_only_if_no_condition_is_known_to_fail() -> None:
    """One that waits to be judged is open, too; one that was discarded is not."""
    assert ResultView(tables(*MIXED)).outcomes == ["match", "not", "open", "not", "open", "not"]
    newer = (judged(1, "unmatched"), judged(2, "postponed", a=False))
    assert ResultView(tables(*newer)).outcomes == ["not", "open"]


def test_verdicts_are_counted_over_all_candidates() -> None:
    """A candidate without a verdict counts as unknown, one of another search does not count."""
    columns = columns_of(tables(*MIXED), {})
    assert [(each.met, each.not_met, each.unknown) for each in columns] == [(3, 1, 2), (1, 1, 4)]
    other = rebuild(tables(judged(1, "matched", c=True)), findall_id="findall_1")
    other["run"]["findall_id"] = "findall_2"
    both = flatten([rebuild(tables(*MIXED), findall_id="findall_1"), other]).tables
    assert [each.unknown for each in columns_of(both, {})] == [2, 4, 0]


def test_every_candidate_stands_in_a_group_with_words_beside_each_shape() -> None:
    """Matches come first, then what is open."""
    words = words_of(static(tables(*MIXED)))
    for title in ("Matches (1)", "Open (2)", "No match (3)"):
        assert title in words
    assert words.index("Matches (1)") < words.index("Open (2)") < words.index("No match (3)")
    assert "n2 met: x not met: x" in words
    assert "n3 met: x unknown" in words
    assert "a not known 3 met 1 not met 2 unknown" in words


def test_conditions_are_shown_as_they_were_asked() -> None:
    """Those that no candidate was judged by are shown as well, and so are empty enrichments."""
    columns = columns_of(tables(), {"findall_1": SEARCH})
    html = readings_table_html(columns)
    assert "The company makes clay tiles." in html
    assert [column.field for column in columns if column.is_condition] == [
        "makes_tiles",
        "family_owned",
    ]
    assert {column.field for column in columns} == set(SEARCH.requested_fields())


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["clay_check", "size"], ["clay", "size"]),
        (["clay_check", "clay"], ["clay_check", "clay"]),
        (["_check"], ["_check"]),
    ],
)
def test_columns_lose_the_ending_of_drafted_names_where_that_is_unique(
    names: list[str], labels: list[str]
) -> None:
    """The names in the tables stay as they are."""
    data = tables(candidate(1, name="a", **{name: field("x") for name in names}))
    assert [column.label for column in columns_of(data, {})] == labels


def test_the_summary_says_how_many_matched_failed_and_are_open() -> None:
    """And how the search ended."""
    html = shown(tables(*MIXED))
    assert (
        "1 of 6 candidates met both conditions, 3 did not, and 2 are open, as a "
        "verdict is unknown. The search ended: no candidates are left." in words_of(html)
    )


def test_a_match_without_all_verdicts_did_not_meet_all_conditions() -> None:
    """The service says that it matched, and so does the summary."""
    lacking = judged(2, "matched", a=True)
    words = words_of(shown(tables(MIXED[0], lacking, judged(3, "unmatched", a=False, b=True))))
    assert "2 of 3 candidates matched, and 1 did not." in words


def test_ten_matches_are_shown_and_the_rest_is_counted() -> None:
    """With the calls that show everything."""
    many = [candidate(n, name=f"n{n}", a=field("x"), b=field("y")) for n in range(12)]
    html = shown(tables(*many))
    assert html.count('scope="row"') == 10
    words = words_of(html)
    assert "2 more matches, all candidates and their evidence: frames.explore()" in words
    assert 'frames.to_html("report.html")' in words
    assert "All candidates and their evidence" in words_of(shown(tables(*many[:10])))


def test_many_fields_are_cut_and_counted() -> None:
    """A table of 400 columns would be of no use to anybody."""
    one = candidate(1, name="a", **{f"condition_{n}": field("x") for n in range(400)})
    html = shown(tables(one))
    assert html.count('scope="col"') == 13
    assert "388 more fields" in words_of(html)
    assert "met all 400 conditions" in words_of(html)
    assert len(html) < 20_000


def test_without_a_match_the_nearest_candidates_and_each_condition_are_shown() -> None:
    """An empty result shows which condition is the hard one."""
    data = tables(judged(1, "unmatched", x=True, y=False), judged(2, "unmatched", x=True, y=False))
    words = words_of(shown(data))
    assert "0 of 2 candidates met both conditions, and 2 did not." in words
    assert "y: met by 0 of 2 candidates" in words
    assert "No match (2)" in words
    assert "No candidate was found." in words_of(shown(tables()))
    assert "<table" not in shown(tables())


@pytest.mark.parametrize(
    ("status", "reason", "said"),
    [
        ("completed", "match_limit_met", "The search ended: the match limit is met."),
        ("failed", "error_occurred", "The run failed; what it found until then is here."),
        ("cancelled", "user_cancelled", "The run was cancelled; what it found until then is here."),
        ("running", None, "The run was running when this was fetched; there may be more by now."),
        ("queued", None, "The run was queued when this was fetched; there may be more by now."),
    ],
)
def test_how_the_run_ended_is_said_above_its_matches(
    status: str, reason: str | None, said: str
) -> None:
    """Its matches are shown all the same."""
    body = rebuild(tables(MIXED[0]), findall_id="findall_1")
    body["run"]["status"] |= {"status": status, "termination_reason": reason}
    words = words_of(shown(flatten(body).tables))
    assert said in words
    assert words.index(said) < words.index("n1")


def test_several_runs_say_how_many_did_not_end_well() -> None:
    """The heading counts the runs of each status."""
    bodies = []
    for number, status in enumerate(("completed", "failed", "failed", "running")):
        body = rebuild(tables(MIXED[0]), findall_id="findall_1")
        body["run"]["findall_id"] = f"findall_{number}"
        body["run"]["status"]["status"] = status
        bodies.append(body)
    words = words_of(flatten(bodies)._repr_html_())
    assert "4 matches in 4 runs." in words
    assert "Not all of the 4 runs completed: 2 failed, 1 running." in words
    assert "4 runs" in words


def test_warnings_stand_above_the_matches() -> None:
    """They are shown in HTML, escaped, and in the text form."""
    body = rebuild(tables(MIXED[0]), findall_id="findall_1")
    message = "The condition <b>odd</b> was not understood."
    body["run"]["warnings"] = [{"type": "x", "message": message}] * 7
    frames = flatten(body)
    html = frames._repr_html_()
    assert html.count("The condition &lt;b&gt;odd&lt;/b&gt; was not understood.") == 5
    assert "and 2 more warnings" in html
    assert f"  warning: {message}" in repr(frames).splitlines()


def test_equal_warnings_of_several_runs_are_one_with_its_searches() -> None:
    """However many searches have it."""

    def run(number: int) -> FindAllFrames:
        made = rebuild(tables(MIXED[0]), findall_id="findall_1")
        made["run"] |= {"findall_id": f"findall_{number}"}
        messages = ["Odd.", *(["Rare."] if number == 3 else []), *(["Many."] if number else [])]
        made["run"]["warnings"] = [{"type": "x", "message": each} for each in messages]
        return flatten(made, schema=msgspec.structs.replace(SEARCH, objective=f"Find {number}"))

    frames = FindAllFrames.concat(map(run, range(5)))
    assert frames.warnings == [
        "Odd. (all searches)",
        "Many. (in 'Find 1', 'Find 2', 'Find 3' and 1 more)",
        "Rare. (in 'Find 3')",
    ]
    assert frames.for_run("findall_3").warnings == ["Odd.", "Rare.", "Many."]


def test_doubts_are_counted_where_that_is_quick() -> None:
    """The call that lists them stands beside the number."""
    few = FindAllFrames(tables(candidate(1, name="a", x=field("1", excerpt="nothing of it"))))
    assert "1 value in doubt: frames.unsupported()" in words_of(few._repr_html_())
    sound = FindAllFrames(tables(candidate(1, name="a", x=field("1"))))
    assert "no value in doubt" in words_of(sound._repr_html_())
    assert "doubts: frames.unsupported()" in words_of(shown(few.tables))


def test_reviews_are_shown_in_words() -> None:
    """Of a candidate in a column of their own, of a field beside its value."""
    data = tables(
        candidate(1, name="Acme", x=field("1")),
        candidate(2, name="Bolt", x=field("2")),
        candidate(3, name="Cask", x=field("3")),
    )
    reviews = (
        review("c1", decision="reject", day=1),
        review("c1", decision="accept", note="Seen <b>there</b>.", day=2),
        review("c2", decision=None, about="x", value="22", note="by phone"),
        review("c3", decision=None, note="only a note"),
    )
    words = words_of(shown(data, reviews=reviews))
    assert "1 of 3 reviewed: 1 accepted" in words
    assert "accepted: Seen <b>there</b>." in words
    assert "met: 2 [corrected to 22: by phone]" in words
    assert "only a note" in words
    assert "rejected" not in words
    written = words_of(static(data, *reviews))
    assert "Review: accepted : Seen <b>there</b>. ada · 2026-03-02" in written
    assert "Review: corrected to 22 : by phone ada · 2026-03-01" in written


def test_the_evidence_has_everything_behind_a_value() -> None:
    """Verdict, confidence, what was asked, reason, marked excerpt, and the address in full."""
    output, basis = field("clay", excerpt="They make clay <i>tiles</i>.")
    basis["confidence"] = "medium"
    one = candidate(1, name="Acme", makes_tiles=(output, basis), city=field("Ulm", is_matched=None))
    html = static(tables(one), search=SEARCH)
    assert "They make <mark>clay</mark> &lt;i&gt;tiles&lt;/i&gt;." in html
    words = words_of(html)
    for said in (
        "makes_ tiles met · medium confidence The company makes clay tiles. clay It says clay.",
        "A source · https://source.example/",
        "city high confidence Ulm",
    ):
        assert said in words


def test_own_data_shows_column_and_row_in_place_of_an_address() -> None:
    """Without a row the address is shown, and is no link."""
    output, basis = field("1")
    basis["citations"][0]["url"] = "local://cities/Rome#founded%20in"
    one = candidate(1, name="Rome", km=(output, basis))
    assert "A source · local://cities/Rome#founded%20in" in words_of(static(tables(one)))
    html = static(tables({**one, "row": 1200}))
    assert "cities: founded in, row 1,200" in words_of(html)
    assert 'href="local' not in html


def test_a_list_is_shown_as_a_person_writes_it() -> None:
    """Its parts have no brackets and quotes."""
    one = candidate(1, name="a")
    one["output"]["products"] = {"value": ["tiles", "pots", 7], "type": "enrichment"}
    one["output"]["nested"] = {"value": [{"a": 1}, True], "type": "enrichment"}
    html = shown(tables(one))
    assert "tiles, pots, 7" in html
    assert "[{&quot;a&quot;:1},true]" in html


def test_numbers_stand_at_the_right_and_are_written_without_a_needless_point() -> None:
    """A column with a gap holds 83200000.0, which nobody would write; a text stays as it is."""
    one = candidate(1, name="a")
    one["output"]["population"] = {"value": 83200000.0, "type": "enrichment"}
    one["output"]["density"] = {"value": 232.5, "type": "enrichment"}
    one["output"]["release"] = {"value": "3.0", "type": "enrichment"}
    html = shown(tables(one, candidate(2, name="b")))
    assert '<td class="ff-numeric">83200000</td>' in html
    assert '<td class="ff-numeric">232.5</td>' in html
    assert "<td>3.0</td>" in html
    assert html.count('<td class="ff-numeric">–</td>') == 2


def test_the_table_can_be_read_without_seeing_it() -> None:
    """Headers have a scope, groups too, and the keyboard reaches what scrolls."""
    html = shown(tables(*MIXED))
    assert html.count('scope="col"') == 3
    assert html.count('scope="row"') == 1
    assert html.count('scope="rowgroup"') == 1
    assert 'role="region" tabindex="0"' in html
    assert not re.search("<h[1-6]", html), "headings of outputs go into the notebook's contents"


def test_parts_that_only_a_basis_names_are_not_columns() -> None:
    """`products.0` supports `products` and has neither value nor verdict of its own."""
    one = candidate(1, name="a", products=field("tiles"))
    one["basis"].append({"field": "products.0", "reasoning": "r", "citations": []})
    assert [column.field for column in columns_of(tables(one), {})] == ["products"]
    assert "products.0" in words_of(static(tables(one)))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_in_html(text: str) -> None:
    """Whatever field it is in, only the tags and attributes of the table itself come out."""
    one = hostile_candidate(text)
    remarks = (
        review(decision="accept", note=text),
        review(decision=None, about="condition", value=text, note=text),
    )
    data = tables(one, reason=text)
    html = shown(data, reviews=remarks, warnings=[text])
    seen = assert_harmless(html, tags=TAGS)
    assert one_line(text)[:40] in "".join(seen.words)
    assert_harmless(static(data, *remarks), tags=EVIDENCE_TAGS)


GROUPS: list[tuple[tuple[Outcome, ...], int]] = [(("match",), 1), (("open", "not"), 5)]


@pytest.mark.parametrize(("groups", "count"), GROUPS)
def test_the_number_of_candidates_is_that_of_the_rows(
    groups: tuple[Outcome, ...], count: int
) -> None:
    """A limit in rows or in bytes cuts the last ones."""
    view = ResultView(tables(*MIXED))
    html, shown_count = candidates_table(view, groups=groups, most_rows=10, most_bytes=10**6)
    assert html.count('scope="row"') == shown_count == count
    few = candidates_table(view, groups=groups, most_rows=1, most_bytes=10**6)
    assert few[1] == 1
    assert candidates_table(view, groups=groups, most_rows=10, most_bytes=10) == ("", 0)
