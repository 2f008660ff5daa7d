"""Tables of pipeline."""
