"""Objectives in plain words, taken apart into conditions and enrichments."""
