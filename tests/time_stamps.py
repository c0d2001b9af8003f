"""A time stamp authority (RFC 3161) on loopback, answered by openssl with the tests' own root."""

from __future__ import annotations

import subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

from credential_authority import authority
from cryptography.x509.oid import ExtendedKeyUsageOID

_CONFIGURATION = """\
[tsa]
default_tsa = stamps
[stamps]
serial = {folder}/serial
signer_cert = {folder}/signing-chain.pem
certs = {folder}/signing-chain.pem
signer_key = {folder}/signing-key.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_chain = no
ordering = no
tsa_name = no
"""


_REPLY = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-out", "reply"]


class TimeStamps:
    """Answers requests for time stamps while it is open."""

    def __init__(self, folder: Path) -> None:
        stamps = authority().certificate(
            usages=(ExtendedKeyUsageOID.TIME_STAMPING,),
            common_name="Acme Example Time",
            usage_is_critical=True,
        )
        stamps.lay(folder)
        (folder / "serial").write_text("01")
        (folder / "tsa.cnf").write_text(_CONFIGURATION.format(folder=folder))

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                """Stamp what was asked."""
                asked = self.rfile.read(int(self.headers["Content-Length"]))
                (folder / "query").write_bytes(asked)
                subprocess.run(
                    _REPLY,
                    cwd=folder,
                    check=True,
                    capture_output=True,
                )
                answer = (folder / "reply").read_bytes()
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Answers)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
