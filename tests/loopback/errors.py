"""What can go wrong with the loopback provider itself (not with what it simulates).

LoopbackError
├── LoopbackCrashedError   its own code raised while it answered a request
├── LoopbackStartError     it did not start, or its process ended early
└── BadCommandError        a command under /_control/ that does not exist or has wrong arguments
"""

from __future__ import annotations


class LoopbackError(Exception):
    """The root of all errors of the loopback provider."""


class LoopbackCrashedError(LoopbackError):
    """The server's own code raised; whatever a test saw after that proves nothing."""


class LoopbackStartError(LoopbackError):
    """The server did not start or ended before it was asked to."""


class BadCommandError(LoopbackError):
    """A control command is unknown or has arguments that it does not take."""
