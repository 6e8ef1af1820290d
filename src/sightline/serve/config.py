"""What a service is told: where it listens, who may use it, and how much one request may ask for."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any

from annotated_types import Interval, Unit
from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import Doc

from sightline.errors import InputError
from sightline.params import explain

__all__ = ["ServeConfig", "is_loopback", "make_serve_config"]


class ServeConfig(BaseModel):
    """The settings of a service."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    host: Annotated[str, Doc("Address to listen on")] = "127.0.0.1"
    port: Annotated[int, Interval(ge=0, le=65535), Doc("Port to listen on; 0 takes a free one")] = 8000
    token: Annotated[
        str | None, Doc("A secret that every request must know, or in SIGHTLINE_TOKEN; needed where others can reach the address")
    ] = None
    insecure: Annotated[bool, Doc("Listen without a token on an address that others can reach")] = False
    page: Annotated[bool, Doc("The web page for people, beside the interface for programs")] = True
    runs: Annotated[str, Doc("Folder in which the page finds runs and makes new ones")] = "runs"
    corrections: Annotated[str, Doc("Folder in which the page keeps what people say that pictures really are")] = "corrections"
    max_upload: Annotated[int, Interval(ge=1, le=1024), Unit("MB"), Doc("The most that one request may send")] = 32
    max_pixels: Annotated[int, Interval(ge=1, le=1_000_000_000), Unit("px"), Doc("The largest picture")] = 25_000_000
    max_pictures: Annotated[int, Interval(ge=1, le=10_000), Doc("The most pictures in one request")] = 100
    max_requests: Annotated[int, Interval(ge=1, le=10_000), Doc("The most requests at a time; more are told to come again")] = 128
    timeout: Annotated[
        float, Interval(ge=0.1, le=3600), Unit("s"), Doc("How long a request may take to be sent, and to be answered")
    ] = 30.0

    @property
    def max_bytes(self) -> int:
        """`max_upload` in bytes."""
        return self.max_upload * 1_000_000


def make_serve_config(**settings: Any) -> ServeConfig:
    """The settings that are given, the rest as usual; ParameterError, and InputError where everybody would be let in."""
    try:
        config = ServeConfig(**settings)
    except ValidationError as error:
        raise explain(error, "the service", ServeConfig) from None
    _check_exposure(config)
    return config


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _check_exposure(config: ServeConfig) -> None:
    """Refuse to let everybody in by oversight: InputError."""
    if not (is_loopback(config.host) or config.token or config.insecure):
        raise InputError(
            f"others can reach {config.host}",
            expected="a token, which their requests must know",
            fix="Give one with --token, or say --insecure if everybody may use it.",
        )
    if config.token is not None and not (config.token.isascii() and config.token.isprintable() and len(config.token) >= 8):
        raise InputError("the token is too easy", expected="at least 8 letters, digits or signs", received=f"{len(config.token)}")
