"""Replaces files that were exported before, all of them or none, and no others."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from findall_frames.errors import ExportError
from findall_frames.frames.plain import BI_TABLES

__all__ = ["PROVENANCE", "current_file", "replace_file", "replace_files"]

PROVENANCE: Final = b"findall_frames"
"""The key of the metadata of each Parquet file whose JSON says where the table is from."""

# A folder of complete files that are still to be moved; they replace those beside the folder.
_COMMITTED: Final = ".findall_frames"
_EXPORTED: Final = {f"{name}.{suffix}" for name in BI_TABLES for suffix in ("parquet", "csv")}
# A writer that has taken this long was killed.
_ABANDONED_SECONDS: Final = 24 * 3600


def replace_files(
    folder: str | PathLike[str],
    write: Callable[[Path], None],
    *,
    obsolete: Collection[str] = (),
) -> Path:
    """Replace files in a folder, all of them or none, and leave other files alone.

    Parameters
    ----------
    folder : str or path object
        Where the files go; created if missing.
    write : callable
        Writes the files to the empty folder that it is given.
    obsolete : collection of str
        Names of older files of ours that are to be removed.
    """
    target = Path(folder)
    exists = _is_there(target)
    if exists and target.is_symlink():
        raise ExportError(
            f"{str(target)!r} is a link, and nothing is replaced behind a link. Pass the folder "
            f"itself, {os.path.realpath(target)!r}."
        )
    if exists and not target.is_dir():
        raise ExportError(
            f"Expected a folder, as there is one file per table, but {str(target)!r} is a file. "
            "Pass the name of a folder, which need not exist yet."
        )
    # On the same file system as the files to be replaced, so that moving it is atomic.
    home = target if exists else target.parent
    beside = home / f"{_COMMITTED}.{uuid.uuid4().hex}"
    try:
        beside.mkdir(parents=True)
        _clear_abandoned(home)
        write(beside)
        if exists:
            # From this rename on, the new files count. If this write is killed, the next one
            # moves them to their places.
            committed = target / _COMMITTED
            _finish(committed, target)
            _check_replaced(beside, target)
            beside.rename(committed)
            _finish(committed, target)
        else:
            beside.rename(target)
        for path in map(target.joinpath, obsolete):
            if _is_ours(path):
                path.unlink()
    except OSError as error:
        raise ExportError(
            f"The tables could not be written to {str(target)!r} ({error}). The folder holds the "
            "old tables or the new ones. If a file is open in another program, close it there "
            "and write again."
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


def replace_file(target: Path, write: Callable[[Path], object], *, what: str) -> Path:
    """Replace one file whole, or not at all; anything there but a regular file is refused."""
    exists = _is_there(target)
    if exists and (target.is_symlink() or not target.is_file()):
        kind = (
            "a link"
            if target.is_symlink()
            else "a folder"
            if target.is_dir()
            else "not a regular file"
        )
        raise ExportError(
            f"{what} replaces an older file, but {str(target)!r} is {kind}. Choose another name, "
            "or remove it first."
        )
    beside = target.with_name(f".{uuid.uuid4().hex}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write(beside)
        if exists:
            shutil.copymode(target, beside)
        beside.replace(target)
    except OSError as error:
        raise ExportError(
            f"{what} {str(target)!r} could not be written ({error}). An older one is "
            "unchanged. If it is open in Excel, close it there and write again."
        ) from error
    finally:
        with suppress(OSError):  # nothing to remove if nothing could be written
            beside.unlink()
    return target


def current_file(folder: Path, name: str) -> Path:
    """Return the path of the latest file, even if its writer was killed while moving it."""
    committed = folder / _COMMITTED
    if (committed / name).is_file() and not committed.is_symlink():
        return committed / name
    return folder / name


def _is_there(target: Path) -> bool:
    """Return True if there is anything at a path, or raise if there can't be."""
    try:
        target.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        raise ExportError(
            f"Nothing can be written to {str(target)[:200]!r} ({error}). Choose another path."
        ) from error
    return True


def _check_replaced(new: Path, target: Path) -> None:
    """Raise if one of the new files would replace what was not exported before."""
    for file in new.iterdir():
        path = target / file.name
        if os.path.lexists(path) and not _is_ours(path):
            raise ExportError(
                f"{str(path)!r} is damaged, or was not written by this package, and is not "
                "replaced. Move it away, or choose another folder."
            )


def _finish(committed: Path, target: Path) -> None:
    if not os.path.lexists(committed):
        return
    if (
        committed.is_symlink()
        or not committed.is_dir()
        or not all(map(_is_ours, committed.iterdir()))
    ):
        raise ExportError(
            f"{str(committed)!r} is where an interrupted export leaves its files, and it is a "
            "link, or holds other files. Move it away, or choose another folder."
        )
    _check_replaced(committed, target)
    for file in sorted(committed.iterdir()):
        file.replace(target / file.name)
    committed.rmdir()


def _is_ours(path: Path) -> bool:
    """Return True if an export has written this file, so that the next one may replace it."""
    if path.is_symlink() or not path.is_file():
        return False
    try:
        if path.suffix == ".parquet":
            return PROVENANCE in (pq.read_schema(path).metadata or {})
        with path.open("rb") as file:
            # The first column of every table, in whatever encoding.
            return b'"findall_id"' in file.read(64).replace(b"\0", b"")
    except (OSError, ValueError, pa.ArrowException):
        return False


def _clear_abandoned(home: Path) -> None:
    """Remove what writers that were killed left behind."""
    for path in home.glob(f"{_COMMITTED}.{'[0-9a-f]' * 32}"):
        # Known by their names, as the last file may be half written.
        if time.time() - path.lstat().st_mtime > _ABANDONED_SECONDS and (
            not path.is_symlink() and all(each.name in _EXPORTED for each in path.iterdir())
        ):
            shutil.rmtree(path, ignore_errors=True)
