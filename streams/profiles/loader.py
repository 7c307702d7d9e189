"""Reads profiles and rule packs, and explains mistakes: file, line, field, what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from streams.profiles.aliases import read_aliases
from streams.profiles.checked import checked
from streams.profiles.document import Document, ProfileError, read_document, with_bases
from streams.profiles.model import Profile, Profiles
from streams.profiles.packs import all_specs, profile_files, read_texts
from streams.profiles.registry import RuleSpec
from streams.profiles.versions import clashes, remarks
from streams.texts import register

__all__ = [
    "Loaded",
    "ProfileError",
    "builtin_files",
    "load",
    "load_all",
    "read",
    "template_files",
]


@dataclass(frozen=True, slots=True)
class Loaded:
    """All profiles, every rule by name, the files, and what is odd but no mistake."""

    profiles: Profiles
    specs: Mapping[str, RuleSpec]
    documents: Mapping[str, Document]
    remarks: tuple[str, ...]


def builtin_files() -> list[Path]:
    """The profile files that come with ShipSentry and are in use."""
    return sorted(Path(__file__).parent.glob("*.toml"))


def template_files() -> list[Path]:
    """Profiles without their numbers, for platforms whose numbers are not established."""
    return sorted((Path(__file__).parent / "templates").glob("*.toml"))


def read(path: Path) -> Profile:
    """The profile in one file; raises ProfileError that names line and field, or OSError.

    The profile that it changes and the rules that it names may be beside it.
    """
    document = read_document(path)
    rules = document.data.get("rules")
    names = rules if isinstance(rules, dict) else {}
    beside = {path.parent} if any((path.parent / f"{name}.py").is_file() for name in names) else ()
    specs, problems = all_specs(beside)
    others: list[Document] = []
    if document.extends is not None:
        for other in (*builtin_files(), *profile_files(path.parent)):
            try:
                others += [] if other == path else [read_document(other)]
            except ProfileError:
                # What is wrong there is said of that file, when it is read itself.
                continue
    found, unbased = with_bases([*others, document])
    mine = next((each for each in found if each.path == path), None)
    if mine is None or problems:
        raise ProfileError(problems + unbased)
    return checked(mine, specs)


def load(directories: Iterable[Path] = ()) -> Profiles:
    """The built-in profiles and those in `directories`, of which a later one of the same id wins.

    The directories' own rules, texts and aliases come with them. Raises ProfileError with every
    problem of every file.
    """
    return load_all(directories).profiles


def load_all(directories: Iterable[Path] = ()) -> Loaded:
    """What `load` gives, and where it comes from."""
    packs = tuple(directories)
    specs, problems = all_specs(packs)
    words, wordless = read_texts(packs)
    aliases, nameless = read_aliases(packs)
    problems += wordless + nameless
    documents: list[Document] = []
    for path in (*builtin_files(), *(each for pack in packs for each in profile_files(pack))):
        try:
            documents.append(read_document(path))
        except ProfileError as error:
            problems += error.problems
    documents, unbased = with_bases(documents)
    problems += unbased
    profiles: dict[str, Profile] = {}
    for document in documents:
        try:
            profiles[document.id] = checked(document, specs)
        except ProfileError as error:
            problems += error.problems
    problems += clashes(profiles.values())
    if problems:
        raise ProfileError(list(dict.fromkeys(problems)))
    for each in words:
        register(each)
    by_id = {document.id: document for document in documents}
    known = Profiles(profiles.values(), aliases=aliases)
    return Loaded(known, specs, by_id, tuple(remarks(known.all)))
