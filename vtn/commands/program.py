"""The commands put together, and what their errors mean to whoever called: 1 refused or failed, 2 wrong usage, 3 waits.

3 is of an order or a change that waits for a second person: nothing holds yet.
"""

from typing import Any

import typer
from typer.core import TyperGroup

from certs import CertificateError
from oadr.ledger.errors import LedgerError
from oadr.wire.errors import Misuse
from vtn.commands import (
    approve,
    backup,
    cancel,
    change,
    events,
    feeders,
    halts,
    keys,
    ledger,
    limit,
    migrate,
    opts,
    partings,
    people,
    proposals,
    recordings,
    report,
    restore,
    second,
    send,
    serve,
    sites,
)
from vtn.config import BadSetting
from vtn.model.errors import Impossible, Mistake
from vtn.store.engine import StoreAway


class _Vtn(TyperGroup):
    """One sentence on standard error, never a traceback, for all that an operator or a machine can get wrong."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (BadSetting, Impossible) as error:
            raise _said(error, 2) from error
        except (Mistake, StoreAway, CertificateError, LedgerError, Misuse) as error:
            raise _said(error, 1) from error
        except BrokenPipeError:
            raise  # typer ends quietly
        except OSError as error:
            raise _said(f"{error.filename or 'the system'}: {error.strerror or error}", 1) from error


def _said(error: object, code: int) -> typer.Exit:
    typer.echo(f"vtn: {error}", err=True)
    return typer.Exit(code)


vtn = typer.Typer(
    name="vtn",
    cls=_Vtn,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="OpenADR 2.0b for a network operator: limit feeders, see who obeyed, keep a record that anyone can check.",
)
vtn.command("serve")(serve.serve)
vtn.add_typer(feeders.feeders, name="feeders")
vtn.add_typer(sites.sites, name="sites")
sites.sites.command("reregister")(partings.reregister)
sites.sites.command("deregister")(partings.deregister)
sites.sites.command("record")(recordings.record)
vtn.command("approve")(approve.approve)
vtn.command("limit")(limit.limit)
vtn.command("shift")(limit.shift)
vtn.command("send")(send.send)
vtn.command("change")(change.change)
vtn.command("cancel")(cancel.cancel)
vtn.command("proposals")(proposals.proposals)
vtn.command("second")(second.second)
vtn.command("reject")(proposals.reject)
vtn.command("withdraw")(proposals.withdraw)
vtn.command("break-glass")(proposals.break_glass)
vtn.command("kill")(halts.kill)
vtn.command("lift")(halts.lift)
vtn.command("halts")(halts.halts)
vtn.add_typer(people.people, name="people")
vtn.add_typer(keys.keys, name="key")
vtn.command("events")(events.events)
vtn.command("opts")(opts.opts)
vtn.command("report")(report.report)
vtn.add_typer(ledger.ledger, name="ledger")
vtn.command("migrate")(migrate.migrate)
vtn.command("backup")(backup.backup)
vtn.command("restore")(restore.restore)
