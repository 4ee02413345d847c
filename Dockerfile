# One image for every role: docker build -t clickjoin . (compose.yaml does)

FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/clickjoin
ENV PATH=/opt/clickjoin/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# What changes seldom first. What builds the package is locked as well.
COPY requirements.lock requirements-dev.lock ./
RUN pip install --require-hashes -r requirements.lock \
 && awk '/^[A-Za-z]/ { build = /^(packaging|setuptools|wheel)==/ } build' requirements-dev.lock > build.lock \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes -r build.lock
COPY . .
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && pip install --no-deps --no-index --find-links /wheels clickjoin

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin clickjoin \
 && install -d -o clickjoin -g clickjoin /var/lib/clickjoin
COPY --from=build /opt/clickjoin /opt/clickjoin
ENV PATH=/opt/clickjoin/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER clickjoin
WORKDIR /var/lib/clickjoin
VOLUME /var/lib/clickjoin
EXPOSE 8080
ENTRYPOINT ["clickjoin"]
CMD ["--help"]
