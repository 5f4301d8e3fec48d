"""The runs of a team in one folder."""
