"""A FindAll service over one's own data; of the rest it knows the wire models and the errors."""
