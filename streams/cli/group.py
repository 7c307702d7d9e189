"""`shipsentry`: the command line. One command is one file, loaded when the command is used."""

from __future__ import annotations

from streams.cli.lazy import Lazy, LazyGroup, RootGroup, version_option

EPILOG = """\b
Examples:
  shipsentry demo
  shipsentry topics create && shipsentry worker
  shipsentry replay --orders orders.jsonl --tracking tracking.jsonl
  shipsentry warnings tail --state breached

Settings are environment variables, SHIPSENTRY_BOOTSTRAP_SERVERS first of all, or keys of the file
shipsentry.toml. Exit status: 0 done, 1 failed, 2 wrong usage or settings.
"""

_TOPICS_EPILOG = """\b
Examples:
  shipsentry topics create
  SHIPSENTRY_PARTITIONS=12 SHIPSENTRY_REPLICATION_FACTOR=3 shipsentry topics create
  shipsentry topics check
"""

_RULES_EPILOG = """\b
Examples:
  shipsentry rules list
  shipsentry rules show douyin-2026-07-09
  shipsentry rules validate my-profiles/
"""

_ALIASES_EPILOG = """\b
Examples:
  shipsentry aliases list carriers
  shipsentry aliases find 中通快递
"""

_WARNINGS_EPILOG = """\b
Examples:
  shipsentry warnings tail
  shipsentry warnings tail --json --from-beginning | jq .rule
  shipsentry warnings export --out warnings.jsonl
"""

_DEAD_LETTERS_EPILOG = """\b
Examples:
  shipsentry dead-letters list --summary
  shipsentry dead-letters show tracking-update-2-41
  shipsentry dead-letters retry --reason too_large --dry-run
"""

_STATE_EPILOG = """\b
Examples:
  shipsentry state check
  shipsentry state export --out states.jsonl.gz
  shipsentry state reset
"""

_SCHEMAS_EPILOG = """\b
Examples:
  shipsentry schemas export schemas/
"""

topics = LazyGroup(
    "topics",
    help="Make and check the topics on Kafka.",
    epilog=_TOPICS_EPILOG,
    lazy={
        "create": Lazy("streams.cli.topics_create:create", "Make every topic that is missing."),
        "check": Lazy("streams.cli.topics_check:check", "Check topics, partitions, policies."),
    },
)

rules = LazyGroup(
    "rules",
    help="Rules and their limits, by profile.",
    epilog=_RULES_EPILOG,
    lazy={
        "list": Lazy("streams.cli.rules_list:list_rules", "Every rule, its limits by profile."),
        "show": Lazy("streams.cli.rules_show:show", "One profile, in full."),
        "sources": Lazy("streams.cli.rules_sources:sources", "Where figures were read, and when."),
        "validate": Lazy("streams.cli.rules_validate:validate", "Check profiles and rule packs."),
        "template": Lazy("streams.cli.rules_template:template", "A profile to be filled in."),
    },
)

aliases = LazyGroup(
    "aliases",
    help="Names by which carriers and platforms are known.",
    epilog=_ALIASES_EPILOG,
    lazy={
        "list": Lazy("streams.cli.aliases:list_aliases", "Each carrier and platform, its names."),
        "find": Lazy("streams.cli.aliases:find", "Which carrier or platform a name stands for."),
    },
)

warnings = LazyGroup(
    "warnings",
    help="Warnings on Kafka: follow them, or write them to a file.",
    epilog=_WARNINGS_EPILOG,
    lazy={
        "tail": Lazy("streams.cli.warnings_tail:tail", "Follow the warnings as they come."),
        "export": Lazy("streams.cli.warnings_export:export", "The latest state of each warning."),
    },
)

dead_letters = LazyGroup(
    "dead-letters",
    help="What could not be processed: look at it, and send it again.",
    epilog=_DEAD_LETTERS_EPILOG,
    lazy={
        "list": Lazy("streams.cli.dead_letters_list:list_letters", "Which there are, and why."),
        "show": Lazy("streams.cli.dead_letters_show:show", "One of them, with its record."),
        "retry": Lazy("streams.cli.dead_letters_retry:retry", "Send their records again, once."),
    },
)

state = LazyGroup(
    "state",
    help="What the application remembers: check it, take it to a file and back, begin anew.",
    epilog=_STATE_EPILOG,
    lazy={
        "check": Lazy("streams.cli.state_check:check", "Look through a stopped worker's stores."),
        "export": Lazy("streams.cli.state_export:export", "Write the states of tables to a file."),
        "import": Lazy(
            "streams.cli.state_import:import_states", "Write them back into the changelogs."
        ),
        "reset": Lazy("streams.cli.state_reset:reset", "Begin anew from the inputs."),
        "accept": Lazy("streams.cli.state_accept:accept", "Believe changelogs as they are now."),
    },
)

