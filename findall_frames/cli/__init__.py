"""The verbs of the package for a shell or a scheduler."""

from findall_frames.cli.program import main

__all__ = ["main"]
