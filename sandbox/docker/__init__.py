"""Boxes of a Docker engine, with runc or gVisor."""
