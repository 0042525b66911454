"""A server of tokens: whoever logs in gets an identity token, and for that a token for a repository that soon expires.

The registry knows nothing but the server's certificate. The program openssl signs, so nothing has to be installed.
"""

from __future__ import annotations

import base64
import json
import secrets
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

SERVICE, ISSUER = "dockside-registry", "dockside-tokens"


class Tokens:
    """Answers at `realm` from the listening socket on, until close().

    users      user -> password
    identity   identity token -> user; take one away and it is no longer accepted
    asked      what each request for a token showed: "nothing", "password" or "identity token"
    """

    def __init__(self, listener: socket.socket, users: Mapping[str, str], certificate: Path, key: Path) -> None:
        self.users = dict(users)
        self.identity: dict[str, str] = {}
        self.asked: list[str] = []
        self._key = key
        self._chain = "".join(certificate.read_text().split("-----")[2].split())  # the DER in base64
        address, port = listener.getsockname()[:2]
        self.realm = f"http://{address}:{port}/token"
        tokens = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # with user and password, or as nobody
                scheme, _space, value = self.headers.get("Authorization", "").partition(" ")
                user, _colon, password = base64.b64decode(value).decode().partition(":") if scheme else ("", "", "")
                query = parse_qs(urlsplit(self.path).query)
                tokens.asked.append("password" if scheme else "nothing")
                known = tokens.users.get(user) == password if scheme else True
                self._answer(user if known else None, query, "offline_token" in query)

            def do_POST(self) -> None:  # as OAuth 2.0 has it
                query = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                if query["grant_type"] == ["password"]:
                    tokens.asked.append("password")
                    user = query["username"][0]
                    known = tokens.users.get(user) == query["password"][0]
                    self._answer(user if known else None, query, query.get("access_type") == ["offline"])
                else:
                    tokens.asked.append("identity token")
                    self._answer(tokens.identity.get(query["refresh_token"][0]), query, False)

            def _answer(self, user: str | None, query: Mapping[str, list[str]], offline: bool) -> None:
                status, answer = 401, {"details": "incorrect username or password"}
                if user is not None:
                    token = tokens.issue(user, query.get("scope", []))
                    status, answer = 200, {"token": token, "access_token": token}
                    if offline:
                        answer["refresh_token"] = secrets.token_urlsafe(16)
                        tokens.identity[answer["refresh_token"]] = user
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words: Any) -> None:
                pass

        self._server = ThreadingHTTPServer((address, port), Handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = listener
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def config(self, certificate: str) -> dict[str, Any]:
        """What the registry's configuration says of it; `certificate`: its path there."""
        return {"realm": self.realm, "service": SERVICE, "issuer": ISSUER, "rootcertbundle": certificate}

    def issue(self, user: str, scopes: list[str]) -> str:
        """A token for what is asked, such as repository:shop/web:pull,push; nobody gets one for nothing."""
        access = []
        for scope in " ".join(scopes).split():
            kind, rest = scope.split(":", 1)
            name, _colon, actions = rest.rpartition(":")
            access.append({"type": kind, "name": name, "actions": actions.split(",") if user else []})
        now = int(time.time())
        times = {"iat": now - 60, "nbf": now - 60, "exp": now + 300}  # the clock may be another one
        claims = {"iss": ISSUER, "sub": user, "aud": SERVICE, "jti": secrets.token_hex(8), **times, "access": access}
        text = f"{_part({'typ': 'JWT', 'alg': 'RS256', 'x5c': [self._chain]})}.{_part(claims)}"
        sign = ["openssl", "dgst", "-sha256", "-sign", str(self._key)]
        signature = subprocess.run(sign, input=text.encode(), capture_output=True, check=True).stdout
        return f"{text}.{_encoded(signature)}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _part(value: Mapping[str, Any]) -> str:
    return _encoded(json.dumps(value).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
