"""What a key is, where it may stand, how it is taken out: the one list for all rooms.

Three questions are answered here, for files, command lines, crontabs, logs, errors and reports of bugs alike:

- Does a thing of this name carry a key (`is_key_name`)? A mapping key, a header, an option, a variable, a query value.
- Does this text hold a key (`find_key`, `mask`)? By its shape alone (`sk-…`, a JWT), or as a random word in a place
  for keys (`X-Api-Key: …`, `?token=…`, `user:password@host`).
- Is a key that we know in this text (`Redactor`)? Whatever its shape; but a placeholder such as `ollama` is no secret.

And keys are read (`load_env`) and held (`Secret`) here.
"""

from persona_batch.credentials.known import Redactor, Secret, checked_key, load_env, read_dotenv, secrets_in
from persona_batch.credentials.shapes import (
    MARK,
    REMEDY,
    find_key,
    has_key,
    is_bare_key,
    is_key_name,
    is_placeholder,
    is_reference,
    login_in,
    mask,
    secret_in_query,
)

__all__ = [
    "MARK",
    "REMEDY",
    "Redactor",
    "Secret",
    "checked_key",
    "find_key",
    "has_key",
    "is_bare_key",
    "is_key_name",
    "is_placeholder",
    "is_reference",
    "load_env",
    "login_in",
    "mask",
    "read_dotenv",
    "secret_in_query",
    "secrets_in",
]
