"""The simulated Data API: what wallets did and hold, as the venue would tell it."""

from polyrules.venues.simulated.data_api.accounts import Profile
from polyrules.venues.simulated.data_api.ledger import Ledger
from polyrules.venues.simulated.data_api.pages import DataApi

__all__ = ["DataApi", "Ledger", "Profile"]
