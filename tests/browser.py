"""One headless Chromium for a whole test process, driven through Playwright.

`session_chromium` starts the browser when somebody asks first, as `s3_server.session_server` does.
It outlives Playwright, whose own event loop may be open only as long as the tests of one module:
`asyncio.run` refuses to work in a thread that has one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome")
READY_WITHIN_S = 60.0
STOPPED_WITHIN_S = 20.0
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # root, as in most containers, may not run it otherwise
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--remote-debugging-port=0",
    "about:blank",
)

_ENDPOINT = pytest.StashKey[str]()


def program() -> str:
    """Find Chromium on the PATH.

    A machine without it skips the test; in CI that would hide that nobody looked, so it fails.
    """
    for name in NAMES:
        if found := shutil.which(name):
            return found
    said = f"No browser is on the PATH ({', '.join(NAMES)}); infra/test_tools.sh installs one."
    if os.environ.get("CI"):
        pytest.fail(said)
    pytest.skip(said)


def session_chromium(config: pytest.Config) -> str:
    """Give the address at which this test process's Chromium takes orders."""
    if _ENDPOINT not in config.stash:
        stack = ExitStack()
        config.add_cleanup(stack.close)
        config.stash[_ENDPOINT] = stack.enter_context(running_chromium(program()))
    return config.stash[_ENDPOINT]


@contextmanager
def playwright_browser(endpoint: str) -> Iterator[Browser]:
    """Drive a running Chromium; within it no test of this thread can use `asyncio.run`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.connect_over_cdp(endpoint)
        yield browser
        browser.close()


@contextmanager
def running_chromium(path: str) -> Iterator[str]:
    """Run a Chromium with a profile of its own; give its address."""
    with tempfile.TemporaryDirectory(
        prefix="mintage-chromium-", ignore_cleanup_errors=True
    ) as home:
        log = Path(home) / "chromium.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [path, f"--user-data-dir={home}/profile", *FLAGS],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield _endpoint(process, Path(home) / "profile" / "DevToolsActivePort", log)
        finally:
            process.terminate()
            try:
                process.wait(STOPPED_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _endpoint(process: subprocess.Popen[bytes], told: Path, log: Path) -> str:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        lines = told.read_text().splitlines() if told.exists() else []
        if len(lines) > 1:
            return f"http://127.0.0.1:{lines[0]}"
        time.sleep(0.02)
    tail = log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"Chromium did not come up; its log ends with:\n{tail}")
