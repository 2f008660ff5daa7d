"""Container images from people nobody trusts: read, checked, unpacked without an engine."""
