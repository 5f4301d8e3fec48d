"""A written condition becomes SQL over the columns, a question for the text, or a clear no."""
