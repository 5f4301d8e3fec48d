"""Tables from a folder of Parquet files."""

from __future__ import annotations

from os import PathLike

from findall_frames.frames.frames import FindAllFrames
from findall_frames.frames.parquet_files import read_folder

__all__ = ["read_parquet"]


def read_parquet(folder: str | PathLike[str]) -> FindAllFrames:
    """Read what `FindAllFrames.to_parquet` has written, in either profile, exactly as it was.

    Parameters
    ----------
    folder : str or path object
        The folder with ``runs.parquet``, ``candidates.parquet``, ``fields.parquet`` and
        ``citations.parquet``; with the profile ``"bi"`` also ``excerpts.parquet``, while
        ``matches.parquet`` is not needed.

    Returns
    -------
    FindAllFrames
        The four tables and the searches.

    Raises
    ------
    ParquetError
        The files are not there, cannot be read, or were not written together.

    Examples
    --------
    >>> import tempfile
    >>> from findall_frames.frames.schema import empty_tables
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = FindAllFrames(empty_tables()).to_parquet(folder)
    ...     len(read_parquet(path))
    0
    """
    tables, searches = read_folder(folder)
    return FindAllFrames(tables, searches=searches)
