"""An image registry: Debian's docker-registry in a sandbox, plain or with TLS and passwords."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engines import credentials
from engines.process import Process
from engines.sandbox import Sandbox

_LOG = "registry.log"
_CONFIG = "/etc/docker/registry/config.yml"


class Registry:
    """A registry.

    name      how image names begin: "127.0.0.1:5000" for the plain one of an engine, "10.210.N.OCTET:5443" with TLS
    url       the same registry as the host reaches it
    ca        the certificate authority's file with TLS, else None
    users     user -> password; empty when everybody may push and pull
    """

    def __init__(
        self,
        sandbox: Sandbox,
        name: str,
        port: int,
        authority: credentials.Authority | None = None,
        users: Mapping[str, str] | None = None,
    ) -> None:
        self.sandbox = sandbox
        self.name = name
        self.users = dict(users or {})
        self.ca: Path | None = authority.certificate if authority else None
        self.url = f"{'https' if authority else 'http'}://{sandbox.address}:{port}"
        self._port = port
        config: dict[str, Any] = {
            "version": "0.1",
            "log": {"level": "warn", "accesslog": {"disabled": False}},
            "storage": {"filesystem": {"rootdirectory": "/var/lib/docker-registry"}, "delete": {"enabled": True}},
            "http": {"addr": f":{port}"},
        }
        if authority:
            certificate, key = sandbox.shared / "registry.pem", sandbox.shared / "registry-key.pem"
            authority.issue("serverAuth", "registry", certificate, key, (sandbox.address,))
            config["http"]["tls"] = {"certificate": str(certificate), "key": str(key)}
        if self.users:
            sandbox.write("/etc/docker/registry/htpasswd", credentials.htpasswd(self.users))
            config["auth"] = {"htpasswd": {"realm": "dockside", "path": "/etc/docker/registry/htpasswd"}}
        # JSON is YAML, too.
        sandbox.write(_CONFIG, json.dumps(config, indent=1))
        self._process: Process | None = None
        self.start()

    def start(self) -> None:
        self._process = self.sandbox.spawn(["docker-registry", "serve", _CONFIG], _LOG)
        self.sandbox.wait_listening(self._port, self._process, _LOG)

    def log(self, length: int = 3000) -> str:
        """The end of its log; every request is a line of it."""
        return self.sandbox.tail(_LOG, length)

    def get(self, path: str, accept: str = "*/*") -> tuple[int, Any]:
        """(status, decoded JSON) as the first user, asked from the host: registry.get("/v2/_catalog")."""
        headers = {"Accept": accept}
        for user, password in self.users.items():
            headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
            break
        connection: http.client.HTTPConnection
        if self.ca:
            context = ssl.create_default_context(cafile=str(self.ca))
            connection = http.client.HTTPSConnection(self.sandbox.address, self._port, timeout=20, context=context)
        else:
            connection = http.client.HTTPConnection(self.sandbox.address, self._port, timeout=20)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, json.loads(data) if data else None
        finally:
            connection.close()

    def tags(self, repository: str) -> list[str]:
        """The tags of a repository; empty when there is none."""
        status, answer = self.get(f"/v2/{repository}/tags/list")
        return sorted(answer["tags"] or ()) if status == 200 else []
