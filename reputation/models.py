"""Tables of ratings, thanks, points and invitations."""