schemas = LazyGroup(
    "schemas",
    help="Messages, topics and the desk's API as documents for programs.",
    epilog=_SCHEMAS_EPILOG,
    lazy={
        "export": Lazy("streams.cli.schemas_export:export", "Write the JSON Schema of each topic."),
        "asyncapi": Lazy(
            "streams.cli.schemas_documents:asyncapi", "All topics as an AsyncAPI document."
        ),
        "openapi": Lazy(
            "streams.cli.schemas_documents:openapi", "The desk's API as an OpenAPI document."
        ),
    },
)

_SOURCES_EPILOG = """\b
Examples:
  shipsentry sources list
  shipsentry sources show kuaidi100
  shipsentry sources try push.form --source kuaidi100
"""

sources = LazyGroup(
    "sources",
    help="What carriers, aggregators, marketplaces and shops send, and what it becomes.",
    epilog=_SOURCES_EPILOG,
    lazy={
        "list": Lazy("streams.cli.sources_list:list_sources", "Whose messages can be read."),
        "show": Lazy("streams.cli.sources_show:show", "One source, and its codes."),
        "try": Lazy("streams.cli.sources_try:try_payload", "What a payload becomes."),
    },
)

_DESK_EPILOG = """\b
Examples:
  shipsentry desk user add li --role admin
  shipsentry desk serve
  shipsentry desk token add nightly-report --days 90

What it needs is installed by `pip install 'shipsentry[desk]'`.
"""

desk_user = LazyGroup(
    "user",
    help="Who may sign in at the desk.",
    epilog=_DESK_EPILOG,
    lazy={
        "add": Lazy("streams.cli.desk:user_add", "Make a user."),
        "passwd": Lazy("streams.cli.desk:user_passwd", "Give a user another password."),
        "list": Lazy("streams.cli.desk:user_list", "All users, their roles and shops."),
        "remove": Lazy("streams.cli.desk:user_remove", "Take a user away."),
    },
)

desk_token = LazyGroup(
    "token",
    help="Which programs may ask the desk.",
    epilog=_DESK_EPILOG,
    lazy={
        "add": Lazy("streams.cli.desk:token_add", "Make a token for a program."),
        "list": Lazy("streams.cli.desk:token_list", "All tokens, by their ids."),
        "revoke": Lazy("streams.cli.desk:token_revoke", "Let a token be good no more."),
    },
)

_NOTIFY_EPILOG = """\b
Examples:
  shipsentry desk notify test ops
  shipsentry desk notify preview --since 7d
"""

desk_notify = LazyGroup(
    "notify",
    help="Telling people of warnings: try it, foresee it, repeat it.",
    epilog=_NOTIFY_EPILOG,
    lazy={
        "test": Lazy("streams.cli.desk_notify:test", "Send a trial message to a channel."),
        "preview": Lazy("streams.cli.desk_notify:preview", "What would have been sent."),
        "resend": Lazy("streams.cli.desk_notify:resend", "Send something again."),
    },
)

desk = LazyGroup(
    "desk",
    help="Warnings in a database, with an API to work them.",
    epilog=_DESK_EPILOG,
    lazy={
        "serve": Lazy("streams.cli.desk:serve", "Keep the database, and answer, until stopped."),
        "rebuild": Lazy("streams.cli.desk:rebuild", "Have the topics read again."),
        "prune": Lazy("streams.cli.desk:prune", "Delete what is old."),
    },
    commands=[desk_user, desk_token, desk_notify],
)

main = RootGroup(
    "shipsentry",
    help="Warns sellers before a marketplace judges a shipment fake: orders and tracking updates "
    "in, warnings out.",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    lazy={
        "demo": Lazy(
            "streams.cli.demo:demo", "See it work: all in one process, nothing to set up."
        ),
        "play": Lazy("streams.cli.play:play", "The demo's week into your own Kafka, in real time."),
        "worker": Lazy("streams.cli.worker:worker", "Process orders and tracking updates."),
        "ingest": Lazy(
            "streams.cli.ingest:ingest", "Take what carriers, aggregators and shops push."
        ),
        "replay": Lazy("streams.cli.replay:replay", "Judge a history from files, without Kafka."),
        "report": Lazy(
            "streams.cli.report:report", "What is due and at stake, as a page, without Kafka."
        ),
        "check": Lazy("streams.cli.check:check", "Ask before a number is uploaded."),
        "evidence": Lazy(
            "streams.cli.evidence:evidence", "A warning's proof, as a bundle for an appeal."
        ),
        "notify": Lazy(
            "streams.cli.notify:notify", "A digest of warnings in a file, without a desk."
        ),
        "keys": Lazy("streams.cli.keys:keys", "Recipients' keys, from a table of plain ones."),
        "import": Lazy(
            "streams.cli.import_files:import_files", "Spreadsheets that shops export, as messages."
        ),
        "docs": Lazy("streams.cli.docs:docs"),
    },
    commands=[topics, rules, aliases, warnings, dead_letters, sources, desk, state, schemas],
)
main.params.append(version_option())
