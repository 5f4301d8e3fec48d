"""The explorer in a notebook: a widget with the candidates, their evidence and their reviews."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias

import anywidget
import msgspec
import numpy as np
import traitlets
from msgspec import UNSET, Meta, Struct, UnsetType

from findall_frames.api.models import FindAllSchema
from findall_frames.display.html import escaped
from findall_frames.display.matches import Tables, summary
from findall_frames.display.payload import ExplorerData
from findall_frames.display.result_html import frames_html
from findall_frames.display.result_view import ResultView
from findall_frames.display.shapes import asset
from findall_frames.display.text import counted
from findall_frames.errors import FindAllError

__all__ = ["Explorer"]

_CHUNK: Final = 1_000
"""Number of candidates whose evidence is sent at once."""
_FIRST: Final = 20
"""The same for the evidence that comes with a table that is larger than a chunk."""
_MOST_ROWS_WITHOUT_WIDGETS: Final = 20
_ADVICE: Final = (
    "The explorer needs a running kernel and a front end that shows Jupyter widgets, such as "
    "JupyterLab, VS Code or Colab: run the cell again there."
)

_Reviews: TypeAlias = Callable[[], Sequence[Mapping[str, Any]]]
"""Returns the latest judgement of each candidate and field."""


class _Widget(anywidget.AnyWidget):
    """What the front end draws."""

    _esm = asset("explorer.js")
    _css = asset("tokens.css") + asset("explorer.css")
    _table = traitlets.Bytes().tag(sync=True)
    _arrays = traitlets.Bytes().tag(sync=True)
    _saved = traitlets.Unicode().tag(sync=True)


_Row = Annotated[int, Meta(ge=0, le=2**32 - 1)]
_Text = Annotated[str, Meta(max_length=10_000)]


class _JudgedPlace(Struct, tag_field="kind", tag="review"):
    """What a judgement is about."""

    row: _Row
    field: str | None = None


class _Judged(_JudgedPlace, tag_field="kind", tag="review"):
    """A judgement: None takes back what was said before, and what is not sent stays."""

    decision: Literal["accept", "reject", "unsure"] | UnsetType | None = UNSET
    value: _Text | UnsetType | None = UNSET
    note: _Text | UnsetType | None = UNSET


class _Viewed(Struct, tag_field="kind", tag="view"):
    """The chosen candidate, and whether all are left; if not, a buffer lists those that are."""

    chosen: _Row | None
    all: bool


class _Wanted(Struct, tag_field="kind", tag="evidence"):
    """A request for a chunk of evidence."""

    start: _Row


class _Hello(Struct, tag_field="kind", tag="hello"):
    """A view that was opened, and lacks the reviews made since the widget was."""


_Message: TypeAlias = _Judged | _Viewed | _Wanted | _Hello


class Explorer:
    """A widget to look through the candidates, read their evidence and review them.

    `FindAllFrames.explore` returns it, and a cell that ends in it shows it. Search, filters and
    sorting run in the browser, so they work while the kernel is busy. Where widgets cannot be
    shown, as in an exported notebook or a console, it is a table of the first matches.

    Parameters
    ----------
    tables : mapping of str to Table
        ``runs``, ``candidates``, ``fields`` and ``citations``.
    searches : mapping of str to FindAllSchema
        The searches by findall_id, for the conditions as they were asked.
    reviews : callable
        Returns the latest judgement of each candidate and field as mappings with ``findall_id``,
        ``candidate_id``, ``field``, ``decision``, ``value``, ``note``, ``reviewer`` and
        ``reviewed_at``.
    review : callable
        Records a judgement: called with (findall_id, candidate_id) and the decision, and with
        ``field``, ``value`` and ``note`` by name. None takes back what was said before; decision,
        value and note are ``msgspec.UNSET`` where it stays.

    Attributes
    ----------
    widget : anywidget.AnyWidget
        The whole explorer, for a layout of your own.
    """

    def __init__(
        self,
        tables: Tables,
        *,
        searches: Mapping[str, FindAllSchema],
        reviews: _Reviews,
        review: Callable[..., None],
    ) -> None:
        self._view = ResultView(tables, searches=searches)
        self._data = ExplorerData(self._view)
        self._reviews = reviews
        self._review = review
        self._is_recording = False
        self._fields = set(self._data.field_names)
        self._chosen = 0 if len(self._data) else None
        self._left: Sequence[int] = range(len(self._data))
        table = self._data.table(evidence=_FIRST if len(self._data) > _CHUNK else _CHUNK)
        reviewed = self._data.review_records(reviews())
        packed, arrays = _packed({**table, "chunk": _CHUNK, "reviews": reviewed})
        self.widget = _Widget(_table=packed, _arrays=arrays, _saved=secrets.token_hex(8))
        self.widget.on_msg(self._receive)

    @property
    def left(self) -> list[tuple[str, str]]:
        """The findall_id and candidate_id of every candidate that the search and filters leave.

        In the order of the table.
        """
        return self._data.keys(self._left)

    @property
    def chosen(self) -> tuple[str, str] | None:
        """The findall_id and candidate_id of the candidate whose evidence is shown, or None."""
        return None if self._chosen is None else self._data.keys([self._chosen])[0]

    def update(self) -> None:
        """Show reviews that were recorded elsewhere, such as with `FindAllFrames.review`."""
        if self._is_recording:
            return  # its own judgement, which is sent alone
        records = msgspec.json.encode(self._data.review_records(self._reviews()))
        self.widget.send({"kind": "reviews"}, [records])

    def __repr__(self) -> str:
        candidates = counted(len(self._data), "candidate")
        return f"Explorer: {len(self._left):,} of {candidates}; {summary(self._view.tables)}"

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> dict[str, Any]:
        bundle = self.widget._repr_mimebundle_()
        view = self._view.with_reviews(self._reviews())
        table = frames_html(view, most_rows=_MOST_ROWS_WITHOUT_WIDGETS)
        return {
            **(bundle[0] if bundle else {}),
            "text/html": f'<div class="ff-saved" data-explorer="{self.widget._saved}">'
            f"<style>{asset('saved.css')}</style>"
            f"<p>{escaped(_ADVICE, limit=400)}</p>{table}</div>",
            "text/plain": f"{self!r}\n{_ADVICE}",
        }

    def _ipython_display_(self) -> None:
        """Show the table for saved notebooks and, as a second output that hides it, the widget.

        Of a single output, JupyterLab shows an error in place of the HTML if the widget is gone.
        """
        from IPython.display import display

        bundle = self._repr_mimebundle_()
        for output in ({"text/html": bundle["text/html"]}, {**bundle, "text/html": ""}):
            display(output, raw=True)  # type: ignore[no-untyped-call]

    def _receive(self, _: object, content: object, buffers: Sequence[Any]) -> None:
        """Do what a view asks, or refuse it with a reason."""
        try:
            self._act(_understood(content), buffers)
        except (msgspec.ValidationError, FindAllError) as error:
            refused = {"kind": "refused", "message": str(error), "review": _judged_place(content)}
            self.widget.send(refused)
            self.update()

    def _act(self, message: _Message, buffers: Sequence[Any]) -> None:
        if isinstance(message, _Hello):
            self.update()
        elif isinstance(message, _Wanted):
            rows = self._data.evidence(message.start, message.start + _CHUNK)
            self.widget.send(
                {"kind": "evidence", "start": message.start}, [msgspec.json.encode(rows)]
            )
        elif isinstance(message, _Viewed):
            self._look(message, buffers)
        else:
            self._record(message)

    def _look(self, viewed: _Viewed, buffers: Sequence[Any]) -> None:
        rows = range(len(self._data))
        if viewed.chosen is not None:
            self._check(viewed.chosen)
        left = rows if viewed.all else _rows(buffers)
        if left:
            self._check(max(left))
        self._chosen, self._left = viewed.chosen, left

    def _record(self, judged: _Judged) -> None:
        self._check(judged.row)
        if judged.field is not None and judged.field not in self._fields:
            raise msgspec.ValidationError(f"There is no field {judged.field!r:.200}.")
        if judged.field is None and isinstance(judged.value, str):
            raise msgspec.ValidationError("A correction needs the field that it is for.")
        ((findall_id, candidate_id),) = self._data.keys([judged.row])
        self._is_recording = True
        try:
            self._review(
                (findall_id, candidate_id),
                judged.decision,
                field=judged.field,
                value=judged.value,
                note=judged.note,
            )
        finally:
            self._is_recording = False
        key = {"findall_id": findall_id, "candidate_id": candidate_id, "field": judged.field}
        kept = [each for each in self._reviews() if key.items() <= each.items()]
        # A judgement that was taken back is sent without a decision.
        records = msgspec.json.encode(self._data.review_records(kept or [key]))
        self.widget.send({"kind": "reviewed"}, [records])

    def _check(self, row: int) -> None:
        if row >= len(self._data):
            raise msgspec.ValidationError(f"There is no row {row:,} among {len(self._data):,}.")


def _packed(payload: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """Return a payload as JSON, in which each array is its type and its place in a buffer."""
    buffer = bytearray()

    def placed(array: np.ndarray[Any, Any]) -> dict[str, Any]:
        start = len(buffer)
        buffer.extend(array.tobytes())
        buffer.extend(bytes(-len(buffer) % 8))  # where an array of any type may begin
        return {"type": array.dtype.name, "start": start, "length": len(array)}

    return msgspec.json.encode(payload, enc_hook=placed), bytes(buffer)


def _understood(content: object) -> _Message:
    """Return what a view asks, all of it text that can be stored."""
    try:
        message: _Message = msgspec.convert(content, _Message)
        msgspec.json.encode(message)
    except UnicodeEncodeError as error:
        raise msgspec.ValidationError(
            "Expected text that can be written as UTF-8, got half of a surrogate pair."
        ) from error
    return message


def _judged_place(content: object) -> dict[str, int | str | None] | None:
    """Return the row and the field of a judgement, however little else of it makes sense."""
    try:
        place = msgspec.convert(content, _JudgedPlace)
        msgspec.json.encode(place)
    except (msgspec.ValidationError, UnicodeEncodeError):
        return None
    return {"row": place.row, "field": place.field}


def _rows(buffers: Sequence[Any]) -> list[int]:
    if len(buffers) != 1 or len(buffers[0]) % 4:
        raise msgspec.ValidationError("The rows that are left come as one buffer of uint32.")
    rows: list[int] = np.frombuffer(buffers[0], "<u4").tolist()
    return rows
