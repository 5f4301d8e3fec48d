"""Speed and memory, as ratios that mean the same on any machine: ``pytest -m benchmark -s``."""
