"""Tables of prizes."""
