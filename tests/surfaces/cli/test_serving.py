"""What serves on all addresses of the machine is asked, and named in links, by an address of its own."""

import socket

import pytest

from cashline.surfaces.cli.serving import _address, _is_open

ALL = "0.0.0.0"  # noqa: S104 - asked, not bound


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"), (ALL, "http://127.0.0.1:8000"), ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"), ("books.example", "http://books.example:8000"),
    ],
)  # fmt: skip
def test_the_address_for_a_browser(host: str, address: str) -> None:
    assert _address(host, 8000) == address


def test_a_port_in_use_is_seen_on_all_addresses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert _is_open(ALL, port)
    assert not _is_open(ALL, port)
