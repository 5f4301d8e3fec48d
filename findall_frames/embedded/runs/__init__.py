"""The life cycle of runs, and the store that keeps them."""
