"""The host's own metric: what passes between the worker and the box in which it runs."""
