"""What can be checked of rows, over columns, and how it combines."""
