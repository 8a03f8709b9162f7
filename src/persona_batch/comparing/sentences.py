"""What a comparison says in words, as templates: results hold the English, `verdict` finds the other languages by them.

A value may itself be one of these sentences.
"""

QUESTIONS = "{n} questions"
ONE_QUESTION = "1 question"
CLUSTERS = "{n} clusters"
ONE_CLUSTER = "1 cluster"
DIALOGUES = "{n} dialogues"
ONE_DIALOGUE = "1 dialogue"
SAMPLES = "{n} samples"
ONE_SAMPLE = "1 sample"
PERSONAS = "{n} personas"
ONE_PERSONA = "1 persona"
AND_MORE = "{names} and {n} more"
OF_ARM = "{arm} ({counts})"
FAILED = "{n} failed"
EMPTY = "{n} empty"
FILTERED = "{n} filtered"
MISSING = "{n} missing"

# why there is no number
NOT_BOTH = "no question was answered on both sides"
NO_MODEL = "no model was asked on both sides"
NO_SPEAKER = "no speaker asked both sides"
NO_LEVEL = "no level of {factor} was asked on both sides"
NOT_ALIKE = "no question was answered on both sides by one model, for one speaker and at the same levels of the factors"
TOO_FEW = "{units}; the sign-flip test needs {least}"
ONE_EACH = "one sample a side takes {least} questions, here there are {n}"
NO_CONTROL = "it has no control"
NOT_MEASURED = "change was not among the measures"
AGAINST = "against {other}: {reason}"
CUT = "{share} of the replies of {arm} were cut at the token limit"
FEW_RATED = "{units} rated on both sides; the correction needs {least}"
UNREAD = "{share} of the judgments of {arm} could not be read"
UNREAD_APART = "{share} of the judgments of {arm} and {other_share} of those of {other} could not be read"
SOME_UNREAD = "{rubric}: {n} of {total} judgments could not be read and are left out."
NOT_JUDGED = "{rubric}: {n} of {total} replies are not judged; `batch judge` judges them."
BESIDE = "{rubric} is seen with --control {other}."
UNNAMED_RATINGS = "the ratings do not say by which rubric they are; name it by `batch rate --rubric`"
RATED_NOTHING = "{n} of {total} ratings are of replies that are not compared here; they are left out."
RATED_APART = (
    "{n} ratings are of pairs that were asked differently (another model, speaker or level of a factor); they are left "
    "out."
)
RATED_ONE_SIDE = "People's scores count where one of them scored both sides of a question; left out: {arms}."
PREFERENCE = "preference"
SCORE = "score"
BY_RUBRIC = "{kind} by {rubric}"
ONE_RATER = "{kind}: one person rated; what others would say is not known."
ONE_RATER_ONLY = "one person rated"
NONE_SHARED = "nobody rated what another did"
ALL_ONE_WORD = "all ratings are the same"
NO_ALPHA = "alpha takes: pip install 'persona-batch[analysis]'"
NO_AGREEMENT = "How well people and judges agree is told after: pip install 'persona-batch[analysis]'"
LOST = "{share} of the cells of {arm} and {other_share} of those of {other} have no reply"
FEW_WORDS = "too few replies: no two words are in three of them"
ONE_CLASS = "needs two personas, or one and its control"
FEW_CLASSES = "needs replies of all personas to two or more questions"
STEADY = "the difference is the same in every question: its noise is not known"
FEW_FOR_NOTHING = "{units}: it takes {least} to claim that nothing differs"
AT_THE_EDGE = "{arm} is at {share}, within the margin of {edge} %: no test holds there"

