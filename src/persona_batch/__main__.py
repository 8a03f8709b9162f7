"""`python -m persona_batch`: the command line by the interpreter's own path, as cron wants it."""

from persona_batch.cli.main import main

if __name__ == "__main__":
    main()
