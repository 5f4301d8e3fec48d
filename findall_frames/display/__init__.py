"""What a person sees afterwards: made from plain tables, for a notebook and for a terminal."""
