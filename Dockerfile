# The web app: docker build -t fingerprint . && docker run --rm -p 127.0.0.1:8000:8000 fingerprint
# What that means, and how to run it with fewer rights: docs/serve.md
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY corpora corpora
COPY models/default models/default
COPY fingerprint fingerprint
RUN python -m venv /opt/fingerprint \
    && PIP_CONSTRAINT=/src/constraints.txt /opt/fingerprint/bin/pip install --no-cache-dir '.[web]'

FROM python:3.13-slim
COPY --from=build /opt/fingerprint /opt/fingerprint
ENV PATH=/opt/fingerprint/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HF_HUB_OFFLINE=1 \
    XDG_CACHE_HOME=/opt/fingerprint/cache
# The map of the releases, which is the same for every verdict.
RUN python -c "from fingerprint.base.files import data_dir; from fingerprint.web.answers import Answers; \
Answers.load(data_dir('models') / 'default')" \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin fingerprint
USER 10001
EXPOSE 8000
HEALTHCHECK --start-period=60s CMD ["python", "-c", \
    "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/api/openapi.json', timeout=5)"]
# In a container, 0.0.0.0 is what -p forwards to; who reaches it is what -p says.
ENTRYPOINT ["fingerprint", "serve", "--host", "0.0.0.0", "--expose"]
