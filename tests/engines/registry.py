"""An image registry: Debian's docker-registry in a sandbox, plain or with TLS and passwords or tokens."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engines import credentials
from engines.process import LabError, Process
from engines.sandbox import Sandbox
from engines.tokens import Tokens

_LOG = "registry.log"
_CONFIG = "/etc/docker/registry/config.yml"
_CERTIFICATE = "/etc/docker/registry/tokens.pem"
_DOCKER = "application/vnd.docker"


class Registry:
    """A registry.

    name      how image names begin: "127.0.0.1:5000" for the plain one of an engine, "10.210.N.OCTET:5443" with TLS
    url       the same registry as the host reaches it
    ca        the certificate authority's file with TLS, else None
    users     user -> password; empty when everybody may push and pull
    tokens    the server of tokens that it sends everybody to, None when it asks for passwords itself
    """

    def __init__(
        self,
        sandbox: Sandbox,
        name: str,
        port: int,
        *,
        authority: credentials.Authority | None = None,
        users: Mapping[str, str] | None = None,
        tokens: bool = False,
    ) -> None:
        self.sandbox = sandbox
        self.name = name
        self.users = dict(users or {})
        self.tokens: Tokens | None = None
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
        if tokens:
            certificate, key = sandbox.shared / "tokens.pem", sandbox.shared / "tokens-key.pem"
            credentials.signing_key(certificate, key)
            sandbox.write(_CERTIFICATE, certificate.read_bytes())
            self.tokens = Tokens(sandbox.listen(address=sandbox.address), self.users, certificate, key)
            config["auth"] = {"token": self.tokens.config(_CERTIFICATE)}
        elif self.users:
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

    def close(self) -> None:
        """End what of it runs in this process; the rest ends with its sandbox."""
        if self.tokens:
            self.tokens.close()

    def get(self, path: str, accept: str = "*/*") -> tuple[int, Any]:
        """(status, decoded JSON) as the first user, asked from the host: registry.get("/v2/_catalog")."""
        status, _headers, data = self._request("GET", path, headers={"Accept": accept})
        return status, json.loads(data) if data else None

    def tags(self, repository: str) -> list[str]:
        """The tags of a repository; empty when there is none."""
        status, answer = self.get(f"/v2/{repository}/tags/list")
        return sorted(answer["tags"] or ()) if status == 200 else []

    def upload(self, repository: str, tag: str, roots: Mapping[str, bytes]) -> str:
        """Put an image for several platforms there, which no engine could build here; answers the digest of its list.

        `roots`: platform ("linux/arm64") -> its root file system as a tar. Its command is /bin/idle.
        """
        entries = []
        for platform, root in roots.items():
            system, architecture = platform.split("/")
            config = {
                "os": system,
                "architecture": architecture,
                "created": "2026-01-01T00:00:00Z",
                "config": {"Cmd": ["/bin/idle"]},
                "rootfs": {"type": "layers", "diff_ids": [_digest(root)]},
                "history": [{"created": "2026-01-01T00:00:00Z", "comment": platform}],
            }
            layer = gzip.compress(root, 1, mtime=0)
            manifest = {
                "schemaVersion": 2,
                "mediaType": f"{_DOCKER}.distribution.manifest.v2+json",
                "config": self._blob(repository, "container.image.v1+json", json.dumps(config).encode()),
                "layers": [self._blob(repository, "image.rootfs.diff.tar.gzip", layer)],
            }
            entry = self._manifest(repository, None, manifest)
            entries.append({**entry, "platform": {"os": system, "architecture": architecture}})
        kind = f"{_DOCKER}.distribution.manifest.list.v2+json"
        made = self._manifest(repository, tag, {"schemaVersion": 2, "mediaType": kind, "manifests": entries})
        return str(made["digest"])

    def _blob(self, repository: str, kind: str, data: bytes) -> dict[str, Any]:
        """Upload bytes; answers how a manifest names them."""
        digest = _digest(data)
        place = self._request("POST", f"/v2/{repository}/blobs/uploads/")[1]["Location"]
        path = place.removeprefix(self.url)
        self._request("PUT", f"{path}&digest={digest}", data, {"Content-Type": "application/octet-stream"})
        return {"mediaType": f"{_DOCKER}.{kind}", "digest": digest, "size": len(data)}

    def _manifest(self, repository: str, tag: str | None, manifest: Mapping[str, Any]) -> dict[str, Any]:
        data = json.dumps(manifest).encode()
        digest, kind = _digest(data), manifest["mediaType"]
        self._request("PUT", f"/v2/{repository}/manifests/{tag or digest}", data, {"Content-Type": kind})
        return {"mediaType": kind, "digest": digest, "size": len(data)}

    def _request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """A request as the first user; LabError for what changes something and fails."""
        sent = dict(headers or {})
        for user, password in self.users.items():
            if self.tokens:
                repository = path.partition("/v2/")[2].split("/tags/")[0].split("/manifests/")[0].split("/blobs/")[0]
                token = self.tokens.issue(user, [f"repository:{repository}:pull,push"])
                sent["Authorization"] = f"Bearer {token}"
            else:
                sent["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
            break
        connection: http.client.HTTPConnection
        if self.ca:
            context = ssl.create_default_context(cafile=str(self.ca))
            connection = http.client.HTTPSConnection(self.sandbox.address, self._port, timeout=20, context=context)
        else:
            connection = http.client.HTTPConnection(self.sandbox.address, self._port, timeout=20)
        try:
            connection.request(method, path, body, headers=sent)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if method != "GET" and answer.status >= 400:
            raise LabError(f"{method} {self.url}{path}: {answer.status} {data.decode(errors='replace')}")
        return answer.status, dict(answer.headers), data


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
