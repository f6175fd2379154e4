# The official Python, or any other base with Python 3.11 or newer and its venv module.
ARG BASE=python:3.13-slim


FROM ${BASE} AS build

RUN python3 -m venv /opt/pip && python3 -m venv --without-pip /opt/venv

# What is installed is named by version and hash; `make lock` writes the two files.
WORKDIR /build
COPY requirements.lock requirements-build.lock ./
RUN /opt/pip/bin/pip install --no-cache-dir --require-hashes -r requirements-build.lock \
    && /opt/pip/bin/pip --python /opt/venv install --no-cache-dir --no-compile \
        --require-hashes -r requirements.lock

# Empty packages stand in for the code, which runs from /srv, laid out like the checkout, where it
# finds its page and its weights. Only its name and version are wanted in the environment.
ARG SOURCE_DATE_EPOCH=315532800
COPY pyproject.toml LICENSE ./
RUN mkdir -p app/bulk app/picture app/routes app/server app/telemetry training \
    && touch README.md \
    && /opt/pip/bin/pip wheel --no-deps --no-index --no-build-isolation --wheel-dir wheels . \
    && /opt/pip/bin/pip --python /opt/venv install --no-compile --no-deps --no-index wheels/*

# The packages' own tests would be a tenth of the environment.
# Bytecode that is never compared with its source outlives tools that set every file's time, and a
# container can't write its own: it is neither the files' owner nor sure of a writable disk.
# With a fixed seed of hashes it comes out the same each time.
ENV PYTHONHASHSEED=0 \
    COMPILE="/opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash"
RUN find /opt/venv -type d -name tests -prune -exec rm -rf {} + && ${COMPILE} /opt/venv/lib

# A checkout may have been made under a strict umask; the service's user must read it all the same.
COPY app /srv/app
COPY weights /srv/weights
COPY LICENSE /srv/
RUN ${COMPILE} /srv/app && chmod -R a+rX /srv


FROM ${BASE}

ARG REVISION=""
LABEL org.opencontainers.image.title="tinydigits" \
      org.opencontainers.image.description="A digit recogniser: its web service and its page" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT"

# Official builds of ONNX Runtime report to their maker unless told not to.
ENV PATH="/opt/venv/bin:${PATH}" \
    PYTHONDONTWRITEBYTECODE=1 \
    ORT_DISABLE_TELEMETRY=1 \
    HOST=0.0.0.0 \
    PORT=8000

COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv /srv
WORKDIR /srv

# By number, so that an orchestrator can tell that it is not root.
USER 10001:10001

EXPOSE 8000

# http.client, because urllib would ask a proxy from the environment.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); c.request('GET', '/health/ready'); sys.exit(c.getresponse().status != 200)"]

ENTRYPOINT ["python", "-m", "app"]
