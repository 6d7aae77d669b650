"""Processes of their own for bidders and the viewer: forked from a clean server that has loaded what they need."""

from multiprocessing import forkserver, get_context

CONTEXT = get_context("forkserver")


def make_ready() -> None:
    """Starts the server, which loads the programme while the rest of the rehearsal is being prepared."""
    CONTEXT.set_forkserver_preload(["frontend.cli.rehearsal.company", "frontend.cli.rehearsal.follower",
                                     "frontend.cli.rehearsal.securing", "frontend.cli.rehearsal.receiving",
                                     "frontend.cli.rehearsal.sitting"])
    forkserver.ensure_running()
