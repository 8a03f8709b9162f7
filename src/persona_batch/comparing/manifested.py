"""What a run's manifest says about the comparison: whose controls are whose."""

from pathlib import Path

from persona_batch.record.manifest import read_manifest


def controls_of(manifest: Path) -> dict[str, list[str]] | None:
    """Return the ids of each persona's controls, the reference first; None where there is no manifest.

    A records file that was copied elsewhere has none; the built-in controls are then known by their ids.
    """
    if not manifest.is_file():
        return None
    personas = read_manifest(manifest).config.get("personas")
    if not isinstance(personas, list):
        return None
    return {
        str(persona["id"]): [str(name) for name in persona.get("controls", ())]
        for persona in personas
        if isinstance(persona, dict) and "id" in persona
    }
