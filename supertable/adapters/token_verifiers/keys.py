"""The keys that verify signatures. A key has one algorithm; the one that a token's header names is ignored."""

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
    """The document has no key that can verify signatures."""


@dataclass(frozen=True, slots=True)
class Key:
    material: PublicKey | bytes = field(repr=False)
    algorithm: str


@dataclass(frozen=True, slots=True)
class KeySet:
    """`named`: keys by id. `only`: the key for tokens without an id; None if there are several keys."""

    named: Mapping[str, Key] = field(default_factory=dict)
    only: Key | None = None

    def find(self, kid: str | None) -> Key | None:
        return self.only if kid is None or not self.named else self.named.get(kid)


def keys_from_secret(secret: str) -> KeySet:
    return KeySet(only=Key(secret.encode(), "HS256"))


def keys_from_text(text: bytes) -> KeySet:
    """The public keys of a JWKS document, or the public key of a PEM file. Raises `UnusableKeys`."""
    if text.lstrip().startswith(b"-----BEGIN"):
        return KeySet(only=_key_from_pem(text))
    try:
        listed = json.loads(text)["keys"]
        usable = [(jwk.get("kid"), key) for jwk in listed if (key := _key_from_jwk(jwk))]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UnusableKeys("the text is neither a JWKS document nor a PEM file") from None
    if not usable:
        raise UnusableKeys("the document has no public key for RS256, ES256 or EdDSA")
    named = {kid: key for kid, key in usable if isinstance(kid, str)}
    return KeySet(named, usable[0][1] if len(usable) == 1 else None)


def _key_from_pem(text: bytes) -> Key:
    try:
        material = load_pem_public_key(text)
    except ValueError:
        raise UnusableKeys("the PEM file has no public key") from None
    algorithm = _algorithm(material)
    if algorithm is None or not isinstance(material, PublicKey):
        raise UnusableKeys("the key in the PEM file is not for RS256, ES256 or EdDSA")
    return Key(material, algorithm)


def _key_from_jwk(jwk: dict[str, Any]) -> Key | None:
    """None: the key is for another use or algorithm, which a set may contain, or it is not public."""
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
