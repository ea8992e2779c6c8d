"""Pages made of the templates of a package. Every value is escaped, and a name that is missing is an error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import MediaType, Response
from litestar.datastructures import Cookie

PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # With no-referrer, browsers would send forms with `Origin: null`, which says nothing about where they come from.
    "Referrer-Policy": "same-origin",
}
"""Of every page. The other security headers are those of all responses."""


class Pages:
    """Renders the templates in the folder `templates` of `package`."""

    def __init__(self, package: str) -> None:
        loader = PackageLoader(package)
        self._environment = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )

    def page(
        self, template: str, values: dict[str, Any], status: int = 200, cookies: Sequence[Cookie] = ()
    ) -> Response[str]:
        text = self._environment.get_template(template).render(values)
        return Response(text, status_code=status, media_type=MediaType.HTML, headers=PAGE_HEADERS, cookies=cookies)
