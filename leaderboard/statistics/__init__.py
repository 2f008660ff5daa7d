"""What chance could have done to a board: numbers in, numbers out; no database, no clock."""
