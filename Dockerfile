# The first command of the README, in a container:
#
#   docker build -t persona-batch .
#   docker run --rm -v "$PWD/runs:/home/batch/persona-batch/runs" persona-batch
#
# Other commands stand behind the image's name, keys come from the environment (-e MODELSCOPE_API_KEY), personas of your
# own by -v "$PWD/personas:/home/batch/persona-batch/personas". The folder `runs` has to be writable for user 1000.
FROM python:3.11-slim

# The embedded model computes with it.
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir uv
RUN useradd --create-home --uid 1000 batch

USER batch
WORKDIR /home/batch/persona-batch
ENV UV_PROJECT_ENVIRONMENT=/home/batch/.venv UV_NO_CACHE=1 UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never \
    PATH="/home/batch/.venv/bin:$PATH" LANG=C.UTF-8

# The libraries and the model first: they stay as they are when a source file changes.
COPY --chown=batch pyproject.toml README.md LICENSE ./
RUN uv sync --no-default-groups --group model --no-install-project
COPY --chown=batch . .
RUN uv sync --no-default-groups --group model && mkdir -p runs

VOLUME /home/batch/persona-batch/runs
ENTRYPOINT ["batch"]
CMD ["run", "personas/wukong.yaml"]
