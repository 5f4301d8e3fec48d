"""A language model as a callable, or behind a server with chat completions."""
