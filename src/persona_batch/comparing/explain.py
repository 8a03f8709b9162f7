"""What each measure means: definition, formula and source, for `--explain` and the documentation."""

from dataclasses import dataclass

from persona_batch.comparing.comparison import MeasureName


@dataclass(frozen=True, slots=True)
class Explanation:
    """Definition, formula, test and sources of a measure; `per_question` says what its per-question values are."""

    definition: str
    formula: str
    test: str
    source: str
    per_question: str


_SIGN_FLIP = (
    "Sign-flip by question: if the arm does nothing, each question's difference could as well have the other sign. "
    "All 2^Q patterns up to 13 questions, else a seeded sample; two-sided; six questions at least."
)
_WITHIN = "Labels are exchanged between the two arms within each question; p = (1 + exceedances) / (1 + permutations)."

EXPLANATIONS: dict[MeasureName, Explanation] = {
    "change": Explanation(
        definition=(
            "How far the arm's replies lie from the reference's, beyond what asking the reference again does. "
            "0 % means that replies of the two differ as much as replies of one; 100 % would add the whole distance "
            "between two replies of the reference."
        ),
        formula=(
            "E_q = 2 mean|x-y| - mean|x-x'| - mean|y-y'| over the replies x of the arm and y of the reference to "
            "question q, without comparing a reply with itself; |.| is the Euclidean distance of TF-IDF rows of "
            "character 1-3-grams, idf = ln((1+n)/(1+df)) + 1 over all replies to q, rows of length 1. "
            "change = mean_q E_q / mean_q mean|y-y'|."
        ),
        test=f"{_WITHIN} One-sided. Two distinct samples are needed on each side of a question.",
        source="Székely & Rizzo 2013, doi:10.1016/j.jspi.2013.03.018; DBPA, arXiv:2506.07947",
        per_question="E_q, the reference's own noise mean|y-y'|, and E_q over the mean of that noise",
    ),
    "shift": Explanation(
        definition=(
            "How the replies' length in characters, number of sentences, use of lists and of markdown, and share of "
            "Chinese and Latin letters differ."
        ),
        formula=(
            "d_q = mean over the arm's replies to q - mean over the reference's; value = mean_q d_q; Cliff's delta = "
            "mean_q (share of pairs with arm > reference - share with arm < reference)."
        ),
        test=f"{_SIGN_FLIP} Interval: Student's t over questions.",
        source="Miller 2024, arXiv:2411.00640; Cliff 1993, doi:10.1037/0033-2909.114.3.494",
        per_question="d_q",
    ),
    "adherence": Explanation(
        definition=(
            "How often replies pass the persona's declared checks. The checks are evaluated on the reference's replies "
            "to the same question too, so the difference is what the prompt brought."
        ),
        formula="d_q = pass rate of the arm's replies to q over all checks - the same of the reference's; mean over q.",
        test=f"{_SIGN_FLIP} Interval: Student's t over questions.",
        source="Miller 2024, arXiv:2411.00640",
        per_question="d_q",
    ),
    "character": Explanation(
        definition=(
            "How often a reply falls out of its role: it calls itself an AI or a language model (作为人工智能), "
            "names its maker, or declines as an assistant would."
        ),
        formula="d_q = share of the arm's replies to q with a marker - share of the reference's; mean over q.",
        test=f"{_SIGN_FLIP} The rates themselves have Wilson's interval over replies.",
        source="Wilson 1927, doi:10.1080/01621459.1927.10502953",
        per_question="d_q",
    ),
    "identifiability": Explanation(
        definition=(
            "Can one tell from a reply which persona gave it? A classifier learns on some questions and is tested on "
            "others. With one persona it tells the persona from its reference."
        ),
        formula=(
            "Ridge regression on class indicators; features: TF-IDF of character 1-3-grams, hashed to 512 dimensions, "
            "centred within the question; 5 folds of whole questions; balanced accuracy, so chance is 1/K."
        ),
        test=f"{_WITHIN} The classifier is trained anew for each relabelling.",
        source="Ojala & Garriga 2010, jmlr.org/papers/v11/ojala10a; Weinberger et al. 2009, arXiv:0902.2206",
        per_question="accuracy at q - 1/K",
    ),
    "words": Explanation(
        definition="Which words the arm's replies hold more, or less, often than the reference's.",
        formula=(
            "z = log-odds ratio of the numbers of replies that hold the word, with a Dirichlet prior of 500 words "
            "spread like both arms together, over its standard error."
        ),
        test=(
            f"{_WITHIN} A word counts if its |z| beats the largest |z| of any word in 95 % of relabellings; "
            "the value is the number of such words."
        ),
        source="Monroe, Colaresi & Quinn 2008, doi:10.1093/pan/mpn018",
        per_question="none: a word is counted over all questions",
    ),
    "drift": Explanation(
        definition="Does the probe's score fall (or rise) as a dialogue goes on?",
        formula="One least-squares slope of score over turn per dialogue; value = mean slope.",
        test=_SIGN_FLIP.replace("question", "dialogue"),
        source="arXiv:2402.10962 (the probes); Miller 2024, arXiv:2411.00640 (one value per cluster)",
        per_question="mean slope of the question's dialogues",
    ),
    "accuracy": Explanation(
        definition="How often replies are right, where a question has a key.",
        formula="d_q = share of right replies of the arm - of the reference; mean over q.",
        test=f"{_SIGN_FLIP} With one sample everywhere: McNemar's exact test on the questions where they differ.",
        source="McNemar 1947, doi:10.1007/BF02295996; Miller 2024, arXiv:2411.00640",
        per_question="d_q",
    ),
}
