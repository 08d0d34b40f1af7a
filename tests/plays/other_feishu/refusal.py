"""Answers that are no success."""


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, code, status=400, msg="refused"):
        super().__init__(msg)
        self.code, self.status, self.msg = code, status, msg


class NotThere(Exception):
    """404 page not found, as text."""
