"""A report: one HTML file with the explorer, its data, and a page that reads without scripts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

import msgspec

from findall_frames.api.models import FindAllSchema
from findall_frames.display.evidence_html import evidence_html
from findall_frames.display.html import NOT_TYPESET, escaped
from findall_frames.display.matches import (
    Tables,
    candidate_count,
    match_count,
    matched_candidates,
    rows_of,
)
from findall_frames.display.outcomes import (
    Outcome,
    Review,
    Reviews,
    ShownColumn,
    columns_of,
    counted_over,
    ending,
    findings,
    latest_reviews,
    outcomes_of,
    review_counts,
    searched_on,
)
from findall_frames.display.payload import explorer_payload
from findall_frames.display.result_html import (
    candidates_table,
    readings_table_html,
)
from findall_frames.display.shapes import asset
from findall_frames.display.text import counted

__all__ = ["report_page"]

_MOST_CANDIDATES: Final = 2_000
_MOST_TABLE_BYTES: Final = 4_000_000
_MOST_EVIDENCE_BYTES: Final = 5_000_000
# Few enough that not much is made in vain, as the evidence is cut by its size.
_AT_ONCE: Final = 100

# The page is read without scripts until the explorer is there, and again if it fails.
_START: Final = """
{
  const page = document.documentElement;
  page.classList.add("ff-live");
  try {
    const data = JSON.parse(document.getElementById("ff-data").textContent);
    mount(document.getElementById("ff-explorer"), data, { onReview: null });
  } catch (error) {
    page.classList.remove("ff-live");
    throw error;
  }
}
"""


def report_page(
    tables: Tables,
    *,
    searches: Mapping[str, FindAllSchema],
    reviews: Iterable[Review],
    warnings: Sequence[str],
    doubts: int | None,
) -> bytes:
    """Return a result as one HTML file that needs neither a network nor a server.

    Parameters
    ----------
    tables : mapping of str to Table
        ``runs``, ``candidates``, ``fields`` and ``citations``.
    searches : mapping of str to FindAllSchema
        The searches by findall_id, as far as they are known.
    reviews : iterable of mapping
        Judgements of people, with the columns of the table of reviews.
    warnings : sequence of str
        Warnings of the service.
    doubts : int or None
        How many values are not well supported by their sources; None if they were not counted.

    Returns
    -------
    bytes
        HTML in UTF-8. Its policy allows no script and no style sheet but its own, and no request.
    """
    latest = latest_reviews(reviews)
    columns, outcomes = columns_of(tables, searches), outcomes_of(tables)
    style = "".join(map(asset, ("tokens.css", "result.css", "explorer.css", "report.css")))
    script = asset("explorer.js") + _START
    payload = explorer_payload(tables, searches=searches, reviews=list(latest.values()))
    # In a script element nothing but "<" can end the data.
    data = msgspec.json.encode(payload).replace(b"<", b"\\u003c").decode()
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
    title = _title(tables)
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body class="ff ff-report {NOT_TYPESET}">
<main>
<div class="ff-doc">
{_heading(tables, title=title, columns=columns, outcomes=outcomes)}
{_facts(tables, reviews=latest, doubts=doubts)}
{_warnings(warnings)}
{_reading(tables, columns=columns)}
</div>
<section class="ff-alive">
<div class="ff-doc"><h2>Candidates and their evidence</h2></div>
<div id="ff-explorer"></div>
</section>
<section class="ff-doc ff-static">
{_candidates(tables, columns=columns, outcomes=outcomes, reviews=latest)}
{_evidence(tables, columns=columns, reviews=latest)}
</section>
</main>
<script type="application/json" id="ff-data">{data}</script>
<script type="module">{script}</script>
</body>
</html>
"""
    return page.encode("utf-8", "replace")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _title(tables: Tables) -> str:
    objectives = list(dict.fromkeys(tables["runs"]["objective"].to_pylist()))
    known = len(objectives) == 1 and objectives[0]
    return escaped(known or "Search results", limit=300)


def _heading(
    tables: Tables,
    *,
    title: str,
    columns: Sequence[ShownColumn],
    outcomes: Sequence[Outcome],
) -> str:
    day = searched_on(tables)
    made = "report made with findall_frames"
    made = f"Search of {day} · {made}" if day else made.capitalize()
    summary = f"{findings(tables, columns=columns, outcomes=outcomes)} {ending(tables)}".strip()
    return (
        f'<p class="ff-quiet">{escape(made)}</p>\n<h1 dir="auto">{title}</h1>\n'
        f'<p class="ff-lead">{escaped(summary, limit=600)}</p>'
    )


def _facts(tables: Tables, *, reviews: Reviews, doubts: int | None) -> str:
    runs = tables["runs"]["findall_id"].to_pylist()
    facts = [
        review_counts(tables, reviews),
        f"{counted(doubts, 'value')} not well supported by the sources" if doubts else "",
        f"run <code>{escaped(runs[0])}</code>" if len(runs) == 1 else counted(len(runs), "run"),
    ]
    return f'<p class="ff-facts">{" · ".join(filter(None, facts))}</p>'


def _warnings(warnings: Sequence[str]) -> str:
    return "\n".join(
        f'<p role="note" class="ff-warning"><b>Warning:</b> {escaped(warning, limit=2_000)}</p>'
        for warning in warnings
    )


def _reading(tables: Tables, *, columns: Sequence[ShownColumn]) -> str:
    table = readings_table_html(columns)
    over = counted_over(tables)
    note = f'<p class="ff-quiet">{over}</p>' if over else ""
    return f"<h2>How the question was read</h2>\n{table}\n{note}" if table else ""


def _candidates(
    tables: Tables,
    *,
    columns: Sequence[ShownColumn],
    outcomes: Sequence[Outcome],
    reviews: Reviews,
) -> str:
    # The table shows no source.
    bare = {**tables, "citations": tables["citations"].slice(0, 0)}
    table, count = candidates_table(
        bare,
        columns=columns,
        outcomes=outcomes,
        reviews=reviews,
        most_rows=_MOST_CANDIDATES,
        most_bytes=_MOST_TABLE_BYTES,
    )
    total = candidate_count(tables)
    if not total:
        return ""
    title = f"All {total:,} candidates" if count == total > 1 else counted(total, "candidate")
    omitted = f'<p class="ff-quiet">{count:,} of them are shown here.</p>' if count < total else ""
    return f"<h2>{title}</h2>\n{table}\n{omitted}"


def _evidence(tables: Tables, *, columns: Sequence[ShownColumn], reviews: Reviews) -> str:
    matches = matched_candidates(tables)
    sections, size, count = [], 0, 0
    for start in range(0, len(matches), _AT_ONCE):
        rows = rows_of(tables, matches.slice(start, _AT_ONCE))
        for row in rows:
            section = evidence_html([row], columns=columns, reviews=reviews)
            size += len(section)
            if size > _MOST_EVIDENCE_BYTES:
                break
            sections.append(section)
            count += 1
        if size > _MOST_EVIDENCE_BYTES:
            break
    if not sections:
        return ""
    left = match_count(tables) - count
    omitted = (
        f'<p class="ff-quiet">The evidence of {counted(left, "more match")} is in the explorer, '
        "which needs scripts.</p>"
        if left
        else ""
    )
    return f"<h2>Evidence of the matches</h2>\n{''.join(sections)}\n{omitted}"
