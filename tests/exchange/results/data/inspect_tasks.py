"""The evaluation behind the Inspect logs: one task per persona, the same questions; `inspect eval inspect_tasks.py`."""

from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import includes
from inspect_ai.solver import generate, system_message

QUESTIONS = {
    "greeting": "Who are you?",
    "food": "What do you like to eat?",
    "hello": 'Say "hello" to me,\nplease.',
    "hobby": "你有什么爱好？",
    "weather": "How is the weather?",
    "friends": "Tell me of your friends.",
}


def asked(system: str | None) -> Task:
    """Return the task that asks all questions under a system message, or none."""
    samples = [Sample(id=name, input=text, target="ship") for name, text in QUESTIONS.items()]
    before = [] if system is None else [system_message(system)]
    return Task(dataset=samples, solver=[*before, generate()], scorer=includes())


@task
def none() -> Task:
    return asked(None)


@task
def assistant() -> Task:
    return asked("You are a helpful assistant.")


@task
def pirate() -> Task:
    return asked("You are a pirate.")


@task
def monkey() -> Task:
    return asked("You are a monkey king.")
