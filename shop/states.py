"""State machines that the code obeys and the documents are drawn from."""

from dataclasses import dataclass


class NoSuchTransition(Exception):
    """A service tried a step that the machine does not have: a bug, and loud."""


@dataclass(frozen=True, slots=True)
class Transition:
    """From `source`, `event` leads to `target`."""

    source: str
    event: str
    target: str


@dataclass(frozen=True, slots=True)
class StateMachine:
    """The states of one kind of row: where it starts, and every step there is. A state without steps is an end."""

    name: str
    start: str
    transitions: tuple[Transition, ...]

    def target(self, source: str, event: str) -> str:
        """Where `event` leads from `source`.

        :raises NoSuchTransition: if it leads nowhere.
        """
        for transition in self.transitions:
            if (transition.source, transition.event) == (source, event):
                return transition.target
        raise NoSuchTransition(f"{self.name}: {event} in state {source}")

    def diagram(self) -> str:
        """The machine as a Mermaid state diagram."""
        targets = {transition.target for transition in self.transitions}
        sources = {transition.source for transition in self.transitions}
        lines = ["stateDiagram-v2", f"    [*] --> {self.start}"]
        lines += [f"    {step.source} --> {step.target}: {step.event}" for step in self.transitions]
        lines += [f"    {end} --> [*]" for end in sorted(targets - sources)]
        return "\n".join(lines)
