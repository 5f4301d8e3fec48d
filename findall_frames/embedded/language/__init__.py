"""Words, numbers, units and dates as people write them."""
