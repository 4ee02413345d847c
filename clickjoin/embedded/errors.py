"""What keeps an embedded server from starting, in words for the person at the terminal. Pure."""


class CannotStartError(Exception):
    """Something outside the program must change first; the message says what, and what to set instead."""
