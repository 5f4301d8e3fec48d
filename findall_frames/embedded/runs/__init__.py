"""Runs from their creation to their end, and where they are kept."""
