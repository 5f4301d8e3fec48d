"""Tables that stay in their database: conditions go there, and only matches come back."""
