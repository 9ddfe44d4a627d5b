"""What attackers would try, as tables of named attempts."""
