"""Tables of leaderboard."""
