"""Language models: a callable, or a server with chat completions."""
