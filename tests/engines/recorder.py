"""A socket in front of an engine's, that notes which requests of the collection come through."""

from __future__ import annotations

import re
import socket
import threading
from pathlib import Path
from types import TracebackType

_PIECE = 65536


class Recorder:
    """`with Recorder(path, engine.socket) as recorder:` — a unix socket at `path` that leads to the engine's.

    `client` is whose requests count, by the beginning of their User-Agent; with none, everybody's.

    requests  (label, "METHOD /path?query") of each request of the collection so far, in their order
    label     what the next requests are noted with

    Bytes go through as they come, both ways and each way for itself: streams, hijacked connections and half-closed ones
    stay what they are. A client sends a request only when its last one is answered, and the head of it in one piece: so
    a request is what begins a piece.
    """

    def __init__(self, path: Path, engine: str, client: str = "dockside.engine") -> None:
        self.host = f"unix://{path}"
        self.requests: list[tuple[str, str]] = []
        self.label = ""
        self._engine = engine
        agent = rb"(?:.+\r\n)*User-Agent: " + re.escape(client).encode() if client else b""
        self._request = re.compile(rb"([A-Z]+ /\S*) HTTP/1\.1\r\n" + agent)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(128)

    def __enter__(self) -> Recorder:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # close() alone would not wake who waits for it
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as engine:
            try:
                engine.connect(self._engine)
            except OSError:
                return  # to the client it looks as if nobody were there
            requests = threading.Thread(target=self._pump, args=(client, engine, True), daemon=True)
            requests.start()
            self._pump(engine, client, False)
            requests.join()

    def _pump(self, source: socket.socket, sink: socket.socket, requests: bool) -> None:
        try:
            while data := source.recv(_PIECE):
                request = self._request.match(data) if requests else None
                if request:
                    self.requests.append((self.label, request.group(1).decode()))
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:  # one of the two is gone, which the other shall see
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
