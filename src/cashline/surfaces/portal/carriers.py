"""Where the carriers that we know show the way of a parcel."""

from urllib.parse import quote

ADDRESSES = {
    "dhl": "https://www.dhl.com/global-en/home/tracking.html?tracking-id={number}",
    "ups": "https://www.ups.com/track?tracknum={number}",
    "fedex": "https://www.fedex.com/fedextrack/?trknbr={number}",
    "usps": "https://tools.usps.com/go/TrackConfirmAction?tLabels={number}",
    "dpd": "https://tracking.dpd.de/parcelstatus?query={number}",
}


def tracking_url(carrier: str, number: str) -> str:
    """The page of the carrier for that parcel; empty for a carrier that we do not know."""
    words = carrier.lower().split()
    known = ADDRESSES.get(words[0]) if words else None
    return known.format(number=quote(number, safe="")) if known and number else ""
