"""Tables of the evidence desk."""
