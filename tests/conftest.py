"""For every test: hypothesis judges answers, never times (a busy machine is no fault), and shows how to repeat what it found."""

from hypothesis import settings

settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")
