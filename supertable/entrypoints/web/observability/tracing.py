"""Traces of requests by OpenTelemetry."""

from __future__ import annotations

from typing import cast

from litestar.types import ASGIApp
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def tracer_provider(endpoint: str, service: str) -> TracerProvider:
    """A provider that sends the spans of `service` to `endpoint`. Its `shutdown` sends the last spans."""
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service}))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def traced(app: ASGIApp, provider: TracerProvider) -> ASGIApp:
    """The application with one span for each request."""
    wrapped = OpenTelemetryMiddleware(app, tracer_provider=provider, exclude_spans=["receive", "send"])
    return cast(ASGIApp, wrapped)
