"""Boxes of bubblewrap and control groups: for machines without an engine."""
