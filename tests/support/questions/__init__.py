"""Questions whose answers are known, and what asks them; the answers are data, not code."""
