"""Questions with known answers, and code to ask them."""
