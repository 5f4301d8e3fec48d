"""What a person sees while a run goes on: a notebook panel, a terminal bar, log lines, silence."""
