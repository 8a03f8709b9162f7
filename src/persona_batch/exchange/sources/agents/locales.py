"""Names of languages: zh, zh-CN, pt_BR."""


def speaks(language: str, wanted: str) -> bool:
    """Say whether a language is the wanted one; without a region, a name stands for all regions."""
    said, asked = (name.replace("_", "-").lower() for name in (language, wanted))
    bare, plain = said.split("-")[0], asked.split("-")[0]
    return said == asked or (bare == plain and (said == bare or asked == plain))
