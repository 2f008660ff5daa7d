"""Tables of the escrow ledger."""
