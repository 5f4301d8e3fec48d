"""Settings of all tests: no generated example has a deadline, as machines are sometimes busy."""

from hypothesis import settings

settings.register_profile("busy machines", deadline=None)
settings.load_profile("busy machines")
