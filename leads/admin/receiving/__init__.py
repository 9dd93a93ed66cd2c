"""The page on which the template of a receiver is edited, with what it makes of a payload."""