# notes
NO_PAIRS = "No arm has replies to the same questions as its reference: nothing can be tested."
ONE_ARM = "There is only one arm: nothing to compare it with. Run with a control, or name a second run."
NO_CONTROL_AT_ALL = (
    "There is no control among the records: name one with --control, or run again with `controls: [none]`."
)
NO_CONTROL_IMPORTED = "There is no control among the records: name one with --control."
ONE_ARM_IMPORTED = "There is only one arm: nothing to compare it with. Name a second run."
SPACES = (
    "{n} questions of one side differ from those of the other in white space only, and count as others: {questions}."
)
NO_PLACEBO = "There is no placebo arm (`assistant`): how much a harmless prompt changes is not known."
ONLY_THESE = "What is said of {levels} is said of these personas, not of {attribute} in general: that takes {least}."
FOR_MORE = (
    "Levels of {least} personas or more are tested over personas too, in length, checks, character and accuracy; "
    "what else is said of them is said of these personas."
)
LEFT_OUT = "Cells without a reply were left out ({n} cells): {arms}"
SOME_CUT = "{n} of {total} replies were cut at the token limit: their lengths and endings say little."
TOO_LONG = (
    "{n} replies are longer than {most} characters: what comes after was not compared, except to tell whether two"
    " replies are the same."
)
UNPAIRED = "Questions without a usable reply on both sides were left out: {arms}."
NOT_ASKED = (
    "Not every arm was asked all {n} questions; these lack some: {arms}. What both sides were asked is compared."
)
OTHER_PARAMS = (
    "Asked with other parameters than {reference}: {arms}: a difference may come from them rather than from the prompt."
)
OTHER_TIMES = (
    "Not asked at the same time as {reference}: {arms}. The difference may come from the time rather than from the"
    " prompt: ask all of them side by side."
)
OTHER_WAYS = (
    "Not made the same way as {reference}: {arms}. What answers batch files may be set otherwise than what answers at"
    " once: the difference may come from that rather than from the prompt."
)
STREAMED = "streamed"
IN_BATCHES = "in batch files"
SOME_IN_BATCHES = "{n} of {total} in batch files"
LATER_FIRST = "Of the two runs, the one that was named first is the later by date: it stands as the earlier one here."
FEW_PERMUTATIONS = (
    "With {permutations} permutations no change can stand out among {n} arms at 5 %: use --permutations {needed} "
    "or more."
)
NO_SEGMENTER = "Chinese words are shown as pairs of characters; for real words: pip install 'persona-batch[analysis]'"
COPIES_ONCE = "{n} samples were byte-identical to another of their cell (--copies once): they do not count."
COPIES_SERVED = (
    "{n} samples were sent twice under one request id (a cache): they are no draws of their own and do not count."
)
COPIES_FIXED = (
    "{n} samples were asked again without chance in the request (temperature 0, top_k 1, or one seed): they are "
    "no draws of their own and do not count."
)
COPIES_WRITTEN = (
    "{n} samples are copies and do not count: {equal} of {total} replies are byte-identical to another of their cell, "
    "which chance does not do (a cache, or a table that was written several times); `--copies all` counts each."
)
FIXED_BUT_DRAWN = (
    "Requests have no chance in them (temperature 0, top_k 1, or one seed for all samples), yet the endpoint answers "
    "some questions differently each time: there all samples count."
)
LEVELS_SHARE = (
    "Where requests have no chance in them, what a question is answered at several levels, or to several speakers, may "
    "be one accident: tests that exchange replies take one of these a question, in turn."
)
MAYBE_CACHED = (
    "{n} replies of {long} characters or more are byte-identical to another sample of their cell: if the endpoint"
    " caches, `--copies once` counts each once."
)

# advice
PLAN_SMALLER = "`batch compare --plan` says how many questions and samples a smaller effect takes."
ONLY_LARGE = (
    "Only large effects can show here: {lacking}. More questions help more than more samples; `batch compare "
    "--plan` says how many."
)
FEW_UNITS = "{arm} has {units} ({least} are better)"
FEW_SAMPLES = "{arm} has {samples} a side in its thinnest question ({least} are better)"
BOTH_FEW = "{one}; {other}"

ALL = tuple(text for name, text in list(globals().items()) if name.isupper())
"""Every template, for the translations."""


def units(number: int, noun: str) -> str:
    """Return `1 question`, `1,200 questions`: a number of questions, clusters, dialogues, samples or personas."""
    one, many = {
        "question": (ONE_QUESTION, QUESTIONS),
        "cluster": (ONE_CLUSTER, CLUSTERS),
        "dialogue": (ONE_DIALOGUE, DIALOGUES),
        "sample": (ONE_SAMPLE, SAMPLES),
        "persona": (ONE_PERSONA, PERSONAS),
    }[noun]
    return one if number == 1 else many.format(n=f"{number:,}")
