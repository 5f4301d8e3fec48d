"""The commands about tables in a folder: ``report``, ``export`` and ``compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from findall_frames.cli.options import as_json
from findall_frames.cli.output import print_json, print_lines, print_table, records

__all__ = ["compare", "export", "report"]

_folder = click.argument("folder", type=click.Path(path_type=Path))
_CHANGES: Final = {
    "added": "Only in NEW",
    "removed": "Only in OLD",
    "changed_verdicts": "Changed verdicts",
    "changed_values": "Changed values",
    "changed_evidence": "Changed evidence",
    "doubts": "Perhaps the same",
    "to_review": "To review",
}
_IDS: Final = "_id"
_SEPARATORS: Final = {",": ",", ";": ";", "|": "|", "tab": "\t"}


@click.command()
@_folder
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write the report. Default: beside FOLDER, with its name and .html.",
)
@click.option(
    "--markdown", is_flag=True, help="Print the matches and their sources as Markdown instead."
)
def report(folder: Path, *, out: Path | None, markdown: bool) -> int:
    """Write the tables in FOLDER as one HTML file.

    The file is for people without Python. FOLDER is what run --out or frames.to_parquet has
    written. What was reviewed on this machine since then is in the report too.

    \b
    Examples:
      findall-frames report series_a --out series_a.html
      findall-frames report series_a --markdown > series_a.md
    """
    if markdown and out is not None:
        raise click.UsageError("--markdown prints to stdout: redirect it to a file, without --out.")
    from findall_frames.running.kept_reviews import read_parquet

    frames = read_parquet(folder)
    if markdown:
        click.echo(frames.to_markdown(), nl=False)
        return 0
    whole = folder.resolve()
    path = frames.to_html(out or whole.with_name(f"{whole.name}.html"))
    click.echo(f"Report in {path}")
    return 0


@click.command()
@_folder
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--bi",
    is_flag=True,
    help="Write a folder of Parquet files with plain types, for BI tools.",
)
@click.option(
    "--separator",
    type=click.Choice(_SEPARATORS),
    default=",",
    metavar="CHAR",
    help="CSV: between the columns, one of , ; | and tab.  [default: ,]",
)
@click.option(
    "--decimal",
    type=click.Choice([".", ","]),
    default=".",
    metavar="CHAR",
    help="CSV: the decimal sign, one of . and ,  [default: .]",
)
def export(folder: Path, out: Path, *, bi: bool, separator: str, decimal: str) -> int:
    """Write the tables in FOLDER for spreadsheets and BI tools.

    FOLDER is what run --out or frames.to_parquet has written. OUT is a workbook if it ends in
    .xlsx, one CSV file with the matches if it ends in .csv, and otherwise a folder with a CSV
    file for each table.

    \b
    Examples:
      findall-frames export series_a series_a.xlsx
      findall-frames export series_a matches.csv --separator ";" --decimal ,
      findall-frames export series_a for_power_bi --bi
    """
    ending = out.suffix.lower()
    is_workbook = ending == ".xlsx"
    if ending == ".parquet" or (bi and ending in (".xlsx", ".csv")):
        raise click.UsageError(
            f"OUT ends in {ending}, and would be a folder. For a workbook or one CSV file leave "
            "--bi out; for Parquet files pass --bi and the name of a folder."
        )
    if (bi or is_workbook) and (separator, decimal) != (",", "."):
        raise click.UsageError("--separator and --decimal apply to CSV files.")
    from findall_frames.running.kept_reviews import read_parquet

    frames = read_parquet(folder)
    if bi:
        path = frames.to_parquet(out, profile="bi")
    elif is_workbook:
        path = frames.to_excel(out)
    else:
        path = frames.to_csv(out, separator=_SEPARATORS[separator], decimal=decimal)
    click.echo(f"Tables in {path}")
    return 0


@click.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@as_json
def compare(old: Path, new: Path, *, as_json: bool) -> int:
    """Show what changed from the tables in OLD to those in NEW.

    OLD and NEW are folders that run --out or frames.to_parquet has written.

    \b
    Example:
      findall-frames compare series_a_march series_a_april
    """
    from findall_frames.running.kept_reviews import read_parquet

    found = read_parquet(old).compare(read_parquet(new))
    tables = {name: records(getattr(found, name)) for name in ("both", *_CHANGES)}
    if as_json:
        print_json(tables)
        return 0
    print_lines(f"In both: {len(tables['both']):,}")
    for name, words in _CHANGES.items():
        rows = tables[name]
        if rows:
            print_lines("", f"{words}: {len(rows):,}")
            print_table([_line(row) for row in rows], rest_is_in="--json")
    return 0


def _line(row: dict[str, Any]) -> dict[str, str]:
    """Return the columns of a difference that are shown."""
    return {name: value or "" for name, value in row.items() if not name.endswith(_IDS)}
