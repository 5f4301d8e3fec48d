"""Ask for a set of things, wait once, get tidy pandas tables with their evidence."""
