"""`Search`, which is edited and checked before it is paid for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

from findall_frames.api.models import (
    NO_LIMIT,
    ExcludeCandidate,
    FindAllEnrichInput,
    FindAllRunInput,
    FindAllSchema,
    MatchCondition,
    Metadata,
    Webhook,
)
from findall_frames.api.readings import DraftedSchema, Explained
from findall_frames.display.html import search_html
from findall_frames.display.text import one_line
from findall_frames.errors import InvalidRequestError
from findall_frames.frames.lookup import requested_fields
from findall_frames.running.arguments import (
    READERS,
    UNSET,
    Conditions,
    Enrichments,
    Exclusions,
    check_options,
    checked_limit,
    enrichment_names,
    read_options,
)

__all__ = ["Search", "completed_options", "given_options", "options_of"]


class Search:
    """A search that can be edited freely before it is started.

    Parameters
    ----------
    objective : str
        The question in plain words.
    entity_type : str
        The kind of thing to find, in the plural, such as ``"companies"``.
    match_conditions : dict, list of str, or list of {"name", "description"}
        A candidate matches when it meets all of them. Descriptions without a name are called
        ``condition_1`` and so on.
    enrichments : dict, JSON Schema, class or list of FindAllEnrichInput, optional
        More columns for every match: ``{"ceo_name": "Name of the CEO"}``, the JSON Schema of an
        object, or a dataclass, TypedDict or pydantic class.
    generator : {"preview", "base", "core", "pro"}
        How thoroughly to search; it sets the price.
    match_limit : int, optional
        Stop after this many matches: 5 to 1000, or 5 or more on own data. None means 10 at a
        service that charges, and no limit on own data. With ``"preview"``, the number of
        candidates to evaluate, at most 10.
    exclude : FindAllFrames, DataFrame or list, optional
        Entities to leave out, each with ``name`` and ``url``, or the matches of a
        `FindAllFrames`.
    metadata : dict, optional
        A flat dict that is returned with the run.
    webhook : Webhook or dict, optional
        Where the service sends notifications.
    memory_scope_key : str, optional
        A scope of the account's memory at the hosted service: 1 to 128 letters, digits, ``_``
        and ``-``.

    Raises
    ------
    InvalidRequestError
        An argument, or a value assigned later, is invalid.

    Examples
    --------
    >>> import findall_frames as ff
    >>> search = ff.Search(
    ...     "Find cities in Italy",
    ...     entity_type="cities",
    ...     match_conditions={"in_italy_check": "City must be in Italy"},
    ... )
    >>> search.match_conditions["large_check"] = "City must have more than a million inhabitants"
    >>> search
    Search('Find cities in Italy')
      cities, generator core
      - in_italy_check: City must be in Italy
      - large_check: City must have more than a million inhabitants
    """

    objective: str
    entity_type: str
    match_conditions: dict[str, str]
    enrichments: list[FindAllEnrichInput]
    generator: str
    match_limit: int | None
    exclude: list[ExcludeCandidate]
    metadata: Metadata
    webhook: Webhook | None
    memory_scope_key: str | None

    def __init__(
        self,
        objective: str,
        *,
        entity_type: str,
        match_conditions: Conditions,
        enrichments: Enrichments | None = None,
        generator: str = "core",
        match_limit: int | None = None,
        exclude: Exclusions | None = None,
        metadata: Mapping[str, str | int | float | bool] | None = None,
        webhook: Webhook | Mapping[str, Any] | None = None,
        memory_scope_key: str | None = None,
    ) -> None:
        arguments = dict(locals())
        for name in READERS:
            setattr(self, name, arguments[name])
        self._explained: dict[str, Explained] = {}
        self.check(own_data=True)  # limits of a paid service are checked on start

    def __setattr__(self, name: str, value: object) -> None:
        if name == "_explained":
            object.__setattr__(self, name, value)
            return
        if name not in READERS:
            raise AttributeError(
                f"Search has no attribute {name!r}. Its attributes are {', '.join(READERS)}."
            )
        super().__setattr__(name, READERS[name](value))

    @classmethod
    def from_schema(cls, schema: FindAllSchema, **options: Any) -> Self:
        """Make a search from a draft, or from the schema of an earlier run.

        Parameters
        ----------
        schema : FindAllSchema
            From `Client.ingest` or `Client.schema`.
        **options
            Parameters of `Search`; they replace the values of the schema.
        """
        search = cls(
            **{
                "objective": schema.objective,
                "entity_type": schema.entity_type,
                "match_conditions": schema.match_conditions,
                "enrichments": schema.enrichments,
                "generator": schema.generator,
                "match_limit": schema.match_limit,
                **options,
            }
        )
        if isinstance(schema, DraftedSchema):
            search._explained = {reading.name: reading for reading in schema.readings}
        return search

    @property
    def readings(self) -> dict[str, Explained]:
        """How the conditions were read over own data, by name, as returned with the draft.

        Conditions edited since then are left out; `explain` reads them again.
        """
        return {
            name: reading
            for name, reading in self._explained.items()
            if self.match_conditions.get(name) == reading.description
        }

    def to_schema(self, *, own_data: bool = False) -> FindAllSchema:
        """Return the search in the form that the API returns.

        Parameters
        ----------
        own_data : bool
            True for a service over the user's own data, which has no upper limit.
        """
        limit = self._limit(own_data)
        return FindAllSchema(
            objective=self.objective,
            entity_type=self.entity_type,
            match_conditions=self._conditions(),
            enrichments=self.enrichments or None,
            generator=self.generator,
            match_limit=None if limit == NO_LIMIT else limit,
        )

    def to_input(
        self, *, metadata: Mapping[str, str] | None = None, own_data: bool = False
    ) -> FindAllRunInput:
        """Check the search and return it in the form that the API accepts.

        Parameters
        ----------
        metadata : mapping, optional
            Added to the metadata of the search.
        own_data : bool
            True for a service over the user's own data, which has no upper limit.
        """
        self.check(own_data=own_data)
        return FindAllRunInput(
            objective=self.objective,
            entity_type=self.entity_type,
            match_conditions=self._conditions(),
            generator=self.generator,
            match_limit=self._limit(own_data),
            exclude_list=self.exclude or None,
            metadata={**self.metadata, **(metadata or {})} or None,
            webhook=self.webhook,
            memory_scope_key=self.memory_scope_key,
        )

    def check(self, *, own_data: bool = False) -> None:
        """Raise unless the search can be started.

        Parameters
        ----------
        own_data : bool
            True for a service over the user's own data, which has no upper limit.

        Raises
        ------
        InvalidRequestError
            It can't be started; the message says what to write instead.
        """
        # Assignments are checked at once, but dicts and lists can be changed in place.
        for name, value in options_of(self).items():
            setattr(self, name, value)
        check_options(options_of(self), own_data=own_data)
        clashes = self.match_conditions.keys() & enrichment_names(self.enrichments)
        if clashes:
            raise InvalidRequestError(
                f"Both a match condition and an enrichment are called {min(clashes)!r}, and would "
                "share one column. Rename one of them."
            )

    def _limit(self, own_data: bool) -> int:
        return checked_limit(self.match_limit, generator=self.generator, own_data=own_data)

    def _conditions(self) -> list[MatchCondition]:
        return [MatchCondition(name, text) for name, text in self.match_conditions.items()]

    def __repr__(self) -> str:
        lines = [
            f"Search({self.objective!r})",
            f"  {one_line(', '.join(self._terms()))}",
            *self._condition_lines(),
            *(f"  + {one_line(name)}" for name in enrichment_names(self.enrichments)),
        ]
        if self.exclude:
            lines.append(f"  {self._exclusions()}")
        return "\n".join(lines)

    def _condition_lines(self) -> Iterator[str]:
        readings = self.readings
        for name, text in self.match_conditions.items():
            yield f"  - {one_line(f'{name}: {text}')}"
            if name in readings:
                yield f"      {one_line(readings[name].summary())}"

    def _repr_html_(self) -> str:
        fields = requested_fields(self.to_schema(own_data=True))
        return search_html(
            self.objective,
            terms=[*self._terms(), *([self._exclusions()] if self.exclude else [])],
            # An invalid edit in place must not prevent its display.
            conditions={str(name): str(text) for name, text in self.match_conditions.items()},
            readings={name: reading.summary() for name, reading in self.readings.items()},
            enrichments={
                name: str(field.schema.get("description") or field.schema.get("type") or "")
                for name, field in fields.items()
                if field.kind == "enrichment"
            },
        )

    def _terms(self) -> list[str]:
        unit = "candidates" if self.generator == "preview" else "matches"
        limit = [] if self.match_limit is None else [f"up to {self.match_limit} {unit}"]
        return [self.entity_type, *limit, f"generator {self.generator}"]

    def _exclusions(self) -> str:
        return f"{len(self.exclude)} excluded"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Search):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in READERS)

    __hash__ = None  # type: ignore[assignment]  # it can be edited


def options_of(search: Search) -> dict[str, Any]:
    """Return all parameters of a search, in the form in which it stores them."""
    return {name: getattr(search, name) for name in READERS}


def given_options(objective: str | Search, **given: Any) -> dict[str, Any]:
    """Return the parameters of a search as read; those to be drafted are missing."""
    given = {name: value for name, value in given.items() if value is not UNSET}
    if isinstance(objective, Search):
        if given:
            name = next(iter(given))
            raise InvalidRequestError(
                f"A Search has its own {name}, and {name}={given[name]!r} was passed as well. Set "
                f"search.{name} instead."
            )
        return options_of(objective)
    given = {name: value for name, value in given.items() if value is not None}
    if "match_conditions" in given and "entity_type" not in given:
        raise InvalidRequestError(
            "match_conditions need an entity_type, such as entity_type='companies'. Leave both "
            "out to have them drafted from the objective."
        )
    return read_options({"objective": objective, **given})


def completed_options(options: dict[str, Any], drafted: FindAllSchema) -> dict[str, Any]:
    """Return the options, completed from a draft; generator and limit are never taken from it."""
    given = {"generator": "core", "match_limit": None, **options}
    if given["generator"] == "preview":
        given["enrichments"] = None
    return options_of(Search.from_schema(drafted, **given))
