"""An objective in plain words becomes a kind of entity, conditions, and suggested enrichments."""

from __future__ import annotations

import re
from collections.abc import Sequence

from findall_frames.api.models import (
    FindAllEnrichInput,
    FindAllSchema,
    JsonSchema,
    MatchCondition,
)
from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.language.lexicon import Lexicon, default_lexicon
from findall_frames.embedded.language.words import phrases, tokens
from findall_frames.embedded.objectives.objective import Criterion, parse_objective
from findall_frames.embedded.objectives.rephrase import article, entity_noun
from findall_frames.embedded.reading.linking import Linker
from findall_frames.embedded.reading.reading import LONGEST

__all__ = ["ingest"]

_SMALL = frozenset(phrases("a, an, the, of, is, be, been, must, have, its, their, s"))
_ASKED = frozenset(phrases("a, an, the, is, are, do, does, did, they, them, it, their, its, s"))
_OPENING = frozenset(phrases("with, having, has, have, is, are, was, were, one, that, which, who"))
_LONGEST_NAME = 6


def ingest(objective: str, corpus: Corpus, *, lexicon: Lexicon | None = None) -> FindAllSchema:
    """Draft what an objective asks for.

    Parameters
    ----------
    objective : str
        A question in plain words.
    corpus : Corpus
        What will be searched; it tells which words are criteria and which merely name its rows.

    lexicon : Lexicon, optional
        What words have to do with each other; `default_lexicon` when left out.

    Returns
    -------
    FindAllSchema
        With the generator ``"core"`` and without a match limit.

    Examples
    --------
    >>> import pyarrow as pa
    >>> corpus = Corpus.from_table(
    ...     pa.table({"country": ["Chad", "Peru"], "continent": ["Africa", "South America"]}),
    ...     name="countries",
    ... )
    >>> schema = ingest("Find all countries in Africa or Asia", corpus)
    >>> schema.entity_type, [condition.description for condition in schema.match_conditions]
    ('countries', ['Country must be in Africa or Asia.'])
    """
    if len(objective) > LONGEST:
        whole = MatchCondition("objective_check", objective)
        return FindAllSchema(objective, corpus.about, [whole])
    linker = Linker(corpus, lexicon or default_lexicon())
    parsed = parse_objective(objective, linker)
    used: set[str] = set()
    conditions = []
    for criterion in parsed.criteria:
        name = _unique(_slug(criterion), used)
        conditions.append(MatchCondition(name, criterion.sentence))
    if not conditions:
        # Every row is asked for. The API wants a condition all the same: each row has its name.
        thing = entity_noun(parsed.entity_type.split()[-1:]) or "Row"
        # "Order no." would deny that there is one.
        name = " ".join("number" if word == "no" else word for word in tokens(corpus.name_column))
        sentence = f"{thing} must have {article(name)}{name}."
        conditions.append(MatchCondition(_slug_words(tokens(name)) + "_check", sentence))
    properties = {
        _unique(_slug_words(tokens(wish), without=_ASKED), used): {
            "type": _type_for(wish, linker),
            "description": wish,
        }
        for wish in parsed.wishes
    }
    enrichments = None
    if properties:
        schema = {"type": "object", "properties": properties}
        enrichments = [FindAllEnrichInput(JsonSchema(schema))]
    return FindAllSchema(objective, parsed.entity_type, conditions, enrichments)


def _slug(criterion: Criterion) -> str:
    words = list(tokens(criterion.said))
    while len(words) > 1 and words[0] in _OPENING:
        words.pop(0)
    return _slug_words(words) + "_check"


def _slug_words(words: Sequence[str], *, without: frozenset[str] = _SMALL) -> str:
    kept = [re.sub(r"\W+", "_", word) for word in words if word not in without]
    return "_".join(kept[:_LONGEST_NAME]).strip("_") or "criterion"


def _unique(name: str, used: set[str]) -> str:
    stem_, suffix = (name[:-6], "_check") if name.endswith("_check") else (name, "")
    number, unique = 2, name
    while unique in used:
        unique, number = f"{stem_}_{number}{suffix}", number + 1
    used.add(unique)
    return unique


def _type_for(wish: str, linker: Linker) -> str:
    found = linker.named(tokens(wish), ("number", "boolean", "text", "prose", "list", "date"))
    if not found or not found[0].named:
        return "string"
    return {"number": "number", "boolean": "boolean"}.get(found[0].column.kind, "string")
