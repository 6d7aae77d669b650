"""What counts as one address."""

import ipaddress


def network_of(address: str) -> str:
    """An IPv4 address, also where it is written as one of IPv6, or the /64 that a household or a thief has of IPv6.

    What is no address counts as itself.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
