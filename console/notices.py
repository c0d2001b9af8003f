"""What the house notes while it works, said once to whoever sits at the terminal."""

from __future__ import annotations

import logging

from console.streams import tell

PACKAGES = ("mintage", "assets", "flows", "generators", "ledger", "validators")


class Notices(logging.Handler):
    """Writes each warning to standard error, the same sentence only once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Say it, unless it was said before."""
        text = record.getMessage()
        if text not in self._said:
            self._said.add(text)
            # The stream is looked up each time: a progress bar takes its place for a while.
            tell(f"mintage: {text}")


def hear_notices() -> None:
    """Listen to Mintage's own packages; what libraries log is not for this screen."""
    # Without any handler, Python prints the libraries' warnings itself.
    logging.getLogger().addHandler(logging.NullHandler())
    notices = Notices()
    for name in PACKAGES:
        logging.getLogger(name).addHandler(notices)
