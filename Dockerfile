# One image for web and worker; the command says which.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY locks/server.txt locks/
RUN python -m venv /opt/palio \
    && /opt/palio/bin/pip install --no-cache-dir --require-hashes -r locks/server.txt
COPY . .
RUN /opt/palio/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/palio --create-home palio \
    && install -d -o palio -m 0700 /var/lib/palio/blobs /var/lib/palio/sealed /var/lib/palio/hidden
COPY --from=build /opt/palio /opt/palio
ENV PATH=/opt/palio/bin:$PATH \
    PALIO_DATA_FOLDER=/var/lib/palio \
    PALIO_HOST=0.0.0.0 \
    NUMBA_CACHE_DIR=/var/lib/palio/numba
USER palio
WORKDIR /var/lib/palio
EXPOSE 8300
CMD ["palio", "web"]
