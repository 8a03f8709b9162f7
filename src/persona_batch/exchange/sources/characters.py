"""The formats of characters, agents and prompts, in the order in which they are tried."""

from persona_batch.exchange.sources.card_files import CARD_FORMATS
from persona_batch.exchange.sources.lobe import LOBE, LOBE_INDEX
from persona_batch.exchange.sources.masks import MASKS
from persona_batch.exchange.sources.prompt_files import AGENT, PATTERNS, PLAIN
from persona_batch.exchange.sources.webui import WEBUI

CHARACTERS = (*CARD_FORMATS, WEBUI, LOBE, LOBE_INDEX, MASKS, AGENT, PATTERNS)
"""What says of itself what it is."""

PROMPTS = (PLAIN,)
"""What could be anything else, too: to be tried last."""
