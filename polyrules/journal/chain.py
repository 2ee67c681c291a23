"""The chain: one value for each Step, made from its bytes and the value before.

Two runs whose values agree at Step n agree in every Step up to n. Pure: it reads no
journal and writes none.
"""

import hashlib

import msgspec

from polyrules.domain.steps import Step

VALUE_BYTES = 16
SEED = bytes(VALUE_BYTES)  # the value before the first Step

_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(Step)


def encode(step: Step) -> bytes:
    """Return the canonical JSON of a Step: fields in order, keys of mappings sorted."""
    return _ENCODER.encode(step)


def decode(body: bytes) -> Step:
    """Return the Step that `encode` made these bytes of.

    Raises:
        msgspec.MsgspecError: The bytes are no Step.
    """
    return _DECODER.decode(body)


def link(previous: bytes, body: bytes) -> bytes:
    """Return the 16 bytes of blake2b over the value before and a Step's bytes."""
    return hashlib.blake2b(previous + body, digest_size=VALUE_BYTES).digest()
