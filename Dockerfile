# One image for all services of SuperTable; the command chooses the service. `docker build -t supertable .`
FROM python:3.11-slim-bookworm AS build
WORKDIR /source
COPY requirements.lock pyproject.toml README.md LICENSE ./
COPY supertable ./supertable
RUN python -m venv --without-pip /opt/supertable \
    && pip --python /opt/supertable/bin/python install --no-cache-dir --constraint requirements.lock \
        ".[s3,azure,gcs,redis,server,mcp]" \
    && find /opt/supertable -type d -name tests -prune -exec rm -r {} +

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 supertable \
    && useradd --uid 10001 --gid supertable --no-create-home --home-dir /data supertable \
    && install --directory --owner supertable --group supertable /data /data/supertable
COPY --from=build /opt/supertable /opt/supertable
ENV PATH=/opt/supertable/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SUPERTABLE_HOME=/data/supertable \
    SUPERTABLE_API_HOST=0.0.0.0 \
    SUPERTABLE_ODATA_HOST=0.0.0.0 \
    SUPERTABLE_MCP_HTTP_HOST=0.0.0.0 \
    SUPERTABLE_MCP_TESTER_HOST=0.0.0.0
USER supertable
WORKDIR /data
VOLUME /data
EXPOSE 8051 8052
# Healthy: the catalog and the object store both answer.
HEALTHCHECK --interval=60s --timeout=30s --start-period=30s CMD ["supertable", "--json", "tables"]
ENTRYPOINT ["supertable"]
CMD ["--help"]
