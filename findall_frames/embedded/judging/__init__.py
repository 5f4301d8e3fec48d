"""Verdicts and enrichments for rows, by SQL and by a model."""
