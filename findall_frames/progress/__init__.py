"""What a person sees while a run goes on: a notebook card, a terminal bar, log lines, silence."""
