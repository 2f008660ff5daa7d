"""Checks of receipts and boards that need no server and no network."""
