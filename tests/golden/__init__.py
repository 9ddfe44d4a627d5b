"""What people read, kept word for word: every verb and every error (scoreboard row 33)."""
