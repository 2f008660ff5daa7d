"""The file system code submissions and hosts' metrics run in: a Python of its own, no more."""
