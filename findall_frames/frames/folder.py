"""A folder of files that are replaced together: the old ones stay until the new ones are whole."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable, Collection
from os import PathLike
from pathlib import Path
from typing import Final

from findall_frames.errors import ExportError

__all__ = ["current_file", "replace_files"]

# What stands here was written whole but perhaps not moved yet; it counts before the files outside.
_COMMITTED: Final = ".findall_frames"
# A writer that is this old was killed.
_ABANDONED_SECONDS: Final = 24 * 3600


def replace_files(
    folder: str | PathLike[str],
    write: Callable[[Path], None],
    *,
    obsolete: Callable[[Path], Collection[Path]],
) -> Path:
    """Put new files in the place of old ones, all of them or none, leaving other files alone.

    Parameters
    ----------
    folder : str or path object
        Where they go; it is made if it is not there.
    write : callable
        Writes the files into the empty folder that it is given.
    obsolete : callable
        Given the folder after that, names the files that were ours and do not belong to the new
        ones.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    ExportError
        The folder cannot be written. What it held is still there, or the new files are.
    """
    target = Path(folder)
    if target.exists() and not target.is_dir():
        raise ExportError(
            f"{str(target)!r} is a file, and a folder is needed: there is one file per table. "
            "Give the name of a folder, which need not exist yet."
        )
    # Beside the files that it will replace, so that moving it is one step of the file system.
    home = target if target.is_dir() else target.parent
    beside = home / f"{_COMMITTED}.{uuid.uuid4().hex}"
    try:
        beside.mkdir(parents=True)
        _clear_abandoned(home)
        write(beside)
        if target.is_dir():
            # The new files enter the folder in one move, and count from then on. What is left to
            # do is done by the next write if this one is killed.
            committed = target / _COMMITTED
            _finish(committed, target)
            beside.rename(committed)
            _finish(committed, target)
        else:
            beside.rename(target)
        for path in obsolete(target):
            path.unlink()
    except OSError as error:
        raise ExportError(
            f"The tables could not be written to {str(target)!r} ({error}). The folder holds the "
            "old tables or the new ones; if a file is open in another program, close it there "
            "and write again."
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


def current_file(folder: Path, name: str) -> Path:
    """Say where the latest file of that name is, also when its writer was killed while moving."""
    committed = folder / _COMMITTED / name
    return committed if committed.is_file() else folder / name


def _finish(committed: Path, target: Path) -> None:
    if committed.is_dir():
        for file in sorted(committed.iterdir()):
            file.replace(target / file.name)
        committed.rmdir()


def _clear_abandoned(home: Path) -> None:
    """Remove what writers left behind that were killed before their files counted."""
    for path in home.glob(f"{_COMMITTED}.{'[0-9a-f]' * 32}"):
        if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
