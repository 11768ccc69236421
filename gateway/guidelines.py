"""Which guideline each site follows on its surveillance calendar, as [surveillance] declares it."""

from __future__ import annotations

from gateway.errors import SettingsError
from gateway.settings import SurveillanceSettings
from routing_rules.surveillance.guidelines import OWN, Guideline, SiteGuidelines, guideline, own_guideline

FIX = "The manual's page on the surveillance calendar shows the form of the file."


def declared(settings: SurveillanceSettings) -> SiteGuidelines:
    """The guidelines of the settings. Raises SettingsError when a site's own cannot be used."""
    names = {settings.guideline, *settings.by_site.values()}
    known = {name: _own(settings) if name == OWN else guideline(name) for name in names}
    by_site = {site: known[name] for site, name in settings.by_site.items()}
    return SiteGuidelines(known[settings.guideline], by_site)


def _own(settings: SurveillanceSettings) -> Guideline:
    if settings.own is None:
        raise SettingsError(
            "[surveillance] declares a guideline of its own, and own names no file.",
            f"Name the JSON file in [surveillance] own. {FIX}",
        )
    try:
        return own_guideline(settings.own.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"[surveillance] own names a file that cannot be read ({error.strerror}).",
            "Correct the path or its permissions.",
        ) from None
    except ValueError as error:
        raise SettingsError(f"The guideline in {settings.own.name} cannot be used: {error}.", FIX) from None
