"""Every operation there is, in the order in which the API's page shows them."""

from typing import Final

from vtn.api import (
    chargepoints,
    feeders,
    halts,
    interventions,
    keys,
    people,
    previews,
    proposals,
    record,
    reports,
    sites,
    stream,
)
from vtn.api.route import AnyRoute

ROUTES: Final[tuple[AnyRoute, ...]] = (
    *feeders.ROUTES,
    *sites.ROUTES,
    *chargepoints.ROUTES,
    *previews.ROUTES,
    *interventions.ROUTES,
    *reports.ROUTES,
    *proposals.ROUTES,
    *halts.ROUTES,
    *stream.ROUTES,
    *record.ROUTES,
    *people.ROUTES,
    *keys.ROUTES,
)
