"""The saved searches of a lake: a JSON file each, for people to read and edit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from findall_frames.api.models import ExcludeCandidate, FindAllEnrichInput, Metadata
from findall_frames.errors import InvalidRequestError, LakeError, advice
from findall_frames.frames.parquet import without_secrets
from findall_frames.lake.storage import Storage
from findall_frames.running.ledger import question
from findall_frames.running.spec import Search, options_of

__all__ = ["SavedSearches"]

# Lower case, as some file systems do not tell A from a.
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
_FOLDER: Final = "searches"


class _Saved(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The content of a file: the arguments of `Search`."""

    objective: str
    entity_type: str
    match_conditions: dict[str, str]
    generator: str
    match_limit: int | None = None
    enrichments: list[FindAllEnrichInput] = []
    exclude: list[ExcludeCandidate] = []
    metadata: Metadata = {}
    memory_scope_key: str | None = None


class SavedSearches:
    """Reads and writes the files of saved searches.

    Parameters
    ----------
    storage : Storage
        The files of the lake.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._folder = storage.root / _FOLDER

    def check(self, search: Search, *, name: str) -> None:
        """Raise InvalidRequestError unless a search can be saved under this name."""
        if not isinstance(search, Search):
            raise InvalidRequestError(
                f"save takes a Search, not {search!r}. Make one with ff.draft(objective) or "
                "ff.Search(...): its conditions are the same in each refresh."
            )
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InvalidRequestError(
                "The name of a saved search has 1 to 80 lower-case letters, digits, '_' and '-', "
                f"such as 'tile_makers'; not {name!r}."
            )
        search.check(own_data=True)
        enrichments = msgspec.to_builtins(search.enrichments)
        plain = without_secrets(search.to_schema(own_data=True))["enrichments"] or []
        if search.webhook is not None or enrichments != plain:
            raise InvalidRequestError(
                "A saved search has no webhook, and no headers or credentials of tool servers, "
                "since it is a file that others read. Leave them out."
            )
        for other, path in self._paths().items():
            if other != name and _asked(_read(path)) == _asked(search):
                raise InvalidRequestError(
                    f"The same search is saved as {other!r}, and a refresh would run it twice."
                )

    def write(self, search: Search, *, name: str) -> None:
        """Write a search that was checked."""
        values = {each: getattr(search, each) for each in _Saved.__struct_fields__}
        content = msgspec.json.format(msgspec.json.encode(_Saved(**values)), indent=2)
        with self._storage.writing() as (folder, _):
            made = folder / f"{name}.json"
            made.write_bytes(content + b"\n")
            self._folder.mkdir(exist_ok=True)
            made.replace(self._folder / made.name)

    def read(self) -> dict[str, Search]:
        """Return the saved searches by name, in alphabetical order.

        Raises
        ------
        LakeError
            A file can't be read.
        """
        return {name: _read(path) for name, path in self._paths().items()}

    def _paths(self) -> dict[str, Path]:
        try:
            paths = sorted(self._folder.iterdir())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise LakeError(
                f"The saved searches in {str(self._folder)!r} can't be read ({error}). It "
                "has to be a folder that can be read, or must not exist."
            ) from error
        # macOS puts a hidden file beside each one that it writes to a shared disk.
        return {
            path.stem: path
            for path in paths
            if path.suffix == ".json" and not path.name.startswith(".")
        }

    def chosen(self, names: str | Iterable[str] | None) -> dict[str, Search]:
        """Return the saved searches with these names, all if it is None; at least one.

        Raises
        ------
        InvalidRequestError
            No search is saved, or there is none with that name.
        """
        saved = self.read()
        wanted = list(saved) if names is None else [names] if isinstance(names, str) else [*names]
        for name in wanted:
            if name not in saved:
                raise InvalidRequestError(
                    f"No search is saved as {name!r} in the lake {str(self._storage.root)!r}; it "
                    f"has {', '.join(saved) or 'none'}."
                )
        if not wanted:
            raise InvalidRequestError(
                f"No search is saved in the lake {str(self._storage.root)!r}. Save one first: "
                + advice(
                    "lake.save(search, name='tile_makers').",
                    command="findall-frames save LAKE NAME OBJECTIVE.",
                )
            )
        return {name: saved[name] for name in wanted}


def _asked(search: Search) -> str:
    return question(options_of(search), match_limit=search.match_limit or 0)


def _read(path: Path) -> Search:
    try:
        saved = msgspec.json.decode(path.read_bytes(), type=_Saved)
        return Search(**{name: getattr(saved, name) for name in _Saved.__struct_fields__})
    except (OSError, RecursionError, msgspec.MsgspecError, InvalidRequestError) as error:
        raise LakeError(
            f"The saved search {str(path)!r} can't be read ({error}). Correct the file, "
            "delete it, or save the search again with "
            + advice("lake.save(search, name=...).", command="findall-frames save.")
        ) from error
