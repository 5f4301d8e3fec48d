"""Facts that stand in running text: mentions, denials, numbers beside their words."""
