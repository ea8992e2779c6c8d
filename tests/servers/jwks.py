"""An issuer of signed tokens, and the server of its public keys."""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

ISSUER = "https://issuer.invalid/"
AUDIENCE = "supertable"

RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
OTHER_RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
SHORT_RSA = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)
EC = ec.generate_private_key(ec.SECP256R1())
LONG_EC = ec.generate_private_key(ec.SECP384R1())
ED = ed25519.Ed25519PrivateKey.generate()


class JwksServer:
    """Responds to any path with `body` until `stop`.

    `requests` counts the requests. Seconds to wait: `pause` before the response, `byte_pause` after every byte.
    """

    def __init__(self, certificate: tuple[Path, Path] | None = None) -> None:
        """With a `certificate` and its key, as files, it uses TLS."""
        self.requests = 0
        self.status = 200
        self.body = b""
        self.pause = 0.0
        self.byte_pause = 0.0
        self.headers: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self._server.server_port}/keys"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def serve(self, keys: Mapping[str, PrivateKey]) -> None:
        """From now on respond with these keys, given by id."""
        self.status, self.body = 200, jwks(keys)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(server: JwksServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.requests += 1
            time.sleep(server.pause)
            self.send_response(server.status)
            for name, value in server.headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for part in map(bytes, zip(server.body, strict=True)) if server.byte_pause else [server.body]:
                    self.wfile.write(part)
                    time.sleep(server.byte_pause)
            except OSError:
                """The client has closed the connection."""

        def log_message(self, *_: object) -> None:
            """No-op: keeps the log out of the tests' output."""

    return Handler


def jwk(key: PrivateKey, kid: str | None = None, **more: Any) -> dict[str, Any]:
    """The public key, as an entry of a key set."""
    algorithm = {"RSAPrivateKey": jwt.algorithms.RSAAlgorithm, "ECPrivateKey": jwt.algorithms.ECAlgorithm}.get(
        type(key).__name__, jwt.algorithms.OKPAlgorithm
    )
    public: dict[str, Any] = json.loads(algorithm.to_jwk(key.public_key()))  # type: ignore[attr-defined]
    return {**public, **({"kid": kid} if kid else {}), **more}


def jwks(keys: Mapping[str, PrivateKey]) -> bytes:
    return json.dumps({"keys": [jwk(key, kid) for kid, key in keys.items()]}).encode()


def pem(key: PrivateKey) -> bytes:
    """The public key."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form)


def claims(**changed: Any) -> dict[str, Any]:
    """The claims of a valid token, with changes; None removes a claim."""
    now = int(time.time())
    valid = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "iat": now, "exp": now + 600, "role": "reader"}
    return {name: value for name, value in {**valid, **changed}.items() if value is not None}


def token(
    key: PrivateKey | str = RSA,
    algorithm: str = "RS256",
    kid: str | None = "1",
    header: Mapping[str, Any] | None = None,
    **changed: Any,
) -> str:
    """A token as an honest issuer signs it."""
    named = {"kid": kid} if kid else {}
    return jwt.encode(claims(**changed), key, algorithm, headers={**named, **(header or {})})


def assembled(header: object, payload: object, sign: Any = lambda signed: b"") -> str:
    """A token assembled by hand. Header and payload are JSON values, or bytes that are used as they are."""
    signed = ".".join(
        encoded(part if isinstance(part, bytes) else json.dumps(part).encode()) for part in (header, payload)
    )
    return f"{signed}.{encoded(sign(signed.encode()))}"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
