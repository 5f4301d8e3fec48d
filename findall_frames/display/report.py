"""A report: one HTML file with the explorer, its data, and a page that reads without scripts."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Final

import msgspec
import pyarrow as pa

from findall_frames.display.evidence_html import evidence_html
from findall_frames.display.html import NOT_TYPESET, code, escaped
from findall_frames.display.matches import (
    candidate_count,
    matched_candidates,
    rows_of,
)
from findall_frames.display.payload import explorer_payload
from findall_frames.display.result_html import candidates_table, readings_table_html, warning_html
from findall_frames.display.result_view import ResultView
from findall_frames.display.shapes import asset
from findall_frames.display.text import counted, joined

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


def report_page(view: ResultView, *, doubts: int | None) -> bytes:
    """Return a result as one HTML file that needs neither a network nor a server.

    Parameters
    ----------
    view : ResultView
        The result.
    doubts : int or None
        How many values are not well supported by their sources; None if they were not counted.

    Returns
    -------
    bytes
        HTML in UTF-8. Its policy allows no script and no style sheet but its own, and no request.
    """
    style = "".join(map(asset, ("tokens.css", "result.css", "explorer.css", "report.css")))
    script = asset("explorer.js") + _START
    # In a script element nothing but "<" can end the data.
    data = msgspec.json.encode(explorer_payload(view)).replace(b"<", b"\\u003c").decode()
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
    title = escaped(view.title, limit=300)
    warnings = "\n".join(warning_html(each, limit=2_000) for each in view.warnings)
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
{_heading(view, title=title)}
{_facts(view, doubts=doubts)}
{warnings}
{_reading(view)}
</div>
<section class="ff-alive">
<div class="ff-doc"><h2>Candidates and their evidence</h2></div>
<div id="ff-explorer"></div>
</section>
<section class="ff-doc ff-static">
{_candidates(view)}
{_evidence(view)}
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


def _heading(view: ResultView, *, title: str) -> str:
    made = joined(view.searched_on, "report made with findall_frames")
    made = f"{made[0].upper()}{made[1:]}"
    return (
        f'<p class="ff-quiet">{escape(made)}</p>\n<h1 dir="auto">{title}</h1>\n'
        f'<p class="ff-lead">{escaped(view.summary, limit=600)}</p>'
    )


def _facts(view: ResultView, *, doubts: int | None) -> str:
    unsupported = f"{counted(doubts, 'value')} not well supported by the sources" if doubts else ""
    facts = joined(view.review_counts, unsupported, view.cost_words, view.run_words(code))
    return f'<p class="ff-facts">{facts}</p>'


def _reading(view: ResultView) -> str:
    table = readings_table_html(view.columns)
    over = view.counted_over
    note = f'<p class="ff-quiet">{over}</p>' if over else ""
    return f"<h2>How the question was read</h2>\n{table}\n{note}" if table else ""


def _candidates(view: ResultView) -> str:
    table, count = candidates_table(view, most_rows=_MOST_CANDIDATES, most_bytes=_MOST_TABLE_BYTES)
    total = candidate_count(view.tables)
    if not total:
        return ""
    title = f"All {total:,} candidates" if count == total > 1 else counted(total, "candidate")
    if len(view.tables["runs"]) > 1:
        title = "Candidates of all runs"  # several runs may have looked at the same ones
    omitted = f'<p class="ff-quiet">{count:,} of them are shown here.</p>' if count < total else ""
    return f"<h2>{title}</h2>\n{table}\n{omitted}"


def _evidence(view: ResultView) -> str:
    tables, accepted = view.tables, view.accepted
    matches = pa.concat_tables([matched_candidates(tables), accepted])
    sections, size, count = [], 0, 0
    for start in range(0, len(matches), _AT_ONCE):
        rows = rows_of(tables, matches.slice(start, _AT_ONCE))
        for row in rows:
            section = evidence_html([row], columns=view.columns, reviews=view.latest)
            size += len(section)
            if size > _MOST_EVIDENCE_BYTES:
                break
            sections.append(section)
            count += 1
        if size > _MOST_EVIDENCE_BYTES:
            break
    if not sections:
        return ""
    left = len(matches) - count
    noun = "more candidate" if len(accepted) else "more match"
    omitted = (
        f'<p class="ff-quiet">The evidence of {counted(left, noun)} is in the explorer, '
        "which needs scripts.</p>"
        if left
        else ""
    )
    title = f"Evidence of the matches{' and of accepted candidates' if len(accepted) else ''}"
    return f"<h2>{title}</h2>\n{''.join(sections)}\n{omitted}"
