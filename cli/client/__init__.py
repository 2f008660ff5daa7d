"""The participant's client: HTTP only, so that it installs light and can see no secret."""
