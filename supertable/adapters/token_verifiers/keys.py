"""The keys that signatures are checked with. A key has one algorithm, whatever a token says of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


class UnusableKeys(Exception):
    """What was read holds no key to check signatures with."""


@dataclass(frozen=True, slots=True)
class Key:
    material: PublicKey | bytes = field(repr=False)
    algorithm: str


@dataclass(frozen=True, slots=True)
class KeySet:
    """`named` by the key's id. `only`: the one that tokens without an id are checked with, where there is but one."""

    named: Mapping[str, Key] = field(default_factory=dict)
    only: Key | None = None

    def find(self, kid: str | None) -> Key | None:
        return self.only if kid is None or not self.named else self.named.get(kid)


def of_secret(secret: str) -> KeySet:
    return KeySet(only=Key(secret.encode(), "HS256"))


def of_text(text: bytes) -> KeySet:
    """The public keys of a JWKS document, or the one of a PEM file. Raises `UnusableKeys`."""
    if text.lstrip().startswith(b"-----BEGIN"):
        return KeySet(only=_of_pem(text))
    try:
        listed = json.loads(text)["keys"]
        usable = [(jwk.get("kid"), key) for jwk in listed if (key := _of_jwk(jwk))]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UnusableKeys("it is neither a JWKS document nor a PEM file") from None
    if not usable:
        raise UnusableKeys("it has no public key for RS256, ES256 or EdDSA")
    named = {kid: key for kid, key in usable if isinstance(kid, str)}
    return KeySet(named, usable[0][1] if len(usable) == 1 else None)


def _of_pem(text: bytes) -> Key:
    try:
        material = load_pem_public_key(text)
    except ValueError:
        raise UnusableKeys("it is not the PEM of a public key") from None
    algorithm = _algorithm(material)
    if algorithm is None or not isinstance(material, PublicKey):
        raise UnusableKeys("its key is none for RS256, ES256 or EdDSA")
    return Key(material, algorithm)


def _of_jwk(jwk: dict[str, Any]) -> Key | None:
    """None for keys of other uses and algorithms, which a set may well have; and for those that are not public."""
    try:
        material = jwt.PyJWK(jwk).key
    except jwt.PyJWTError:
        return None
    algorithm = _algorithm(material)
    if algorithm is None or jwk.get("alg", algorithm) != algorithm or jwk.get("use", "sig") != "sig":
        return None
    return Key(material, algorithm)


def _algorithm(material: object) -> str | None:
    match material:
        case RSAPublicKey():
            return "RS256"
        case EllipticCurvePublicKey(curve=SECP256R1()):
            return "ES256"
        case Ed25519PublicKey():
            return "EdDSA"
    return None
