"""From written conditions to predicates over the columns of a corpus."""
