"""Whether a Prefect server answers, asked without importing Prefect."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request

from flows.errors import EngineUnreachable

TIMEOUT_S = 5


def ask_prefect(api_url: str) -> None:
    """Ask the server for its health.

    Raises:
        EngineUnreachable: it does not answer, or what answers is no Prefect server.
    """
    health = f"{api_url.rstrip('/')}/health"
    try:
        with urllib.request.urlopen(health, timeout=TIMEOUT_S):  # noqa: S310  the address is the user's own
            return
    except urllib.error.HTTPError as error:
        raise EngineUnreachable(api_url, f"HTTP {error.code}") from error
    except urllib.error.URLError as error:
        raise EngineUnreachable(api_url, str(error.reason)) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise EngineUnreachable(api_url, str(error) or type(error).__name__) from error
