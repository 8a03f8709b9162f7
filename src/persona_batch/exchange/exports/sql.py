"""How SQL writes names."""


def quoted(name: str) -> str:
    """Return a name in quotation marks."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
