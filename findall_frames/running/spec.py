"""A search as it is written, edited and checked before it is paid for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
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
from findall_frames.display.cards import search_html
from findall_frames.display.text import one_line
from findall_frames.errors import InvalidRequestError
from findall_frames.frames.asked import asked_fields
from findall_frames.running.readings import (
    Conditions,
    Enrichments,
    Exclusions,
    check_match_limit,
    enrichment_names,
    read_conditions,
    read_enrichments,
    read_exclusions,
    read_generator,
    read_match_limit,
    read_metadata,
    read_text,
    read_webhook,
)

__all__ = ["Search"]


class Search:
    """Everything that a run will look for; edit it freely before it is started.

    Parameters
    ----------
    objective : str
        The question in plain words.
    entity_type : str
        What kind of thing is looked for, in the plural, such as ``"companies"``.
    match_conditions : dict, list of str, or list of {"name", "description"}
        A candidate matches when it meets all of them. Descriptions without a name are called
        ``condition_1`` and so on.
    enrichments : dict, JSON Schema, class or list of FindAllEnrichInput, optional
        More columns for every match: ``{"ceo_name": "Name of the CEO"}``, the JSON Schema of an
        object, or a dataclass, TypedDict or pydantic class.
    generator : {"preview", "base", "core", "pro"}
        How thoroughly to search; it sets the price.
    match_limit : int, optional
        How many matches to find at the most, 5 to 1000; on own data 5 or more. None means 10 at
        a service that charges, and all on own data. With ``"preview"``: how many candidates to
        evaluate, at most 10.
    exclude : FindAllFrames, DataFrame or list, optional
        Entities that are known already, each with ``name`` and ``url``; of a `FindAllFrames` its
        matches.
    metadata : dict, optional
        Flat; comes back with the run.
    webhook : Webhook or dict, optional
        Where the service should announce events.

    Raises
    ------
    InvalidRequestError
        An argument is not of its form, here or when it is assigned to later.

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
    ) -> None:
        given = dict(locals())
        for name in _READERS:
            setattr(self, name, given[name])
        self._explained: dict[str, Explained] = {}
        self.check(own_data=True)  # which service is asked shows when it is started

    def __setattr__(self, name: str, value: object) -> None:
        if name == "_explained":
            object.__setattr__(self, name, value)
            return
        if name not in _READERS:
            raise AttributeError(f"A Search has no {name!r}. It has {', '.join(_READERS)}.")
        super().__setattr__(name, _READERS[name](value))

    @classmethod
    def from_schema(
        cls,
        schema: FindAllSchema,
        *,
        generator: str | None = None,
        match_limit: int | None = None,
    ) -> Self:
        """Make a search of what ingest drafted, or of what an earlier run looked for.

        Parameters
        ----------
        schema : FindAllSchema
            The answer of ingest, or of the schema endpoint.
        generator, match_limit : optional
            In place of those of the schema.
        """
        search = cls(
            schema.objective,
            entity_type=schema.entity_type,
            match_conditions=schema.match_conditions,
            enrichments=schema.enrichments,
            generator=generator or schema.generator,
            match_limit=match_limit or schema.match_limit,
        )
        if isinstance(schema, DraftedSchema):
            search._explained = {reading.name: reading for reading in schema.readings}
        return search

    @property
    def readings(self) -> dict[str, Explained]:
        """What own data understands of the conditions, by name: what the draft was told.

        A condition that was edited since is left out; `explain` reads it anew.
        """
        return {
            name: reading
            for name, reading in self._explained.items()
            if self.match_conditions.get(name) == reading.description
        }

    def to_schema(self, *, own_data: bool = False) -> FindAllSchema:
        """Return what is looked for in the form in which the API tells it.

        Parameters
        ----------
        own_data : bool
            True if a service over the user's own data is asked, which has no limits.
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
        """Check the search, and return it in the form in which the API takes it.

        Parameters
        ----------
        metadata : mapping, optional
            Added to the metadata of the search.
        own_data : bool
            True if a service over the user's own data is asked, which has no limits.
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
        )

    def _limit(self, own_data: bool) -> int:
        return check_match_limit(self.match_limit, generator=self.generator, own_data=own_data)

    def check(self, *, own_data: bool = False) -> None:
        """Raise unless the search can be started.

        Parameters
        ----------
        own_data : bool
            True if a service over the user's own data is asked, which has no limits.

        Raises
        ------
        InvalidRequestError
            It cannot; says what was expected, what was found and what to write instead.
        """
        # Assignments are read one by one, but dicts and lists can be changed in place.
        for name in _READERS:
            setattr(self, name, getattr(self, name))
        self._limit(own_data)
        if self.generator == "preview" and self.enrichments:
            raise InvalidRequestError(
                "generator='preview' runs no enrichments. Leave them out, or use 'base', 'core' "
                "or 'pro'."
            )
        clashes = self.match_conditions.keys() & enrichment_names(self.enrichments)
        if clashes:
            raise InvalidRequestError(
                f"{min(clashes)!r} is the name of a match condition and of an enrichment; their "
                "values would fall on the same column. Rename one."
            )

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
                yield f"      {one_line(readings[name].told())}"

    def _repr_html_(self) -> str:
        fields = asked_fields(self.to_schema(own_data=True))
        return search_html(
            self.objective,
            terms=[*self._terms(), *([self._exclusions()] if self.exclude else [])],
            # It may have been edited in place into something that `check` will refuse.
            conditions={str(name): str(text) for name, text in self.match_conditions.items()},
            readings={name: reading.told() for name, reading in self.readings.items()},
            enrichments={
                name: str(field.schema.get("description") or field.schema.get("type") or "")
                for name, field in fields.items()
                if field.kind == "enrichment"
            },
        )

    def _terms(self) -> list[str]:
        """Say in a few words what is looked for, how much of it and how thoroughly."""
        wanted = "candidates" if self.generator == "preview" else "matches"
        limit = [] if self.match_limit is None else [f"up to {self.match_limit} {wanted}"]
        return [self.entity_type, *limit, f"generator {self.generator}"]

    def _exclusions(self) -> str:
        return f"without {len(self.exclude)} that are known already"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Search):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _READERS)

    __hash__ = None  # type: ignore[assignment]  # it can be edited


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "objective": partial(
        read_text, what="The objective", example="Find all AI companies founded after 2020"
    ),
    "entity_type": partial(read_text, what="entity_type", example="companies"),
    "match_conditions": read_conditions,
    "enrichments": read_enrichments,
    "generator": read_generator,
    "match_limit": read_match_limit,
    "exclude": read_exclusions,
    "metadata": read_metadata,
    "webhook": read_webhook,
}
"""What is done to each attribute, in the order of the arguments."""
